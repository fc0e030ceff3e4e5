package recovery

import (
	"context"
	"slices"
	"time"

	"caotang/internal/db"
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

// Wanted tells whether somebody who has another phone asks for the account that stands for these bindings, or was granted it.
func (s *Service) Wanted(ctx context.Context, q db.Querier, accountID string, bindings []verification.Binding) (bool, error) {
	if len(bindings) == 0 {
		return false, nil
	}
	ids := make([]string, len(bindings))
	for i, b := range bindings {
		ids[i] = b.EntryID
	}
	args := db.Args(ids)
	found, err := s.rows(ctx, q, ` WHERE r.state IN ('collecting', 'open', 'approved') AND r.entry_id IN (`+db.Placeholders(len(args))+`)`, args...)
	if err != nil || len(found) == 0 {
		return false, err
	}
	phone, err := s.accounts.PhoneOf(ctx, q, accountID)
	return slices.ContainsFunc(found, func(r row) bool {
		return r.content.Phone != phone && (r.accountID == "" || r.accountID == accountID) &&
			slices.ContainsFunc(bindings, func(b verification.Binding) bool { return b.Kind == r.content.Kind })
	}), err
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
