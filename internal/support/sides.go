package support

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/verification"
)

// Sides are what an administrator weighs in a case.
type Sides struct {
	Asker  Side           `json:"asker"`
	Holder *Side          `json:"holder,omitempty" doc:"Absent when nobody holds the entry by now"`
	First  *FirstDecision `json:"first,omitempty" doc:"Of an appeal: what was decided before"`
}

// Side is an account in a case, as far as it tells whose the entry is.
type Side struct {
	Account       roster.Holder `json:"account"`
	CreatedAt     time.Time     `json:"created_at"`
	LastSignInDay string        `json:"last_sign_in_day,omitempty" doc:"In China; absent when it is longer ago than is known"`
	BoundAt       *time.Time    `json:"bound_at,omitempty"`
	Way           Way           `json:"way,omitempty" enum:"own,slip,administrator" doc:"How the account came to the entry"`
	KeptAt        *time.Time    `json:"kept_at,omitempty" doc:"When the account answered as the holder: this is me; for an appeal perhaps in the first case"`
	KeptNote      string        `json:"kept_note,omitempty"`
	ToldAt        *time.Time    `json:"told_at,omitempty" doc:"Of a holder who has not answered: when they were asked; absent where this account has not been"`
}

// Way is how an account came to be bound to an entry.
type Way string

// The ways.
const (
	ByOwn           Way = "own"  // number and name
	BySlip          Way = "slip" // a printed code of the school
	ByAdministrator Way = "administrator"
)

// FirstDecision is what an appeal is against.
type FirstDecision struct {
	By         string     `json:"by" doc:"The name of the school or division that decided"`
	State      State      `json:"state" enum:"done,declined" doc:"done: the entry was handed over"`
	Answer     string     `json:"answer"`
	AnsweredAt *time.Time `json:"answered_at"`
}

// sides gathers what speaks for each account of a case.
func (s *Service) sides(ctx context.Context, q db.Querier, r row, entry roster.Entry) (*Sides, error) {
	asker, err := s.side(ctx, q, r.accountID)
	if err != nil {
		return nil, err
	}
	both := &Sides{Asker: asker}
	heard := []row{r} // what a holder answered in the first case counts in the appeal, on whichever side they are now
	if r.appeals != "" {
		first, err := s.firstOf(ctx, q, r)
		if err != nil {
			return nil, err
		}
		both.First = first.decision()
		heard = append(heard, first)
	}
	if err := s.hear(&both.Asker, heard); err != nil {
		return nil, err
	}
	if entry.AccountID == "" {
		return both, nil
	}
	holder, err := s.side(ctx, q, entry.AccountID)
	if err != nil {
		return nil, err
	}
	if holder.Way, err = s.wayOf(ctx, q, entry.ID, entry.AccountID); err != nil {
		return nil, err
	}
	bound, err := s.verification.HoldersOf(ctx, q, entry, entry.Kind)
	if err != nil {
		return nil, err
	}
	if len(bound) > 0 {
		holder.BoundAt = &bound[0].BoundAt
	}
	both.Holder = &holder
	if err := s.hear(&holder, heard); err != nil {
		return nil, err
	}
	if holder.KeptAt == nil && r.holderID == entry.AccountID {
		holder.ToldAt = &r.CreatedAt
	}
	return both, nil
}

// contested tells whether somebody would lose the entry to whoever asks.
func (s *Sides) contested() bool {
	return s != nil && s.Holder != nil && s.Holder.Account.ID != s.Asker.Account.ID
}

// unheard tells whether whoever would lose the entry has not answered.
func (s *Sides) unheard() bool { return s.contested() && s.Holder.KeptAt == nil }

// firstOf is the case that an appeal is against.
func (s *Service) firstOf(ctx context.Context, q db.Querier, appeal row) (row, error) {
	all, err := s.rows(ctx, q, " WHERE t.id = $1", appeal.appeals)
	if err != nil {
		return row{}, err
	}
	return all[0], nil
}

func (r row) decision() *FirstDecision {
	first := &FirstDecision{By: r.DecidedBy, State: r.State, AnsweredAt: r.AnsweredAt}
	if r.Answer != nil {
		first.Answer = *r.Answer
	}
	return first
}

// weigh gathers both sides of a case that is being decided, and keeps them with it: deciding changes them. Nil where the entry is the
// school's no longer.
func (s *Service) weigh(ctx context.Context, tx *db.Tx, r row) (*Sides, error) {
	entry, err := s.roster.EntryByDocument(ctx, tx, r.content.document())
	if fault.Is(err, fault.ErrNotFound) || err == nil && entry.School.ID != r.School.ID {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := verification.Hold(ctx, tx, entry.ID); err != nil { // before it is decided nobody else comes to it, and its holder's account is not closed
		return nil, err
	}
	if entry, err = s.roster.EntryByID(ctx, tx, entry.ID); err != nil {
		return nil, err
	}
	both, err := s.sides(ctx, tx, r, entry)
	if err != nil {
		return nil, err
	}
	kept := *both
	kept.First = nil // the first case has it, in the language of whoever reads
	plain, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `UPDATE tickets SET sides_sealed = $1, sides_holder_id = $2 WHERE id = $3`, s.vault.Seal(sealPurpose, string(plain)),
		sql.NullString{String: entry.AccountID, Valid: entry.AccountID != ""}, r.ID)
	return both, err
}

// weighed are the sides of a case as whoever decided it saw them; nil where nothing is kept of them.
func (s *Service) weighed(ctx context.Context, q db.Querier, r row) (both *Sides, err error) {
	if len(r.sides) == 0 {
		return nil, nil
	}
	plain, err := s.vault.Open(sealPurpose, r.sides)
	if err == nil {
		err = json.Unmarshal([]byte(plain), &both)
	}
	if err != nil || r.appeals == "" {
		return both, err
	}
	first, err := s.firstOf(ctx, q, r) // a ready answer in the reader's language
	both.First = first.decision()
	return both, err
}

// hear adds to a side what its account last answered as the holder in a case or in the one that it appeals.
func (s *Service) hear(side *Side, heard []row) (err error) {
	for _, r := range heard {
		if r.holderID == side.Account.ID && r.keptAt != nil {
			side.KeptAt = r.keptAt
			side.KeptNote, err = s.vault.Open(sealPurpose, r.kept)
			return err
		}
	}
	return nil
}

func (s *Service) side(ctx context.Context, q db.Querier, accountID string) (Side, error) {
	trace, err := s.accounts.TraceOf(ctx, q, accountID)
	if err != nil {
		return Side{}, err
	}
	side := Side{Account: roster.Holder{ID: accountID, MaskedUsername: trace.MaskedUsername}, CreatedAt: trace.CreatedAt, LastSignInDay: trace.LastSignInDay}
	if trace.MaskedPhone != "" {
		side.Account.MaskedPhone = &trace.MaskedPhone
	}
	return side, nil
}

// wayOf tells from the record how an account came to an entry: whoever claims it acts for themselves, or nobody does.
func (s *Service) wayOf(ctx context.Context, q db.Querier, entryID, accountID string) (Way, error) {
	lineage, err := s.roster.Lineage(ctx, q, entryID) // a binding outlives a wrong number
	if err != nil {
		return "", err
	}
	for _, id := range lineage {
		actor, bySlip, found, err := audit.LastWith(ctx, q, "entry", id, accountID, "binding.bind", "slip.use")
		switch {
		case err != nil:
			return "", err
		case !found:
			continue
		case bySlip:
			return BySlip, nil
		case actor != "" && actor != accountID:
			return ByAdministrator, nil
		}
		return ByOwn, nil
	}
	return "", nil
}
