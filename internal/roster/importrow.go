package roster

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"
	"unicode"

	"caotang/internal/identity"
	"caotang/internal/vault"
)

// batchRows and batchBytes of text bound what is decided in one transaction. Documents fall anywhere in their index, so that
// a commit writes most of its pages: the more rows share one the better, as long as memory and, on SQLite, whoever waits
// for the one writer can bear it.
const (
	batchRows  = 30_000
	batchBytes = 16 << 20
)

// candidate is a row that is good by itself. What the registry says of it is asked for when its batch is written.
type candidate struct {
	line         line
	cells        []string
	name, key    string
	number       identity.Number
	found        []byte // what its document is found by
	index        []byte // the same as this transaction writes it
	sealed       []byte
	student      []byte
	certificate  []byte
	school       *School
	grade, class string
}

// line is where a row stands.
type line struct {
	order  int64  // among the rows of all sheets
	sheet  string // "" where one sheet is read alone
	number int
}

// reject is a row that was not taken, and why. It is kept sealed.
type reject struct {
	order int64
	Sheet string         `json:"sheet,omitempty"`
	Line  int            `json:"line"`
	Cells []string       `json:"cells"`
	Field string         `json:"field"`
	Code  string         `json:"code"`
	Args  map[string]any `json:"args,omitempty"`
}

// batch are the rows that one transaction decides.
type batch struct {
	rows       int // candidates and rejects together
	candidates []candidate
	rejects    []reject
	read       int64 // how far the file has been read, in bytes
	end        bool
	err        error
}

// parser turns rows into batches: it checks, seals and indexes, and asks the database nothing.
type parser struct {
	table   *table
	vault   *vault.Vault
	kind    string
	fixed   *School // the school that the import is for, nil when the file names it
	schools *schoolIndex
	today   time.Time
	skip    int             // rows that were decided before a restart
	seen    map[uint64]line // where each number stands, of the batch, or of the whole file where nothing is written that would remember it
	whole   bool            // seen is of the whole file
	read    func() int64
}

// next reads the next batch. After the batch with end set, or with err, there is none.
func (p *parser) next() *batch {
	b := &batch{candidates: make([]candidate, 0, batchRows)}
	var arena []string // of cells, which would cost an allocation a row
	bytes := 0
	if !p.whole {
		clear(p.seen)
	}
	for b.rows < batchRows && bytes < batchBytes {
		row, err := p.table.next()
		if errors.Is(err, io.EOF) {
			b.end = true
			break
		}
		if err != nil {
			b.err = err
			return b
		}
		if p.blank(row.Cells) || p.table.repeatsHeadings(row.Cells) {
			continue
		}
		read := p.table.filled(row)
		if p.skip > 0 {
			p.skip--
			continue
		}
		at := line{p.table.order(row.Line), p.table.ofMany(), row.Line}
		c, r := p.check(at, read)
		if cap(arena)-len(arena) < len(read) {
			arena = make([]string, 0, max(4096, len(read)))
		}
		from := len(arena)
		arena = append(arena, read...)
		cells := arena[from:len(arena):len(arena)]
		b.rows++
		for _, cell := range cells {
			bytes += len(cell)
		}
		if r != nil {
			r.at(at, cells)
			b.rejects = append(b.rejects, *r)
			continue
		}
		c.line, c.cells = at, cells
		b.candidates = append(b.candidates, c)
	}
	b.read = p.read()
	return b
}

// blank holds for a row that says nothing of a person, such as one with a running number alone.
func (p *parser) blank(cells []string) bool {
	for c, at := range p.table.at {
		if column(c) == colSchool || column(c) == colSchoolCode {
			continue
		}
		if at >= 0 && at < len(cells) && identity.Fold(cells[at]) != "" {
			return false
		}
	}
	return true
}

// check decides what can be decided from the row alone.
func (p *parser) check(at line, cells []string) (c candidate, r *reject) {
	t := p.table
	name, number := t.cell(colName, cells), t.cell(colIDNumber, cells)
	if identity.Swapped(number, name) {
		return c, &reject{Field: "id_number", Code: "fields_swapped"}
	}
	var problem *identity.Problem
	if c.name, problem = identity.ParseName(name); problem != nil {
		return c, refusal("name", problem)
	}
	idType, ok := documentType(t.cell(colIDType, cells), number)
	if !ok {
		return c, &reject{Field: "id_type", Code: identity.CodeTypeUnknown}
	}
	if c.number, problem = identity.ParseOn(idType, number, p.today); problem != nil {
		if problem.Code == identity.CodeIDCharacters && t.cell(colIDType, cells) == "" && hasLetters(number) {
			return c, &reject{Field: "id_number", Code: "id_of_other_document"}
		}
		return c, refusal("id_number", problem)
	}
	var student, certificate string
	if p.kind == Student {
		if student, problem = optional(t.cell(colStudent, cells), identity.ParseStudentNumber); problem != nil {
			return c, refusal("student_number", problem)
		}
		c.grade, c.class = t.cell(colGrade, cells), t.cell(colClass, cells)
		if c.grade == "" && c.class == "" && namesClass(at.sheet) { // a sheet for each class
			c.class = at.sheet
		}
	} else if certificate, problem = optional(t.cell(colCertificate, cells), identity.ParseCertificateNumber); problem != nil {
		return c, refusal("certificate_number", problem)
	}
	if c.school, r = p.schoolOf(cells); r != nil {
		return c, r
	}
	c.found = p.vault.Index(purposeIDNumber, c.number.Key())
	c.index = c.found
	short := binary.BigEndian.Uint64(c.index[len(c.index)-8:])
	if first, twice := p.seen[short]; twice && first.sheet != at.sheet {
		return c, &reject{Field: "id_number", Code: "duplicate_of_sheet", Args: map[string]any{"sheet": first.sheet, "row": first.number}}
	} else if twice {
		return c, &reject{Field: "id_number", Code: "duplicate_of_row", Args: map[string]any{"row": first.number}}
	}
	p.seen[short] = at
	c.key = identity.CompareKey(c.name)
	c.sealed = p.vault.Seal(purposeIDNumber, c.number.Text)
	if student != "" {
		c.student = p.vault.Seal(purposeStudent, student)
	}
	if certificate != "" {
		c.certificate = p.vault.Seal(purposeCertificate, certificate)
	}
	return c, nil
}

