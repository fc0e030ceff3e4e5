package roster

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/sheet"
	"caotang/internal/vault"
)

// Columns says which column of a file holds what, where its headings do not.
type Columns struct {
	Sheet     string   `json:"sheet" doc:"Of a workbook; the first one when it names none"`
	HeaderRow int      `json:"header_row" doc:"The line of the headings; 0 when the people begin with the first row"`
	Fields    []string `json:"fields" doc:"What each column holds; empty for one that is not used"`
}

// Bounds of what is sent.
const (
	maxColumns     = 200
	maxColumnsText = 16 << 10
)

// parseColumns reads them as they are sent; whether they fit the file is seen when that is opened.
func parseColumns(text string) (*Columns, error) {
	if text == "" {
		return nil, nil
	}
	var c Columns
	if err := json.Unmarshal([]byte(text), &c); err != nil || c.HeaderRow < 0 {
		return nil, wrongColumns("columns_unreadable", nil)
	}
	return &c, nil
}

// Scan implements [database/sql.Scanner].
func (c *Columns) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("roster: cannot read columns from %T", src)
	}
	return json.Unmarshal([]byte(text), c)
}

func (c *Columns) text() any {
	if c == nil {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic("roster: " + err.Error()) // text and a number
	}
	return string(text)
}

// labels are what the columns are called of a file without headings: as an import understands them.
func (c *Columns) labels() []string {
	all := make([]string, len(c.Fields))
	for i, field := range c.Fields {
		if field != "" {
			all[i] = columnLabel(messages.Chinese, field)
		}
	}
	return all
}

func columnLabel(language, field string) string { return messages.Text(language, "column."+field, nil) }

// fieldWords is a field as the reader calls it.
type fieldWords string

// In implements [messages.Words].
func (f fieldWords) In(language string) string { return columnLabel(language, string(f)) }

func wrongColumns(code string, args map[string]any) error {
	return fault.ErrInvalid.New(fault.FieldWith("columns", code, args))
}

// assign takes over what somebody says that the columns hold: fault.ErrInvalid for a field that there is not, that several
// columns hold, or that is needed and none holds.
func (l *layout) assign(fields []string) error {
	for len(l.headings) < min(len(fields), maxColumns) { // a column of which the row of headings says nothing
		l.headings = append(l.headings, "")
	}
	for i, field := range fields {
		if field == "" {
			continue
		}
		c := slices.Index(columnNames[:], field)
		switch {
		case c < 0 || i >= maxColumns:
			return wrongColumns("column_unknown", map[string]any{"column": i + 1})
		case l.at[c] >= 0:
			return wrongColumns("column_twice", map[string]any{"field": fieldWords(field), "first": l.at[c] + 1, "second": i + 1})
		}
		l.at[c] = i
	}
	for _, c := range []column{colName, colIDNumber} {
		if l.at[c] < 0 {
			return wrongColumns("column_missing", map[string]any{"field": fieldWords(columnNames[c])})
		}
	}
	return nil
}

// fingerprint is what rows of headings have in common that are the same but for what normalizeHeading takes away.
func fingerprint(headings []string) string {
	all := make([]string, len(headings))
	for i, heading := range headings {
		all[i] = normalizeHeading(heading)
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic("roster: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return string(sum[:])
}

// headingsKept is how many rows of headings are remembered for one scope and kind of people: the latest.
const headingsKept = 50

// headingsScope is whose files are read alike.
func (r *importRecord) headingsScope() string {
	if r.school != "" {
		return r.school
	}
	return r.scopes
}

// recall answers what was chosen for files of the import's scope before.
func (s *Service) recall(ctx context.Context, r *importRecord) (map[string][]string, error) {
	type row struct {
		fingerprint []byte
		fields      string
	}
	rows, err := db.Collect(ctx, s.db, `SELECT fingerprint, fields FROM roster_headings WHERE scope = $1 AND kind = $2`, []any{r.headingsScope(), r.kind},
		func(x *row) []any { return []any{&x.fingerprint, &x.fields} })
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, x := range rows {
		var fields []string
		if err := json.Unmarshal([]byte(x.fields), &fields); err != nil {
			return nil, err
		}
		all[string(x.fingerprint)] = fields
	}
	return all, nil
}

// remember keeps what was chosen for a file for the next one with the same headings.
func (s *Service) remember(ctx context.Context, tx *db.Tx, r *importRecord, headings []string) error {
	if r.columns == nil || r.columns.HeaderRow == 0 {
		return nil
	}
	fields, err := json.Marshal(r.columns.Fields)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO roster_headings (scope, kind, fingerprint, fields, chosen_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (scope, kind, fingerprint) DO UPDATE SET fields = excluded.fields, chosen_at = excluded.chosen_at`,
		r.headingsScope(), r.kind, []byte(fingerprint(headings)), string(fields), db.At(s.now())); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM roster_headings WHERE scope = $1 AND kind = $2 AND fingerprint NOT IN
		(SELECT fingerprint FROM roster_headings WHERE scope = $1 AND kind = $2 ORDER BY chosen_at DESC LIMIT $3)`,
		r.headingsScope(), r.kind, headingsKept)
	return err
}

// unknownHeadings refuses a file in which no row names the columns that an import needs, and shows its first rows, so that
// somebody can say which column is which.
type unknownHeadings struct{ sheets []FirstRows }

// Error implements error.
func (*unknownHeadings) Error() string { return "roster: " + codeNoHeader }

// Unwrap makes it the sheet.Problem that it is for whoever cannot be asked.
func (*unknownHeadings) Unwrap() error { return &sheet.Problem{Code: codeNoHeader} }

// FirstRows are the first rows of a sheet.
type FirstRows struct {
	Sheet string     `json:"sheet"`
	Rows  []ShownRow `json:"rows"`
}

// ShownRow is a row as it stands there, its numbers masked.
type ShownRow struct {
	Line  int      `json:"line"`
	Cells []string `json:"cells"`
}

const (
	shownSheets = 20
	shownRows   = 8
	shownCell   = 60 // characters
)

// unknown gathers what somebody has to see who says which column is which.
func (t *table) unknown() error {
	u := &unknownHeadings{}
	for i, name := range t.file.Sheets()[:min(shownSheets, len(t.file.Sheets()))] {
		first := FirstRows{Sheet: name}
		_, err := t.look(i, func(row sheet.Row) bool {
			if len(first.Rows) < shownRows {
				first.Rows = append(first.Rows, ShownRow{row.Line, masked(row.Cells)})
			}
			return false
		})
		if err != nil {
			return err
		}
		if len(first.Rows) > 0 {
			u.sheets = append(u.sheets, first)
		}
	}
	return u
}

// masked are cells to show before it is known which of them hold numbers of people: what could be one is masked.
func masked(cells []string) []string {
	shown := make([]string, len(cells))
	for i, cell := range cells {
		if identity.LooksLikeNumber(cell) {
			cell = vault.MaskIDNumber(cell)
		}
		if runes := []rune(cell); len(runes) > shownCell {
			cell = string(runes[:shownCell]) + "…"
		}
		shown[i] = cell
	}
	return shown
}
