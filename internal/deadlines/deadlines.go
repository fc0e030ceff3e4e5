// Package deadlines says by when a request must have been answered, in working days by its kind: one table for all rooms that
// keep requests. It also names what part of their requests those rooms list and count for the desk. It is pure.
package deadlines

import (
	"time"

	"caotang/internal/calendar"
)

// Kind is what a request is about.
type Kind string

// The kinds. Those of tickets are named as the tickets' own.
const (
	MissingEntry Kind = "missing_entry"
	MissingClass Kind = "missing_class"
	NotMe        Kind = "not_me"
	Appeal       Kind = "appeal"
	Correction   Kind = "correction"
	Frozen       Kind = "frozen"
	LostAccount  Kind = "lost_account"
	Transfer     Kind = "transfer" // whose days the operator sets, see the room
)

// days are how many working days whoever must answer has, and whoever it is handed up to after them again: least for those
// who are shut out or held up, most where two sides are to be heard.
var days = map[Kind]int{
	Frozen:       1,
	MissingClass: 2,
	MissingEntry: 3,
	LostAccount:  3,
	Correction:   5,
	NotMe:        5,
	Appeal:       10,
}

// Deadlines count in a calendar.
type Deadlines struct{ calendar calendar.Calendar }

// In makes the deadlines of a calendar.
func In(c calendar.Calendar) Deadlines { return Deadlines{c} }

// After is by when a request must have been answered that somebody has got at an instant: at the end of a working day.
func (d Deadlines) After(at time.Time, kind Kind) time.Time { return d.calendar.After(at, days[kind]) }
