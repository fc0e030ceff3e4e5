package moves

import (
	"context"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
)

// MergerPreview is what becomes of a school that becomes part of another.
type MergerPreview struct {
	From           roster.School  `json:"from"`
	To             roster.School  `json:"to"`
	Pupils         int64          `json:"pupils"`
	Teachers       int64          `json:"teachers"`
	Classes        int            `json:"classes"`
	Renumbered     []Renumbered   `json:"renumbered" doc:"Classes whose number is taken at the other school"`
	Verified       int64          `json:"verified" doc:"Of those, who have activated their space: they are told by SMS"`
	Administrators int64          `json:"administrators" doc:"Whose grant on the school ends, or is taken over"`
	NewStages      []roster.Stage `json:"new_stages" doc:"Of classes, which the other school has none of yet"`
	Requests       int64          `json:"requests" doc:"Open requests that go along"`
}

// Renumbered is a class that gets another number.
type Renumbered struct {
	Class     string       `json:"class"`
	Stage     roster.Stage `json:"stage"`
	EntryYear int          `json:"entry_year"`
	Number    int          `json:"number" doc:"The next free one"`
}

// previewMerger answers what a merger comes to. Errors: not_found unless the actor is over both schools; move_same_school;
// school_merged for either.
func (s *Service) previewMerger(ctx context.Context, fromID, toID string) (p MergerPreview, err error) {
	if p.From, p.To, err = s.both(ctx, s.db, "into", fromID, toID); err != nil {
		return p, err
	}
	if err := p.From.Open(); err != nil {
		return p, err
	}
	p.Renumbered, p.NewStages = []Renumbered{}, []roster.Stage{}
	classes, err := s.Roster.EveryClass(ctx, s.db, fromID)
	if err != nil {
		return p, err
	}
	there, err := s.Roster.EveryClass(ctx, s.db, toID)
	if err != nil {
		return p, err
	}
	p.Classes = len(classes)
	for _, c := range classes {
		if !slices.ContainsFunc(there, func(other roster.Class) bool { return other.Stage == c.Stage }) {
			p.NewStages = append(p.NewStages, c.Stage)
		}
		number := roster.NumberFor(c, there)
		if number != c.Number {
			p.Renumbered = append(p.Renumbered, Renumbered{c.DisplayName, c.Stage, c.EntryYear, number})
		}
		c.Number = number
		there = append(there, c)
	}
	err = s.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM registry_entries WHERE school_id = $1 AND kind = 'student'),
		(SELECT count(*) FROM registry_entries WHERE school_id = $1 AND kind = 'teacher'), (SELECT count(*) FROM bindings WHERE school_id = $1),
		(SELECT count(*) FROM grants WHERE level = 'school' AND scope_id = $1),
		(SELECT count(*) FROM tickets WHERE school_id = $1 AND state = 'open') + (SELECT count(*) FROM recoveries WHERE school_id = $1 AND state IN ('collecting', 'open'))
			+ (SELECT count(*) FROM transfers WHERE state = 'pending' AND (from_school_id = $1 OR to_school_id = $1))`, fromID).
		Scan(&p.Pupils, &p.Teachers, &p.Verified, &p.Administrators, &p.Requests)
	return p, err
}

// beginMerger closes a school and has what stands at it taken to another in the background. The code repeats which school ends. Its
// administrators' grants end, or go over. Errors: those of previewMerger; invalid for another code; merger_busy while an import, the
// turn of a school year or another move is under way at the school.
func (s *Service) beginMerger(ctx context.Context, fromID, toID, code string, takeOver bool) (m Move, err error) {
	p, err := s.previewMerger(ctx, fromID, toID)
	if err != nil {
		return m, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		for _, id := range []string{min(fromID, toID), max(fromID, toID)} { // two that merge crosswise take turns
			if _, err := s.Roster.Administered(ctx, tx, id); err != nil {
				return err
			}
		}
		from, to, err := s.both(ctx, tx, "into", fromID, toID)
		if err == nil {
			err = from.Open()
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(code) != from.Code {
			return fault.ErrInvalid.New(fault.Field("code", "school_code_differs"))
		}
		if err := idle(ctx, tx, from.ID, to.ID); err != nil {
			return err
		}
		if err := s.Roster.MarkMerged(ctx, tx, from, to); err != nil {
			return err
		}
		id := db.NewID()
		if err := s.insert(ctx, tx, id, kindMerger, from, to, Together{}, p.Pupils+p.Teachers, []roster.ClassRef{}); err != nil {
			return err
		}
		if m, err = s.move(ctx, tx, id); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, from.ID, "notice.school_merges_"+administrators(takeOver), m); err != nil { // while they are its administrators
			return err
		}
		if err := grants(ctx, tx, from.ID, to.ID, takeOver); err != nil {
			return err
		}
		return recordAt(ctx, tx, "school.merge", from, to, map[string]any{"people": p.Pupils + p.Teachers, "classes": p.Classes, "administrators": administrators(takeOver), audit.Batch: id})
	})
	return m, err
}

func administrators(takeOver bool) string {
	if takeOver {
		return "take_over"
	}
	return "end"
}

// idle answers merger_busy while something is under way that names the school, or leads into either.
func idle(ctx context.Context, tx *db.Tx, fromID, toID string) error {
	var busy bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM roster_imports WHERE state IN ('queued', 'running') AND coalesce(school_id, $1) = $1)
		OR EXISTS (SELECT 1 FROM roster_imports WHERE undo IN ('queued', 'running') AND coalesce(school_id, $1) = $1)
		OR EXISTS (SELECT 1 FROM school_years WHERE school_id = $1 AND state IN ('running', 'returning'))
		OR EXISTS (SELECT 1 FROM moves WHERE state = 'running' AND (from_school_id IN ($1, $2) OR to_school_id IN ($1, $2)))`, fromID, toID).Scan(&busy)
	if err == nil && busy {
		err = ErrBusy.New()
	}
	return err
}

