package recovery

import (
	"context"
	"slices"
	"time"

	"caotang/internal/db"
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

// Wanted tells whether somebody who has the phone of nobody that stands for the person asks, before those who decide, for the account
// that stands for these bindings, or was granted it; and whether the account was told with a link, as one of several guardians is not.
func (s *Service) Wanted(ctx context.Context, q db.Querier, accountID string, bindings []verification.Binding) (wanted, linked bool, err error) {
	if len(bindings) == 0 {
		return false, false, nil
	}
	ids := make([]string, len(bindings))
	for i, b := range bindings {
		ids[i] = b.EntryID
	}
	args := db.Args(ids)
	found, err := s.rows(ctx, q, ` WHERE r.state IN ('collecting', 'open', 'approved') AND r.submitted_at IS NOT NULL AND r.entry_id IN (`+db.Placeholders(len(args))+`)`, args...)
	if err != nil {
		return false, false, err
	}
	for _, r := range found {
		at := slices.IndexFunc(bindings, func(b verification.Binding) bool { return b.EntryID == r.entryID && b.Kind == r.content.Kind })
		if at < 0 || r.accountID != "" && r.accountID != accountID {
			continue
		}
		holders, err := s.verification.HoldersOf(ctx, q, roster.Entry{ID: r.entryID, Kind: bindings[at].EntryKind}, r.content.Kind)
		if err != nil {
			return false, false, err
		}
		if own, err := s.byHolder(ctx, q, r, holders); err != nil {
			return false, false, err
		} else if !own {
			wanted, linked = true, linked || len(holders) == 1 || r.accountID != ""
		}
	}
	return wanted, linked, nil
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
