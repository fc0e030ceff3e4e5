package roster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/identity"
	"caotang/internal/lookup"
	"caotang/internal/tally"
)

// writer decides batches against the registry. It belongs to one import.
type writer struct {
	s          *Service
	kind       string
	choice     Choice
	schoolYear int
	started    db.NullTime // when the import began; none for a preview
	schools    map[string]*schoolClasses
	labels     map[labelKey]labelMeaning
	trusting   bool // takes documents for new without asking: a unique key says otherwise soon enough
}

type labelKey struct{ school, grade, class string }

type labelMeaning struct {
	classID string // of a class that is called by a name of its own
	key     classKey
	years   int
	ok      bool
}

// schoolClasses are the classes of a school as they have been committed.
type schoolClasses struct {
	shape schoolShape
	ids   map[classKey]string
	named map[string]string
	names map[string]string // what each is called, by its id
	mixed map[Stage]bool    // of which there are classes of both systems, 六三制 and 五四制
}

// outcome is what a batch comes to.
type outcome struct {
	classes  map[string]map[classKey]string // new ones, by school
	named    []AddedClass                   // the same, for people to read
	made     []madeClass                    // the same, for the record
	rows     struct{ classes, documents, entries [][]any }
	added    map[group]int64 // new entries
	writes   []change        // to entries that stand there
	changes  Changes
	examples []PreviewChange
	// Entries whose class or name is overwritten, by school; what new classes are called, by id.
	overwritten map[string]int64
	classNames  map[string]string
	rejects     []reject
	accepted    int
	// For it to be undone: the ids of new entries, and what others were before, by school.
	at        db.Time
	newcomers map[string]*strings.Builder
	before    map[string][]former
	known     int      // candidates whose documents stand in the registry
	met       []string // their entries
}

// codeExistsHere rejects whoever the registry has as the file does.
const codeExistsHere = "entry_exists_here"

// These reject whoever stands at another school, which two of them name.
const (
	codeExistsElsewhere    = "entry_exists_elsewhere"
	codeExistsIn           = "entry_exists_in"
	codeGraduatedElsewhere = "graduated_elsewhere"
)

// elsewhere is whether the reason tells that somebody stands at another school.
func (r *reject) elsewhere() bool {
	return r.Code == codeExistsElsewhere || r.Code == codeExistsIn || r.Code == codeGraduatedElsewhere
}

// madeClass is a class that an import makes.
type madeClass struct {
	id    string
	key   classKey
	place access.Place
}

// group are new entries that are counted alike.
type group struct{ county, school, class string }

// standing is an entry that the registry has for a candidate's document.
type standing struct {
	id, name, key, kind, schoolID, school, class string
	hasStudent, hasCert, graduated               bool
	created                                      db.Time
}

func newWriter(s *Service, kind string, choice Choice) *writer {
	w := &writer{s: s, kind: kind, choice: choice, schoolYear: SchoolYear(s.now())}
	w.forget()
	return w
}

// forget drops what is remembered of classes, when another writer turns out to have changed them.
func (w *writer) forget() {
	w.schools = map[string]*schoolClasses{}
	w.labels = map[labelKey]labelMeaning{}
}

// claim says how the documents of a batch are written while the key of the index is changed.
func (w *writer) claim(ctx context.Context, tx *db.Tx, b *batch) error {
	var moving []*candidate
	var indexes [][]byte
	for i := range b.candidates {
		if c := &b.candidates[i]; w.s.vault.Moves(c.found) {
			moving, indexes = append(moving, c), append(indexes, c.found)
		}
	}
	if len(moving) == 0 {
		return nil
	}
	claimed, err := lookup.ClaimAll(ctx, tx, w.s.vault, lookup.Documents, indexes)
	if err != nil {
		return err
	}
	for i, c := range moving {
		c.index = claimed[i]
	}
	return nil
}

