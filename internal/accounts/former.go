package accounts

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/fault"
)

var (
	// ErrAdministrationMerged says that the school has become part of another whose administrator one was, and one's grant has ended by it.
	ErrAdministrationMerged = fault.Define(fault.Forbidden, "administration_merged")
	errScopeMerged          = fault.Define(fault.Conflict, "scope_merged")
)

// Former tells an account that administers nothing any more why, where it did before: administration_merged. Nil for everybody else.
func (s *Service) Former(ctx context.Context, accountID string) error {
	var from, school, county string
	var at db.NullTime
	err := s.db.QueryRow(ctx, `SELECT f.name, t.name, coalesce(r.name, ''), f.merged_at FROM merged_grants g JOIN schools f ON f.id = g.school_id
		JOIN schools t ON t.id = f.merged_into LEFT JOIN regions r ON r.code = t.region WHERE g.account_id = $1 ORDER BY f.merged_at DESC LIMIT 1`, accountID).
		Scan(&from, &school, &county, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return ErrAdministrationMerged.New(fault.Arg("from", from), fault.Arg("school", school), fault.Arg("county", county),
		fault.Arg("day", at.Time.In(calendar.Shanghai).Format(time.DateOnly)))
}
