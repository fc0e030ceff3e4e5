package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/fault"
	"caotang/internal/lookup"
	"caotang/internal/server"
	"caotang/internal/vault"
	"caotang/internal/vault/vaulttest"
)

// tokens is a room of accounts with three people in it.
type tokens struct{}

func (tokens) Former(context.Context, string) error { return nil }

func (tokens) Resolve(_ context.Context, token string) (access.Actor, error) {
	switch token {
	case "ready":
		return access.Actor{AccountID: "1"}, nil
	case "new":
		return access.Actor{AccountID: "2", Must: []string{server.MustReplacePassword}}, nil
	case "admin":
		return access.Actor{AccountID: "3", Verified: true, Grants: []access.Grant{{Level: access.School, ScopeID: "s"}}}, nil
	}
	return access.Actor{}, nil
}

type thing struct {
	ID string `json:"id" maxLength:"18"`
	N  int    `json:"n"`
}

type thingInput struct{ Body thing }

type thingOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      thing
}

type fixture struct {
	*server.Server
	log   *bytes.Buffer
	calls atomic.Int32
	next  func() error // what the handler of POST /api/v1/things does
}

func newFixture(t *testing.T, d *db.DB) *fixture {
	t.Helper()
	f := &fixture{log: &bytes.Buffer{}, next: func() error { return nil }}
	s, err := server.New(server.Options{
		DB: d, Vault: vaulttest.New(t), Log: slog.New(slog.NewTextHandler(f.log, nil)),
		UI: fstest.MapFS{
			"index.html":         {Data: []byte("<title>草堂</title>")},
			"csp.json":           {Data: []byte(`{"script":["sha256-abc="]}`)},
			"assets/a-1.js":      {Data: []byte("plain")},
			"assets/a-1.js.br":   {Data: []byte("brotli")},
			"assets/a-1.js.gz":   {Data: []byte("gzip")},
			"assets/only.svg":    {Data: []byte("<svg/>")},
			"assets/only.svg.gz": {Data: []byte("gzip")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Server = s
	s.SetSessions(tokens{})
	makeThing := func(_ context.Context, in *thingInput) (*thingOutput, error) {
		n := f.calls.Add(1)
		if err := f.next(); err != nil {
			return nil, err
		}
		return &thingOutput{server.SessionCookie("secret", time.Now()), thing{in.Body.ID, int(n)}}, nil
	}
	server.Register(s, server.Op{Method: "POST", Path: "/api/v1/things", ID: "make-thing", Tag: "things", Status: 201}, makeThing)
	server.Register(s, server.Op{Method: "POST", Path: "/api/v1/own-things", ID: "make-own-thing", Tag: "things", Rule: server.SignedIn, Status: 201}, makeThing)
	for name, rule := range map[string]server.Rule{
		"signed-in": server.SignedIn, "ready": server.Ready, "verified": server.Verified, "administrator": server.Administrator,
	} {
		server.Register(s, server.Op{Method: "GET", Path: "/api/v1/" + name, ID: name, Tag: "things", Rule: rule, Status: 204},
			func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	}
	return f
}

func (f *fixture) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

func problem(t *testing.T, w *httptest.ResponseRecorder) server.Problem {
	t.Helper()
	var p server.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("no problem document: %s %s", w.Header().Get("Content-Type"), w.Body)
	}
	if p.Status != w.Code || p.Title == "" || p.Detail == "" || strings.HasSuffix(p.Title, ".title") {
		t.Errorf("incomplete problem document with status %d: %s", w.Code, w.Body)
	}
	return p
}

const secretNumber = "11010519491231002X"

func TestErrorsOfInputNameTheFieldAndNeverRepeatTheValue(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	for _, c := range []struct{ name, body, code, field, part string }{
		{"a wrong type", `{"id": ["` + secretNumber + `"], "n": 1}`, "invalid", "id", "wrong_type"},
		{"a missing field", `{"id": "` + secretNumber + `"}`, "invalid", "n", "missing"},
		{"an unknown field", `{"id": "x", "n": 1, "sex": "` + secretNumber + `"}`, "invalid", "sex", "unknown_field"},
		{"too long", `{"id": "` + secretNumber + secretNumber + `", "n": 1}`, "invalid", "id", "too_long"},
		{"a NUL byte", `{"id": "a\u0000b", "n": 1}`, "invalid", "id", "bad_character"},
		{"broken UTF-8", "{\"id\": \"a\xffb\", \"n\": 1}", "invalid", "id", "bad_character"},
		{"a NUL byte that is no JSON", "{\"id\": \"a\x00b\", \"n\": 1}", "invalid", "body", "bad_character"},
		{"a NUL byte in a name", `{"i\u0000d": "x", "n": 1}`, "invalid", "body", "bad_character"},
	} {
		w := f.do("POST", "/api/v1/things", c.body)
		p := problem(t, w)
		if p.Code != c.code || len(p.Fields) != 1 || p.Fields[0].Field != c.field || p.Fields[0].Code != c.part {
			t.Errorf("%s: %s", c.name, w.Body)
		}
		if strings.Contains(w.Body.String(), secretNumber) || strings.Contains(f.log.String(), secretNumber) {
			t.Errorf("%s: the value is repeated in %s or the log", c.name, w.Body)
		}
	}
	if w := f.do("POST", "/api/v1/things", `{"id":`); problem(t, w).Code != "bad_request" || w.Code != 400 {
		t.Errorf("half a body: %s", w.Body)
	}
	if w := f.do("POST", "/api/v1/things", `{"id": "`+strings.Repeat("x", 2<<20)+`"}`); problem(t, w).Code != "payload_too_large" {
		t.Errorf("two megabytes: %d %s", w.Code, w.Body)
	}
	if w := f.do("GET", "/api/v1/ready?x=%00", ""); problem(t, w).Code != "invalid" {
		t.Errorf("NUL in the query: %s", w.Body)
	}
}

func TestAnInternalErrorTellsItsIDAndNothingElse(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	for _, broken := range []func() error{
		func() error { return errors.New("disk on fire at /dev/sda") },
		func() error { panic("disk on fire at /dev/sda") },
	} {
		f.next = broken
		w := f.do("POST", "/api/v1/things", `{"id": "x", "n": 1}`)
		p := problem(t, w)
		if w.Code != 500 || p.Code != "internal" || p.RequestID == "" || strings.Contains(w.Body.String(), "disk") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if !strings.Contains(f.log.String(), "disk on fire") || !strings.Contains(f.log.String(), p.RequestID) {
			t.Error("the log lacks the cause or the request's id")
		}
	}
}

func TestFaultsSpeakTheReadersLanguage(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	f.next = func() error {
		return fault.ErrBusy.New(fault.RetryAfter(1500*time.Millisecond), fault.Next("retry", "/x"))
	}
	zh := f.do("POST", "/api/v1/things", `{"id": "x", "n": 1}`)
	en := f.do("POST", "/api/v1/things", `{"id": "x", "n": 1}`, "Accept-Language", "en-GB")
	if p := problem(t, zh); zh.Code != 503 || zh.Header().Get("Retry-After") != "2" || p.NextStep.Label != "再试一次" || !strings.Contains(p.Detail, "2 秒") {
		t.Errorf("%v %s", zh.Header(), zh.Body)
	}
	if p := problem(t, en); p.NextStep.Label != "Try again" {
		t.Errorf("%s", en.Body)
	}
}

func TestRulesLetThroughWhomTheyName(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	for token, want := range map[string]map[string]string{
		"":      {"signed-in": "unauthenticated", "ready": "unauthenticated", "verified": "unauthenticated", "administrator": "unauthenticated"},
		"stale": {"signed-in": "unauthenticated"},
		"new":   {"signed-in": "", "ready": "password_replacement_required", "administrator": "password_replacement_required"},
		"ready": {"signed-in": "", "ready": "", "verified": "realname_required", "administrator": "forbidden"},
		"admin": {"signed-in": "", "ready": "", "verified": "", "administrator": ""},
	} {
		for operation, code := range want {
			for _, header := range [][]string{{"Authorization", "Bearer " + token}, {"Cookie", server.CookieName + "=" + token}} {
				w := f.do("GET", "/api/v1/"+operation, "", header...)
				if code == "" {
					if w.Code != 204 {
						t.Errorf("%q on %s: %d %s", token, operation, w.Code, w.Body)
					}
				} else if p := problem(t, w); p.Code != code || p.NextStep == nil {
					t.Errorf("%q on %s: %s", token, operation, w.Body)
				}
			}
		}
	}
}

func TestARepeatedPostIsDoneOnceAndAnswersTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		const body = `{"id": "x", "n": 1}`
		release := make(chan struct{})
		f.next = func() error { <-release; return nil }
		const clicks = 8
		answers := make([]*httptest.ResponseRecorder, clicks+1)
		var all sync.WaitGroup
		for i := range clicks {
			all.Go(func() { answers[i] = f.do("POST", "/api/v1/things", body, "Idempotency-Key", "k1") })
		}
		close(release)
		all.Wait()
		answers[clicks] = f.do("POST", "/api/v1/things", body, "Idempotency-Key", "k1") // long after
		for _, w := range answers {
			if w.Code != 201 || w.Body.String() != answers[0].Body.String() || w.Header().Get("Set-Cookie") != answers[0].Header().Get("Set-Cookie") {
				t.Errorf("%d %s, want as the first %s", w.Code, w.Body, answers[0].Body)
			}
		}
		if n := f.calls.Load(); n != 1 {
			t.Fatalf("done %d times", n)
		}
		if w := f.do("POST", "/api/v1/things", `{"id": "y", "n": 1}`, "Idempotency-Key", "k1"); problem(t, w).Code != "idempotency_key_reused" {
			t.Errorf("another body under the same key: %s", w.Body)
		}
		// The first answer brought a session's cookie, with which the repeat comes.
		again := f.do("POST", "/api/v1/things", body, "Idempotency-Key", "k1", "Cookie", server.CookieName+"=ready")
		if again.Body.String() != answers[0].Body.String() || f.calls.Load() != 1 {
			t.Errorf("the repeat with the new session's cookie was done again: %s", again.Body)
		}
		for i, token := range []string{"ready", "admin", "ready"} {
			w := f.do("POST", "/api/v1/own-things", body, "Idempotency-Key", "k1", "Authorization", "Bearer "+token)
			if want := []int32{2, 3, 3}[i]; w.Code != 201 || f.calls.Load() != want {
				t.Errorf("%s with a key that another uses too: %s", token, w.Body)
			}
		}
		f.next = func() error { return fault.ErrInvalid.New() }
		f.do("POST", "/api/v1/things", body, "Idempotency-Key", "k2")
		f.next = func() error { return nil }
		if w := f.do("POST", "/api/v1/things", `{"id": "mended", "n": 1}`, "Idempotency-Key", "k2"); w.Code != 201 {
			t.Errorf("after a failure the key stays taken: %s", w.Body)
		}
	})
}

func TestARepeatIsKnownWhileTheLookUpKeyChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		path := filepath.Join(t.TempDir(), "caotang.key")
		v, err := vault.OpenFile(path, true)
		if err != nil {
			t.Fatal(err)
		}
		f := newFixture(t, d)
		f.Vault = v
		const body, other = `{"id": "x", "n": 1}`, `{"id": "y", "n": 1}`
		post := func(when, key, body string, want int32) {
			t.Helper()
			if w := f.do("POST", "/api/v1/things", body, "Idempotency-Key", key); w.Code != 201 || f.calls.Load() != want {
				t.Errorf("%s: %d calls, want %d: %s", when, f.calls.Load(), want, w.Body)
			}
		}
		post("at first", "k1", body, 1)
		if _, err := vault.AddLookUp(path, vault.AES, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := v.Refresh(); err != nil {
			t.Fatal(err)
		}
		post("before the key is used", "k1", body, 1)
		post("before the key is used", "k2", body, 2)
		if err := d.InTx(t.Context(), func(tx *db.Tx) error { return lookup.Begin(t.Context(), tx, v) }); err != nil {
			t.Fatal(err)
		}
		for _, when := range []string{"once it is", "once it has moved"} {
			post(when, "k1", body, 2)
			post(when, "k2", body, 2)
			if w := f.do("POST", "/api/v1/things", other, "Idempotency-Key", "k1"); problem(t, w).Code != "idempotency_key_reused" {
				t.Errorf("%s: another body under the same key: %s", when, w.Body)
			}
		}
		post("a new one", "k3", body, 3)
		post("a new one", "k3", body, 3)
		f.next = func() error { return fault.ErrInvalid.New() }
		f.do("POST", "/api/v1/things", body, "Idempotency-Key", "k4")
		f.next = func() error { return nil }
		post("after a failure", "k4", other, 5)
	})
}

