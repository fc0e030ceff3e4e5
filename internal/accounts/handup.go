package accounts

import (
	"context"
	"errors"

	"caotang/internal/access"
	"caotang/internal/db"
)

// What a scope's administrators leave unanswered is handed up to the next scope above that somebody administers. Its
// administrators are told once of all that came at a time, however much it was.

// divisionOf is the scope of a level that a county lies in.
func divisionOf(level access.Level, county string) string {
	digits := map[access.Level]int{access.County: 6, access.City: 4, access.Province: 2}[level]
	if digits == 0 || len(county) != 6 {
		return ""
	}
	return county[:digits] + "000000"[digits:]
}

// Owning is the lowest level from the given one up whose scope around the place somebody administers; the province where
// nobody does.
func (s *Service) Owning(ctx context.Context, q db.Querier, from access.Level, at access.Place) (access.Level, error) {
	for level := from; level != access.Province; level = above[level] {
		scope := divisionOf(level, at.Region)
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

var above = map[access.Level]access.Level{access.School: access.County, access.County: access.City, access.City: access.Province}

// HandUp finds who stands next above a level and answers for a place, and has them told. At the province it stays there, and
// nobody is told again.
func (s *Service) HandUp(ctx context.Context, tx *db.Tx, from access.Level, at access.Place) (access.Level, error) {
	if from == access.Province {
		return from, nil
	}
	level, err := s.Owning(ctx, tx, above[from], at)
	if err != nil {
		return level, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO handed_up (level, scope_id, requests) VALUES ($1, $2, 1)
		ON CONFLICT (level, scope_id) DO UPDATE SET requests = handed_up.requests + 1`, string(level), divisionOf(level, at.Region))
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
	var requests int
	if err := tx.QueryRow(ctx, `DELETE FROM handed_up WHERE level = $1 AND scope_id = $2 RETURNING requests`, level, scopeID).Scan(&requests); err != nil {
		return err
	}
	return s.TellAdministrators(ctx, tx, access.Level(level), scopeID, "notice.handed_up", map[string]any{"n": requests})
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