func (r *reject) at(at line, cells []string) {
	r.order, r.Sheet, r.Line, r.Cells = at.order, at.sheet, at.number, cells
}

func refusal(field string, p *identity.Problem) *reject {
	return &reject{Field: field, Code: p.Code, Args: p.Args}
}

// schoolOf answers the school that a row is for.
func (p *parser) schoolOf(cells []string) (*School, *reject) {
	code, name := identity.Fold(p.table.cell(colSchoolCode, cells)), p.table.cell(colSchool, cells)
	if p.fixed != nil {
		if code != "" && code != p.fixed.Code { // names are written in many ways, codes are not
			return nil, &reject{Field: "school", Code: "school_other"}
		}
		return p.fixed, nil
	}
	if code != "" {
		if school := p.schools.byCode[code]; school != nil {
			return open(school)
		}
		return nil, &reject{Field: "school", Code: "school_unknown"}
	}
	key := identity.CompareKey(name)
	if key == "" {
		return nil, &reject{Field: "school", Code: "missing"}
	}
	switch found := p.schools.byName[key]; len(found) {
	case 0:
		return nil, &reject{Field: "school", Code: "school_unknown"}
	case 1:
		return open(found[0])
	}
	return nil, &reject{Field: "school", Code: "school_ambiguous"}
}

// open answers a school that takes people, or which one does in its stead.
func open(school *School) (*School, *reject) {
	if into := school.MergedInto; into != nil {
		return nil, &reject{Field: "school", Code: "school_merged", Args: map[string]any{"school": into.Name}}
	}
	return school, nil
}

// schoolIndex finds the schools that an import may reach.
type schoolIndex struct {
	byCode map[string]*School
	byName map[string][]*School // by what names are compared by
}

func indexSchools(schools []School) *schoolIndex {
	x := &schoolIndex{map[string]*School{}, map[string][]*School{}}
	for i := range schools {
		school := &schools[i]
		x.byCode[school.Code] = school
		key := identity.CompareKey(school.Name)
		x.byName[key] = append(x.byName[key], school)
	}
	return x
}

// documentType reads what a roster calls a kind of document. Where it says nothing, the number's shape tells.
func documentType(text, number string) (identity.Type, bool) {
	text = identity.Fold(text)
	switch {
	case text == "":
		return guessType(number), true
	case strings.Contains(text, "居住证"):
		return identity.ResidencePermit, true
	case strings.Contains(text, "永久居留"):
		return identity.PermanentResidence, true
	case strings.Contains(text, "身份证"):
		if strings.ContainsAny(text, "港澳台香") { // of Hong Kong, Macao or Taiwan: not of the mainland
			return identity.OtherDocument, true
		}
		return identity.ResidentID, true
	case strings.Contains(text, "回乡证"), strings.Contains(text, "港澳") && strings.Contains(text, "通行证"):
		return identity.HomeReturnPermit, true
	case strings.Contains(text, "护照"):
		return identity.Passport, true
	case strings.Contains(text, "通行证"), strings.Contains(text, "其他"), strings.Contains(text, "其它"), strings.Contains(text, "户口"):
		return identity.OtherDocument, true
	}
	if t := identity.Type(strings.ToLower(text)); t.Valid() {
		return t, true
	}
	return "", false
}

// hasLetters tells whether a number has letters, but for the check character of a resident ID.
func hasLetters(number string) bool {
	return strings.ContainsFunc(strings.TrimSuffix(identity.Fold(number), "X"), unicode.IsLetter)
}

func guessType(number string) identity.Type {
	s := identity.Fold(number)
	if len(s) > 0 && s[0] >= 'A' && s[0] <= 'Z' {
		for _, t := range []identity.Type{identity.HomeReturnPermit, identity.PermanentResidence} {
			if _, p := identity.Parse(t, s); p == nil {
				return t
			}
		}
	}
	return identity.ResidentID
}
