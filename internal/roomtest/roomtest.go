// Package roomtest assembles the rooms over a test's database, with a few schools, and makes people who act there.
package roomtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/blob"
	"caotang/internal/calendar"
	"caotang/internal/consent"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/guardians"
	"caotang/internal/identity"
	"caotang/internal/jobs"
	"caotang/internal/lookup"
	"caotang/internal/recovery"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/slips"
	"caotang/internal/sms"
	"caotang/internal/support"
	"caotang/internal/transfers"
	"caotang/internal/vault"
	"caotang/internal/vault/vaulttest"
	"caotang/internal/verification"
)

// Password is everybody's.
const Password = "Caotang2026"

var passwordHash = sync.OnceValue(func() string { return accounts.HashPassword(Password) })

// World is the rooms below spaces, mounted on a server, over one database. Here and Nearby are junior schools of one
// county, Elsewhere one of another city.
type World struct {
	DB           *db.DB
	Vault        *vault.Vault
	Jobs         *jobs.Runner // not running: a test runs it, or does not
	Server       *server.Server
	SMS          *sms.Service
	Accounts     *accounts.Service
	Roster       *roster.Service
	Verification *verification.Service
	Support      *support.Service
	Transfers    *transfers.Service
	Copies       *blob.Store
	CopiesDir    string
	Recovery     *recovery.Service
	Slips        *slips.Service // without fonts: it prints no file
	Guardians    *guardians.Service
	Consent      *consent.Service

	Here, Nearby, Elsewhere roster.School

	people int
}

// Rules are those of verification in tests, unless a test asks for others.
func Rules() verification.Config {
	return verification.Config{Proof: verification.OneNumber, AccountAttempts: 5, AddressAttempts: 100, Wait: 15 * time.Minute}
}

// New makes a world.
func New(t testing.TB, d *db.DB, rules verification.Config) *World {
	t.Helper()
	return WithKeys(t, d, rules, vaulttest.New(t))
}

// WithKeys makes a world with keys of the test's own.
func WithKeys(t testing.TB, d *db.DB, rules verification.Config, v *vault.Vault) *World {
	t.Helper()
	w := open(t, d, rules, v)
	w.schools(t)
	return w
}

// Beside opens the world once more, as another process does that has read the same keys.
func (w *World) Beside(t testing.TB, v *vault.Vault) *World {
	t.Helper()
	other := open(t, w.DB, Rules(), v)
	other.Here, other.Nearby, other.Elsewhere = w.Here, w.Nearby, w.Elsewhere
	return other
}

