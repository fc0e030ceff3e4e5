package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/server"
	"caotang/internal/sms"
	"caotang/internal/vault/vaulttest"
)

type nobody struct{}

func (nobody) Former(context.Context, string) error { return nil }

func (nobody) Resolve(context.Context, string) (access.Actor, error) { return access.Actor{}, nil }

func TestWhatTheDemoShowsToAnyone(t *testing.T) {
	d, ctx, v := dbtest.OpenSQLite(t), context.Background(), vaulttest.New(t)
	if err := Seed(ctx, d, v); err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Options{DB: d, Vault: v, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	srv.SetSessions(nobody{})
	gateway := sms.NewConsole(nil)
	Mount(srv, d, v, gateway.Sent, func(context.Context) error { return nil })
	for _, m := range []sms.Message{
		{ID: "1", Phone: "13880001111", Text: "first", Code: "111111"},
		{ID: "2", Phone: "13880002222", Text: "other", Code: "222222"},
		{ID: "3", Phone: "13880001111", Text: "second", Code: "333333"},
	} {
		if _, err := gateway.Send(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	get := func(path string) []map[string]any {
		t.Helper()
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		var list []map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
			t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
		}
		return list
	}

	texts := get("/demo/outbox?phone=%2B86%20138-8000-1111")
	if len(texts) != 2 || texts[0]["code"] != "333333" || texts[1]["text"] != "first" || texts[0]["sent_at"] == "" {
		t.Errorf("outbox of one phone: %v", texts)
	}
	if len(get("/demo/outbox")) != 3 || len(get("/demo/outbox?phone=13880003333")) != 0 {
		t.Error("outbox of all phones, or of one without texts")
	}

	accounts := get("/demo/accounts")
	scope, _ := accounts[0]["scope"].(map[string]any)
	if accounts[0]["username"] != "sichuan1" || scope["level"] != "province" || scope["name"] != "四川省" || scope["id"] != "510000" {
		t.Errorf("first account: %v", accounts[0])
	}
	if last := accounts[len(accounts)-1]; last["role"] != "public" || last["scope"] != nil {
		t.Errorf("last account: %v", last)
	}

	for _, e := range get("/demo/entries?kind=student") {
		school, _ := e["school"].(map[string]any)
		if e["kind"] != "student" || e["name"] == "" || e["id_number"] == "" || school["id"] == "" || school["name"] == "" {
			t.Errorf("entry %v", e)
		}
	}
	for _, query := range []string{"school_id=none", "kind=parent"} {
		if list := get("/demo/entries?" + query); len(list) != 0 {
			t.Errorf("%s: %v", query, list)
		}
	}
}

func TestPrintTellsAccountsPasswordsAndPeople(t *testing.T) {
	d, ctx, v := dbtest.OpenSQLite(t), context.Background(), vaulttest.New(t)
	if err := Seed(ctx, d, v); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Print(ctx, d, v, &out); err != nil {
		t.Fatal(err)
	}
	entries, err := Entries(ctx, d, v, "", "")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/demo", Password, entries[0].IDNumber, entries[0].Name, entries[len(entries)-1].IDNumber}
	for _, a := range demoAccounts {
		want = append(want, a.username)
	}
	for _, text := range want {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is not told:\n%s", text, out.String())
		}
	}
}

func TestTheOutboxWaitsForTextsOnTheirWay(t *testing.T) {
	d, ctx, v := dbtest.OpenSQLite(t), context.Background(), vaulttest.New(t)
	srv, err := server.New(server.Options{DB: d, Vault: v, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	srv.SetSessions(nobody{})
	gateway := sms.NewConsole(nil)
	Mount(srv, d, v, gateway.Sent, func(context.Context) error { return nil })
	if _, err := d.Exec(ctx, `INSERT INTO sms_messages (id, purpose, phone_index, phone_sealed, state, reason, wrong_guesses, created_at, expires_at)
		VALUES ('m', 'register', x'00', x'00', 'queued', '', 0, $1, $1)`, db.Now()); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string)
	go func() {
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/demo/outbox?phone=13880001111", nil))
		answered <- w.Body.String()
	}()
	select {
	case early := <-answered:
		t.Fatalf("answered before the text was sent: %s", early)
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := gateway.Send(ctx, sms.Message{ID: "m", Phone: "13880001111", Text: "late", Code: "444444"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exec(ctx, `UPDATE sms_messages SET state = 'sent' WHERE id = 'm'`); err != nil {
		t.Fatal(err)
	}
	if answer := <-answered; !strings.Contains(answer, "444444") {
		t.Errorf("the text is missing: %s", answer)
	}
}
