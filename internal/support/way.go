package support

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/roster"
)

// The way of a ticket is whose it was, one office after the other. Each step is written in the transaction that makes it, and names
// offices as they are called then, never who acted for them: whoever waits reads it, too (F-23).

// Passing is how a ticket came to an office.
type Passing string

// The ways in which it comes.
const (
	Filed     Passing = "filed"
	HandedOn  Passing = "handed_on" // by customer service
	Escalated Passing = "escalated" // because nobody had answered in time
	Merged    Passing = "merged"    // the school became part of another
)

// Step is one of a ticket's way.
type Step struct {
	What  Passing   `json:"what" enum:"filed,handed_on,escalated,merged"`
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty" doc:"handed_on: the division whose customer service did it; absent where that is not known"`
	From  string    `json:"from,omitempty" doc:"The school or division that had it before"`
	To    string    `json:"to" doc:"The school or division that has it by this step"`
	Words string    `json:"words,omitempty" doc:"handed_on: why, as it was written"`
}

// pass adds a step to the way of a ticket, which the transaction holds.
func pass(ctx context.Context, tx *db.Tx, ticketID string, step Step) error {
	_, err := tx.Exec(ctx, `INSERT INTO ticket_steps (ticket_id, number, what, at, by_office, from_office, to_office, words)
		VALUES ($1, (SELECT coalesce(max(number), 0) + 1 FROM ticket_steps WHERE ticket_id = $1), $2, $3, $4, $5, $6, $7)`,
		ticketID, string(step.What), db.At(step.At), step.By, step.From, step.To, step.Words)
	return err
}

// PassOn gives the tickets of a school to the one that it has become part of, in the caller's transaction. Those that wait for the school
// itself come to the other by a step of their way.
func (s *Service) PassOn(ctx context.Context, tx *db.Tx, from, to roster.School) error {
	// Held first, by their ids: whoever answers, hands on or hands up one at the same moment comes before, or after.
	waiting, err := db.Collect(ctx, tx, `SELECT id FROM tickets WHERE school_id = $1 AND level = 'school' AND state = 'open' ORDER BY id`+tx.ForUpdate(),
		[]any{from.ID}, func(id *string) []any { return []any{id} })
	if err != nil {
		return err
	}
	for _, id := range waiting {
		if err := pass(ctx, tx, id, Step{What: Merged, At: s.now(), From: from.Name, To: to.Name}); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE tickets SET school_id = $1 WHERE school_id = $2`, to.ID, from.ID)
	return err
}

// waysOf adds to tickets the way that each has come.
func waysOf(ctx context.Context, q db.Querier, tickets []*Ticket) error {
	if len(tickets) == 0 {
		return nil
	}
	byID, ids := map[string]*Ticket{}, make([]string, len(tickets))
	for i, t := range tickets {
		byID[t.ID], ids[i] = t, t.ID
	}
	type stepRow struct {
		Step
		ticketID string
		at       db.Time
	}
	steps, err := db.Collect(ctx, q, `SELECT ticket_id, what, at, by_office, from_office, to_office, words FROM ticket_steps
		WHERE ticket_id IN (`+db.Placeholders(len(ids))+`) ORDER BY ticket_id, number`, db.Args(ids), func(r *stepRow) []any {
		return []any{&r.ticketID, &r.What, &r.at, &r.By, &r.From, &r.To, &r.Words}
	})
	for _, r := range steps {
		r.At = r.at.Time
		byID[r.ticketID].Way = append(byID[r.ticketID].Way, r.Step)
	}
	return err
}

// helping is the widest division whose customer service the actor is at a place.
func helping(ctx context.Context, q db.Querier, at access.Place) (name string, err error) {
	code := ""
	for _, g := range access.ActorFrom(ctx).GrantsFor(access.TicketsHelp) {
		covers := access.Actor{Grants: []access.Grant{g}}.Can(access.TicketsHelp, at)
		if covers && (code == "" || g.ScopeID < code) { // the wider a division, the more of its code are noughts
			code = g.ScopeID
		}
	}
	err = q.QueryRow(ctx, `SELECT coalesce(max(name), '') FROM regions WHERE code = $1`, code).Scan(&name)
	return name, err
}
