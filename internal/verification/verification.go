package verification

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/roster"
	"caotang/internal/tally"
	"caotang/internal/vault"
)

// What an account may be bound as. A parent is bound to no entry of their own kind: see [Service.AskGuardian].
const (
	Teacher = roster.Teacher
	Student = roster.Student
	Parent  = "parent"
)

// What an account's owner is told of.
const (
	bound                  accounts.Notice = "bound"
	unbound                accounts.Notice = "unbound"
	unboundByAdministrator accounts.Notice = "unbound_by_administrator"
)

// Proof is what shows that a person is who they claim to be (F-16).
type Proof string

// The policies: "one number, one name" and "two numbers, one name".
const (
	OneNumber  Proof = "one_number"
	TwoNumbers Proof = "two_numbers"
)

// Config is the room's configuration.
type Config struct {
	Proof Proof
	// After so many failed matches an account, or an address, waits for Wait. Addresses are shared by whole schools, so
	// their number is the higher one.
	AccountAttempts int
	AddressAttempts int
	Wait            time.Duration
	Guard           guard.Rules // what is suspicious; nothing when zero
}

// Service holds the rules of binding.
type Service struct {
	db       *db.DB
	vault    *vault.Vault
	accounts *accounts.Service
	roster   *roster.Service
	guard    *guard.Guard
	config   Config
}

// New makes the room.
func New(d *db.DB, v *vault.Vault, a *accounts.Service, r *roster.Service, config Config) *Service {
	return &Service{db: d, vault: v, accounts: a, roster: r, guard: guard.New(d, v, config.Guard, nil), config: config}
}

// Bind links the account to the entry as kind, in the caller's transaction, records it and tells the account's owner. The
// caller has made sure that the person may claim the entry.
//
// The claim binds the entry itself, and the account's role becomes kind; a pupil's guardian is another matter: see
// [Service.AskGuardian]. What is bound so already stays as it is, and a teacher who was verified as a parent is one from then on
// (F-21). Errors: already_bound when the entry has another account, or the account another binding.
func (s *Service) Bind(ctx context.Context, tx *db.Tx, accountID string, entry roster.Entry, kind string) error {
	var err error
	if entry.School.ID, err = Hold(ctx, tx, entry.ID); err != nil {
		return err
	}
	if err := s.accounts.Hold(ctx, tx, accountID); err != nil {
		return err
	}
	inserted, err := db.Changed(tx.Exec(ctx, `INSERT INTO bindings (account_id, entry_id, id, school_id, kind, bound_at)
		SELECT CAST($1 AS text), CAST($2 AS text), CAST($3 AS text), CAST($4 AS text), CAST($5 AS text), CAST($6 AS bigint)
		WHERE $5 <> 'student' OR NOT `+isGuardian+` ON CONFLICT DO NOTHING`, accountID, entry.ID, db.NewID(), entry.School.ID, kind, db.Now()))
	if err != nil {
		return err
	}
	if !inserted {
		return s.whyNotBound(ctx, tx, accountID, entry, kind)
	}
	if err := tally.Activate(ctx, tx, time.Now(), entry.ID, 1); err != nil {
		return err
	}
	if err := s.accounts.SetRole(ctx, tx, accountID, kind); err != nil {
		return err
	}
	if err := s.record(ctx, tx, "binding.bind", entry, accountID, "", map[string]any{"kind": kind}); err != nil {
		return err
	}
	return s.accounts.Tell(ctx, tx, accountID, bound, map[string]any{"school": entry.School.Name})
}

// Hold makes whoever changes an entry or its binding take turns, and gives the school where the entry stands: an entry on its
// way to another school takes its new binding along, or this waits for where it went. Always the ticket that is
// answered first, then the entry, then accounts, then bindings, so that nobody waits for each other.
func Hold(ctx context.Context, tx *db.Tx, entryID string) (schoolID string, err error) {
	err = tx.QueryRow(ctx, `SELECT school_id FROM registry_entries WHERE id = $1`+tx.ForUpdate(), entryID).Scan(&schoolID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.ErrNotFound.New()
	}
	return schoolID, err
}

