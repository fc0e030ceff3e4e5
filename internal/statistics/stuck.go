package statistics

import (
	"context"
	"io"
	"strconv"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/messages"
	"caotang/internal/sheet"
	"caotang/internal/tally"
)

// Stuck is how often people got stuck on the way into their space, and where (F-30).
type Stuck struct {
	Reasons []StuckReason `json:"reasons" doc:"In the order of the way"`
	Days    []StuckDay    `json:"days" doc:"From the first day asked for to today"`
	Schools []StuckSchool `json:"schools" doc:"Those with the most, up to ten"`
}

// StuckReason is a reason's sum.
type StuckReason struct {
	Reason   tally.Reason `json:"reason" enum:"code_failed,id_number_invalid,fields_swapped,no_match,already_bound,missing_entry,missing_class"`
	Times    int64        `json:"times" doc:"Attempts, not people"`
	Province bool         `json:"province" doc:"Counted for the province alone, because no school is known"`
}

// StuckDay is a day's numbers, in the order of the reasons.
type StuckDay struct {
	Day   string  `json:"day" doc:"2026-11-25, of China"`
	Times []int64 `json:"times"`
}

// StuckSchool is a school's sum.
type StuckSchool struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Times int64  `json:"times"`
}

const stuckSchools = 10

// stuck counts for the last days, today the last of them. Below the province, reasons of which no school is known are left
// out: their numbers would say nothing.
func (s *Service) stuck(ctx context.Context, of scope, days int) (*Stuck, error) {
	first := tally.DayOf(time.Now()) - tally.Day(days-1)
	counts, err := tally.StuckIn(ctx, s.db, tally.Level(of.Level), of.ID, first)
	if err != nil {
		return nil, err
	}
	found := &Stuck{Reasons: []StuckReason{}, Days: make([]StuckDay, days), Schools: []StuckSchool{}}
	place := map[tally.Reason]int{}
	for _, reason := range tally.Reasons {
		province := reason == tally.CodeFailed || reason == tally.NumberInvalid || reason == tally.Swapped || reason == tally.NoMatch
		if !province || of.Level == string(tally.Province) {
			place[reason] = len(found.Reasons)
			found.Reasons = append(found.Reasons, StuckReason{Reason: reason, Province: province})
		}
	}
	for i := range found.Days {
		found.Days[i] = StuckDay{(first + tally.Day(i)).String(), make([]int64, len(found.Reasons))}
	}
	for _, c := range counts {
		at, shown := place[c.Reason]
		if day := int(c.Day - first); shown && day < days { // another server's clock may be ahead
			found.Reasons[at].Times += c.Times
			found.Days[day].Times[at] += c.Times
		}
	}
	schools, err := tally.StuckSchools(ctx, s.db, tally.Level(of.Level), of.ID, first, stuckSchools)
	for _, a := range schools {
		found.Schools = append(found.Schools, StuckSchool{a.SchoolID, a.Name, a.Times})
	}
	return found, err
}

// stuckTable is where people got stuck, to take along.
type stuckTable struct {
	table
	found *Stuck
}

func (s *Service) exportStuck(ctx context.Context, id string, days int) (*stuckTable, error) {
	of, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	found, err := s.stuck(ctx, of, days)
	if err != nil {
		return nil, err
	}
	t := &stuckTable{table{of: of, by: access.ActorFrom(ctx).Username, at: time.Now()}, found}
	if t.language = access.ClientFrom(ctx).Language; t.language == "" {
		t.language = messages.Chinese
	}
	return t, s.db.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{
			Action: "statistics.export_stuck", Target: of.Level, TargetID: of.ID, Place: of.place, Details: map[string]any{"days": len(found.Days)},
		})
	})
}

func (t *stuckTable) name() string { return t.named("statistics.stuck.sheet") }

// write writes a row a day, then the sums, then who took it and when.
func (t *stuckTable) write(w io.Writer) error {
	head, widths, numbers := []string{t.text("statistics.stuck.day", nil)}, []float64{14}, []int{}
	for i, r := range t.found.Reasons {
		title := t.text("statistics.stuck."+string(r.Reason), nil)
		if r.Province {
			title += t.text("statistics.stuck.province", nil)
		}
		head, widths, numbers = append(head, title), append(widths, 22), append(numbers, i+1)
	}
	x, err := sheet.NewWriter(w, t.text("statistics.stuck.sheet", nil), head, widths)
	if err != nil {
		return err
	}
	x.Numbers(numbers...)
	sums := []string{t.text("statistics.stuck.sum", nil)}
	for _, r := range t.found.Reasons {
		sums = append(sums, strconv.FormatInt(r.Times, 10))
	}
	for _, day := range t.found.Days {
		cells := []string{day.Day}
		for _, n := range day.Times {
			cells = append(cells, strconv.FormatInt(n, 10))
		}
		if err := x.Row(cells); err != nil {
			return err
		}
	}
	if err := x.Row(sums); err != nil {
		return err
	}
	if err := x.Row([]string{t.taken()}); err != nil {
		return err
	}
	return x.Close()
}
