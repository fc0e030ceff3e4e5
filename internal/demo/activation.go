package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/roster"
)

// activeDays is since when the synthetic Sichuan has been using the platform.
const activeDays = 60

// activate lets part of the people away from the demo accounts' schools have activated their space, more and more each day, so
// that there is something to see in the statistics. Nobody knows a password to their accounts.
func (s *seeder) activate(ctx context.Context, schools []seededSchool) error {
	r := rand.New(rand.NewPCG(worldSeed, 2)) //nolint:gosec // the same Sichuan each time
	nobodys := accounts.HashPassword(db.NewID() + db.NewID())
	var people, logins, bindings [][]any
	add := func(school, entry, kind string) {
		ago := activeDays * r.Float64() * r.Float64() // days; the longer ago, the fewer
		at := db.At(s.now.Add(-time.Duration((ago + 1) * float64(24*time.Hour))))
		id, username := s.id(), fmt.Sprintf("sample%05d", len(people)+1)
		people = append(people, []any{id, username, nobodys, kind, false, at, at})
		logins = append(logins, []any{"u:" + username, id})
		bindings = append(bindings, []any{entry, id, s.id(), school, kind, at})
	}
	for i := range schools {
		school := &schools[i]
		if school.County == showCounty || school.County == otherCounty {
			continue
		}
		keen := 0.2 + 0.7*r.Float64()
		for _, entry := range school.teachers {
			if r.Float64() < keen {
				add(school.id, entry, roster.Teacher)
			}
		}
		for _, entry := range school.pupils {
			if r.Float64() < keen*keen {
				add(school.id, entry, roster.Student)
			}
		}
	}
	if err := s.tx.Insert(ctx, "accounts", []string{"id", "username", "password_hash", "role", "replace_password", "created_at", "updated_at"}, people); err != nil {
		return err
	}
	if err := s.tx.Insert(ctx, "logins", []string{"login_key", "account_id"}, logins); err != nil {
		return err
	}
	return s.tx.Insert(ctx, "bindings", []string{"entry_id", "account_id", "id", "school_id", "kind", "bound_at"}, bindings)
}
