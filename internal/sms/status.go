package sms

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"caotang/internal/db"
	"caotang/internal/fault"
)

// Status is how far a message with a code has come (F-13). Reason says in the reader's language why it failed, or why it waits.
type Status struct {
	State     State  `json:"state" enum:"queued,sent,delivered,failed"`
	Reason    string `json:"reason,omitempty" doc:"Why it failed, or why it waits, in the reader's language"`
	Waiting   bool   `json:"waiting" doc:"No gateway takes messages now: the code is sent when one is back"`
	WaitsFor  int    `json:"waits_for,omitempty" doc:"Seconds for which the request still stands while it waits"`
	ExpiresIn int    `json:"expires_in" doc:"Seconds until the code ends; while the request waits, what it will have"`
}

// Status answers not_found for an unknown id and for a notice. Of a restricted purpose it tells nothing that depends on
// whether a phone got the message: no carrier's report, no carrier's refusal.
func (s *Service) Status(ctx context.Context, id, language string) (Status, error) {
	var state State
	var purpose Purpose
	var stored string
	var expires db.Time
	var stands db.NullTime
	var coded bool
	err := s.DB.QueryRow(ctx, `SELECT state, reason, purpose, expires_at, stands_until, code_hash IS NOT NULL FROM sms_messages
		WHERE id = $1 AND purpose <> $2`, id, string(notice)).Scan(&state, &stored, &purpose, &expires, &stands, &coded)
	if errors.Is(err, sql.ErrNoRows) {
		return Status{}, fault.ErrNotFound.New()
	}
	if err != nil {
		return Status{}, err
	}
	now := s.Now()
	status := Status{State: state, ExpiresIn: max(seconds(expires.Sub(now)), 0)}
	code, words, _ := strings.Cut(stored, " ")
	reason := Reason(code)
	switch {
	case state == Queued && !coded:
		status.Waiting, status.WaitsFor = true, max(seconds(stands.Time.Sub(now)), 0)
		status.ExpiresIn, status.Reason = seconds(s.Limits.TTL), reasonWaiting.Text(language, "")
	case s.only[purpose] != nil && state != Queued && !reason.ours():
		status.State = HandedOver
	case stored != "":
		status.Reason = reason.Text(language, words)
	}
	return status, nil
}
