package calendar_test

import (
	"strings"
	"testing"
	"time"

	"caotang/internal/calendar"
)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, calendar.Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

func TestWorkingDaysPassOverWeekendsAndHolidays(t *testing.T) {
	c := calendar.Default()
	for _, x := range []struct {
		name, from string
		days       int
		end        string
	}{
		{"within a week", "2026-11-23 09:00", 3, "2026-11-27 00:00"},
		{"over a weekend", "2026-11-27 23:59", 1, "2026-12-01 00:00"},
		{"over the spring festival", "2026-02-13 10:00", 2, "2026-02-25 00:00"}, // the 14th is worked, then nothing until the 24th
		{"over the national day", "2026-09-30 08:00", 1, "2026-10-09 00:00"},
		{"a year that is not announced", "2031-10-01 08:00", 1, "2031-10-03 00:00"},
		{"none", "2026-11-23 09:00", 0, "2026-11-24 00:00"},
	} {
		if got := c.After(at(x.from), x.days); !got.Equal(at(x.end)) {
			t.Errorf("%s: %s, want %s", x.name, got, x.end)
		}
	}
	if got := c.After(at("2026-11-23 00:30").UTC(), 1); !got.Equal(at("2026-11-25 00:00")) {
		t.Errorf("the day of an instant is Shanghai's: %s", got)
	}
}

func TestATableChangesTheCalendar(t *testing.T) {
	c, err := calendar.Default().With(strings.NewReader("date,works\n2026-11-24,no\n2026-11-28,yes\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Works(at("2026-11-24 12:00")) || !c.Works(at("2026-11-28 12:00")) || c.Works(at("2026-10-01 12:00")) {
		t.Error("the table's days are not taken over, or others were lost")
	}
	for _, bad := range []string{"", "day,works\n", "date,works\n2026-13-01,no\n", "date,works\n2026-01-01,maybe\n", "date,works\n2026-01-01\n"} {
		if _, err := calendar.Default().With(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken for a calendar", bad)
		}
	}
}
