package recovery

import (
	"context"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Kept is a request that gave an account back, or was to, as the account's owner sees it: without its tracking number, which
// is whoever asked's.
type Kept struct {
	State       State      `json:"state" enum:"approved,completed,expired"`
	Proof       Proof      `json:"proof" enum:"school,copies"`
	Name        string     `json:"name" doc:"As typed"`
	MaskedPhone string     `json:"masked_phone" doc:"The contact phone"`
	Note        string     `json:"note,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	DecidedAt   *time.Time `json:"decided_at"`
	EndedAt     *time.Time `json:"ended_at"`
}

const ofAccount = " WHERE r.account_id = $1 ORDER BY r.id DESC"

// mostKept is more than one account ever sees.
const mostKept = 100

// AllOf lists the latest requests that gave an account back, or were to, for its owner alone, the newest first.
func (s *Service) AllOf(ctx context.Context, q db.Querier, accountID string) ([]Kept, error) {
	found, err := s.rows(ctx, q, ofAccount+" LIMIT $2", accountID, mostKept)
	all := make([]Kept, len(found))
	for i, r := range found {
		all[i] = Kept{
			r.state, r.proof, r.content.Name, vault.MaskPhone(r.content.Phone), r.content.Note, r.createdAt.Time, r.decidedAt.Ptr(), r.endedAt.Ptr(),
		}
	}
	return all, err
}

// Asking is a request for an account by somebody who has the phone of nobody that stands for the person, as the account's owner sees
// it: without its tracking number.
type Asking struct {
	State       State     `json:"state" enum:"open,approved"`
	MaskedPhone string    `json:"masked_phone" doc:"The contact phone, which the account gets when the request comes to its end"`
	SubmittedAt time.Time `json:"submitted_at"`
	Among       bool      `json:"among" doc:"Which of several guardians' accounts is meant nobody knows yet: the school is told, and nobody denies it"`
	row         row
}

// Wanted lists the unfinished requests for the account that stands for these bindings, the newest first, but for those that their
// owner has denied.
func (s *Service) Wanted(ctx context.Context, q db.Querier, accountID string, bindings []verification.Binding) ([]Asking, error) {
	wanted := []Asking{}
	if len(bindings) == 0 {
		return wanted, nil
	}
	ids := make([]string, len(bindings))
	for i, b := range bindings {
		ids[i] = b.EntryID
	}
	args := db.Args(ids)
	found, err := s.rows(ctx, q, ` WHERE r.state IN ('open', 'approved') AND r.entry_id IN (`+db.Placeholders(len(args))+`) ORDER BY r.id DESC`, args...)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		at := slices.IndexFunc(bindings, func(b verification.Binding) bool { return b.EntryID == r.entryID && b.Kind == r.content.Kind })
		if at < 0 || r.accountID != "" && r.accountID != accountID {
			continue
		}
		holders, err := s.verification.HoldersOf(ctx, q, roster.Entry{ID: r.entryID, Kind: bindings[at].EntryKind}, r.content.Kind)
		if err != nil {
			return nil, err
		}
		if own, err := s.byHolder(ctx, q, r, holders); err != nil {
			return nil, err
		} else if own {
			continue
		}
		if denied, err := s.objected(ctx, q, accountID, r); err != nil {
			return nil, err
		} else if denied {
			continue
		}
		wanted = append(wanted, Asking{r.state, vault.MaskPhone(r.content.Phone), r.submittedAt.Time.Time, len(holders) > 1 && r.accountID == "", r})
	}
	return wanted, nil
}

// WantedNow is [Service.Wanted] of the actor.
func (s *Service) WantedNow(ctx context.Context, q db.Querier) ([]Asking, error) {
	accountID := access.ActorFrom(ctx).AccountID
	bindings, err := s.verification.BindingsOf(ctx, q, accountID)
	if err != nil {
		return nil, err
	}
	return s.Wanted(ctx, q, accountID, bindings)
}

// Deny says, for the actor and after their password, that they asked for none of the requests for their account: what the link in the
// SMS does, which may never have reached them. The account is frozen, and the requests do not come to their end. Errors:
// password_wrong, too_many_attempts; not_found where there is none that they may deny.
func (s *Service) Deny(ctx context.Context, password string) (told accounts.Told, err error) {
	accountID := access.ActorFrom(ctx).AccountID
	if err := s.accounts.CheckPassword(ctx, accountID, password); err != nil {
		return told, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		wanted, err := s.WantedNow(ctx, tx)
		if err != nil {
			return err
		}
		wanted = slices.DeleteFunc(wanted, func(a Asking) bool { return a.Among })
		if len(wanted) == 0 {
			return fault.ErrNotFound.New()
		}
		for _, each := range slices.Backward(wanted) { // the earliest freezes, and its phone is told
			event, err := s.eventOf(ctx, tx, each.row, accountID)
			if err != nil {
				return err
			}
			if told, err = s.accounts.Deny(ctx, tx, accountID, event); err != nil {
				return err
			}
		}
		return nil
	})
	return told, err
}

// eventOf is the event that told an account of a request; one is made where nobody stood for the person when it was filed, or somebody
// else did.
func (s *Service) eventOf(ctx context.Context, tx *db.Tx, r row, accountID string) (event string, err error) {
	err = tx.QueryRow(ctx, `SELECT coalesce(min(id), '') FROM security_events WHERE account_id = $1 AND id IN ($2, $3)`, accountID, r.askedEvent, r.warnedEvent).Scan(&event)
	if err != nil || event != "" {
		return event, err
	}
	event = db.NewID()
	if err := s.accounts.TellAs(ctx, tx, event, accountID, asked, map[string]any{"phone": vault.MaskPhone(r.content.Phone)}); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `UPDATE recoveries SET asked_event = $1 WHERE id = $2`, event, r.id)
	return event, err
}

// Forsake ends what an account that is being closed was to be given back by, and removes from the requests that named it
// all that is personal, in the caller's transaction. That there were requests stays for those who decided them.
func (s *Service) Forsake(ctx context.Context, tx *db.Tx, accountID string) error {
	found, err := s.rows(ctx, tx, ofAccount, accountID)
	if err != nil {
		return err
	}
	for _, r := range found {
		if r.state == Approved {
			if err := s.end(ctx, tx, r, Expired, Approved); err != nil {
				return err
			}
		} else if err := s.erase(ctx, tx, r); err != nil {
			return err
		}
		sealed, err := s.seal(content{Number: r.content.Number})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE recoveries SET sealed = $1, person_index = $2, phone_index = $2, account_id = NULL, reason = '' WHERE id = $3`,
			sealed, []byte{}, r.id); err != nil {
			return err
		}
	}
	return nil
}

// Succeed lets the unfinished requests about an entry go on for the one that took its place, in the caller's transaction.
func (s *Service) Succeed(ctx context.Context, tx *db.Tx, oldID, newID string) error {
	_, err := tx.Exec(ctx, `UPDATE recoveries SET entry_id = $1 WHERE entry_id = $2 AND state IN ('collecting', 'open', 'approved')`, newID, oldID)
	return err
}
