package moves

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/vault"
)

// Together is whom somebody wants to move, and where.
type Together struct {
	FromSchoolID string   `json:"from_school_id" maxLength:"64"`
	ToSchoolID   string   `json:"to_school_id" maxLength:"64"`
	ClassIDs     []string `json:"class_ids,omitempty" maxItems:"60" doc:"Whole classes of the first school"`
	EntryIDs     []string `json:"entry_ids,omitempty" maxItems:"200" doc:"People of the first school"`
	MoveID       string   `json:"move_id,omitempty" maxLength:"64" doc:"Whom an earlier move took to the first school and who are still there, back into the classes that they left"`
	ToClassID    string   `json:"to_class_id,omitempty" maxLength:"64" doc:"Where pupils go; without one they choose, or are put into one there"`
}

// MovePreview is what a move comes to.
type MovePreview struct {
	From      roster.SchoolRef `json:"from"`
	To        roster.SchoolRef `json:"to"`
	People    int64            `json:"people"`
	Verified  int64            `json:"verified" doc:"Of those, who have activated their space: they are told by SMS"`
	Transfers int64            `json:"transfers" doc:"Requests for a change of school that end with it"`
	Misplaced []OfGrade        `json:"misplaced" doc:"Pupils whose grade the other school does not have, or the class is not of: they are moved only by somebody who says that they know"`
}

// OfGrade is how many pupils of a grade there are.
type OfGrade struct {
	Grade  string `json:"grade"`
	People int    `json:"people"`
}

// mover is somebody who is to move, and the class where they go, "" for where the move goes.
type mover struct{ id, class string }

func idsOf(movers []mover) []string {
	ids := make([]string, len(movers))
	for i, m := range movers {
		ids[i] = m.id
	}
	return ids
}

// preview answers what a move comes to, and who they are. Errors: not_found unless the actor is over both schools; move_same_school;
// school_merged; invalid for people and classes that are not of the first school; move_nobody, or move_nobody_left where an earlier move has
// nobody to take back; move_too_many.
func (s *Service) preview(ctx context.Context, t Together) (p MovePreview, movers []mover, err error) {
	from, to, err := s.both(ctx, s.db, "to_school_id", t.FromSchoolID, t.ToSchoolID)
	if err != nil {
		return p, nil, err
	}
	if err := s.Roster.CheckPupilClass(ctx, s.db, "to_class_id", t.ToClassID, to.ID); err != nil {
		return p, nil, err
	}
	if movers, err = s.who(ctx, t); err != nil {
		return p, nil, err
	}
	ids := idsOf(movers)
	p = MovePreview{From: roster.SchoolRef{ID: from.ID, Name: from.Name}, To: roster.SchoolRef{ID: to.ID, Name: to.Name}, People: int64(len(ids))}
	for part := range slices.Chunk(ids, atOnce) {
		var n int64
		if err := s.db.QueryRow(ctx, `SELECT count(*) FROM bindings WHERE entry_id IN (`+db.Placeholders(len(part))+`)`, db.Args(part)...).Scan(&n); err != nil {
			return p, nil, err
		}
		p.Verified += n
	}
	if p.Transfers, err = s.Transfers.PendingOf(ctx, s.db, ids); err != nil {
		return p, nil, err
	}
	p.Misplaced, err = s.misplaced(ctx, t, movers)
	return p, movers, err
}

// misplaced counts the pupils who would come where their grade is not taught. Whoever has graduated, or has no class, goes anywhere.
func (s *Service) misplaced(ctx context.Context, t Together, movers []mover) ([]OfGrade, error) {
	taught := map[string]bool{}
	if t.ToClassID != "" {
		class, err := s.Roster.ClassByID(ctx, s.db, t.ToClassID)
		if err != nil {
			return nil, err
		}
		taught[class.Grade] = true
	} else {
		classes, err := s.Roster.ClassesOfSchool(ctx, t.ToSchoolID)
		if err != nil {
			return nil, err
		}
		for _, class := range classes {
			taught[class.Grade] = true
		}
	}
	all := []OfGrade{}
	for part := range slices.Chunk(movers, atOnce) {
		entries, err := s.Roster.EntriesByID(ctx, s.db, idsOf(part))
		if err != nil {
			return nil, err
		}
		for _, m := range part {
			e := entries[m.id]
			if e.Kind != roster.Student || e.Class == nil || e.Class.GraduatedAt != nil || m.class != "" || taught[e.Class.Grade] {
				continue
			}
			i := slices.IndexFunc(all, func(of OfGrade) bool { return of.Grade == e.Class.Grade })
			if i < 0 {
				i, all = len(all), append(all, OfGrade{Grade: e.Class.Grade})
			}
			all[i].People++
		}
	}
	return all, nil
}

