package roster

import (
	"context"
	"strings"
	"unicode/utf8"

	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/sheet"
	"caotang/internal/vault"
)

const (
	previewRows    = 10
	previewRejects = 200
	maxShownName   = 50 // characters, as long as names are
)

// Preview is what an import would do: nothing has been written.
type Preview struct {
	Format    string          `json:"format"`
	Sheet     string          `json:"sheet"`
	Others    []string        `json:"other_sheets" doc:"Sheets that look like rosters too, and are not read"`
	Encoding  string          `json:"encoding"`
	HeaderRow int             `json:"header_row"`
	Columns   []PreviewColumn `json:"columns"`
	Again     bool            `json:"as_last_time" doc:"The columns were chosen for a file with the same headings before"`
	Alike     []string        `json:"sheets_alike" doc:"Sheets with the same headings, which all_sheets reads along"`
	FirstRows [][]string      `json:"first_rows" doc:"Numbers masked"`
	Total     int             `json:"total"`
	Accepted  int             `json:"accepted"`
	Rejected  int             `json:"rejected"`
	Already   int             `json:"already" doc:"Of those, whom the registry has as the file does: nothing is wrong with them, and there is nothing to do"`
	Classless int             `json:"classless" doc:"Pupils who would be added without a class"`
	elsewhere int             // rows of which the answer tells that the person stands at another school
	Rejects   []PreviewReject `json:"rejects" doc:"The first of them, those who are there already at the end"`
	Changes
	Examples []PreviewChange `json:"changes" doc:"The first people who would get another class or name"`
	Most     *Most           `json:"most,omitempty" doc:"The school of which most would change"`
	Confirm  bool            `json:"confirm_changes" doc:"That is so much that the import asks for confirm_changes"`
	AddedClasses
	Absence
}

// PreviewColumn is a column as it was understood.
type PreviewColumn struct {
	Index      int     `json:"index"`
	Heading    string  `json:"heading"`
	Field      *string `json:"field" doc:"Null for a column that is not used"`
	FieldLabel *string `json:"field_label"`
}

// PreviewReject is a row that would not be taken.
type PreviewReject struct {
	Sheet  string `json:"sheet,omitempty" doc:"Where several are read"`
	Row    int    `json:"row"`
	Name   string `json:"name" doc:"Of the person, as the file has it; empty where a number stands in its place"`
	Field  string `json:"field"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// preview decides every row of an import and writes none.
func (run *importRun) preview(ctx context.Context, language string) (*Preview, error) {
	t := run.table
	p := &Preview{
		Format: t.file.Format(), Sheet: t.sheet, Encoding: t.file.Encoding(), HeaderRow: t.line,
		Columns: t.columns(language), Again: t.again, Alike: []string{}, FirstRows: [][]string{}, Rejects: []PreviewReject{}, Examples: []PreviewChange{},
	}
	for _, other := range t.alike {
		p.Alike = append(p.Alike, t.file.Sheets()[other.sheet])
	}
	p.AddedClasses.none()
	seen := newSeen()
	var already []PreviewReject
	var err error
	if p.Others, err = t.otherSheets(); err != nil {
		return nil, err
	}
	run.parser.whole = true
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	overwritten := map[string]int64{}
	for b := range run.batches(ctx) {
		if b.err != nil {
			return nil, b.err
		}
		if p.Total == 0 {
			p.FirstRows = append(p.FirstRows, t.firstRows(b)...)
		}
		o, err := run.writer.decide(ctx, run.s.db, b)
		if err != nil {
			return nil, err
		}
		run.writer.remember(o) // a class counts as there once a row has named it
		p.AddedClasses.add(o.named)
		sortRejects(o.rejects)
		p.Total += b.rows
		p.Accepted += o.accepted
		p.Rejected += len(o.rejects)
		p.Changes.add(o.changes)
		for of, n := range o.added {
			if of.class == "" && run.record.kind == Student {
				p.Classless += int(n)
			}
		}
		p.Examples = append(p.Examples, o.examples[:min(len(o.examples), previewChanges-len(p.Examples))]...)
		for school, n := range o.overwritten {
			overwritten[school] += n
		}
		seen.add(b, o)
		for _, r := range o.rejects {
			if r.elsewhere() {
				p.elsewhere++
			}
			to := &p.Rejects
			if r.Code == codeExistsHere {
				to = &already
				p.Already++
			}
			if len(*to) < previewRejects {
				*to = append(*to, PreviewReject{r.Sheet, r.Line, t.nameIn(r.Cells), r.Field, r.Code, r.reason(language)})
			}
		}
	}
	p.Rejects = append(p.Rejects, already[:min(len(already), previewRejects-len(p.Rejects))]...)
	if p.Total == 0 && ctx.Err() == nil {
		return nil, &sheet.Problem{Code: codeNoRows}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	p.Most, err = run.most(ctx, overwritten)
	if err != nil {
		return nil, err
	}
	p.Confirm = run.s.tooMany(p.Most)
	p.Absence, err = run.absence(ctx, seen)
	return p, err
}

// nameIn is the name in a row, for a person to know it by: also where it stands in the number's column, and never a number.
func (t *table) nameIn(cells []string) string {
	name, number := t.cell(colName, cells), t.cell(colIDNumber, cells)
	if identity.Swapped(number, name) {
		name = number
	}
	if name = identity.Clean(name); strings.ContainsAny(identity.Fold(name), "0123456789") || utf8.RuneCountInString(name) > maxShownName {
		return ""
	}
	return name
}

func (r *reject) reason(language string) string {
	return messages.Text(language, "field."+r.Code, r.Args)
}

func (t *table) columns(language string) []PreviewColumn {
	all := make([]PreviewColumn, len(t.headings))
	for i, heading := range t.headings {
		all[i] = PreviewColumn{Index: i, Heading: heading}
	}
	for c, i := range t.at {
		if i >= 0 {
			words := columnLabel(language, columnNames[c])
			all[i].Field, all[i].FieldLabel = &columnNames[c], &words
		}
	}
	return all
}

// firstRows answers the first rows of a batch in the file's order, their numbers masked.
func (t *table) firstRows(b *batch) [][]string {
	lines := make([]reject, 0, b.rows)
	for i := range b.candidates {
		lines = append(lines, reject{order: b.candidates[i].line.order, Cells: b.candidates[i].cells})
	}
	lines = append(lines, b.rejects...)
	sortRejects(lines)
	var rows [][]string
	for _, l := range lines[:min(previewRows, len(lines))] {
		row := make([]string, len(t.headings))
		copy(row, l.Cells)
		row = masked(row)
		for _, c := range []column{colIDNumber, colStudent, colCertificate} {
			if i := t.at[c]; i >= 0 && i < len(l.Cells) {
				row[i] = vault.MaskIDNumber(l.Cells[i])
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// templateHeadings are those of the file that a school may fill in, by kind of person.
var templateHeadings = map[string][]string{
	Student: {"姓名", "证件类型", "证件号码", "全国学籍号", "年级", "班级"},
	Teacher: {"姓名", "证件类型", "证件号码", "教师资格证编号"},
}

var templateWidths = []float64{14, 20, 24, 24, 12, 12}

// rejectHeadings come before the file's own in the file of rejected rows; an import takes no notice of them.
func rejectHeadings(language string) []string {
	return []string{messages.Text(language, "column.line", nil), messages.Text(language, "column.reason", nil)}
}
