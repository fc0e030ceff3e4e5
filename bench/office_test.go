package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/desk"
	"caotang/internal/finder"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/statistics"
	"caotang/internal/tally"
)

// countyCount is how many counties the schools of [BenchmarkOffice] lie in, two of each city and one after another: of 250,000 people
// each, where there are many.
func countyCount(rows int) int { return max(4, rows/250_000) }

func cityCode(county int) string { return fmt.Sprintf("51%02d00", 50+county/2) }

func countyCode(county int) string { return fmt.Sprintf("51%02d%02d", 50+county/2, 1+county%2) }

// BenchmarkOffice measures, over a full registry and through the whole server but the network, what people and offices ask for all
// day: verification from eight clients at once, a person by ID number, the province's statistics, and a page of the registry of
// every level's administrator, from the first to the last. Wanted: verification in less than 10 ms for 99 of 100 and at least
// 3,000 a second, a person in less than 5 ms, statistics and a page in less than 50 ms.
func BenchmarkOffice(b *testing.B) {
	file := filepath.Join(b.TempDir(), "roster.csv")
	rows := rowCount(b)
	writeRoster(b, file, rows)
	for name, open := range engines {
		b.Run(name, func(b *testing.B) {
			o := newOffice(b, open(b), file, rows)
			b.Run("verification", o.verification)
			b.Run("find", o.find)
			b.Run("statistics", o.statistics)
			b.Run("page", o.pages)
		})
	}
}

type office struct {
	*roomtest.World
	rows     int
	province roomtest.Person
	schools  []string
}

func newOffice(b *testing.B, d *db.DB, file string, rows int) *office {
	rules := roomtest.Rules()
	rules.AccountAttempts, rules.AddressAttempts = 1<<30, 1<<30
	o := &office{World: roomtest.New(b, d, rules), rows: rows}
	o.Roster.Mount(o.Server)
	statistics.New(d, o.Roster).Mount(o.Server)
	finder.New(o.Accounts, o.Roster, desk.New(o.Support, o.Recovery, o.Transfers)).Mount(o.Server)
	o.InTx(b, func(tx *db.Tx) error {
		var regions, schools [][]any
		for i := range countyCount(rows) {
			if i%2 == 0 {
				regions = append(regions, []any{cityCode(i), "city", fmt.Sprintf("第%d市", i/2), "510000"})
			}
			regions = append(regions, []any{countyCode(i), "county", fmt.Sprintf("第%d区", i), cityCode(i)})
		}
		if err := tx.Insert(b.Context(), "regions", []string{"code", "level", "name", "parent"}, regions); err != nil {
			return err
		}
		for i := range schoolCount(rows) {
			id := db.NewID()
			o.schools = append(o.schools, id)
			schools = append(schools, []any{id, schoolCode(i), fmt.Sprintf("第%d中学", i), countyCode(i * countyCount(rows) / schoolCount(rows)), db.Now()})
		}
		return tx.Insert(b.Context(), "schools", []string{"id", "code", "name", "region", "created_at"}, schools)
	})
	f, size := fileOf(b, file)
	result, err := o.Roster.Import(b.Context(), roster.ImportSource{ReaderAt: f, Size: size, Filename: "roster.csv", Kind: roster.Student}, nil)
	if err != nil || result.Accepted != int64(rows) {
		b.Fatalf("%d of %d accepted: %v", result.Accepted, rows, err)
	}
	if err := tally.Fold(b.Context(), d); err != nil { // a job does so every few seconds
		b.Fatal(err)
	}
	o.analyze(b)
	o.province = o.Administrator(b, access.Province, "510000")
	return o
}