// decide asks the registry about a batch and changes nothing.
func (w *writer) decide(ctx context.Context, q db.Querier, b *batch) (*outcome, error) {
	o := &outcome{
		classes: map[string]map[classKey]string{}, added: map[group]int64{}, rejects: b.rejects,
		overwritten: map[string]int64{}, classNames: map[string]string{},
		at: db.At(w.s.now()), newcomers: map[string]*strings.Builder{}, before: map[string][]former{},
	}
	var standing map[string]*standing
	if !w.trusting {
		var err error
		if standing, err = w.find(ctx, q, b.candidates); err != nil {
			return nil, err
		}
	}
	o.known = len(standing)
	now := o.at
	o.rows.entries = make([][]any, 0, len(b.candidates))
	o.rows.documents = make([][]any, 0, len(b.candidates))
	values := make([]any, 0, len(b.candidates)*(len(entryColumns)+2))
	kind, nowValue, types := any(w.kind), any(now), map[identity.Type]any{} // made once, not once a row
	for _, t := range identity.Types() {
		types[t] = string(t)
	}
	for i := range b.candidates {
		c := &b.candidates[i]
		there := standing[string(c.index)]
		if there != nil {
			o.met = append(o.met, there.id)
			if r := w.conflict(c, there); r != nil {
				o.reject(c, r)
				continue
			}
		}
		class, ok, err := w.class(ctx, q, o, c, now)
		if err != nil {
			return nil, err
		}
		if !ok {
			o.reject(c, &reject{Field: "class", Code: "class_not_understood"})
			continue
		}
		if there != nil {
			if a := w.changeOf(o, c, class, there); a != nil {
				o.writes = append(o.writes, *a)
				o.accepted++
			} else if w.choice.Updates {
				o.changes.Unchanged++
				o.accepted++
			} else if class != "" && class != there.class {
				o.reject(c, &reject{Field: "class", Code: "class_differs", Args: map[string]any{"class": w.className(o, c.school, there.class)}})
			} else {
				o.reject(c, &reject{Field: "id_number", Code: codeExistsHere})
			}
			continue
		}
		newID := db.NewID()
		o.newcomer(c.school.ID, newID)
		id, index, name := any(newID), any(c.index), any(c.name)
		key := name
		if c.key != c.name {
			key = c.key
		}
		from := len(values)
		values = append(values, id, kind, name, key, types[c.number.Type], c.sealed, index, orNull(c.student), orNull(c.certificate),
			c.school.ID, textOrNull(class), nowValue, nowValue)
		o.rows.entries = append(o.rows.entries, values[from:len(values):len(values)])
		from = len(values)
		values = append(values, index, id)
		o.rows.documents = append(o.rows.documents, values[from:len(values):len(values)])
		o.added[group{c.school.Region, c.school.ID, class}]++
		o.changes.Added++
		o.accepted++
	}
	return o, nil
}

func (o *outcome) reject(c *candidate, r *reject) {
	r.at(c.line, c.cells)
	o.rejects = append(o.rejects, *r)
}

func orNull(sealed []byte) any {
	if sealed == nil {
		return nil
	}
	return sealed
}

func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// conflict says why a person who stands in the registry cannot be taken from this row, or nil when the row may add to
// what is known of them.
func (w *writer) conflict(c *candidate, there *standing) *reject {
	same := c.key == there.key
	switch {
	case w.started.Valid && !there.created.Before(w.started.Time.Time): // by an earlier batch of this file
		return &reject{Field: "id_number", Code: "duplicate_in_file"}
	case there.schoolID != c.school.ID && same && there.graduated && there.kind == w.kind: // nobody's pupil: the next school may take them on
		if w.choice.Updates {
			return nil
		}
		return &reject{Field: "id_number", Code: codeGraduatedElsewhere, Args: map[string]any{"school": there.school}}
	case there.schoolID != c.school.ID && same: // F-27: the school's name is for whoever knows the person's
		return &reject{Field: "id_number", Code: codeExistsIn, Args: map[string]any{"school": there.school}}
	case there.schoolID != c.school.ID:
		return &reject{Field: "id_number", Code: codeExistsElsewhere}
	case !same && !w.choice.Renames:
		return &reject{Field: "name", Code: "name_differs"}
	case there.kind != w.kind:
		return &reject{Field: "id_number", Code: "entry_of_other_kind"}
	}
	return nil
}

// lookUpAtOnce is how many documents one query asks for.
const lookUpAtOnce = 200

