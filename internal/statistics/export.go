package statistics

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"caotang/internal/calendar"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/messages"
	"caotang/internal/server"
	"caotang/internal/sheet"
)

// table is a scope's statistics to take along.
type table struct {
	of       scope
	rows     []Row
	language string
	by       string // who takes it
	at       time.Time
}

// export gathers the whole table of a scope and records who takes it.
func (s *Service) export(ctx context.Context, id string) (*table, error) {
	of, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := s.show(ctx, of, ByName, "", server.PageInput{Limit: maxRows})
	if err != nil {
		return nil, err
	}
	t := &table{of: of, rows: append([]Row{all.Scope}, all.Children.Items...), by: access.ActorFrom(ctx).Username, at: time.Now()}
	if t.language = access.ClientFrom(ctx).Language; t.language == "" {
		t.language = messages.Chinese
	}
	return t, s.db.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{
			Action: "statistics.export", Target: of.Level, TargetID: of.ID, Place: of.place, Details: map[string]any{"rows": len(t.rows)},
		})
	})
}

// maxRows is more than anything has right below it.
const maxRows = 10_000

func (t *table) name() string { return t.named("statistics.file") }

// named is the file's name, of what, where and when.
func (t *table) named(title string) string {
	return fmt.Sprintf("%s-%s-%s.xlsx", t.text(title, nil), t.of.Name, t.at.In(calendar.Shanghai).Format("20060102"))
}

func (t *table) text(key string, args map[string]any) string {
	return messages.Text(t.language, key, args)
}

// write writes the table as a workbook: the scope itself, then what lies below it, then who took it and when.
func (t *table) write(w io.Writer) error {
	var head []string
	for _, column := range []string{
		"name", "code", "teachers", "teachers_activated", "teachers_share", "teachers_target", "students", "students_activated", "students_share", "students_target",
	} {
		head = append(head, t.text("statistics.column."+column, nil))
	}
	x, err := sheet.NewWriter(w, t.text("statistics.file", nil), head, []float64{36, 30, 12, 12, 12, 12, 12, 12, 12, 12})
	if err != nil {
		return err
	}
	x.Numbers(2, 3, 4, 5, 6, 7, 8, 9)
	for _, r := range t.rows {
		name := r.Name
		if r.Level == noStage {
			name = t.text("statistics.classless", nil)
		}
		if r.Over {
			name = t.text("statistics.years_over", map[string]any{"class": name})
		}
		cells := append([]string{name, r.Code}, append(r.Teacher.cells(), r.Student.cells()...)...)
		if err := x.Row(cells); err != nil {
			return err
		}
	}
	if err := x.Row([]string{t.taken()}); err != nil {
		return err
	}
	return x.Close()
}

// taken says who took the table, and when.
func (t *table) taken() string {
	return t.text("statistics.taken", map[string]any{"by": t.by, "at": t.at.In(calendar.Shanghai).Format("2006-01-02 15:04")})
}

// percent is the activated part in per cent with one decimal, as the screen shows it: 100 means all, and 0 nobody. Empty where there is
// nobody to activate.
func (x Share) percent() string {
	if x.Entries == 0 {
		return ""
	}
	tenths := (2000*x.Activated + x.Entries) / (2 * x.Entries)
	if x.Activated > 0 {
		tenths = max(tenths, 1)
	}
	if x.Activated < x.Entries {
		tenths = min(tenths, 999)
	}
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}

// cells are a share's: people, activated, percent, target.
func (x Share) cells() []string {
	cells := []string{strconv.FormatInt(x.Entries, 10), strconv.FormatInt(x.Activated, 10), x.percent(), ""}
	if x.Target != nil {
		cells[3] = strconv.Itoa(*x.Target)
	}
	return cells
}