func TestAnotherSiteCannotAct(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	w := f.do("POST", "/api/v1/things", `{"id": "x", "n": 1}`, "Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example")
	if problem(t, w).Code != "cross_site_request" || w.Code != 403 || f.calls.Load() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := f.do("POST", "/api/v1/things", `{"id": "x", "n": 1}`, "Sec-Fetch-Site", "same-origin"); w.Code != 201 {
		t.Errorf("our own page: %s", w.Body)
	}
}

func TestTheRetiredClientIsToldWhereToGo(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	for _, w := range []*httptest.ResponseRecorder{
		f.do("GET", "/lbox", ""), f.do("POST", "/lbox/api/login", "x=1"), f.do("GET", "/", "", "User-Agent", "SC L-Box/2.1"), f.do("GET", "/api/v1/me", "", "User-Agent", "LBOX 3"),
	} {
		if p := problem(t, w); w.Code != 410 || p.Code != "client_retired" || !strings.Contains(p.Detail, "http://example.com/") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	page := f.do("GET", "/lbox/", "", "Accept", "text/html")
	if page.Code != 410 || !strings.Contains(page.Body.String(), "L-Box 已停止使用") {
		t.Errorf("%d %s", page.Code, page.Body)
	}
}

func TestTheInterfaceIsServedForEveryPageAndItsFilesCompressed(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	page := f.do("GET", "/admin/registry", "")
	if !strings.Contains(page.Body.String(), "草堂") || !strings.Contains(page.Header().Get("Content-Security-Policy"), "'sha256-abc='") {
		t.Errorf("%v %s", page.Header(), page.Body)
	}
	for accept, want := range map[string]string{"": "plain", "gzip": "gzip", "gzip, br": "brotli"} {
		w := f.do("GET", "/assets/a-1.js", "", "Accept-Encoding", accept)
		if w.Body.String() != want || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("Accept-Encoding %q: %s %v", accept, w.Body, w.Header())
		}
	}
	for path, status := range map[string]int{"/assets/gone.js": 404, "/csp.json": 404, "/api/v1/nothing": 404, "/readyz": 200, "/healthz": 200, "/metrics": 200, "/api/docs": 200} {
		if w := f.do("GET", path, ""); w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
}

func TestTheLogHoldsNoQuery(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	f.do("GET", "/api/v1/ready?id_number="+secretNumber, "")
	if log := f.log.String(); strings.Contains(log, secretNumber) || !strings.Contains(log, "/api/v1/ready") {
		t.Errorf("log: %s", log)
	}
}

func TestDrainingFailsReadinessOnly(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	f.Drain()
	if ready, health := f.do("GET", "/readyz", ""), f.do("GET", "/healthz", ""); ready.Code != 503 || health.Code != 200 {
		t.Errorf("ready %d, health %d", ready.Code, health.Code)
	}
	_, _ = io.Copy(io.Discard, f.do("GET", "/api/openapi.json", "").Body)
}
