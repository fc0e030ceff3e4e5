package yearly

import (
	"archive/zip"
	_ "embed" // the cover's template
	"fmt"
	"html/template"
	"io"
	"strconv"
	"time"

	"caotang/internal/calendar"
	"caotang/internal/messages"
	"caotang/internal/retention"
	"caotang/internal/sheet"
)

//go:embed cover.html
var coverSource string

var cover = template.Must(template.New("cover").Parse(coverSource))

// write writes the cover first, then a workbook after the other.
func (p *pack) write(w io.Writer) error {
	z := zip.NewWriter(w)
	file := func(name string, method uint16) (io.Writer, error) {
		return z.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: p.At})
	}
	out, err := file(p.text("file.cover", nil), zip.Deflate)
	if err != nil {
		return err
	}
	if err := cover.Execute(out, coverOf{p}); err != nil {
		return err
	}
	type book struct {
		name  string
		write func(io.Writer) error
	}
	books := []book{{"counts", p.counts}}
	for _, g := range groups {
		list := book{name: g.name}
		if !p.Unlisted {
			list.write = func(w io.Writer) error {
				filter := p.filter
				filter.Actions = g.actions
				return p.s.Audit.WriteSheet(p.ctx, w, filter, p.mark)
			}
		}
		books = append(books, list)
	}
	books = append(books, book{"consents", p.consentSheet}, book{"requests", p.requestSheet}, book{"retention", p.retentionSheet})
	for i, b := range books {
		if b.write == nil {
			continue // each keeps its number, in every pack
		}
		out, err := file(fmt.Sprintf("%d-%s.xlsx", i+1, p.text("part."+b.name, nil)), zip.Store) // packed already
		if err != nil {
			return err
		}
		if err := b.write(out); err != nil {
			return err
		}
	}
	return z.Close()
}

// table writes a workbook whose columns are named yearly.column.<name>.
func (p *pack) table(w io.Writer, name string, columns []string, widths []float64, numbers []int, rows func(row func(cells ...string) error) error) error {
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = p.text("column."+c, nil)
	}
	x, err := sheet.NewWriter(w, p.text("part."+name, nil), head, widths)
	if err != nil {
		return err
	}
	x.Numbers(numbers...)
	x.Footer(p.mark)
	if err := rows(func(cells ...string) error { return x.Row(cells) }); err != nil {
		return err
	}
	if err := x.Row([]string{p.mark}); err != nil {
		return err
	}
	return x.Close()
}

func (p *pack) counts(w io.Writer) error {
	return p.table(w, "counts", []string{"group", "what", "by", "times"}, []float64{20, 40, 24, 10}, []int{3}, func(row func(cells ...string) error) error {
		for _, g := range p.Groups {
			for _, t := range g.Times {
				if err := row(p.text("part."+g.Name, nil), t.What, t.By, strconv.Itoa(t.Times)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (p *pack) consentSheet(w io.Writer) error {
	columns := []string{"purpose", "version", "text_hash", "given", "refused", "withdrawn", "standing"}
	return p.table(w, "consents", columns, []float64{40, 8, 68, 10, 10, 10, 14}, []int{1, 3, 4, 5, 6}, func(row func(cells ...string) error) error {
		for _, c := range p.Consents {
			if err := row(c.Title, strconv.Itoa(c.Version), c.TextHash, strconv.Itoa(c.Given), strconv.Itoa(c.Refused), strconv.Itoa(c.Withdrawn), strconv.Itoa(c.Standing)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *pack) requestSheet(w io.Writer) error {
	return p.table(w, "requests", []string{"kind", "school", "asked", "due", "due_of", "late"}, []float64{24, 28, 18, 18, 16, 8}, nil, func(row func(cells ...string) error) error {
		for _, r := range p.Requests {
			late := "no"
			if r.Late {
				late = "yes"
			}
			if err := row(r.Kind, r.School, at(r.Asked), r.DueShown, r.DueWords, p.text(late, nil)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *pack) retentionSheet(w io.Writer) error {
	return p.table(w, "retention", []string{"kept_what", "kept", "past"}, []float64{50, 24, 14}, []int{2}, func(row func(cells ...string) error) error {
		for _, r := range p.Retention {
			if err := row(messages.Text(p.language, "retention."+r.Name, nil), p.days(r), strconv.Itoa(r.Late)); err != nil {
				return err
			}
		}
		return nil
	})
}

// days says for how long something is kept.
func (p *pack) days(r retention.Rule) string {
	if r.Kept == 0 {
		return p.text("kept.ended", nil)
	}
	if r.Kept < 24*time.Hour {
		return p.text("kept.hours", map[string]any{"n": int(r.Kept.Hours())})
	}
	return p.text("kept.days", map[string]any{"n": int(r.Kept.Hours() / 24)})
}

func at(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
}

// lastDay is the last day before a deadline, which is the end of it: every screen says so.
func lastDay(deadline *time.Time) string {
	if deadline == nil {
		return ""
	}
	return deadline.Add(-time.Millisecond).In(calendar.Shanghai).Format(time.DateOnly)
}

// coverOf is the pack as the cover's template reads it.
type coverOf struct{ *pack }

// Lang is the language of the cover.
func (c coverOf) Lang() string { return c.language }

// UnlistedWords say that the pack counts what it does not list, and which does.
func (c coverOf) UnlistedWords() string { return c.text("unlisted", map[string]any{"max": c.s.most}) }

// T is a text of the pack.
func (c coverOf) T(key string) string { return c.text(key, nil) }

// Kept names what a rule is about.
func (c coverOf) Kept(name string) string { return messages.Text(c.language, "retention."+name, nil) }

// Days says for how long it is kept.
func (c coverOf) Days(r retention.Rule) string { return c.days(r) }

// Mark tells who took the pack.
func (c coverOf) Mark() string { return c.mark }

// Span says of which days the pack is.
func (c coverOf) Span() string {
	day := func(t time.Time) string { return t.In(calendar.Shanghai).Format("2006-01-02") }
	return c.text("span", map[string]any{"from": day(c.filter.From), "to": day(c.Until)})
}

// ChainWords say how the record's chain stands.
func (c coverOf) ChainWords() string {
	args := map[string]any{
		"head": c.Chain.Head.Number, "hash": fmt.Sprintf("%x", c.Chain.Head.Hash), "sealed": at(&c.Chain.Head.SealedAt), "first": c.First, "blocks": c.Chain.Blocks,
		"records": c.Chain.Records, "waiting": c.Chain.Waiting, "broken": len(c.Chain.Breaks),
	}
	switch {
	case c.Chain.Head.Number == 0:
		return c.text("chain.none", args)
	case len(c.Chain.Breaks) > 0:
		return c.text("chain.broken", args)
	default:
		return c.text("chain.holds", args)
	}
}
