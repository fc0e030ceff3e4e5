package verification

import (
	"context"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
)

const requestColumns = `id, account_id, entry_id, guardian_name, relation, asked_name, asked_number, state, school_only, channel, asked_at, expires_at, decided_at, ended_at, reason`

func requests(ctx context.Context, q db.Querier, tail string, args ...any) ([]GuardianRequest, error) {
	return db.Collect(ctx, q, `SELECT `+requestColumns+` FROM guardian_requests`+tail, args, func(r *GuardianRequest) []any {
		return []any{
			&r.ID, &r.AccountID, &r.EntryID, &r.Guardian.Name, &r.Guardian.Relation, &r.AskedName, &r.AskedID, &r.State, &r.SchoolOnly, &r.Channel,
			&r.AskedAt, &r.ExpiresAt, &r.DecidedAt, &r.EndedAt, &r.Reason,
		}
	})
}

func oneRequest(ctx context.Context, q db.Querier, id string) (GuardianRequest, error) {
	all, err := requests(ctx, q, ` WHERE id = $1`, id)
	if err == nil && len(all) == 0 {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return GuardianRequest{}, err
	}
	return all[0], nil
}

func insertRequest(ctx context.Context, tx *db.Tx, r GuardianRequest) error {
	_, err := tx.Exec(ctx, `INSERT INTO guardian_requests (id, account_id, entry_id, guardian_name, relation, asked_name, asked_number, state, school_only,
			channel, asked_at, expires_at, decided_by, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, '', '')`,
		r.ID, r.AccountID, r.EntryID, r.Guardian.Name, string(r.Guardian.Relation), r.AskedName, r.AskedID, string(r.State), r.SchoolOnly, r.AskedAt, r.ExpiresAt)
	return err
}

// GuardianRequestsOf lists an account's requests and links, the newest first: of each child what is, or else what came of the last.
func (s *Service) GuardianRequestsOf(ctx context.Context, q db.Querier, accountID, cursor string, limit int) ([]GuardianRequest, error) {
	const last = ` WHERE account_id = $1 AND (state IN ('asked', 'confirmed') OR NOT EXISTS (SELECT 1 FROM guardian_requests later
		WHERE later.account_id = $1 AND later.entry_id = guardian_requests.entry_id AND later.id > guardian_requests.id))`
	if cursor == "" {
		return requests(ctx, q, last+` ORDER BY id DESC LIMIT $2`, accountID, limit)
	}
	return requests(ctx, q, last+` AND id < $3 ORDER BY id DESC LIMIT $2`, accountID, limit, cursor)
}

// GuardiansOf lists the guardians of a pupil, and whoever asks to be one, in the order in which they asked.
func (s *Service) GuardiansOf(ctx context.Context, q db.Querier, entryID string) ([]GuardianRequest, error) {
	return requests(ctx, q, ` WHERE entry_id = $1 AND state IN ('asked', 'confirmed') ORDER BY id`, entryID)
}

// GuardianConfirmedBy is the guardian of a pupil who was the last to be confirmed by an instant, as long as they are one. Errors: not_found.
func (s *Service) GuardianConfirmedBy(ctx context.Context, q db.Querier, entryID string, at time.Time) (GuardianRequest, error) {
	all, err := requests(ctx, q, ` WHERE entry_id = $1 AND state IN ('confirmed', 'left', 'ended') AND decided_at <= $2 ORDER BY decided_at DESC, id DESC LIMIT 1`, entryID, db.At(at))
	if err == nil && (len(all) == 0 || all[0].State != Confirmed) {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return GuardianRequest{}, err
	}
	return all[0], nil
}

// GuardiansToTell are the accounts of those whom a step about a pupil concerns besides the pupil: all confirmed guardians of one under
// [roster.OwnAge], who does not decide alone; of an older one the guardian alone who asked for it, if one did.
func (s *Service) GuardiansToTell(ctx context.Context, q db.Querier, entry roster.Entry, askedBy string) ([]string, error) {
	if entry.Kind != roster.Student {
		return nil, nil
	}
	ofAge, err := s.roster.OfOwnAge(entry)
	if err != nil {
		return nil, err
	}
	return db.Collect(ctx, q, `SELECT account_id FROM guardian_links WHERE entry_id = $1 AND (NOT $2 OR account_id = $3) ORDER BY id`, []any{entry.ID, ofAge, askedBy},
		func(id *string) []any { return []any{id} })
}

// ExpiredRequests lists requests that nobody answered in time, by id after one.
func (s *Service) ExpiredRequests(ctx context.Context, now db.Time, after string, limit int) ([]string, error) {
	return db.Collect(ctx, s.db, `SELECT id FROM guardian_requests WHERE state = 'asked' AND expires_at <= $1 AND id > $2 ORDER BY id LIMIT $3`, []any{now, after, limit},
		func(id *string) []any { return []any{id} })
}

// forsakeRequests withdraws what an account that is being closed has asked for, and forgets what its owner said of themselves.
func forsakeRequests(ctx context.Context, tx *db.Tx, accountID string) error {
	if _, err := tx.Exec(ctx, `UPDATE guardian_requests SET state = 'withdrawn', decided_at = $2 WHERE account_id = $1 AND state = 'asked'`, accountID, db.Now()); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE guardian_requests SET guardian_name = '', relation = '' WHERE account_id = $1`, accountID)
	return err
}

// isGuardian tells in SQL whether the account $1 is a guardian or asks to be one.
const isGuardian = `EXISTS (SELECT 1 FROM guardian_requests WHERE account_id = $1 AND state IN ('asked', 'confirmed'))`

// IsGuardian tells whether an account is a guardian or asks to be one.
func (s *Service) IsGuardian(ctx context.Context, q db.Querier, accountID string) (bool, error) {
	return exists(ctx, q, `SELECT `+isGuardian, accountID)
}

// notAGuardian refuses to make a guardian, or whoever asks to be one, a pupil.
func (s *Service) notAGuardian(ctx context.Context, tx *db.Tx, accountID string) error {
	guardian, err := s.IsGuardian(ctx, tx, accountID)
	if err == nil && guardian {
		err = AccountBound()
	}
	return err
}

func exists(ctx context.Context, q db.Querier, query string, args ...any) (there bool, err error) {
	err = q.QueryRow(ctx, query, args...).Scan(&there)
	return there, err
}

func value(r *GuardianRequest) GuardianRequest {
	if r == nil {
		return GuardianRequest{}
	}
	return *r
}
