package deadlines

import "caotang/internal/db"

// View is a part of the requests in an administrator's scope.
type View string

// The views. A request waits for the administrators of the level that owns it; a school's stays theirs, too, when it has been
// handed up.
const (
	Waiting View = "waiting" // for the caller's own level
	Taken   View = "taken"   // open, and the caller sees to it
	Overdue View = "overdue" // open, and late somewhere
	Open    View = "open"
	Ended   View = "ended"
)

// Wanted are the requests that a page of the desk shows, the newest first.
type Wanted struct {
	View     View
	Kind     Kind   // "" for all
	SchoolID string // "" for all
	Before   string // an id; "" for the first page
	ID       string // of one request, or how it begins; "" for all. With one the view does not count
	Limit    int
}

// LastID is the last that begins with the ID that is wanted; "" for all.
func (w Wanted) LastID() string {
	if w.ID == "" {
		return ""
	}
	return db.LastID(w.ID)
}

// Counts are how many open requests of a kind there are.
type Counts struct {
	Kind    Kind `json:"kind" enum:"missing_entry,missing_class,not_me,correction,frozen,lost_account,transfer"`
	Waiting int  `json:"waiting" doc:"For the caller's own level"`
	Taken   int  `json:"taken" doc:"That the caller sees to"`
	Overdue int  `json:"overdue"`
	Open    int  `json:"open" doc:"In the caller's scope"`
}

// Most is how far requests of a kind are counted: beyond it the number says only that there are very many.
const Most = 10_000