// find answers the entries that stand in the registry for the candidates' documents.
func (w *writer) find(ctx context.Context, q db.Querier, all []candidate) (map[string]*standing, error) {
	found := map[string]*standing{}
	ids := map[string]string{}
	for from := 0; from < len(all); from += lookUpAtOnce {
		part := all[from:min(from+lookUpAtOnce, len(all))]
		args := make([]any, len(part), 2*len(part))
		var before map[string]string // what a document's newer index was, where it may be stored as that
		for i := range part {
			args[i] = part[i].index
			if w.s.vault.Moves(part[i].index) {
				now, was := w.s.vault.Asked(part[i].index)
				if before == nil {
					before = map[string]string{}
				}
				before[string(now)] = string(was)
				args = append(args, now)
			}
		}
		pairs, err := db.Collect(ctx, q, "SELECT document_index, entry_id FROM documents WHERE document_index IN ("+db.Placeholders(len(args))+")", args,
			func(p *struct {
				index []byte
				id    string
			},
			) []any {
				return []any{&p.index, &p.id}
			})
		if err != nil {
			return nil, err
		}
		for _, p := range pairs {
			ids[p.id] = string(p.index)
			if was, moved := before[string(p.index)]; moved {
				ids[p.id] = was
			}
		}
	}
	args := make([]any, 0, lookUpAtOnce)
	load := func() error {
		rows, err := db.Collect(ctx, q, `SELECT e.id, e.name, e.name_key, e.kind, e.school_id, s.name, coalesce(e.class_id, ''),
			e.student_number_sealed IS NOT NULL, e.certificate_number_sealed IS NOT NULL, e.created_at,
			c.graduated_at IS NOT NULL
			FROM registry_entries e JOIN schools s ON s.id = e.school_id LEFT JOIN classes c ON c.id = e.class_id WHERE e.id IN (`+db.Placeholders(len(args))+")", args,
			func(t *standing) []any {
				return []any{&t.id, &t.name, &t.key, &t.kind, &t.schoolID, &t.school, &t.class, &t.hasStudent, &t.hasCert, &t.created, &t.graduated}
			})
		for i := range rows {
			found[ids[rows[i].id]] = &rows[i]
		}
		args = args[:0]
		return err
	}
	for id := range ids {
		if args = append(args, id); len(args) == lookUpAtOnce {
			if err := load(); err != nil {
				return nil, err
			}
		}
	}
	if len(args) == 0 {
		return found, nil
	}
	return found, load()
}

// class answers the id of the class that a candidate's row names, new in the outcome when the school has none such yet;
// "" when it names none. It is not ok when the text cannot be understood.
func (w *writer) class(ctx context.Context, q db.Querier, o *outcome, c *candidate, now db.Time) (id string, ok bool, err error) {
	if c.grade == "" && c.class == "" {
		return "", true, nil
	}
	m, known := w.labels[labelKey{c.school.ID, c.grade, c.class}]
	school := w.schools[c.school.ID]
	if school == nil {
		if school, err = w.load(ctx, q, c.school); err != nil {
			return "", false, err
		}
		w.schools[c.school.ID] = school
	}
	if !known {
		m = school.meaning(c.grade, c.class, w.schoolYear)
		w.labels[labelKey{c.school.ID, c.grade, c.class}] = m
	}
	switch {
	case !m.ok || m.classID != "" || m.key == classKey{}:
		return m.classID, m.ok, nil
	case school.ids[m.key] != "":
		return school.ids[m.key], true, nil
	case o.classes[c.school.ID][m.key] != "":
		return o.classes[c.school.ID][m.key], true, nil
	}
	id = db.NewID()
	if o.classes[c.school.ID] == nil {
		o.classes[c.school.ID] = map[classKey]string{}
	}
	o.classes[c.school.ID][m.key] = id
	o.rows.classes = append(o.rows.classes, []any{id, c.school.ID, string(m.key.stage), m.key.entry, m.key.number, m.years, "", now})
	o.made = append(o.made, madeClass{id, m.key, c.school.Place()})
	named := addedClass(c.school, m, w.schoolYear)
	o.named = append(o.named, named)
	o.classNames[id] = named.Name
	return id, true, nil
}

// meaning reads a row's grade and class. A grade alone is no class: the person will be asked for theirs.
func (x *schoolClasses) meaning(grade, class string, schoolYear int) labelMeaning {
	if id := x.named[identity.CompareKey(class)]; id != "" {
		return labelMeaning{classID: id, ok: true}
	}
	l, ok := readLabel(grade, class, x.shape.category == "11")
	if !ok {
		return labelMeaning{}
	}
	if l.number == 0 {
		return labelMeaning{ok: true}
	}
	key, years, ok := x.shape.resolve(l, schoolYear)
	if ok && x.ids[key] == "" && x.mixed[key.stage] { // 七年级3班 is of another year by the other system: a class that is there is meant
		if other, otherYears, also := x.shape.byOtherSystem(key.stage).resolve(l, schoolYear); also && x.ids[other] != "" {
			key, years = other, otherYears
		}
	}
	return labelMeaning{key: key, years: years, ok: ok}
}