// answers makes requests from clients at once and reports how many a second, and what the slowest of a hundred took.
func (o *office) answers(b *testing.B, clients, requests, want int, ask func(i int) roomtest.Answer) {
	took := make([]time.Duration, requests)
	var next atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for range clients {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < requests; i = int(next.Add(1)) - 1 {
				asked := time.Now()
				if a := ask(i); a.Status != want {
					b.Errorf("request %d: %s", i, a)
					return
				}
				took[i] = time.Since(asked)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(begun)
	slices.Sort(took)
	b.ReportMetric(float64(requests)/elapsed.Seconds(), "/s")
	b.ReportMetric(took[requests/2].Seconds()*1000, "ms-median")
	b.ReportMetric(took[requests*99/100].Seconds()*1000, "ms-p99")
	b.ReportMetric(0, "ns/op")
}

// verification lets people verify themselves on a platform that others have used before, as its database knows.
func (o *office) verification(b *testing.B) {
	const clients, before, people = 8, 1000, 4000
	accounts := make([]roomtest.Person, before+people)
	for i := range accounts {
		accounts[i] = o.Person(b, "student")
	}
	claim := func(i int) roomtest.Answer {
		name, number := pupil(i * (o.rows / len(accounts)))
		body, err := json.Marshal(map[string]any{"kind": "student", "id_type": "resident_id", "id_number": number, "name": name})
		if err != nil {
			b.Error(err)
		}
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/v1/me/binding", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+accounts[i].Token)
		r.RemoteAddr = fmt.Sprintf("192.0.2.%d:4000", i%250) // each a school's
		return roomtest.Record(b, o.Server, r)
	}
	o.answers(b, clients, before, http.StatusCreated, claim)
	o.analyze(b)
	b.ResetTimer()
	for b.Loop() {
		o.answers(b, clients, people, http.StatusCreated, func(i int) roomtest.Answer { return claim(before + i) })
	}
}

// analyze has PostgreSQL learn what its tables hold, as it does by itself within a minute. SQLite does not.
func (o *office) analyze(b *testing.B) {
	if o.DB.Dialect() != db.PostgreSQL {
		return
	}
	if _, err := o.DB.Exec(b.Context(), "ANALYZE"); err != nil {
		b.Fatal(err)
	}
}

func (o *office) find(b *testing.B) {
	for b.Loop() {
		o.answers(b, 1, 1000, http.StatusOK, func(i int) roomtest.Answer {
			_, number := pupil(i * (o.rows / 1000))
			return o.Do(b, o.province, http.MethodPost, "/api/v1/admin/find", map[string]any{"text": number})
		})
	}
}

func (o *office) statistics(b *testing.B) {
	for b.Loop() {
		o.answers(b, 1, 100, http.StatusOK, func(int) roomtest.Answer {
			return o.Do(b, o.province, http.MethodGet, "/api/v1/admin/statistics", nil)
		})
	}
}

// pages asks each level's administrator for pages of 50, of each list: the first, and those that follow.
func (o *office) pages(b *testing.B) {
	const most = 40
	for _, reader := range []struct {
		level access.Level
		scope string
	}{
		{access.Province, "510000"},
		{access.City, cityCode(countyCount(o.rows) - 1)},
		{access.County, countyCode(countyCount(o.rows) - 1)},
		{access.School, o.schools[len(o.schools)-1]},
	} {
		administrator := o.Administrator(b, reader.level, reader.scope)
		for _, list := range []string{
			"registry?", "registry?kind=teacher&", "registry?bound=true&", "registry?bound=false&", "registry?class_id=none&", "registry?name=%E7%8E%8B%E4%BC%9F&", "registry?name=%E7%8E%8B&",
			"accounts?", "classes?",
		} {
			b.Run(string(reader.level)+"/"+list, func(b *testing.B) {
				cursors := []string{""}
				page := func(cursor string) roomtest.Answer {
					return o.Do(b, administrator, http.MethodGet, "/api/v1/admin/"+list+"limit=50&cursor="+url.QueryEscape(cursor), nil)
				}
				for len(cursors) < most {
					next, _ := page(cursors[len(cursors)-1]).Get("next_cursor").(string)
					if next == "" {
						break
					}
					cursors = append(cursors, next)
				}
				for b.Loop() {
					o.answers(b, 1, len(cursors), http.StatusOK, func(i int) roomtest.Answer { return page(cursors[i]) })
				}
			})
		}
	}
}
