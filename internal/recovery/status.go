package recovery

import (
	"context"
	"slices"
	"time"

	"caotang/internal/db"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Status is how far a request is, as whoever has its tracking number sees it. It says nothing of the registry.
type Status struct {
	TrackingNumber string         `json:"tracking_number"`
	Proof          Proof          `json:"proof" enum:"school,copies"`
	State          State          `json:"state" enum:"collecting,open,approved,completed,rejected,withdrawn,expired"`
	Stopped        bool           `json:"stopped" doc:"The account's owner has said that it was not them: it is not given back"`
	Waiting        string         `json:"waiting" enum:"person,school,service,nobody" doc:"Who must act: the person who asked, the school's administrator, customer service"`
	Since          time.Time      `json:"since"`
	Until          *time.Time     `json:"until" doc:"When whoever must act should have; null when nobody must"`
	Overdue        bool           `json:"overdue" doc:"That time has passed: it has been handed up to whoever stands above"`
	Reason         string         `json:"reason,omitempty" doc:"Of the decision"`
	MaskedPhone    string         `json:"masked_phone" doc:"Where the person is told"`
	Copies         []ReceivedCopy `json:"copies"`
	Steps          []Step         `json:"steps" doc:"What has happened, the oldest first"`
}

// ReceivedCopy is a copy that has arrived.
type ReceivedCopy struct {
	Copy       Copy      `json:"copy" enum:"id_card,certificate"`
	MediaType  string    `json:"media_type" enum:"image/jpeg,application/pdf"`
	ReceivedAt time.Time `json:"received_at"`
}

// Step is something that happened to a request.
type Step struct {
	Step string    `json:"step" enum:"filed,submitted,escalated,approved,rejected,completed,withdrawn,expired,stopped"`
	At   time.Time `json:"at"`
}

// Status answers how far a request is; fault.ErrNotFound for an unknown number.
func (s *Service) Status(ctx context.Context, number string) (Status, error) {
	r, err := s.byNumber(ctx, s.db, number)
	if err != nil {
		return Status{}, err
	}
	return s.unlessStopped(ctx, s.db, r)
}

// unlessStopped is how far a request is; one that the account's owner has stopped since it was approved has ended.
func (s *Service) unlessStopped(ctx context.Context, q db.Querier, r row) (Status, error) {
	out := s.status(r)
	if r.accountID == "" || r.state != Approved && r.state != Expired {
		return out, nil
	}
	stopped, err := s.objected(ctx, q, r.accountID, r)
	if err != nil || !stopped {
		return out, err
	}
	out.Stopped, out.State, out.Waiting, out.Until, out.Overdue = true, Expired, "nobody", nil, false
	if r.state == Expired {
		out.Steps[len(out.Steps)-1].Step = "stopped"
	}
	return out, nil
}

func (s *Service) status(r row) Status {
	out := Status{
		TrackingNumber: r.content.Number, Proof: r.proof, State: r.state, Waiting: "nobody", Reason: r.reason,
		MaskedPhone: vault.MaskPhone(r.content.Phone), Copies: r.received(), Since: r.createdAt.Time,
		Steps: []Step{{"filed", r.createdAt.Time}},
	}
	if r.submittedAt.Valid && r.proof == ByCopies {
		out.Steps = append(out.Steps, Step{"submitted", r.submittedAt.Time.Time})
	}
	if r.escalatedAt.Valid {
		out.Steps = append(out.Steps, Step{"escalated", r.escalatedAt.Time.Time})
	}
	if r.decidedAt.Valid {
		decision := "approved"
		if r.state == Rejected {
			decision = "rejected"
		}
		out.Steps = append(out.Steps, Step{decision, r.decidedAt.Time.Time})
	}
	if r.endedAt.Valid {
		out.Steps = append(out.Steps, Step{string(r.state), r.endedAt.Time.Time})
	}
	out.Since = out.Steps[len(out.Steps)-1].At
	waits := func(who string, until time.Time) {
		out.Waiting, out.Until, out.Overdue = who, &until, s.now().After(until)
	}
	switch {
	case r.state == Collecting:
		waits("person", out.Since.Add(collectWithin))
	case r.state == Open && r.proof == BySchool:
		waits("school", r.dueAt.Time.Time)
	case r.state == Open:
		waits("service", r.dueAt.Time.Time)
	case r.state == Approved:
		waits("person", out.Since.Add(finishWithin))
	}
	return out
}

func (r row) received() []ReceivedCopy {
	all := make([]ReceivedCopy, len(r.copies))
	for i, c := range r.copies {
		all[i] = ReceivedCopy{c.name, c.mediaType, c.createdAt.Time}
	}
	return all
}

// Submit hands a request whose copies have arrived to those who decide, and tells whose account is asked for; recovery_incomplete while
// one is missing.
func (s *Service) Submit(ctx context.Context, number string) (Status, error) {
	defer verification.Withhold(ctx, time.Now())
	return s.change(ctx, number, func(tx *db.Tx, r row) error {
		if r.state == Open && r.proof == ByCopies { // a repeat
			return nil
		}
		if err := s.move(ctx, tx, r.id, Open, Collecting); err != nil {
			return err
		}
		arrived, err := copiesOf(ctx, tx, r.id)
		if err != nil {
			return err
		}
		for _, wanted := range copies {
			if !slices.ContainsFunc(arrived, func(c copyRow) bool { return c.name == wanted }) {
				return errIncomplete.New()
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE recoveries SET submitted_at = $1, due_at = $2 WHERE id = $3`, db.At(s.now()), s.due(), r.id); err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, "recovery.submit", "", nil); err != nil {
			return err
		}
		entry, err := s.match(ctx, tx, r.content)
		if err != nil {
			return err
		}
		return s.tellHolders(ctx, tx, r, entry)
	})
}

// Withdraw ends a request that has not come to its end, and removes its copies.
func (s *Service) Withdraw(ctx context.Context, number string) (Status, error) {
	return s.change(ctx, number, func(tx *db.Tx, r row) error {
		if r.state == Withdrawn {
			return nil
		}
		return s.end(ctx, tx, r, Withdrawn, Collecting, Open, Approved)
	})
}

// change does something to the request with a number, and answers how far it is then.
func (s *Service) change(ctx context.Context, number string, do func(tx *db.Tx, r row) error) (Status, error) {
	var after Status
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.byNumber(ctx, tx, number)
		if err != nil {
			return err
		}
		if err := do(tx, r); err != nil {
			return err
		}
		if r, err = s.byID(ctx, tx, r.id); err != nil {
			return err
		}
		after, err = s.unlessStopped(ctx, tx, r)
		return err
	})
	if err != nil {
		return Status{}, err
	}
	return after, nil
}

// end ends a request without a decision, or after one that the person did not use, and removes its copies.
func (s *Service) end(ctx context.Context, tx *db.Tx, r row, to State, from ...State) error {
	if err := s.move(ctx, tx, r.id, to, from...); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE recoveries SET ended_at = $1 WHERE id = $2`, db.At(s.now()), r.id); err != nil {
		return err
	}
	if err := free(ctx, tx, r.id); err != nil {
		return err
	}
	action := "recovery.withdraw"
	if to == Expired {
		action = "recovery.expire"
	}
	if err := s.record(ctx, tx, r, action, "", nil); err != nil {
		return err
	}
	return s.erase(ctx, tx, r)
}
