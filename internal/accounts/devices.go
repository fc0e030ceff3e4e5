package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
)

// Session is a place where an account is signed in, as its owner sees it.
type Session struct {
	ID        string    `json:"id"`
	Current   bool      `json:"current" doc:"The one that asks"`
	Face      Face      `json:"face" enum:"web,api"`
	Trusted   bool      `json:"trusted" doc:"Whether its person said that the computer is theirs"`
	Device    Device    `json:"device"`
	Place     Place     `json:"place" doc:"Of the latest use"`
	BegunAt   time.Time `json:"begun_at"`
	UsedAt    time.Time `json:"used_at" doc:"To five minutes"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it ends if it is not used before"`
}

// Sessions lists where the actor is signed in, the newest first.
func (s *Service) Sessions(ctx context.Context, page server.PageInput) (server.Page[Session], error) {
	actor, now := access.ActorFrom(ctx), s.now()
	query, args := `SELECT id, face, trusted, address, user_agent, created_at, used_at, expires_at FROM sessions WHERE account_id = $1 AND expires_at > $2`,
		[]any{actor.AccountID, db.At(now)}
	for _, kind := range s.config.kinds() { // those that were left unused for too long have ended
		args = append(args, string(kind.Face), kind.Trusted, db.At(now.Add(-s.config.lifetime(kind.Face, kind.Trusted).Idle)))
		query += fmt.Sprintf(" AND NOT (face = $%d AND trusted = $%d AND used_at <= $%d)", len(args)-2, len(args)-1, len(args))
	}
	if page.Cursor != "" {
		args = append(args, page.Cursor)
		query += fmt.Sprintf(" AND id < $%d", len(args))
	}
	rows, err := s.db.Query(ctx, fmt.Sprintf("%s ORDER BY id DESC LIMIT %d", query, page.Limit+1), args...)
	if err != nil {
		return server.Page[Session]{}, err
	}
	defer func() { _ = rows.Close() }()
	var items []Session
	for rows.Next() {
		var one Session
		var address, userAgent string
		var begun, used, expires db.Time
		if err := rows.Scan(&one.ID, &one.Face, &one.Trusted, &address, &userAgent, &begun, &used, &expires); err != nil {
			return server.Page[Session]{}, err
		}
		one.Current, one.Device, one.Place = one.ID == actor.SessionID, DeviceOf(userAgent), s.config.Addresses.placeOf(address)
		one.BegunAt, one.UsedAt, one.ExpiresAt = begun.Time, used.Time, expires.Time
		if idle := used.Add(s.config.lifetime(one.Face, one.Trusted).Idle); idle.Before(one.ExpiresAt) {
			one.ExpiresAt = idle
		}
		items = append(items, one)
	}
	return server.NewPage(items, page.Limit, func(one Session) string { return one.ID }), rows.Err()
}

// EndSession ends one of the actor's sessions; not_found for anybody else's, and for one that has ended.
func (s *Service) EndSession(ctx context.Context, id string) error {
	accountID := access.ActorFrom(ctx).AccountID
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(ctx, `DELETE FROM sessions WHERE id = $1 AND account_id = $2 RETURNING id`, id, accountID).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.ErrNotFound.New()
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, accountID, audit.Event{Action: "account.end_session"})
	})
}

// EndOtherSessions ends all of the actor's sessions but the one that asks, and tells how many those were.
func (s *Service) EndOtherSessions(ctx context.Context) (ended int64, err error) {
	actor := access.ActorFrom(ctx)
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if ended, err = endSessions(ctx, tx, actor.AccountID, actor.SessionID); err != nil || ended == 0 {
			return err
		}
		return s.record(ctx, tx, actor.AccountID, audit.Event{Action: "account.end_sessions", Details: map[string]any{"ended": ended}})
	})
	return ended, err
}

type sessionsInput struct{ server.PageInput }

type sessionsOutput struct{ Body server.Page[Session] }

type sessionInput struct {
	ID string `path:"id" maxLength:"100"`
}

type endedOutput struct {
	Body struct {
		Ended int64 `json:"ended" doc:"How many sessions have ended"`
	}
}

func (s *Service) mountDevices(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/sessions", ID: "list-my-sessions", Tag: "accounts", Rule: server.SignedIn,
		Summary: "Where one is signed in, the newest first",
	}, func(ctx context.Context, in *sessionsInput) (*sessionsOutput, error) {
		page, err := s.Sessions(ctx, in.PageInput)
		return &sessionsOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/sessions/{id}", ID: "end-my-session", Tag: "accounts", Rule: server.SignedIn, Status: 204,
		Summary: "Sign out somewhere else",
	}, func(ctx context.Context, in *sessionInput) (*empty, error) { return nil, s.EndSession(ctx, in.ID) })
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/sessions", ID: "end-my-other-sessions", Tag: "accounts", Rule: server.SignedIn,
		Summary: "Sign out everywhere else",
	}, func(ctx context.Context, _ *struct{}) (*endedOutput, error) {
		out := &endedOutput{}
		var err error
		out.Body.Ended, err = s.EndOtherSessions(ctx)
		return out, err
	})
}
