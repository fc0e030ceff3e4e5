package roster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/vault"
)

// Choice is what an import may do with who stands in the registry already. The zero Choice only fills in what is missing.
type Choice struct {
	Updates bool // move to the class that the file names
	Renames bool // and take the file's name; for a mistyped number would rename a stranger, it is a choice of its own
}

// Changes are what an import does, or has done, with the people whom it takes.
type Changes struct {
	Added     int64 `json:"added" doc:"People who are new to the registry"`
	Completed int64 `json:"completed" doc:"People who lacked something that the file has"`
	Moved     int64 `json:"moved" doc:"People who get another class"`
	Renamed   int64 `json:"renamed" doc:"People who get another name; they may be moved too"`
	Unchanged int64 `json:"unchanged" doc:"People whom the registry has as the file does; an import that may change nobody rejects them"`
}

func (c *Changes) add(more Changes) {
	c.Added += more.Added
	c.Completed += more.Completed
	c.Moved += more.Moved
	c.Renamed += more.Renamed
	c.Unchanged += more.Unchanged
}

// PreviewChange is one of them, for people to look at.
type PreviewChange struct {
	Sheet string `json:"sheet,omitempty" doc:"Where several are read"`
	Row   int    `json:"row"`
	Name  string `json:"name" doc:"As the registry has it"`
	What  string `json:"what" enum:"moved,renamed"`
	From  string `json:"from"`
	To    string `json:"to"`
}

const previewChanges = 50

// change is what a row does to an entry: what it lacked is filled in, what is to be another is overwritten.
type change struct {
	entryID              string
	school               *School
	from                 string // the school that it left as a graduate; "" where it stands at this one
	class                string // "" leaves it
	name, key            string // "" leaves it
	student, certificate []byte
	overwrites           string // the parts that are, for the record
	subject              map[string]any
}

// changeOf answers what a row does to the entry that stands for its document; nil when it brings nothing new. Without a
// choice nothing that the entry has is overwritten.
func (w *writer) changeOf(o *outcome, c *candidate, class string, there *standing) *change {
	a := &change{entryID: there.id, school: c.school}
	var overwritten []string
	if there.schoolID != c.school.ID { // which conflict let pass
		a.from, a.class = there.schoolID, class
		o.example(c, there, "moved", there.school, w.className(o, c.school, class))
		o.changes.Moved++
		return a
	}
	if class != "" && there.class == "" {
		a.class = class
	} else if w.choice.Updates && class != "" && class != there.class {
		a.class = class
		overwritten = append(overwritten, "class")
		o.example(c, there, "moved", w.className(o, c.school, there.class), w.className(o, c.school, class))
		o.changes.Moved++
	}
	if c.key != there.key { // which conflict let pass: the choice says so
		a.name, a.key = c.name, c.key
		overwritten = append(overwritten, "name")
		o.example(c, there, "renamed", there.name, c.name)
		o.changes.Renamed++
	}
	if !there.hasStudent {
		a.student = c.student
	}
	if !there.hasCert {
		a.certificate = c.certificate
	}
	switch {
	case len(overwritten) > 0:
		o.overwritten[c.school.ID]++
		a.overwrites = strings.Join(overwritten, " ")
		a.subject = map[string]any{"kind": w.kind, "masked_name": vault.MaskName(there.name), "masked_id_number": vault.MaskIDNumber(c.number.Text)}
	case a.class == "" && a.student == nil && a.certificate == nil:
		return nil
	default:
		o.changes.Completed++
	}
	return a
}

func (o *outcome) example(c *candidate, there *standing, what, from, to string) {
	if len(o.examples) < previewChanges {
		o.examples = append(o.examples, PreviewChange{c.line.sheet, c.line.number, there.name, what, from, to})
	}
}

// className is what a class of a school is called, one that the batch makes among them.
func (w *writer) className(o *outcome, school *School, id string) string {
	if name := w.schools[school.ID].names[id]; name != "" {
		return name
	}
	return o.classNames[id]
}

// apply makes a change true, unless the person has left the school since the registry was asked.
func (w *writer) apply(ctx context.Context, tx *db.Tx, importID string, a *change, o *outcome) error {
	if a.from != "" {
		return w.takeOn(ctx, tx, a, o)
	}
	class := "coalesce(class_id, $1)"
	if strings.HasPrefix(a.overwrites, "class") {
		class = "$1"
	}
	return w.s.recounting(ctx, tx, a.entryID, func() error {
		before, err := a.before(ctx, tx)
		if err != nil {
			return err
		}
		here, err := db.Changed(tx.Exec(ctx, `UPDATE registry_entries SET class_id = `+class+`, name = coalesce($2, name), name_key = coalesce($3, name_key),
			student_number_sealed = coalesce(student_number_sealed, $4), certificate_number_sealed = coalesce(certificate_number_sealed, $5),
			updated_at = $6 WHERE id = $7 AND school_id = $8`,
			nullText(a.class), nullText(a.name), nullText(a.key), a.student, a.certificate, o.at, a.entryID, a.school.ID))
		if err != nil || !here {
			return err
		}
		o.before[a.school.ID] = append(o.before[a.school.ID], before)
		if a.overwrites == "" {
			return nil
		}
		a.subject["changed"], a.subject["import_id"] = a.overwrites, importID
		return audit.Record(ctx, tx, audit.Event{
			Action: "registry.change", Target: "entry", TargetID: a.entryID, Place: a.school.Place(), Details: a.subject,
		})
	})
}