// who answers the people of whole classes, those named and those of an earlier move, each once.
func (s *Service) who(ctx context.Context, t Together) ([]mover, error) {
	back, err := s.cameBy(ctx, t)
	if err != nil {
		return nil, err
	}
	ids := slices.Clone(t.EntryIDs)
	found, err := s.Roster.EntriesByID(ctx, s.db, t.EntryIDs)
	if err != nil {
		return nil, err
	}
	for _, id := range t.EntryIDs {
		if e, there := found[id]; !there || e.School.ID != t.FromSchoolID {
			return nil, fault.ErrInvalid.New(fault.Field("entry_ids", "not_found"))
		}
	}
	for _, class := range t.ClassIDs {
		of, err := s.Roster.ClassByID(ctx, s.db, class)
		if fault.Is(err, fault.ErrNotFound) || err == nil && of.School.ID != t.FromSchoolID {
			return nil, fault.ErrInvalid.New(fault.Field("class_ids", "not_found"))
		}
		if err != nil {
			return nil, err
		}
		found, err := db.Collect(ctx, s.db, `SELECT id FROM registry_entries WHERE school_id = $1 AND class_id = $2`, []any{t.FromSchoolID, class}, scanText)
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	movers := back
	for _, id := range ids {
		movers = append(movers, mover{id: id})
	}
	slices.SortStableFunc(movers, func(one, other mover) int { return strings.Compare(one.id, other.id) })
	movers = slices.CompactFunc(movers, func(one, other mover) bool { return one.id == other.id })
	switch {
	case len(movers) == 0 && t.MoveID != "":
		return nil, ErrNobodyLeft.New()
	case len(movers) == 0:
		return nil, ErrNobody.New()
	case len(movers) > most:
		return nil, ErrTooMany.New(fault.Arg("max", most))
	}
	return movers, nil
}

// cameBy answers who came to the first school by an earlier move, from the second, and are still there, with the classes that they left.
func (s *Service) cameBy(ctx context.Context, t Together) ([]mover, error) {
	if t.MoveID == "" {
		return nil, nil
	}
	m, err := s.visible(ctx, t.MoveID)
	if fault.Is(err, fault.ErrNotFound) || err == nil && (m.To.ID != t.FromSchoolID || m.From.ID != t.ToSchoolID) {
		return nil, fault.ErrInvalid.New(fault.Field("move_id", "not_found"))
	}
	if err != nil {
		return nil, err
	}
	return db.Collect(ctx, s.db, `SELECT m.entry_id, coalesce(c.id, '') FROM move_entries m JOIN registry_entries e ON e.id = m.entry_id
		LEFT JOIN classes c ON c.id = m.class_before AND c.school_id = $3 AND c.graduated_at IS NULL
		WHERE m.move_id = $1 AND m.state = 'moved' AND e.school_id = $2`, []any{m.ID, m.To.ID, m.From.ID}, func(m *mover) []any { return []any{&m.id, &m.class} })
}

// Succeed has the entry that took the place of another stand for it in moves, in the caller's transaction, which holds that one.
func Succeed(ctx context.Context, tx *db.Tx, oldID, newID string) error {
	_, err := tx.Exec(ctx, `UPDATE move_entries SET entry_id = $1 WHERE entry_id = $2`, newID, oldID)
	return err
}

// begin has people moved in the background, and records who decided it at both schools. Errors: those of preview; move_unconfirmed
// when they are not as many as were confirmed; move_misplaced where pupils would come to a school without their grade, unless whoever
// moves them knows.
func (s *Service) begin(ctx context.Context, t Together, confirmed int64, knowing bool) (m Move, err error) {
	p, movers, err := s.preview(ctx, t)
	if err != nil {
		return m, err
	}
	if len(p.Misplaced) > 0 && !knowing {
		return m, ErrMisplaced.New()
	}
	if p.People != confirmed {
		return m, ErrUnconfirmed.New(fault.Arg("people", p.People), fault.Detail("people", p.People))
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		from, to, err := s.both(ctx, tx, "to_school_id", t.FromSchoolID, t.ToSchoolID)
		if err != nil {
			return err
		}
		id := db.NewID()
		classes, err := s.called(ctx, tx, t)
		if err != nil {
			return err
		}
		if err := s.insert(ctx, tx, id, kindPeople, from, to, t, p.People, classes); err != nil {
			return err
		}
		rows := make([][]any, len(movers))
		for i, m := range movers {
			rows[i] = []any{id, m.id, m.class}
		}
		if err := tx.Insert(ctx, "move_entries", []string{"move_id", "entry_id", "class_id"}, rows); err != nil {
			return err
		}
		if err := recordAt(ctx, tx, "school.move_people", from, to, map[string]any{"people": p.People, audit.Batch: id}); err != nil {
			return err
		}
		m, err = s.move(ctx, tx, id)
		return err
	})
	return m, err
}

// called are the whole classes that a move takes along, by what they are called now; of a move back, those that the first one took.
func (s *Service) called(ctx context.Context, q db.Querier, t Together) ([]roster.ClassRef, error) {
	classes := []roster.ClassRef{}
	if t.MoveID != "" {
		m, err := s.move(ctx, q, t.MoveID)
		if err != nil {
			return nil, err
		}
		classes = append(classes, m.Classes...)
	}
	for _, id := range t.ClassIDs {
		c, err := s.Roster.ClassByID(ctx, q, id)
		if err != nil {
			return nil, err
		}
		classes = append(classes, *c.Ref())
	}
	return classes, nil
}

