package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/jobs"
	"caotang/internal/server"
	"caotang/internal/sms"
	"caotang/internal/vault/vaulttest"
)

const (
	loginPassword = "Caotang2026"
	loginPeople   = 64
)

// BenchmarkLogin measures the processor time of a sign-in, whole and with its session on disk, against the bare hash of
// the same parameters, in turns within one run; the medians of the turns count. Wanted: a ratio of at most 1.05.
func BenchmarkLogin(b *testing.B) {
	const rounds, each = 31, 5
	for name, open := range engines {
		b.Run(name, func(b *testing.B) {
			srv := loginServer(b, open(b), accounts.DefaultConfig())
			salt := make([]byte, 16)
			_, _ = rand.Read(salt)
			hash := func() { _ = argon2.IDKey([]byte(loginPassword), salt, 2, 19<<10, 1, 32) }
			hash()
			signInAs(srv, 0)
			for b.Loop() {
				var bare, logins, ratios []float64 // milliseconds of each round
				for round := range rounds {
					a := measure(b, func() {
						for range each {
							hash()
						}
					})
					l := measure(b, func() {
						for i := range each {
							if w := signInAs(srv, round*each+i); w.Code != http.StatusCreated {
								b.Fatal(w.Body)
							}
						}
					})
					bare = append(bare, a.cpu.Seconds()*1000/each)
					logins = append(logins, l.cpu.Seconds()*1000/each)
					ratios = append(ratios, float64(l.cpu)/float64(a.cpu))
				}
				b.ReportMetric(median(logins), "cpu-ms/login")
				b.ReportMetric(median(bare), "cpu-ms/hash")
				b.ReportMetric(median(ratios), "ratio")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// BenchmarkLoginCrowd lets 64 clients sign in at once, over and over, once with time for all and once with a deadline that
// most must miss. Wanted: every answer is a session, or by the deadline a 503 with Retry-After, and memory is bounded by
// the cores: 64 hashes at once would take 1.2 GB.
func BenchmarkLoginCrowd(b *testing.B) {
	for name, deadline := range map[string]time.Duration{"deadline=5s": 5 * time.Second, "deadline=200ms": 200 * time.Millisecond} {
		b.Run(name, func(b *testing.B) {
			config := accounts.DefaultConfig()
			config.LoginWait = deadline
			srv := loginServer(b, dbtest.OpenSQLite(b), config)
			for b.Loop() {
				before := resident(b)
				c := crowd(srv, 4*time.Second)
				b.ReportMetric(float64(c.signedIn)/4, "logins/s")
				b.ReportMetric(float64(c.refused)/4, "refusals/s")
				b.ReportMetric(c.longest.Seconds()*1000, "ms-longest")
				b.ReportMetric(c.longestRefusal.Seconds()*1000, "ms-longest-refusal")
				b.ReportMetric(max(c.residentMB-before, 0), "MB-grown")
				if len(c.wrong) > 0 {
					b.Errorf("%d answers were neither a session nor a 503 with Retry-After, such as %s", len(c.wrong), c.wrong[0])
				}
				if most := deadline + time.Second; c.longestRefusal > most { // a second for everything but the waiting
					b.Errorf("a refusal took %s, want it within %s", c.longestRefusal, most)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

var engines = map[string]func(testing.TB) *db.DB{"sqlite": dbtest.OpenSQLite, "postgres": dbtest.OpenPostgreSQL}

// loginServer is a server with the room of accounts and people in it, whose names are signInAs's.
func loginServer(b *testing.B, d *db.DB, config accounts.Config) *server.Server {
	b.Helper()
	v := vaulttest.New(b)
	log := slog.New(slog.DiscardHandler)
	srv, err := server.New(server.Options{DB: d, Vault: v, Log: log})
	if err != nil {
		b.Fatal(err)
	}
	texts := sms.New(sms.Options{DB: d, Vault: v, Jobs: jobs.New(d, log), Log: log, Gateway: sms.NewConsole(nil), Limits: sms.DefaultLimits()})
	room := accounts.New(d, v, texts, config, nil)
	srv.SetSessions(room)
	room.Mount(srv)
	hash, now := accounts.HashPassword(loginPassword), db.Now()
	var people, logins [][]any
	for i := range loginPeople {
		id, phone := db.NewID(), fmt.Sprintf("138800%05d", i)
		people = append(people, []any{id, loginName(i), hash, "public", v.Seal("phone", phone), false, now, now})
		logins = append(logins, []any{"u:" + loginName(i), id}, []any{"p:" + hex.EncodeToString(v.Index("phone", phone)), id})
	}
	err = d.InTx(context.Background(), func(tx *db.Tx) error {
		columns := []string{"id", "username", "password_hash", "role", "phone_sealed", "replace_password", "created_at", "updated_at"}
		if err := tx.Insert(b.Context(), "accounts", columns, people); err != nil {
			return err
		}
		return tx.Insert(b.Context(), "logins", []string{"login_key", "account_id"}, logins)
	})
	if err != nil {
		b.Fatal(err)
	}
	return srv
}

func loginName(i int) string { return fmt.Sprintf("person%02d", i%loginPeople) }

func signInAs(srv http.Handler, i int) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/sessions", strings.NewReader(fmt.Sprintf(`{"login":%q,"password":%q}`, loginName(i), loginPassword)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	return w
}

// outcome is what a crowd of clients got.
type outcome struct {
	signedIn, refused       int
	longest, longestRefusal time.Duration
	wrong                   []string
	residentMB              float64
}

// crowd has every person sign in again and again for a while, a client each.
func crowd(srv http.Handler, length time.Duration) outcome {
	var o outcome
	var mu sync.Mutex
	var clients sync.WaitGroup
	end := time.Now().Add(length)
	for i := range loginPeople {
		clients.Go(func() {
			for time.Now().Before(end) {
				begun := time.Now()
				w := signInAs(srv, i)
				took := time.Since(begun)
				mu.Lock()
				o.longest = max(o.longest, took)
				switch {
				case w.Code == http.StatusCreated:
					o.signedIn++
				case w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") != "":
					o.refused++
					o.longestRefusal = max(o.longestRefusal, took)
				default:
					o.wrong = append(o.wrong, fmt.Sprint(w.Code, " ", w.Body))
				}
				mu.Unlock()
			}
		})
	}
	watching, watched := make(chan struct{}), make(chan float64)
	go func() {
		var most float64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-watching:
				watched <- most
				return
			case <-tick.C:
				if mb, err := residentOf(os.Getpid()); err == nil {
					most = max(most, mb)
				}
			}
		}
	}()
	clients.Wait()
	close(watching)
	o.residentMB = <-watched
	return o
}
