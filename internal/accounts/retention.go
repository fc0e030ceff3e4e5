package accounts

import (
	"context"
	"time"

	"caotang/internal/retention"
)

// Retention tells for how long what belongs to accounts is kept.
func (s *Service) Retention(ctx context.Context) (rules []retention.Rule, err error) {
	for _, r := range []struct {
		name        string
		kept, ended time.Duration
		query       string
	}{
		{"sessions", 0, 0, `SELECT count(*) FROM sessions WHERE expires_at < $1`},
		{"addresses", addressMemory, addressMemory, `SELECT count(*) FROM known_addresses WHERE seen_at < $1`},
		{"events", eventMemory, eventMemory, `SELECT count(*) FROM security_events WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.event_id = security_events.id)
			AND NOT EXISTS (SELECT 1 FROM notice_links l WHERE l.event_id = security_events.id)`},
		{"closings", s.config.ClosingWait, 0, `SELECT count(*) FROM accounts WHERE closes_at < $1`},
	} {
		rule, err := retention.Check(ctx, s.db, r.name, r.kept, r.ended, s.now(), r.query)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	return rules, nil
}