// insert writes a move and has it done in the background.
func (s *Service) insert(ctx context.Context, tx *db.Tx, id, kind string, from, to roster.School, t Together, people int64, classes []roster.ClassRef) error {
	called, err := json.Marshal(classes)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO moves (id, kind, from_school_id, to_school_id, class_id, account_id, state, people, moved, created_at, back_of, classes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, nullif($10, ''), $11)`,
		id, kind, from.ID, to.ID, t.ToClassID, access.ActorFrom(ctx).AccountID, running, people, db.At(s.now()), t.MoveID, string(called)); err != nil {
		return err
	}
	_, err = s.jobs.Enqueue(ctx, tx, job, []byte(id))
	return err
}

// recordAt records what concerns two schools at both.
func recordAt(ctx context.Context, tx *db.Tx, action string, from, to roster.School, more map[string]any) error {
	more["name"], more["school"] = from.Name, to.Name
	for _, school := range []roster.School{from, to} {
		if err := audit.Record(ctx, tx, audit.Event{Action: action, Target: "school", TargetID: school.ID, Place: school.Place(), Details: more}); err != nil {
			return err
		}
	}
	return nil
}

// batch moves the next people of a move, and tells those who have an account; it answers whether there were any.
func (s *Service) batch(ctx context.Context, m Move) (more bool, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		movers, err := db.Collect(ctx, tx, `SELECT entry_id, class_id FROM move_entries WHERE move_id = $1 AND state = 'waiting' ORDER BY entry_id LIMIT $2`,
			[]any{m.ID, atOnce}, func(m *mover) []any { return []any{&m.id, &m.class} })
		if err != nil || len(movers) == 0 {
			return err
		}
		more = true
		if err := s.Roster.HoldEntries(ctx, tx, idsOf(movers)); err != nil {
			return err
		}
		entries, err := s.Roster.EntriesByID(ctx, tx, idsOf(movers))
		if err != nil {
			return err
		}
		for _, who := range movers {
			if err := s.next(ctx, tx, m, who, entries); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// next moves somebody, unless they have gone elsewhere meanwhile, and counts them; nobody is taken twice.
func (s *Service) next(ctx context.Context, tx *db.Tx, m Move, who mover, entries map[string]roster.Entry) error {
	e, there := entries[who.id]
	state, before := "stayed", ""
	if there = there && e.School.ID == m.From.ID; there {
		state = "moved"
		if e.Class != nil && e.Kind == roster.Student {
			before = e.Class.ID
		}
	}
	mine, err := db.Changed(tx.Exec(ctx, `UPDATE move_entries SET state = $1, class_before = $2 WHERE move_id = $3 AND entry_id = $4 AND state = 'waiting'`, state, before, m.ID, who.id))
	if err != nil || !mine || !there {
		return err
	}
	if who.class == "" {
		who.class = m.classID
	}
	if err := s.Roster.CheckPupilClass(ctx, tx, "to_class_id", who.class, m.To.ID); fault.Is(err, fault.ErrInvalid) {
		who.class = "" // it has gone meanwhile
	} else if err != nil {
		return err
	}
	if err := s.moveOne(ctx, tx, m, e, who.class); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE moves SET moved = moved + 1 WHERE id = $1`, m.ID)
	return err
}

func (s *Service) moveOne(ctx context.Context, tx *db.Tx, m Move, e roster.Entry, class string) error {
	if e.Kind != roster.Student {
		class = ""
	}
	if err := s.Transfers.EndOf(ctx, tx, e.ID); err != nil { // which a third school may read of
		return err
	}
	ctx = audit.InBatch(ctx, m.ID)
	if _, err := s.Roster.Move(ctx, tx, e.ID, m.From.ID, m.To.ID, class); err != nil {
		return err
	}
	if err := s.Verification.Follow(ctx, tx, e.ID, m.To.ID); err != nil {
		return err
	}
	return s.tellPerson(ctx, tx, m, e, "notice.moved_together", "notice.child_moved_together")
}

// tellPerson tells somebody of a move, if they have an account, and the guardians of a child under [roster.OwnAge], each with the text of a
// catalogue key.
func (s *Service) tellPerson(ctx context.Context, tx *db.Tx, m Move, e roster.Entry, toThem, toGuardian string) error {
	args := map[string]any{"name": vault.MaskName(e.Name), "from": m.From.Name, "school": m.To.Name}
	guardians, err := s.Verification.GuardiansToTell(ctx, tx, e, "")
	if err != nil {
		return err
	}
	telling := s.Accounts.Telling()
	for _, guardian := range guardians {
		if err := telling.Notify(ctx, tx, guardian, toGuardian, args); err != nil {
			return err
		}
	}
	if e.AccountID == "" {
		return nil
	}
	return telling.Notify(ctx, tx, e.AccountID, toThem, args)
}
