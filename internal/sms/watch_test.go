package sms_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/fault"
	"caotang/internal/server"
	"caotang/internal/sms"
	"caotang/internal/vault/vaulttest"
)

func TestAdministratorsOfTheProvinceSeeHowMessagesFare(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		as := func(grant access.Grant) (sms.Traffic, error) {
			ctx := access.WithActor(t.Context(), access.Actor{AccountID: "a", Grants: []access.Grant{grant}})
			return f.Watch(ctx)
		}
		for _, grant := range []access.Grant{{Level: access.City, ScopeID: "510100"}, {Level: access.School, ScopeID: "s"}} {
			_, err := as(grant)
			expect(t, err, fault.ErrForbidden)
		}
		f.send(t, "13880000001", sms.Register)
		f.forward(time.Hour)
		f.send(t, "13880000002", sms.Register)
		f.inbox.Fail(&sms.Rejected{Reason: sms.ReasonNoNumber, Words: "isv.X"})
		promise := must(f.SendCode(t.Context(), "13880000003", sms.Register))
		if err := f.deliver(t, promise.MessageID, 1); err != nil {
			t.Fatal(err)
		}
		f.fail(t)
		f.ask(t, phone)
		traffic, err := as(access.Grant{Level: access.Province, ScopeID: "510000"})
		if err != nil {
			t.Fatal(err)
		}
		now, before := traffic.Hours[0], traffic.Hours[1]
		if len(traffic.Hours) != 24 || now.Sent != 1 || now.Failed != 2 || now.Queued != 1 || before.Sent != 1 || before.Failed != 0 ||
			!now.BeginsAt.Equal(f.now().Truncate(time.Hour)) {
			t.Errorf("hours %+v", traffic.Hours[:2])
		}
		if traffic.Waiting != 1 || traffic.Gateway != (sms.GatewayState{State: "busy", RetryAfter: 40}) || len(traffic.Members) != 1 {
			t.Errorf("%+v", traffic)
		}
		want := []sms.FailureCount{
			{Reason: "gateway_busy", Count: 1}, {Reason: string(sms.ReasonNoNumber), Count: 1},
		}
		if len(traffic.Failures) != 2 || traffic.Failures[0] != want[0] || traffic.Failures[1] != want[1] {
			t.Errorf("failures %+v", traffic.Failures)
		}
	})
}

func TestTheMetricsTellOfMessagesAndGateways(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t), nil)
	srv, err := server.New(server.Options{DB: f.db, Vault: vaulttest.New(t), Log: f.Log})
	if err != nil {
		t.Fatal(err)
	}
	f.Mount(srv)
	f.send(t, phone, sms.Register)
	f.fail(t)
	f.ask(t, phone)
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`caotang_sms_messages_total{reason="",state="sent"} 1`, `caotang_sms_messages_total{reason="gateway_busy",state="failed"} 1`,
		`caotang_sms_gateway_resting{gateway="console"} 1`, "caotang_sms_waiting 1",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("/metrics does not hold %s", want)
		}
	}
}
