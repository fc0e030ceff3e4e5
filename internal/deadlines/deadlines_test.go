package deadlines_test

import (
	"testing"
	"time"

	"caotang/internal/calendar"
	"caotang/internal/deadlines"
)

func TestEveryKindHasWorkingDaysOfItsOwn(t *testing.T) {
	friday := time.Date(2026, 9, 11, 16, 0, 0, 0, calendar.Shanghai)
	for kind, day := range map[deadlines.Kind]int{
		deadlines.Frozen: 14, deadlines.MissingClass: 15, deadlines.MissingEntry: 16, deadlines.LostAccount: 16,
		deadlines.Correction: 18, deadlines.NotMe: 18, deadlines.Appeal: 24, // Sunday the 20th is worked
	} {
		want := time.Date(2026, 9, day+1, 0, 0, 0, 0, calendar.Shanghai)
		if got := deadlines.In(calendar.Default()).After(friday, kind); !got.Equal(want) {
			t.Errorf("%s is due %v, want %v", kind, got, want)
		}
	}
}
