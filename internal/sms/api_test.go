package sms_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"caotang/internal/db/dbtest"
	"caotang/internal/server"
	"caotang/internal/vault/vaulttest"
)

func TestTheAPI(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t), nil)
	srv, err := server.New(server.Options{DB: f.db, Vault: vaulttest.New(t), Log: f.Log})
	if err != nil {
		t.Fatal(err)
	}
	f.Mount(srv)
	call := func(method, path, body string) (int, map[string]any, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept-Language", "en")
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%s %s: %s", method, path, w.Body)
		}
		return w.Code, answer, w.Header().Get("Retry-After")
	}
	send := func(phone, purpose string) (int, map[string]any, string) {
		return call("POST", "/api/v1/sms-codes", fmt.Sprintf(`{"phone": %q, "purpose": %q}`, phone, purpose))
	}
	status, promise, _ := send("+86 138-8000-1234", "register")
	if status != 202 || promise["expires_in"] != 300.0 || promise["resend_after"] != 60.0 || promise["remaining_today"] != 9.0 {
		t.Fatalf("%d %v", status, promise)
	}
	id := promise["message_id"].(string)
	if status, answer, _ := call("GET", "/api/v1/sms-messages/"+id, ""); status != 200 || answer["state"] != "queued" {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer, _ := call("GET", "/api/v1/sms-messages/unknown", ""); status != 404 || answer["code"] != "not_found" {
		t.Errorf("%d %v", status, answer)
	}
	for _, c := range []struct {
		phone, purpose string
		status         int
		code, field    string
		retryAfter     string
	}{
		{"13880001234", "reset_password", 429, "sms_cooldown", "", "60"},
		{"", "register", 422, "phone_invalid", "phone phone_empty", ""},
		{"1388000123", "register", 422, "phone_invalid", "phone phone_length", ""},
		{"23880001234", "register", 422, "phone_invalid", "phone phone_prefix", ""},
		{"13880005678", "notice", 422, "invalid", "purpose not_allowed", ""},
		{"13800138000", "register", 422, "phone_region_unsupported", "phone phone_region", ""},
	} {
		status, answer, retryAfter := send(c.phone, c.purpose)
		field := ""
		if fields, ok := answer["fields"].([]any); ok {
			first := fields[0].(map[string]any)
			field = fmt.Sprint(first["field"], " ", first["code"])
		}
		if status != c.status || answer["code"] != c.code || field != c.field || retryAfter != c.retryAfter {
			t.Errorf("%s for %s: %d %v %q, Retry-After %q", c.phone, c.purpose, status, answer["code"], field, retryAfter)
		}
		if s := fmt.Sprint(answer); strings.ContainsAny(s, "{}") {
			t.Errorf("a placeholder is left in %s", s)
		}
	}
}
