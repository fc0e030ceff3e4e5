package accounts_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/guard"
	"caotang/internal/jobs"
	"caotang/internal/server"
	"caotang/internal/sms"
	"caotang/internal/sms/smstest"
	"caotang/internal/vault"
	"caotang/internal/vault/vaulttest"
)

const (
	password = "Caotang2026"
	another  = "Another2026"
)

// fixture is the assembled server of the rooms accounts and sms, whose messages a test reads.
type fixture struct {
	*accounts.Service
	srv   *server.Server
	db    *db.DB
	vault *vault.Vault
	sms   *sms.Service
	inbox *smstest.Inbox
	ms    atomic.Int64 // the clock, which stands still
}

func newFixture(t *testing.T, d *db.DB) *fixture {
	t.Helper()
	return newGuarded(t, d, guard.Rules{})
}

// newGuarded is newFixture with a captcha for what these rules call suspicious.
func newGuarded(t *testing.T, d *db.DB, rules guard.Rules) *fixture {
	t.Helper()
	f := &fixture{db: d, vault: vaulttest.New(t), inbox: smstest.NewInbox()}
	f.ms.Store(time.Date(2026, 9, 1, 2, 0, 0, 0, time.UTC).UnixMilli())
	quiet := slog.New(slog.DiscardHandler)
	runner := jobs.New(d, quiet)
	f.sms = sms.New(sms.Options{DB: d, Vault: f.vault, Jobs: runner, Log: quiet, Gateway: f.inbox, Limits: sms.DefaultLimits(), Guard: rules, Now: f.now})
	config := accounts.DefaultConfig()
	config.Guard = rules
	config.LoginWait = 5 * time.Minute // a busy machine hashes slowly; that there is an end to waiting is tested apart
	config.PublicURL = "https://edu.example.cn/"
	f.Service = accounts.New(d, f.vault, f.sms, config, f.now)
	var err error
	if f.srv, err = server.New(server.Options{DB: d, Vault: f.vault, Log: quiet}); err != nil {
		t.Fatal(err)
	}
	f.srv.SetSessions(f.Service)
	f.sms.Mount(f.srv)
	f.Mount(f.srv)
	for path, rule := range map[string]server.Rule{"/api/v1/test/signed-in": server.SignedIn, "/api/v1/test/ready": server.Ready} {
		server.Register(f.srv, server.Op{Method: "GET", Path: path, ID: path[13:], Tag: "test", Rule: rule, Status: 204},
			func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan struct{})
	go func() { defer close(stopped); runner.Run(ctx) }()
	t.Cleanup(func() { stop(); <-stopped })
	return f
}

func (f *fixture) now() time.Time          { return time.UnixMilli(f.ms.Load()) }
func (f *fixture) forward(d time.Duration) { f.ms.Add(d.Milliseconds()) }

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	body   map[string]any
}

func (r reply) code() string { return fmt.Sprint(r.body["code"]) }

func (r reply) token() string { return fmt.Sprint(r.body["token"]) }

// fields lists the inputs at fault as "field code".
func (r reply) fields() []string {
	var fields []string
	list, _ := r.body["fields"].([]any)
	for _, each := range list {
		field, _ := each.(map[string]any)
		fields = append(fields, fmt.Sprint(field["field"], " ", field["code"]))
	}
	return fields
}

// caller is somebody at an address, with or without a session.
type caller struct {
	*fixture
	address string
	token   string
}

func (f *fixture) from(address string) caller  { return caller{f, address, ""} }
func (f *fixture) anyone() caller              { return f.from("10.0.0.1") }
func (f *fixture) holding(token string) caller { return caller{f, "10.0.0.1", token} }

// call makes a request; body pairs are JSON names and values.
func (c caller) call(t *testing.T, method, path string, body map[string]any, headers ...string) reply {
	t.Helper()
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, strings.NewReader(string(content)))
	r.RemoteAddr = c.address + ":4000"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", "en")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.srv.ServeHTTP(w, r)
	answer := reply{status: w.Code, header: w.Header()}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer.body); err != nil {
			t.Fatalf("%s %s: %s", method, path, w.Body)
		}
	}
	if answer.status >= 500 && answer.status != 503 {
		t.Fatalf("%s %s: %s", method, path, w.Body)
	}
	if text := fmt.Sprint(answer.body["title"], answer.body["detail"], answer.body["fields"]); strings.ContainsAny(text, "{}") {
		t.Errorf("%s %s: a placeholder is left in %s", method, path, text)
	}
	return answer
}

// want checks the status and, for a refusal, the code.
func (r reply) want(t *testing.T, status int, code string) reply {
	t.Helper()
	if r.status != status || code != "" && r.code() != code {
		t.Fatalf("answer %d %v, want %d %s", r.status, r.body, status, code)
	}
	return r
}

var phones atomic.Int64

// newPhone gives a number of Sichuan that nobody has.
func newPhone() string { return fmt.Sprintf("1388%07d", phones.Add(1)) }

