package statistics

import "testing"

func TestAShareIsRoundedButHidesNobody(t *testing.T) {
	for want, x := range map[string]Share{
		"":      {},
		"0.0":   {Entries: 100_000},
		"0.1":   {Entries: 100_000, Activated: 1},
		"65.5":  {Entries: 84, Activated: 55},
		"50.0":  {Entries: 2, Activated: 1},
		"99.9":  {Entries: 100_000, Activated: 99_999},
		"100.0": {Entries: 3, Activated: 3},
	} {
		if got := x.percent(); got != want {
			t.Errorf("%d of %d: %q, want %q", x.Activated, x.Entries, got, want)
		}
	}
}
