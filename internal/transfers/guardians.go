package transfers

import (
	"context"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Objection is what a guardian says against a change of school.
type Objection struct {
	GuardianName string    `json:"guardian_name" doc:"As the guardian told it; empty when they did not"`
	Relation     string    `json:"relation,omitempty" enum:"father,mother,other"`
	Reason       string    `json:"reason"`
	At           time.Time `json:"at"`

	accountID string
}

// ChildTransfer is a change of school that is under way, as a guardian of the pupil sees it.
type ChildTransfer struct {
	Transfer
	BindingID string     `json:"binding_id" doc:"The guardian's to the child"`
	Objection *Objection `json:"objection" doc:"What this guardian says against it"`
}

// objections reads what those who are guardians still say against the requests of these ids.
func objections(ctx context.Context, q db.Querier, to func(id string) *row, ids []string) error {
	type found struct {
		Objection
		transferID string
		at         db.Time
	}
	args := db.Args(ids)
	all, err := db.Collect(ctx, q, `SELECT o.transfer_id, o.account_id, o.reason, o.at, coalesce(g.guardian_name, ''), coalesce(g.relation, '')
		FROM transfer_objections o JOIN transfers t ON t.id = o.transfer_id
		JOIN guardian_links l ON l.entry_id = t.entry_id AND l.account_id = o.account_id
		LEFT JOIN guardian_requests g ON g.entry_id = t.entry_id AND g.account_id = o.account_id AND g.state = 'confirmed'
		WHERE o.transfer_id IN (`+db.Placeholders(len(args))+`) ORDER BY o.at, o.account_id`, args, func(f *found) []any {
		return []any{&f.transferID, &f.accountID, &f.Reason, &f.at, &f.GuardianName, &f.Relation}
	})
	for _, f := range all {
		f.At = f.at.Time
		r := to(f.transferID)
		r.objections = append(r.objections, f.Objection)
	}
	return err
}

// forReader is a request as somebody reads it who asked for it, or whom or whose child it is about.
func (r row) forReader(accountID string) Transfer {
	t := r.Transfer
	if t.Own = r.accountID == accountID; !t.Own {
		t.Reason = ""
		return t
	}
	for _, o := range r.objections {
		if r.State == Pending && (t.ObjectedAt == nil || o.At.After(*t.ObjectedAt)) {
			t.ObjectedAt = &o.At
		}
	}
	return t
}

// tell tells whoever asked of a step, and the guardians whom it concerns; those are told of the child. A pupil of their own age is told
// of what a guardian asked for. Who asks or cancels knows it.
func (s *Service) tell(ctx context.Context, tx *db.Tx, r row, step string) error {
	args := map[string]any{"name": vault.MaskName(r.Name), "from": r.FromSchool.Name, "school": r.ToSchool.Name}
	entry, err := s.roster.EntryByID(ctx, tx, r.entryID)
	if unless(err, fault.ErrNotFound) != nil {
		return err
	}
	var guardians []string
	if err == nil {
		if guardians, err = s.verification.GuardiansToTell(ctx, tx, entry, r.accountID); err != nil {
			return err
		}
	}
	knows := step == "asked" || step == "cancelled"
	telling := s.accounts.Telling() // guardians first, whose text names the child
	for _, guardian := range guardians {
		if knows && guardian == r.accountID {
			continue
		}
		if err := telling.Notify(ctx, tx, guardian, "notice.child_transfer_"+step, args); err != nil {
			return err
		}
	}
	if err == nil && entry.AccountID != "" && entry.AccountID != r.accountID {
		ofAge, err := s.roster.OfOwnAge(entry)
		if err != nil {
			return err
		}
		if ofAge {
			if err := telling.Notify(ctx, tx, entry.AccountID, "notice.own_transfer_"+step, args); err != nil {
				return err
			}
		}
	}
	if knows || slices.Contains(guardians, r.accountID) {
		return nil
	}
	return telling.Notify(ctx, tx, r.accountID, "notice.transfer_"+step, args)
}

// OfChildren lists the changes of school of the caller's children that are under way: of those under age, and of others the
// caller's own requests. There are no more than the caller has children.
func (s *Service) OfChildren(ctx context.Context) ([]ChildTransfer, error) {
	bindings, err := s.verification.BindingsOf(ctx, s.db, access.ActorFrom(ctx).AccountID)
	if err != nil {
		return nil, err
	}
	shown := []ChildTransfer{}
	for _, b := range bindings {
		if !b.Guardian {
			continue
		}
		pending, err := s.rows(ctx, s.db, pendingOf, b.EntryID)
		if err != nil {
			return nil, err
		}
		for _, r := range pending {
			concerned, err := s.concerns(ctx, s.db, r)
			if err != nil {
				return nil, err
			}
			if concerned {
				shown = append(shown, childTransfer(ctx, r, b))
			}
		}
	}
	return shown, nil
}

// concerns tells whether a request is the caller's, or about a child under age whose guardian they are.
func (s *Service) concerns(ctx context.Context, q db.Querier, r row) (bool, error) {
	accountID := access.ActorFrom(ctx).AccountID
	entry, err := s.roster.EntryByID(ctx, q, r.entryID)
	if err != nil {
		return false, unless(err, fault.ErrNotFound)
	}
	guardians, err := s.verification.GuardiansToTell(ctx, q, entry, r.accountID)
	return slices.Contains(guardians, accountID), err
}

func childTransfer(ctx context.Context, r row, b verification.Binding) ChildTransfer {
	accountID := access.ActorFrom(ctx).AccountID
	c := ChildTransfer{Transfer: r.forReader(accountID), BindingID: b.ID}
	for _, o := range r.objections {
		if o.accountID == accountID {
			c.Objection = &o
		}
	}
	return c
}

// Object keeps what a guardian says against a child's change of school, in the place of what they said before; "" takes it back.
// The schools that have yet to decide read it, and no longer approve the request unread or among many; whoever asked is told of a
// guardian's first. Errors: invalid for what is too long; not_found for a request that is none of a child's of the caller's under age, or their own; transfer_closed when it has ended.
func (s *Service) Object(ctx context.Context, id, why string) error {
	if why != "" {
		var err error
		if why, err = audit.Reason(why); err != nil {
			return err
		}
	}
	accountID := access.ActorFrom(ctx).AccountID
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.one(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := verification.Hold(ctx, tx, r.entryID); unless(err, fault.ErrNotFound) != nil {
			return err
		}
		if r, err = s.one(ctx, tx, id); err != nil {
			return err
		}
		concerned, err := s.concerns(ctx, tx, r)
		if err != nil {
			return err
		}
		if !concerned || r.accountID == accountID {
			return fault.ErrNotFound.New()
		}
		if r.State != Pending {
			return ErrClosed.New(fault.Next("space", "/space"))
		}
		if why == "" {
			gone, err := db.Changed(tx.Exec(ctx, `DELETE FROM transfer_objections WHERE transfer_id = $1 AND account_id = $2`, id, accountID))
			if err != nil || !gone {
				return err
			}
			return s.record(ctx, tx, r, "object_no_more", "")
		}
		if slices.ContainsFunc(r.objections, func(o Objection) bool { return o.accountID == accountID && o.Reason == why }) {
			return nil
		}
		var before bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM audit_records WHERE target_id = $1 AND action = 'transfer.object' AND actor_id = $2)`, id, accountID).Scan(&before); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO transfer_objections (transfer_id, account_id, reason, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (transfer_id, account_id) DO UPDATE SET reason = excluded.reason, at = excluded.at`, id, accountID, why, db.At(s.now())); err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, "object", why); err != nil || before { // nobody sends others messages as often as they like
			return err
		}
		return s.accounts.Notify(ctx, tx, r.accountID, "notice.transfer_objected", map[string]any{"name": vault.MaskName(r.Name), "school": r.ToSchool.Name})
	})
}