// whyNotBound explains a binding that another stands in the way of; nil when that is the very same one, or could become it.
func (s *Service) whyNotBound(ctx context.Context, tx *db.Tx, accountID string, entry roster.Entry, kind string) error {
	if kind == Student {
		if err := s.notAGuardian(ctx, tx, accountID); err != nil {
			return err
		}
	}
	var holder, as string
	err := tx.QueryRow(ctx, `SELECT account_id, kind FROM bindings WHERE entry_id = $1`, entry.ID).Scan(&holder, &as)
	switch {
	case err == nil && holder == accountID && as == Parent && kind == entry.Kind:
		return s.becomeTeacher(ctx, tx, accountID, entry)
	case errors.Is(err, sql.ErrNoRows), err == nil && holder == accountID && as != kind:
		return AccountBound()
	case err != nil:
		return err
	case holder == accountID:
		return nil
	}
	return s.entryBound(ctx, tx, holder)
}

// becomeTeacher makes the binding of a teacher who was verified as a parent a teacher's (F-21).
func (s *Service) becomeTeacher(ctx context.Context, tx *db.Tx, accountID string, entry roster.Entry) error {
	if _, err := tx.Exec(ctx, `UPDATE bindings SET kind = $1 WHERE entry_id = $2 AND account_id = $3`, entry.Kind, entry.ID, accountID); err != nil {
		return err
	}
	if err := s.accounts.SetRole(ctx, tx, accountID, entry.Kind); err != nil {
		return err
	}
	if err := s.record(ctx, tx, "binding.bind", entry, accountID, "", map[string]any{"kind": entry.Kind}); err != nil {
		return err
	}
	return s.accounts.Tell(ctx, tx, accountID, bound, map[string]any{"school": entry.School.Name})
}

// Unbind takes the entry's binding away, in the caller's transaction, records it with the reason and answers whose it
// was; "" when it had none. Nothing that belonged to the person is touched.
func (s *Service) Unbind(ctx context.Context, tx *db.Tx, entry roster.Entry, reason string) (accountID string, err error) {
	if _, err := Hold(ctx, tx, entry.ID); err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, `DELETE FROM bindings WHERE entry_id = $1 RETURNING account_id`, entry.ID).Scan(&accountID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if err := tally.Activate(ctx, tx, time.Now(), entry.ID, -1); err != nil {
		return "", err
	}
	return accountID, s.record(ctx, tx, "binding.unbind", entry, accountID, reason, nil)
}

// Follow takes an entry's binding, if it has one, along to the school that the entry has moved to, in the transaction that
// moved it.
func (s *Service) Follow(ctx context.Context, tx *db.Tx, entryID, schoolID string) error {
	_, err := tx.Exec(ctx, `UPDATE bindings SET school_id = $1 WHERE entry_id = $2`, schoolID, entryID)
	return err
}

// part takes away the very binding or guardian link that b is; fault.ErrNotFound when it has just gone. state is what becomes of
// a guardian link: [Left] or [EndedBySchool].
func (s *Service) part(ctx context.Context, tx *db.Tx, accountID string, b *Binding, state GuardianState, reason string) error {
	if b.Guardian {
		return s.EndGuardian(ctx, tx, b.ID, state, reason)
	}
	if _, err := Hold(ctx, tx, b.EntryID); err != nil {
		return err
	}
	gone, err := tx.Exec(ctx, "DELETE FROM bindings WHERE id = $1", b.ID)
	if err != nil {
		return err
	}
	if n, err := gone.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return fault.ErrNotFound.New()
	}
	if err := tally.Activate(ctx, tx, time.Now(), b.EntryID, -1); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{
		Action: "binding.unbind", Target: "entry", TargetID: b.EntryID, Place: b.Place, Reason: reason, Details: map[string]any{
			"account_id": accountID, "kind": b.EntryKind, "masked_name": vault.MaskName(b.Name), "masked_id_number": b.MaskedIDNumber,
		},
	})
}