func open(t testing.TB, d *db.DB, rules verification.Config, v *vault.Vault) *World {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	srv, err := server.New(server.Options{DB: d, Vault: v, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	runner := jobs.New(d, log)
	texts := sms.New(sms.Options{DB: d, Vault: v, Jobs: runner, Log: log, Gateway: sms.NewConsole(io.Discard), Limits: sms.DefaultLimits()})
	copies := t.TempDir()
	config := accounts.DefaultConfig()
	config.PublicURL = "https://edu.example.cn/"
	w := &World{DB: d, Vault: v, Jobs: runner, Server: srv, SMS: texts, Copies: blob.New(copies, v), CopiesDir: copies, Accounts: accounts.New(d, v, texts, config, nil)}
	w.Roster = roster.New(d, v, runner, t.TempDir(), roster.DefaultLimits())
	w.Verification = verification.New(d, v, w.Accounts, w.Roster, rules)
	w.Support = support.New(d, v, runner, w.Accounts, w.Roster, w.Verification, deadlines.In(calendar.Default()), nil)
	w.Transfers = transfers.New(d, w.Accounts, w.Roster, w.Verification, transfers.DefaultConfig(), nil)
	srv.SetSessions(w.Accounts)
	w.Accounts.Mount(srv)
	w.Verification.Mount(srv)
	w.Support.Mount(srv)
	w.Transfers.Mount(srv)
	w.Recovery = recovery.New(d, v, texts, w.Accounts, w.Roster, w.Verification, w.Copies, "", deadlines.In(calendar.Default()), nil)
	w.Slips = slips.New(d, v, w.Accounts, w.Roster, w.Verification, slips.Printing{}, slips.DefaultConfig(), nil)
	w.Guardians = guardians.New(d, w.Accounts, w.Roster, w.Verification, w.Slips)
	w.Guardians.Mount(srv)
	w.Consent = consent.New(d, w.Accounts, w.Roster, w.Verification, w.Slips, consent.Config{PublicURL: config.PublicURL})
	w.Consent.Mount(srv)
	texts.Mount(srv)
	w.Recovery.Mount(srv)
	return w
}

func (w *World) schools(t testing.TB) {
	w.Here = roster.School{ID: db.NewID(), Code: "3151000001", Name: "草堂中学", Region: "510104"}
	w.Nearby = roster.School{ID: db.NewID(), Code: "3151000002", Name: "浣花中学", Region: "510104"}
	w.Elsewhere = roster.School{ID: db.NewID(), Code: "3151000003", Name: "盐都中学", Region: "510302"}
	w.InTx(t, func(tx *db.Tx) error {
		regions := [][]any{
			{"510000", "province", "四川省", nil},
			{"510100", "city", "成都市", "510000"},
			{"510104", "county", "锦江区", "510100"},
			{"510300", "city", "自贡市", "510000"},
			{"510302", "county", "自流井区", "510300"},
		}
		if err := tx.Insert(t.Context(), "regions", []string{"code", "level", "name", "parent"}, regions); err != nil {
			return err
		}
		var rows [][]any
		for _, s := range []roster.School{w.Here, w.Nearby, w.Elsewhere} {
			rows = append(rows, []any{s.ID, s.Code, s.Name, s.Region, db.Now()})
		}
		return tx.Insert(t.Context(), "schools", []string{"id", "code", "name", "region", "created_at"}, rows)
	})
}

// InTx runs f in a transaction that must succeed.
func (w *World) InTx(t testing.TB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := w.DB.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// Person is an account that is signed in. The zero Person is nobody.
type Person struct{ ID, Username, Phone, Token string }

// Person makes an account with a phone.
func (w *World) Person(t testing.TB, role string) Person { return w.person(t, role, true) }

// Newcomer makes an account that must bind a phone first.
func (w *World) Newcomer(t testing.TB, role string) Person { return w.person(t, role, false) }

func (w *World) person(t testing.TB, role string, hasPhone bool) Person {
	t.Helper()
	w.people++
	p := Person{ID: db.NewID(), Username: fmt.Sprintf("person%04d", w.people), Phone: fmt.Sprintf("1380800%04d", w.people)}
	var sealed []byte
	if hasPhone {
		sealed = w.Vault.Seal("phone", p.Phone)
	}
	p.Token = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%032d", w.people))
	hash := sha256.Sum256([]byte(p.Token))
	now := db.Now()
	w.InTx(t, func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), `INSERT INTO accounts (id, username, password_hash, role, phone_sealed, replace_password, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, false, $6, $6)`, p.ID, p.Username, passwordHash(), role, sealed, now); err != nil {
			return err
		}
		logins := [][]any{{"u:" + p.Username, p.ID}}
		if hasPhone {
			index, err := lookup.Value(t.Context(), tx, w.Vault, w.Vault.Index("phone", p.Phone))
			if err != nil {
				return err
			}
			logins = append(logins, []any{lookup.Logins.Stored(index), p.ID})
		}
		if err := tx.Insert(t.Context(), "logins", []string{"login_key", "account_id"}, logins); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO sessions (token_hash, id, account_id, address, user_agent, created_at, used_at, expires_at)
			VALUES ($1, $2, $3, '', '', $4, $4, $5)`, hash[:], db.NewID(), p.ID, now, db.At(now.Add(time.Hour)))
		return err
	})
	return p
}

// Contact puts a guardian's phone behind a pupil's account.
func (w *World) Contact(t testing.TB, p Person, phone string) {
	t.Helper()
	w.InTx(t, func(tx *db.Tx) error {
		index, err := lookup.Value(t.Context(), tx, w.Vault, w.Vault.Index("phone", phone))
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), `INSERT INTO recovery_contacts (phone_index, slot, account_id, phone_sealed, confirmed_at) VALUES ($1, 1, $2, $3, $4)`,
			index, p.ID, w.Vault.Seal("phone", phone), db.Now())
		return err
	})
}

// Administrator makes an account with a grant.
func (w *World) Administrator(t testing.TB, level access.Level, scopeID string) Person {
	t.Helper()
	p := w.Person(t, "public")
	w.InTx(t, func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, $2, $3, $4)`,
			p.ID, string(level), scopeID, db.Now())
		return err
	})
	return p
}

// IDNumber is the nth valid resident ID number.
func IDNumber(n int) string {
	digits := fmt.Sprintf("51010420120315%03d", n%1000)
	if n >= 1000 {
		digits = fmt.Sprintf("510104201%d0316%03d", n/1000%10, n%1000) // another day: of 2012 those below a thousand are
	}
	return digits + string(identity.CheckCharacter(digits))
}

// Entry adds an entry to the registry.
func (w *World) Entry(t testing.TB, n roster.NewEntry) roster.Entry {
	t.Helper()
	if n.IDType == "" {
		n.IDType = identity.ResidentID
	}
	var e roster.Entry
	w.InTx(t, func(tx *db.Tx) (err error) {
		e, err = w.Roster.CreateEntry(t.Context(), tx, n)
		return err
	})
	return e
}

// Class adds a class that is in its first year at a junior school.
func (w *World) Class(t testing.TB, schoolID string, number int) roster.Class {
	t.Helper()
	var c roster.Class
	w.InTx(t, func(tx *db.Tx) (err error) {
		c, err = w.Roster.CreateClass(t.Context(), tx, roster.NewClass{
			SchoolID: schoolID, Stage: roster.Junior, EntryYear: roster.SchoolYear(time.Now()), Number: number,
		})
		return err
	})
	return c
}

