package roster

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strconv"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/messages"
)

// UndoPlan is what an undo would do: nothing has been changed.
type UndoPlan struct {
	Undo
	Classes int          `json:"classes" doc:"Classes that the import made, of which those go that are empty then"`
	Why     []KeptReason `json:"why" doc:"Why people stay, the most frequent reason first"`
}

// KeptReason is a reason for which people stay.
type KeptReason struct {
	Code   string `json:"code" enum:"bound,guardian,teaches,moved,replaced,changed,class_gone"`
	Reason string `json:"reason"`
	People int64  `json:"people"`
}

// Why an entry stays.
const (
	keptBound     = "bound"      // an account was bound to it since
	keptGuardian  = "guardian"   // somebody asked to be its guardian since, or answered as one
	keptTeaches   = "teaches"    // it was set as a class's teacher since
	keptMoved     = "moved"      // it stands at another school
	keptReplaced  = "replaced"   // another entry took its place
	keptChanged   = "changed"    // somebody changed it since
	keptClassGone = "class_gone" // its class of before is no longer there
)

// kept is an entry that stays, and why.
type kept struct {
	EntryID string `json:"id"`
	Why     string `json:"why"`
}

// planUndo looks at every piece of an import and changes nothing.
func (s *Service) planUndo(ctx context.Context, id string) (*UndoPlan, error) {
	r, err := s.undoable(ctx, id)
	if err != nil {
		return nil, err
	}
	p := &UndoPlan{Why: []KeptReason{}}
	reasons := map[string]int64{}
	err = s.eachTrace(ctx, r.id, false, func(t *trace, d *deed) error {
		f, err := s.fateOf(ctx, s.db, t, d)
		if err != nil {
			return err
		}
		p.Removed += int64(len(f.leave))
		p.Restored += int64(len(f.restore))
		p.Kept += int64(len(f.kept))
		p.Classes += len(d.Classes)
		for _, k := range f.kept {
			reasons[k.Why]++
		}
		return nil
	})
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		p.Why = append(p.Why, KeptReason{why, keptWords(access.ClientFrom(ctx).Language, why), reasons[why]})
	}
	slices.SortStableFunc(p.Why, func(a, b KeptReason) int { return int(b.People - a.People) })
	return p, err
}

func keptWords(language, why string) string { return messages.Text(language, "kept."+why, nil) }

// fate is what becomes of the entries of a piece.
type fate struct {
	leave   []leaving
	restore []former
	kept    []kept
}

// leaving is a new entry that nobody has touched, and its class.
type leaving struct{ id, class string }

// present is an entry as it stands now.
type present struct {
	id, school, class        string
	updated                  db.Time
	bound, guardian, teaches bool // the first two: since the import
}

// fateOf tells what becomes of a piece's entries as they stand now: exactly, where the transaction holds them.
func (s *Service) fateOf(ctx context.Context, q db.Querier, t *trace, d *deed) (f fate, err error) {
	added := t.ids()
	now, err := s.presentOf(ctx, q, slices.Concat(added, d.entries()), t.at)
	if err != nil {
		return f, err
	}
	for _, id := range added {
		p := now[id]
		why, err := t.why(ctx, q, id, p)
		switch {
		case err != nil:
			return f, err
		case why == "" && p != nil && p.teaches:
			why = keptTeaches
		}
		if why != "" {
			f.kept = append(f.kept, kept{id, why})
		} else if p != nil { // else it has left already
			f.leave = append(f.leave, leaving{id, p.class})
		}
	}
	for _, before := range d.Before {
		p := now[before.EntryID]
		why, err := t.why(ctx, q, before.EntryID, p)
		if err == nil && why == "" && p != nil {
			why, err = classGone(ctx, q, before.classBefore())
		}
		switch {
		case err != nil:
			return f, err
		case why != "":
			f.kept = append(f.kept, kept{before.EntryID, why})
		case p != nil:
			f.restore = append(f.restore, before)
		}
	}
	return f, nil
}

func (s *Service) presentOf(ctx context.Context, q db.Querier, ids []string, since db.Time) (map[string]*present, error) {
	all := map[string]*present{}
	err := inPieces(ids, func(args []any) error {
		n := len(args)
		found, err := db.Collect(ctx, q, `SELECT e.id, e.school_id, coalesce(e.class_id, ''), e.updated_at,
			EXISTS (SELECT 1 FROM bindings b WHERE b.entry_id = e.id AND b.bound_at >= $`+strconv.Itoa(n+1)+`),
			EXISTS (SELECT 1 FROM guardian_requests g WHERE g.entry_id = e.id AND g.asked_at >= $`+strconv.Itoa(n+1)+`)
				OR EXISTS (SELECT 1 FROM consent_records r WHERE r.entry_id = e.id AND r.at >= $`+strconv.Itoa(n+1)+`),
			EXISTS (SELECT 1 FROM class_teachers c WHERE c.entry_id = e.id)
			FROM registry_entries e WHERE e.id IN (`+db.Placeholders(n)+`)`, append(args, since),
			func(p *present) []any {
				return []any{&p.id, &p.school, &p.class, &p.updated, &p.bound, &p.guardian, &p.teaches}
			})
		for i := range found {
			all[found[i].id] = &found[i]
		}
		return err
	})
	return all, err
}

// why answers why an entry stays as it is, "" when it does not; p is nil for one that is no longer there.
func (t *trace) why(ctx context.Context, q db.Querier, id string, p *present) (string, error) {
	switch {
	case p == nil:
		if follows, err := successors(ctx, q, []string{id}); err != nil || len(follows) == 0 {
			return "", err
		}
		return keptReplaced, nil
	case p.school != t.school:
		return keptMoved, nil
	case p.bound:
		return keptBound, nil
	case p.guardian:
		return keptGuardian, nil
	case !p.updated.Equal(t.at.Time):
		return keptChanged, nil
	}
	return "", nil
}

// classBefore is the class that an undo would put the entry into again; "" for none.
func (f *former) classBefore() string {
	if f.Class != nil {
		return *f.Class
	}
	return f.Graduated
}

func classGone(ctx context.Context, q db.Querier, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	var one int
	err := q.QueryRow(ctx, `SELECT 1 FROM classes WHERE id = $1`, id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return keptClassGone, nil
	}
	return "", err
}