// grants ends the grants on a school, and remembers who administers nothing any more by it, or makes them grants on the other.
func grants(ctx context.Context, tx *db.Tx, fromID, toID string, takeOver bool) error {
	if takeOver {
		if _, err := tx.Exec(ctx, `INSERT INTO grants (account_id, level, scope_id, created_at)
			SELECT account_id, level, CAST($1 AS text), created_at FROM grants WHERE level = 'school' AND scope_id = $2
			ON CONFLICT DO NOTHING`, toID, fromID); err != nil {
			return err
		}
	} else if _, err := tx.Exec(ctx, `INSERT INTO merged_grants (account_id, school_id) SELECT g.account_id, g.scope_id FROM grants g WHERE g.level = 'school' AND g.scope_id = $1
		AND NOT EXISTS (SELECT 1 FROM grants o WHERE o.account_id = g.account_id AND (o.level <> g.level OR o.scope_id <> g.scope_id))
		ON CONFLICT DO NOTHING`, fromID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM grants WHERE level = 'school' AND scope_id = $1`, fromID)
	return err
}

// merge takes the classes of a school to another, then its people, then what refers to it.
func (s *Service) merge(ctx context.Context, m Move) error {
	from, err := s.Roster.SchoolByID(ctx, s.db, m.From.ID)
	if err != nil {
		return err
	}
	to, err := s.Roster.SchoolByID(ctx, s.db, m.To.ID)
	if err != nil {
		return err
	}
	for {
		if err := s.classes(audit.InBatch(ctx, m.ID), from, to); err != nil {
			return err
		}
		for {
			more, err := s.people(ctx, m, from, to)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
		ended := false
		if err := s.db.InTx(ctx, func(tx *db.Tx) (err error) {
			ended, err = s.endMerger(ctx, tx, m, from, to)
			return err
		}); err != nil || ended {
			return err
		}
	}
}

// classes gives the school's classes to the other one by one, each with the next free number where its own is taken.
func (s *Service) classes(ctx context.Context, from, to roster.School) error {
	all, err := s.Roster.EveryClass(ctx, s.db, from.ID)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := s.db.InTx(ctx, func(tx *db.Tx) error {
			there, err := s.Roster.EveryClass(ctx, tx, to.ID)
			if err != nil {
				return err
			}
			return s.Roster.GiveClass(ctx, tx, c, to, roster.NumberFor(c, there))
		}); err != nil {
			return err
		}
	}
	return nil
}

// people takes the next people of the school along, and tells those who have an account; it answers whether there were any.
func (s *Service) people(ctx context.Context, m Move, from, to roster.School) (more bool, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		ids, err := db.Collect(ctx, tx, `SELECT id FROM registry_entries WHERE school_id = $1 ORDER BY id LIMIT $2`, []any{from.ID, atOnce}, scanText)
		if err != nil || len(ids) == 0 {
			return err
		}
		more = true
		if err := s.Roster.HoldEntries(ctx, tx, ids); err != nil {
			return err
		}
		entries, err := s.Roster.EntriesByID(ctx, tx, ids)
		if err != nil {
			return err
		}
		// Somebody may have been faster with one of them before they were held.
		ids = slices.DeleteFunc(ids, func(id string) bool { e, there := entries[id]; return !there || e.School.ID != from.ID })
		if len(ids) == 0 {
			return nil
		}
		if err := s.Roster.Rehome(audit.InBatch(ctx, m.ID), tx, ids, from, to); err != nil {
			return err
		}
		if err := s.Transfers.Follow(ctx, tx, ids, from.ID, to.ID); err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.came(ctx, tx, m, entries[id]); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE moves SET moved = moved + $1 WHERE id = $2`, len(ids), m.ID)
		return err
	})
	return more, err
}