// code has a code sent and reads it.
func (f *fixture) code(t *testing.T, phone string, purpose sms.Purpose) string {
	t.Helper()
	promise, err := f.sms.SendCode(t.Context(), phone, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return f.inbox.Code(t, phone, promise.MessageID)
}

// notice waits for a text without a code.
func (f *fixture) notice(t *testing.T, phone, part string) {
	t.Helper()
	f.inbox.Await(t, phone, func(m sms.Message) bool { return m.Code == "" && strings.Contains(m.Text, part) })
}

func registration(username, phone, code string) map[string]any {
	return map[string]any{"username": username, "password": password, "phone": phone, "sms_code": code, "role": "public"}
}

// person is a registered account.
type person struct {
	caller
	id       string
	username string
	phone    string
}

// register makes an account whose session calls from 10.0.0.1.
func (f *fixture) register(t *testing.T, username string) person {
	t.Helper()
	phone := newPhone()
	r := f.anyone().call(t, "POST", "/api/v1/accounts", registration(username, phone, f.code(t, phone, sms.Register))).want(t, 201, "")
	account, _ := r.body["account"].(map[string]any)
	return person{f.holding(r.token()), fmt.Sprint(account["id"]), username, phone}
}

var passwordHash = accounts.HashPassword(password)

// person is register without its ceremony, for tests that want many.
func (f *fixture) person(t *testing.T, username string) person {
	t.Helper()
	p := person{f.holding(base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf("%032s", username)))), db.NewID(), username, newPhone()}
	now, hash := db.At(f.now()), sha256.Sum256([]byte(p.token))
	f.insert(t, "accounts", []string{"id", "username", "password_hash", "role", "phone_sealed", "replace_password", "created_at", "updated_at"},
		[]any{p.id, username, passwordHash, "public", f.vault.Seal("phone", p.phone), false, now, now})
	f.insert(t, "logins", []string{"login_key", "account_id"},
		[]any{"u:" + username, p.id}, []any{"p:" + hex.EncodeToString(f.vault.Index("phone", p.phone)), p.id})
	f.insert(t, "sessions", []string{"token_hash", "id", "account_id", "address", "user_agent", "created_at", "used_at", "expires_at"},
		[]any{hash[:], "session-" + username, p.id, "", "", now, now, db.At(now.Add(24 * time.Hour))})
	return p
}

func (c caller) signIn(t *testing.T, login, secret string) reply {
	t.Helper()
	return c.call(t, "POST", "/api/v1/sessions", map[string]any{"login": login, "password": secret})
}

// signedIn reports whether the caller's session lives.
func (c caller) signedIn(t *testing.T) bool {
	t.Helper()
	return c.call(t, "GET", "/api/v1/test/signed-in", nil).status == 204
}

// place makes two schools in counties of two cities.
func (f *fixture) places(t *testing.T) {
	t.Helper()
	f.insert(t, "regions", []string{"code", "level", "name", "parent"},
		[]any{"510000", "province", "四川省", nil}, []any{"510100", "city", "成都市", "510000"}, []any{"510104", "county", "锦江区", "510100"},
		[]any{"510700", "city", "绵阳市", "510000"}, []any{"510703", "county", "涪城区", "510700"})
	f.insert(t, "schools", []string{"id", "code", "name", "region", "created_at"},
		[]any{"school1", "5101040001", "锦江一中", "510104", db.At(f.now())}, []any{"school2", "5107030001", "涪城一中", "510703", db.At(f.now())})
}

// bind makes the account somebody of a school.
func (f *fixture) bind(t *testing.T, accountID, schoolID, name, idNumber string) {
	t.Helper()
	index := f.vault.Index("id_number", "citizen:"+idNumber)
	now := db.At(f.now())
	f.insert(t, "registry_entries", []string{
		"id", "kind", "name", "name_key", "id_type", "id_number_sealed", "document_index", "school_id", "created_at", "updated_at",
	}, []any{"e" + accountID, "teacher", name, name, "resident_id", f.vault.Seal("id_number", idNumber), index, schoolID, now, now})
	f.insert(t, "documents", []string{"document_index", "entry_id"}, []any{index, "e" + accountID})
	f.insert(t, "bindings", []string{"entry_id", "account_id", "id", "school_id", "kind", "bound_at"}, []any{"e" + accountID, accountID, "b" + accountID, schoolID, "teacher", now})
}

func (f *fixture) grant(t *testing.T, accountID string, level access.Level, scope string) {
	t.Helper()
	f.insert(t, "grants", []string{"account_id", "level", "scope_id", "created_at"}, []any{accountID, string(level), scope, db.At(f.now())})
}

func (f *fixture) insert(t *testing.T, table string, columns []string, rows ...[]any) {
	t.Helper()
	if err := f.db.InTx(t.Context(), func(tx *db.Tx) error { return tx.Insert(t.Context(), table, columns, rows) }); err != nil {
		t.Fatal(err)
	}
}

// one reads a single value.
func one[T any](t *testing.T, f *fixture, query string, args ...any) T {
	t.Helper()
	var value T
	if err := f.db.QueryRow(t.Context(), query, args...).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
