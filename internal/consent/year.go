package consent

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/db"
)

// Said counts what was said to one version of a text.
type Said struct {
	Purpose   Purpose
	Title     string // of the text of now
	Version   int
	TextHash  string
	Given     int // in the time asked for, as the next two
	Refused   int
	Withdrawn int
	Standing  int // given, and nothing said since
}

// SaidWithin counts, by version of the texts, what guardians said for pupils of the actor's scope between two moments, and what
// stands.
func (s *Service) SaidWithin(ctx context.Context, from, to db.Time) ([]Said, error) {
	condition, args := access.ActorFrom(ctx).Reach(access.AuditRead).SQL("s.region", "e.school_id", 3)
	type row struct {
		Said
		decision       State
		said, standing int
	}
	found, err := db.Collect(ctx, s.db, `SELECT r.purpose, r.version, r.text_hash, r.decision, count(*) FILTER (WHERE r.at >= $1 AND r.at < $2), count(*) FILTER (WHERE r.standing)
		FROM consent_records r JOIN registry_entries e ON e.id = r.entry_id JOIN schools s ON s.id = e.school_id WHERE `+condition+`
		GROUP BY r.purpose, r.version, r.text_hash, r.decision ORDER BY r.purpose, r.version, r.text_hash`, append([]any{from, to}, args...), func(r *row) []any {
		return []any{&r.Purpose, &r.Version, &r.TextHash, &r.decision, &r.said, &r.standing}
	})
	var all []Said
	for _, r := range found {
		if n := len(all); n == 0 || all[n-1].Purpose != r.Purpose || all[n-1].Version != r.Version || all[n-1].TextHash != r.TextHash {
			r.Title, _ = current[r.Purpose].in(access.ClientFrom(ctx).Language)
			all = append(all, r.Said)
		}
		one := &all[len(all)-1]
		switch r.decision {
		case Given:
			one.Given, one.Standing = r.said, r.standing
		case Refused:
			one.Refused = r.said
		case Withdrawn:
			one.Withdrawn = r.said
		case NotAsked, Outdated, Lapsed: // nobody says so
		}
	}
	return all, err
}