// came notes somebody among those whom a merger took along, and tells them.
func (s *Service) came(ctx context.Context, tx *db.Tx, m Move, e roster.Entry) error {
	if _, err := tx.Exec(ctx, `INSERT INTO move_entries (move_id, entry_id, state) VALUES ($1, $2, 'moved') ON CONFLICT DO NOTHING`, m.ID, e.ID); err != nil {
		return err
	}
	return s.tellPerson(ctx, tx, m, e, "notice.school_became", "notice.child_school_became")
}

// endMerger takes over what refers to the school, when nothing stands at it any more; whoever was on the way to it waits for its row.
func (s *Service) endMerger(ctx context.Context, tx *db.Tx, m Move, from, to roster.School) (ended bool, err error) {
	if _, err := tx.Exec(ctx, `UPDATE schools SET name = name WHERE id = $1`, from.ID); err != nil {
		return false, err
	}
	var left bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM registry_entries WHERE school_id = $1) OR EXISTS (SELECT 1 FROM classes WHERE school_id = $1)`, from.ID).Scan(&left); err != nil || left {
		return false, err
	}
	if err := s.Transfers.Redirect(ctx, tx, from.ID, to.ID); err != nil {
		return false, err
	}
	if err := s.Tickets.PassOn(ctx, tx, from, to); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `UPDATE recoveries SET school_id = $1 WHERE school_id = $2`, to.ID, from.ID); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `UPDATE looks SET school_id = $1, region = $2 WHERE school_id = $3`, to.ID, to.Region, from.ID); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM school_years WHERE school_id = $1 AND state = 'planned' AND mark = ''`, from.ID); err != nil {
		return false, err
	}
	if err := s.finish(ctx, tx, m); err != nil {
		return false, err
	}
	return true, recordAt(ctx, tx, "school.merged", from, to, map[string]any{"account": access.ActorFrom(ctx).AccountID})
}