func (w *writer) load(ctx context.Context, q db.Querier, school *School) (*schoolClasses, error) {
	x := &schoolClasses{ids: map[classKey]string{}, named: map[string]string{}, names: map[string]string{}, mixed: map[Stage]bool{}}
	x.shape = schoolShape{category: school.Code[:min(2, len(school.Code))], years: map[Stage]int{}, entries: map[Stage]map[int]bool{}}
	type row struct {
		id, name string
		classKey
		years int
	}
	rows, err := db.Collect(ctx, q, "SELECT id, name, stage, entry_year, number, schooling_years FROM classes WHERE school_id = $1", []any{school.ID},
		func(r *row) []any { return []any{&r.id, &r.name, &r.stage, &r.entry, &r.number, &r.years} })
	lasting := map[Stage]map[int]int{}
	for _, r := range rows {
		x.ids[r.classKey] = r.id
		x.names[r.id] = ClassName(r.stage, r.entry, r.years, r.number, w.schoolYear)
		if r.name != "" {
			x.names[r.id] = r.name
			x.named[identity.CompareKey(r.name)] = r.id
		}
		if x.shape.entries[r.stage] == nil {
			x.shape.entries[r.stage], lasting[r.stage] = map[int]bool{}, map[int]int{}
		}
		x.shape.entries[r.stage][r.entry] = true
		lasting[r.stage][r.years]++
	}
	for stage, classes := range lasting {
		x.shape.years[stage], x.mixed[stage] = stage.prevailing(classes), len(classes) > 1 && stage.OtherYears(0) > 0
	}
	return x, err
}

// write makes an outcome true, within the transaction, and records which classes are new.
func (w *writer) write(ctx context.Context, tx *db.Tx, importID string, o *outcome) error {
	if err := tx.Insert(ctx, "classes", []string{"id", "school_id", "stage", "entry_year", "number", "schooling_years", "name", "created_at"}, o.rows.classes); err != nil {
		return err
	}
	for _, made := range o.made {
		if err := recordClass(ctx, tx, made.id, made.place, made.key.stage, made.key.entry, made.key.number); err != nil {
			return err
		}
	}
	slices.SortFunc(o.rows.documents, func(a, b []any) int { return bytes.Compare(a[0].([]byte), b[0].([]byte)) })
	if err := tx.Insert(ctx, "documents", []string{"document_index", "entry_id"}, o.rows.documents); err != nil {
		return err
	}
	if err := tx.Insert(ctx, "registry_entries", entryColumns, o.rows.entries); err != nil {
		return err
	}
	if err := w.count(ctx, tx, o); err != nil {
		return err
	}
	for i := range o.writes {
		if err := w.apply(ctx, tx, importID, &o.writes[i], o); err != nil {
			return err
		}
	}
	if err := w.keep(ctx, tx, importID, o); err != nil {
		return err
	}
	if len(o.rejects) == 0 {
		return nil
	}
	sortRejects(o.rejects)
	plain, err := json.Marshal(o.rejects)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO roster_rejects (import_id, first_line, sealed) VALUES ($1, $2, $3)",
		importID, o.rejects[0].order, w.s.vault.Seal(purposeRejects, string(plain)))
	return err
}

// count says how many people of which schools and classes the outcome adds.
func (w *writer) count(ctx context.Context, tx *db.Tx, o *outcome) error {
	var classes []any
	for group := range o.added {
		if group.class != "" {
			classes = append(classes, group.class)
		}
	}
	stages, err := countedStages(ctx, tx, classes)
	if err != nil {
		return err
	}
	changes := make([]tally.Change, 0, len(o.added))
	for group, n := range o.added {
		if _, counted := stages[group.class]; group.class != "" && !counted {
			continue
		}
		changes = append(changes, tally.Change{
			County: group.county, School: group.school, Class: group.class, Kind: w.kind, Stage: stages[group.class], Entries: n,
		})
	}
	return tally.Add(ctx, tx, w.s.now(), changes)
}

// countedStages tells the stages of those of the classes that have not graduated, and keeps them from it until the transaction ends.
func countedStages(ctx context.Context, tx *db.Tx, classes []any) (map[string]string, error) {
	stages := map[string]string{}
	for from := 0; from < len(classes); from += lookUpAtOnce {
		part := classes[from:min(from+lookUpAtOnce, len(classes))]
		type row struct{ id, stage string }
		rows, err := db.Collect(ctx, tx, "SELECT id, stage FROM classes WHERE id IN ("+db.Placeholders(len(part))+") AND graduated_at IS NULL"+tx.ForShare(), part,
			func(r *row) []any { return []any{&r.id, &r.stage} })
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			stages[r.id] = r.stage
		}
	}
	return stages, nil
}

func sortRejects(all []reject) {
	slices.SortFunc(all, func(a, b reject) int { return cmp.Compare(a.order, b.order) })
}

// remember takes over the classes of an outcome that has been committed.
func (w *writer) remember(o *outcome) {
	for school, classes := range o.classes {
		for key, id := range classes {
			w.schools[school].ids[key], w.schools[school].names[id] = id, o.classNames[id]
			x := &w.schools[school].shape
			if x.entries[key.stage] == nil {
				x.entries[key.stage] = map[int]bool{}
			}
			x.entries[key.stage][key.entry] = true
		}
	}
}
