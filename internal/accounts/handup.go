package accounts

import (
	"context"
	"errors"

	"caotang/internal/access"
	"caotang/internal/db"
)

// What a scope's administrators leave unanswered, or customer service takes from them, is handed up to the next scope above
// that somebody administers. Its administrators are told once of all that came at a time, however much it was, and why.

// Owning is the lowest level from the given one up whose scope around the place somebody administers; the province where
// nobody does.
func (s *Service) Owning(ctx context.Context, q db.Querier, from access.Level, at access.Place) (access.Level, error) {
	for level := from; level != access.Province; level = level.Above() {
		scope := level.Division(at.Region)
		if level == access.School {
			scope = at.School
		}
		var held bool
		err := q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM grants WHERE level = $1 AND scope_id = $2)`, string(level), scope).Scan(&held)
		if err != nil || held {
			return level, err
		}
	}
	return access.Province, nil
}

// HandUp finds who stands next above a level that has let a request wait and answers for a place, and has them told. At the
// province it stays there, and nobody is told again.
func (s *Service) HandUp(ctx context.Context, tx *db.Tx, from access.Level, at access.Place) (access.Level, error) {
	return s.handUp(ctx, tx, from, at, 1, 0)
}

// PassUp is [Service.HandUp] of a request that customer service hands up, whether or not anybody has been late.
func (s *Service) PassUp(ctx context.Context, tx *db.Tx, from access.Level, at access.Place) (access.Level, error) {
	return s.handUp(ctx, tx, from, at, 0, 1)
}

func (s *Service) handUp(ctx context.Context, tx *db.Tx, from access.Level, at access.Place, late, passed int) (access.Level, error) {
	if from == access.Province {
		return from, nil
	}
	level, err := s.Owning(ctx, tx, from.Above(), at)
	if err != nil {
		return level, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO handed_up (level, scope_id, requests, passed) VALUES ($1, $2, $3, $4)
		ON CONFLICT (level, scope_id) DO UPDATE SET requests = handed_up.requests + excluded.requests, passed = handed_up.passed + excluded.passed`,
		string(level), level.Division(at.Region), late, passed)
	return level, err
}

// toldAtOnce bounds how many administrators of a scope are told.
const toldAtOnce = 20

// TellHandedUp tells administrators what has been handed up to them. Call it now and then, after what hands up; cut off
// anywhere, the next goes on.
func (s *Service) TellHandedUp(ctx context.Context) error {
	type scope struct{ level, id string }
	all, err := db.Collect(ctx, s.db, `SELECT level, scope_id FROM handed_up ORDER BY level, scope_id`, nil, func(at *scope) []any { return []any{&at.level, &at.id} })
	for _, at := range all {
		err = errors.Join(err, s.db.InTx(ctx, func(tx *db.Tx) error { return s.tellHandedUp(ctx, tx, at.level, at.id) }))
	}
	return err
}

func (s *Service) tellHandedUp(ctx context.Context, tx *db.Tx, level, scopeID string) error {
	var late, passed int
	if err := tx.QueryRow(ctx, `DELETE FROM handed_up WHERE level = $1 AND scope_id = $2 RETURNING requests, passed`, level, scopeID).Scan(&late, &passed); err != nil {
		return err
	}
	for _, told := range []struct {
		key      string
		requests int
	}{{"notice.handed_up", late}, {"notice.passed_up", passed}} {
		if told.requests == 0 {
			continue
		}
		if err := s.TellAdministrators(ctx, tx, access.Level(level), scopeID, told.key, map[string]any{"n": told.requests}); err != nil {
			return err
		}
	}
	return nil
}

// TellAdministrators sends the text of a catalogue key to those who administer a scope, as [Service.Notify] does to one account.
func (s *Service) TellAdministrators(ctx context.Context, tx *db.Tx, level access.Level, scopeID, key string, args map[string]any) error {
	to, err := db.Collect(ctx, tx, `SELECT account_id FROM grants WHERE level = $1 AND scope_id = $2 ORDER BY created_at, account_id LIMIT $3`,
		[]any{string(level), scopeID, toldAtOnce}, func(id *string) []any { return []any{id} })
	if err != nil {
		return err
	}
	for _, id := range to {
		if err := s.Notify(ctx, tx, id, key, args); err != nil {
			return err
		}
	}
	return nil
}