// Slip prints a slip for a pupil of a class, by whom may, and gives its code.
func (w *World) Slip(t testing.TB, by Person, classID, entryID string) string {
	t.Helper()
	actor, err := w.Accounts.Resolve(t.Context(), by.Token)
	if err != nil {
		t.Fatal(err)
	}
	sheets, err := w.Slips.Print(access.WithActor(t.Context(), actor), slips.Order{Group: slips.Group{ClassID: classID}, EntryIDs: []string{entryID}})
	if err != nil {
		t.Fatal(err)
	}
	return sheets.Slips[0].Code
}

// Bind binds a person to an entry; a parent is a pupil's guardian at once.
func (w *World) Bind(t testing.TB, p Person, e roster.Entry, kind string) {
	t.Helper()
	w.InTx(t, func(tx *db.Tx) error {
		if kind == verification.Parent && e.Kind == roster.Student {
			child, err := w.Roster.EntryByID(t.Context(), tx, e.ID)
			if err != nil {
				return err
			}
			asked, err := w.Verification.AskGuardian(t.Context(), tx, p.ID, child, verification.Claim{}, verification.Guardian{})
			if err != nil || asked.State == verification.Confirmed {
				return err
			}
			_, err = w.Verification.ConfirmGuardian(t.Context(), tx, asked.ID, verification.BySchool)
			return err
		}
		return w.Verification.Bind(t.Context(), tx, p.ID, e, kind)
	})
}

// Notices counts the SMS notices that were sent to a person.
func (w *World) Notices(t testing.TB, p Person) int { return len(w.Texts(t, p.Phone)) }

// Texts lists the notices that wait to be sent to a phone, the newest first.
func (w *World) Texts(t testing.TB, phone string) []string {
	t.Helper()
	now, before := w.Vault.Asked(w.Vault.Index("phone", phone))
	rows, err := w.DB.Query(t.Context(), `SELECT content_sealed FROM sms_messages WHERE purpose = 'notice' AND phone_index IN ($1, $2) ORDER BY id DESC`,
		now, before)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var texts []string
	for rows.Next() {
		var sealed []byte
		if err := rows.Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, w.content(t, sealed).Text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}

// content reads what waits to be sent.
func (w *World) content(t testing.TB, sealed []byte) (content struct{ Text, Code string }) {
	t.Helper()
	plain, err := w.Vault.Open("sms_content", sealed)
	if err == nil {
		err = json.Unmarshal([]byte(plain), &content)
	}
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Told counts the texts to a person that hold a part.
func (w *World) Told(t testing.TB, p Person, part string) (n int) {
	t.Helper()
	for _, text := range w.Texts(t, p.Phone) {
		if strings.Contains(text, part) {
			n++
		}
	}
	return n
}

// Text is the newest message to a phone that still waits to be sent, for jobs do not run: its words, and its code if it
// carries one.
func (w *World) Text(t testing.TB, phone, purpose string) (words, code string) {
	t.Helper()
	var sealed []byte
	now, before := w.Vault.Asked(w.Vault.Index("phone", phone))
	if err := w.DB.QueryRow(context.Background(), `SELECT content_sealed FROM sms_messages WHERE phone_index IN ($1, $2) AND purpose = $3
		ORDER BY id DESC LIMIT 1`, now, before, purpose).Scan(&sealed); err != nil {
		t.Fatalf("a message to %s: %v", phone, err)
	}
	content := w.content(t, sealed)
	return content.Text, content.Code
}

// Count answers a query for one number.
func (w *World) Count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	if err := w.DB.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Answer is what the server said.
type Answer struct {
	Status int
	Header http.Header
	Text   string
	Body   map[string]any
}

// Get is a member of the answer by its path, such as "school.name"; nil when there is none.
func (a Answer) Get(path string) any {
	var at any = a.Body
	for name := range strings.SplitSeq(path, ".") {
		object, _ := at.(map[string]any)
		at = object[name]
	}
	return at
}

// Items are the answer's items.
func (a Answer) Items() []map[string]any {
	list, _ := a.Body["items"].([]any)
	items := make([]map[string]any, len(list))
	for i := range list {
		items[i], _ = list[i].(map[string]any)
	}
	return items
}

// String is for failures of tests.
func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Text) }

// Do makes a request as a person; body nil sends none.
func (w *World) Do(t testing.TB, p Person, method, path string, body any) Answer {
	t.Helper()
	return Do(t, w.Server, p.Token, method, path, body)
}

// Do makes a request to a handler with a session token; "" is nobody's.
func Do(t testing.TB, h http.Handler, token, method, path string, body any) Answer {
	t.Helper()
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(context.Background(), method, path, bytes.NewReader(content))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return Record(t, h, r)
}

// Record has a handler answer a request.
func Record(t testing.TB, h http.Handler, r *http.Request) Answer {
	t.Helper()
	recorded := httptest.NewRecorder()
	h.ServeHTTP(recorded, r)
	a := Answer{Status: recorded.Code, Header: recorded.Header(), Text: recorded.Body.String()}
	if strings.Contains(recorded.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(recorded.Body.Bytes(), &a.Body); err != nil {
			t.Fatalf("%s %s: %v: %s", r.Method, r.URL.Path, err, a.Text)
		}
	}
	return a
}
