package factors_test

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/factors"
	"caotang/internal/roomtest"
	"caotang/internal/server"
)

// fixture is the server of the rooms, with a clock that stands still, and a policy.
type fixture struct {
	*roomtest.World
	factors *factors.Service
	ahead   atomic.Int64 // of the present, in nanoseconds
	begun   time.Time
}

type object = map[string]any

func newFixture(t *testing.T, d *db.DB, policy ...access.Level) *fixture {
	t.Helper()
	f := &fixture{World: roomtest.New(t, d, roomtest.Rules()), begun: time.Now()}
	now := func() time.Time { return f.begun.Add(time.Duration(f.ahead.Load())) }
	config := accounts.DefaultConfig()
	config.SecondFactor, config.PublicURL = policy, "https://edu.example.cn/"
	f.Accounts = accounts.New(d, f.Vault, f.SMS, config, now)
	f.factors = factors.New(d, f.Vault, f.Accounts, factors.Config{PublicURL: "https://edu.example.cn/"}, now)
	var err error
	if f.Server, err = server.New(server.Options{DB: d, Vault: f.Vault, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	f.Server.SetSessions(f.Accounts)
	f.Accounts.Mount(f.Server)
	f.factors.Mount(f.Server)
	return f
}

func (f *fixture) forward(d time.Duration) { f.ahead.Add(int64(d)) }

// want checks the status and, for a refusal, the code.
func want(t *testing.T, a roomtest.Answer, status int, code string) roomtest.Answer {
	t.Helper()
	if a.Status != status || code != "" && a.Get("code") != code {
		t.Fatalf("answer %s, want %d %s", a, status, code)
	}
	return a
}

// fields lists the inputs at fault as "field code".
func fields(a roomtest.Answer) string {
	text := ""
	list, _ := a.Body["fields"].([]any)
	for _, each := range list {
		field, _ := each.(object)
		text += fmt.Sprint(field["field"], " ", field["code"], ";")
	}
	return text
}

// app is an authenticator app.
type app struct {
	f      *fixture
	secret string
}

// code is what the app shows.
func (a app) code(t *testing.T) string { return a.early(t, 0) }

// early is what an app shows whose clock is ahead.
func (a app) early(t *testing.T, ahead time.Duration) string {
	t.Helper()
	code, err := totp.GenerateCode(a.secret, a.f.begun.Add(time.Duration(a.f.ahead.Load())+ahead))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// next waits for a code that has not been used.
func (a app) next(t *testing.T) string {
	t.Helper()
	a.f.forward(30 * time.Second)
	return a.code(t)
}

func (f *fixture) confirm(t *testing.T, p roomtest.Person, proof object) string {
	t.Helper()
	body := object{"password": roomtest.Password}
	for name, value := range proof {
		body[name] = value
	}
	return fmt.Sprint(want(t, f.Do(t, p, "POST", "/api/v1/me/factors/confirmations", body), 201, "").Get("confirmation"))
}

// enrol gives a person an authenticator app, and answers it with their recovery codes.
func (f *fixture) enrol(t *testing.T, p roomtest.Person) (app, []string) {
	t.Helper()
	enrolment := want(t, f.Do(t, p, "POST", "/api/v1/me/factors/enrolments", object{"confirmation": f.confirm(t, p, nil)}), 201, "")
	a := app{f, fmt.Sprint(enrolment.Get("secret"))}
	set := want(t, f.Do(t, p, "POST", "/api/v1/me/factors/authenticator", object{"enrolment": enrolment.Get("enrolment"), "code": a.code(t)}), 201, "")
	return a, codesOf(set)
}

func codesOf(a roomtest.Answer) []string {
	list, _ := a.Body["recovery_codes"].([]any)
	codes := make([]string, len(list))
	for i, code := range list {
		codes[i] = fmt.Sprint(code)
	}
	return codes
}

func (f *fixture) signIn(t *testing.T, p roomtest.Person) roomtest.Answer {
	t.Helper()
	return f.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", object{"login": p.Username, "password": roomtest.Password})
}

// ticket does the first step.
func (f *fixture) ticket(t *testing.T, p roomtest.Person) string {
	t.Helper()
	return fmt.Sprint(want(t, f.signIn(t, p), 401, "second_factor_needed").Get("ticket"))
}

func (f *fixture) finish(t *testing.T, ticket string, proof object) roomtest.Answer {
	t.Helper()
	body := object{"ticket": ticket}
	for name, value := range proof {
		body[name] = value
	}
	return f.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions/second-step", body)
}

func code(c string) object { return object{"code": c} }

// open reports whether a token is of a session that lives.
func (f *fixture) open(t *testing.T, token any) bool {
	t.Helper()
	return f.Do(t, roomtest.Person{Token: fmt.Sprint(token)}, "GET", "/api/v1/me/factors", nil).Status == 200
}

// recorded counts what was recorded of an account.
func (f *fixture) recorded(t *testing.T, p roomtest.Person, action string) int {
	t.Helper()
	return f.Count(t, `SELECT count(*) FROM audit_records WHERE target_id = $1 AND action = $2`, p.ID, action)
}

// ready mounts an operation for people who have nothing outstanding.
func (f *fixture) ready() string {
	server.Register(f.Server, server.Op{Method: "GET", Path: "/api/v1/test/ready", ID: "ready", Tag: "test", Rule: server.Ready, Status: 204}, nothing)
	return "/api/v1/test/ready"
}