// HoldAll is [Hold] for every entry that an account stands for, before anything else of the account is changed.
func (s *Service) HoldAll(ctx context.Context, tx *db.Tx, accountID string) error {
	ids, err := db.Collect(ctx, tx, `SELECT b.entry_id FROM bindings b WHERE b.account_id = $1
		UNION SELECT g.entry_id FROM guardian_links g WHERE g.account_id = $1`, []any{accountID}, func(id *string) []any { return []any{id} })
	if err != nil {
		return err
	}
	return tx.Hold(ctx, "registry_entries", ids...)
}

// PartAll takes away every binding and guardian link of an account that is being closed, in the caller's transaction.
func (s *Service) PartAll(ctx context.Context, tx *db.Tx, accountID string) error {
	bindings, err := s.BindingsOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	for i := range bindings {
		if err := s.part(ctx, tx, accountID, &bindings[i], Left, ""); err != nil {
			return err
		}
	}
	if err := forsakeRequests(ctx, tx, accountID); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM attempts WHERE attempt_key = $1`, accountAttempts(accountID))
	return err
}

func (s *Service) record(ctx context.Context, tx *db.Tx, action string, entry roster.Entry, accountID, reason string, more map[string]any) error {
	details, err := s.roster.Subject(entry)
	if err != nil {
		return err
	}
	details["account_id"] = accountID
	maps.Copy(details, more)
	return audit.Record(ctx, tx, audit.Event{
		Action: action, Target: "entry", TargetID: entry.ID, Place: entry.Place(), Reason: reason, Details: details,
	})
}

// UnbindOwn takes away the caller's binding to their own entry, after their password (F-21). A guardian's link to a child is none:
// see [Service.EndGuardian]. Errors: password_wrong; not_found without such a binding.
func (s *Service) UnbindOwn(ctx context.Context, password string) error {
	actor := access.ActorFrom(ctx)
	if err := s.accounts.CheckPassword(ctx, actor.AccountID, password); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		b, err := s.BindingOf(ctx, tx, actor.AccountID)
		if err != nil {
			return err
		}
		if b == nil {
			return fault.ErrNotFound.New(fault.Next("verify", "/verify"))
		}
		if b.Guardian {
			return fault.ErrNotFound.New(fault.Next("my_children", "/me"))
		}
		if err := s.part(ctx, tx, actor.AccountID, b, Left, ""); err != nil {
			return err
		}
		return s.accounts.Tell(ctx, tx, actor.AccountID, unbound, nil)
	})
}

// UnbindOther takes away those of somebody's bindings that an administrator names, or without names their own, and tells the
// person. An account that stands for children alone has none of its own: which child it is about must be said (F-21). Errors:
// not_found also where one lies outside the administrator's scope; those of [Service.EndGuardian] and [roster.Service.Uncontested].
func (s *Service) UnbindOther(ctx context.Context, accountID string, ids []string, reason string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := s.HoldAll(ctx, tx, accountID); err != nil {
			return err
		}
		all, err := s.BindingsOf(ctx, tx, accountID)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(b Binding) bool { return !access.ActorFrom(ctx).Can(access.AccountsManage, b.Place) })
		switch {
		case len(all) == 0:
			return fault.ErrNotFound.New()
		case len(ids) > 0:
		case all[0].Guardian:
			return fault.ErrInvalid.New(fault.Field("binding_ids", "which_child"))
		default:
			ids = []string{all[0].ID}
		}
		for _, id := range ids {
			at := slices.IndexFunc(all, func(b Binding) bool { return b.ID == id })
			if at < 0 {
				return fault.ErrNotFound.New()
			}
			if !all[at].Guardian {
				if err := s.roster.Uncontested(ctx, tx, accountID); err != nil {
					return err
				}
			}
			if err := s.part(ctx, tx, accountID, &all[at], EndedBySchool, reason); err != nil {
				return err
			}
			if all[at].Guardian { // who is told of it by its end
				continue
			}
			if err := s.accounts.Tell(ctx, tx, accountID, unboundByAdministrator, nil); err != nil {
				return err
			}
		}
		return nil
	})
}