// takeOn takes a pupil on who has left another school as a graduate, with account and binding; not one who is its pupil again.
func (w *writer) takeOn(ctx context.Context, tx *db.Tx, a *change, o *outcome) error {
	before := former{EntryID: a.entryID}
	err := tx.QueryRow(ctx, `SELECT class_id FROM registry_entries e WHERE id = $1 AND school_id = $2
		AND EXISTS (SELECT 1 FROM classes c WHERE c.id = e.class_id AND c.graduated_at IS NOT NULL)`+tx.ForUpdate(), a.entryID, a.from).Scan(&before.Graduated)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := w.s.Move(ctx, tx, a.entryID, a.from, a.school.ID, a.class); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE bindings SET school_id = $1 WHERE entry_id = $2`, a.school.ID, a.entryID); err != nil {
		return err
	}
	// The undo knows by this time that nobody has touched the entry since.
	if _, err := tx.Exec(ctx, `UPDATE registry_entries SET updated_at = $1 WHERE id = $2`, o.at, a.entryID); err != nil {
		return err
	}
	o.before[a.school.ID] = append(o.before[a.school.ID], before)
	return nil
}

// before answers what the change will overwrite or fill in, of an entry that is held; nothing of one that has gone.
func (a *change) before(ctx context.Context, tx *db.Tx) (f former, err error) {
	f.EntryID = a.entryID
	var class, name string
	var student, certificate bool
	err = tx.QueryRow(ctx, `SELECT coalesce(class_id, ''), name, student_number_sealed IS NULL, certificate_number_sealed IS NULL FROM registry_entries WHERE id = $1`, a.entryID).
		Scan(&class, &name, &student, &certificate)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	if a.class != "" && class != a.class && (class == "" || strings.HasPrefix(a.overwrites, "class")) {
		f.Class = &class
	}
	if a.name != "" {
		f.Name = name
	}
	f.Student, f.Certificate = student && a.student != nil, certificate && a.certificate != nil
	return f, err
}

// Most is the school of which an import would change the greatest part.
type Most struct {
	School  SchoolRef `json:"school"`
	People  int64     `json:"people" doc:"Who stands there, of the file's kind"`
	Changes int64     `json:"changes" doc:"Of whom so many would get another class or name"`
	Percent int64     `json:"percent"`
}

// most finds it among the schools that would be changed at all; nil where none is.
func (run *importRun) most(ctx context.Context, overwritten map[string]int64) (*Most, error) {
	var most *Most
	for school, n := range overwritten {
		m := Most{School: SchoolRef{ID: school}, Changes: n}
		if err := run.s.db.QueryRow(ctx, `SELECT count(*) FROM registry_entries WHERE school_id = $1 AND kind = $2`, school, run.record.kind).Scan(&m.People); err != nil {
			return nil, err
		}
		m.Percent = 100
		if m.People > 0 {
			m.Percent = min(100, 100*n/m.People)
		}
		if most == nil || m.Percent > most.Percent || m.Percent == most.Percent && m.Changes > most.Changes {
			most = &m
		}
	}
	if most == nil {
		return nil, nil
	}
	school, err := run.s.SchoolByID(ctx, run.s.db, most.School.ID)
	most.School.Name = school.Name
	return most, err
}

// tooMany tells whether so much of a school would change that somebody must have said so knowingly.
func (s *Service) tooMany(m *Most) bool { return m != nil && m.Percent > int64(s.limits.ChangePercent) }

// unconfirmed refuses an import that would change much of a school, for a wrong file does so.
func (s *Service) unconfirmed(m *Most) error {
	return ErrImportChangesMany.New(
		fault.Arg("school", m.School.Name), fault.Arg("percent", fmt.Sprint(m.Percent)), fault.Arg("changes", fmt.Sprint(m.Changes)), fault.Arg("people", fmt.Sprint(m.People)),
		fault.Detail("most", m), fault.Detail("limit_percent", s.limits.ChangePercent), fault.Next("confirm_changes", ""))
}

// measure looks at the whole file for what it would change, before an import that may change people begins.
func (s *Service) measure(ctx context.Context, r *importRecord, remembered map[string][]string) error {
	f, content, size, err := s.openUpload(r.id)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r.size = size
	run, err := s.openRun(ctx, r, content, s.limits.Limits, remembered)
	if err != nil {
		return s.refused(err)
	}
	preview, err := run.preview(ctx, access.ClientFrom(ctx).Language)
	if err != nil {
		return s.refused(err)
	}
	if s.tooMany(preview.Most) {
		return s.unconfirmed(preview.Most)
	}
	return nil
}
