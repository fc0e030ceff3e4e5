package tally_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

func exact(t *testing.T, w *roomtest.World, when string) {
	t.Helper()
	differences, err := tally.Verify(t.Context(), w.DB, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(differences) > 0 {
		t.Errorf("%s the counts differ from the registry: %+v", when, differences)
	}
	// What the days changed is what there is.
	if n := w.Count(t, `SELECT count(*) FROM (SELECT scope, sum(entries) AS e, sum(activated) AS a FROM tally_totals GROUP BY scope) t
		JOIN (SELECT scope, sum(entries) AS e, sum(activated) AS a FROM tally_days GROUP BY scope) d ON d.scope = t.scope WHERE d.e <> t.e OR d.a <> t.a`); n > 0 {
		t.Errorf("%s the days of %d scopes do not add up to their totals", when, n)
	}
}

func fold(t *testing.T, w *roomtest.World) {
	t.Helper()
	if err := tally.Fold(t.Context(), w.DB); err != nil {
		t.Fatal(err)
	}
}

// Whatever people do to the registry and to bindings, at once and while the changes are being added up, the counts are exact.
func TestCountsAreExactWhateverHappensAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		w.Roster.Mount(w.Server)
		schools := []roster.School{w.Here, w.Nearby, w.Elsewhere}
		var classes []roster.Class
		for i, s := range schools {
			classes = append(classes, w.Class(t, s.ID, i+1), w.Class(t, s.ID, i+10))
		}
		admin := w.Administrator(t, access.Province, "510000")
		var entries []roster.Entry
		var people []roomtest.Person
		for i := range 8 {
			n := roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(i + 1), SchoolID: schools[i%3].ID, ClassID: classes[i%3*2].ID}
			if i%4 == 3 {
				n.Kind, n.ClassID = roster.Teacher, ""
			}
			entries = append(entries, w.Entry(t, n))
			people = append(people, w.Person(t, n.Kind))
		}
		exact(t, w, "after the entries were added")

		steps := []func(r *rand.Rand, i int) error{
			func(_ *rand.Rand, i int) error {
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error {
					e, err := w.Roster.EntryByID(t.Context(), tx, entries[i].ID)
					if err != nil {
						return err
					}
					return w.Verification.Bind(t.Context(), tx, people[i].ID, e, e.Kind)
				})
			},
			func(_ *rand.Rand, i int) error {
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error {
					_, err := w.Verification.Unbind(t.Context(), tx, entries[i], "a test")
					return err
				})
			},
			func(r *rand.Rand, i int) error {
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error {
					e, err := w.Roster.EntryByID(t.Context(), tx, entries[i].ID)
					if err != nil {
						return err
					}
					to := schools[r.IntN(3)].ID
					if _, err := w.Roster.Move(t.Context(), tx, e.ID, e.School.ID, to, ""); err != nil {
						return err
					}
					return w.Verification.Follow(t.Context(), tx, e.ID, to)
				})
			},
			func(r *rand.Rand, i int) error {
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error {
					return w.Roster.SetClass(t.Context(), tx, entries[i].ID, classes[r.IntN(len(classes))].ID)
				})
			},
			func(_ *rand.Rand, _ int) error { return tally.Fold(t.Context(), w.DB) },
		}
		var working sync.WaitGroup
		for worker := range 4 {
			working.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(worker)))
				for range 40 {
					_ = steps[r.IntN(len(steps))](r, r.IntN(len(entries))) // many are refused, as they should be
				}
			})
		}
		working.Wait()
		exact(t, w, "after all at once")
		fold(t, w)
		exact(t, w, "after adding up")

		for _, e := range entries[:5] {
			if a := w.Do(t, admin, "DELETE", "/api/v1/admin/registry/"+e.ID+"?unbind=true", nil); a.Status != 204 {
				t.Fatal(a)
			}
		}
		exact(t, w, "after removing people")
		fold(t, w)
		exact(t, w, "after adding that up")
	})
}

// An import counts whom it adds, and whom it puts into a class.
func TestAnImportIsCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		file := func(class bool) string {
			lines := []string{"姓名,身份证号,班级"}
			for i := range 5 {
				label := ""
				if class {
					label = fmt.Sprintf("2025级%d班", i%2+1)
				}
				lines = append(lines, fmt.Sprintf("韩梅梅,%s,%s", roomtest.IDNumber(i+1), label))
			}
			return strings.Join(lines, "\n")
		}
		for _, class := range []bool{false, true} {
			content := strings.NewReader(file(class))
			if _, err := w.Roster.Import(t.Context(), roster.ImportSource{
				ReaderAt: content, Size: content.Size(), Filename: "a.csv", Kind: roster.Student, SchoolID: w.Here.ID,
			}, nil); err != nil {
				t.Fatal(err)
			}
			exact(t, w, fmt.Sprintf("after an import, classes %v,", class))
			fold(t, w)
		}
		counts, err := tally.Counts(t.Context(), d, tally.School, w.Here.ID)
		if err != nil || len(counts) != 1 || counts[0].Entries != 5 || counts[0].Stage == "" {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}

// A count that somebody has spoilt is found and put right.
func TestVerifyFindsWhatDiffersAndRecountPutsItRight(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "李老师", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		w.Bind(t, w.Person(t, "teacher"), e, "teacher")
		fold(t, w)
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE tally_totals SET activated = 0, entries = 3 WHERE scope = $1`, w.Here.ID)
			return err
		})
		differences, err := tally.Verify(t.Context(), d, 10)
		if err != nil || len(differences) != 1 || differences[0] != (tally.Difference{Scope: w.Here.ID, Kind: "teacher", MissingEntries: -2, MissingActivated: 1}) {
			t.Errorf("%+v, %v", differences, err)
		}
		w.InTx(t, func(tx *db.Tx) error { return tally.Recount(t.Context(), tx) })
		exact(t, w, "after counting anew")
		fold(t, w)
		exact(t, w, "after adding that up")
		days, err := tally.Days(t.Context(), d, tally.School, w.Here.ID, tally.DayOf(time.Now())-2)
		if err != nil || len(days) != 1 || days[0].Entries != 1 || days[0].Activated != 1 {
			t.Errorf("the days are not known any more: %+v, %v", days, err)
		}
	})
}

func TestADayEndsAtMidnightInChina(t *testing.T) {
	for at, want := range map[string]string{
		"2026-11-25T15:59:59Z": "2026-11-25", "2026-11-25T16:00:00Z": "2026-11-26", "2027-12-31T23:59:59+08:00": "2027-12-31",
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := tally.DayOf(when).String(); got != want {
			t.Errorf("%s is of %s, want %s", at, got, want)
		}
	}
}
