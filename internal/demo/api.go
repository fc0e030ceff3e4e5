package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"caotang/internal/db"
	"caotang/internal/identity"
	"caotang/internal/server"
	"caotang/internal/sms"
	"caotang/internal/vault"
)

// Mount adds what lets a visitor try the platform without a phone:
//
//	GET /demo/outbox?phone=              the texts sent, the newest first; to every phone when none is named
//	GET /demo/accounts                   the demo accounts
//	GET /demo/entries?kind=&school_id=   some people of the registry without a binding
//	POST /demo/overdue?ticket=           lets the time for a request be over, for no visitor waits days
//
// outbox lists the texts to a phone, or to all when it is empty. Anyone may read it all, so it is for demo mode alone, and no part of the API's document.
func Mount(srv *server.Server, d *db.DB, v *vault.Vault, outbox func(phone string) []sms.Sent, handUp func(context.Context) error) {
	serve := func(pattern string, list func(r *http.Request) (any, error)) {
		srv.Handle(pattern, func(w http.ResponseWriter, r *http.Request) {
			answer, err := list(r)
			if err != nil {
				srv.Log.ErrorContext(r.Context(), "demo", "path", r.URL.Path, "error", err)
				http.Error(w, "internal error", http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			_ = json.NewEncoder(w).Encode(answer) // fails only when the visitor has gone
		})
	}
	serve("GET /demo/outbox", func(r *http.Request) (any, error) {
		phone := r.URL.Query().Get("phone")
		if parsed, problem := identity.ParseMobile(phone); problem == nil {
			phone = parsed
		}
		if err := settled(r.Context(), d); err != nil {
			return nil, err
		}
		return outbox(phone), nil
	})
	serve("GET /demo/accounts", func(r *http.Request) (any, error) {
		return Accounts(r.Context(), d)
	})
	serve("POST /demo/overdue", func(r *http.Request) (any, error) {
		_, err := d.Exec(r.Context(), `UPDATE tickets SET due_at = $1 WHERE id = $2 AND state = 'open'`, db.At(time.Now().Add(-time.Minute)), r.URL.Query().Get("ticket"))
		if err == nil {
			err = handUp(r.Context())
		}
		return struct{}{}, err
	})
	serve("GET /demo/entries", func(r *http.Request) (any, error) {
		return Entries(r.Context(), d, v, r.URL.Query().Get("kind"), r.URL.Query().Get("school_id"))
	})
}

// settled waits until no text is on its way to the outbox, but not long: texts are sent in the background, and whoever asks
// for one as soon as it was promised shall find it.
func settled(ctx context.Context, q db.Querier) error {
	enough := time.After(2 * time.Second)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		var waiting int
		err := q.QueryRow(ctx, "SELECT count(*) FROM sms_messages WHERE state = $1 AND created_at > $2",
			string(sms.Queued), db.At(time.Now().Add(-10*time.Second))).Scan(&waiting)
		if err != nil || waiting == 0 {
			return err
		}
		select {
		case <-again.C:
		case <-enough:
			return nil
		}
	}
}
