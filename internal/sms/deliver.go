package sms

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"caotang/internal/db"
	"caotang/internal/jobs"
	"caotang/internal/vault"
)

const (
	jobKind     = "sms.send"
	senders     = 16 // messages on their way at once: as many as a carrier lets stand unanswered on one line
	maxTries    = 3  // with the pauses of the queue between, about five seconds
	sendTimeout = 20 * time.Second
)

// queued is a message that waits to be sent.
type queued struct {
	Message
	created db.Time
	expires db.Time
	stands  bool // it may wait for a gateway that is back
}

// deliver hands one message to the gateway: the job's work. A crash between the carrier's answer and ours sends a message
// twice, never not at all.
func (s *Service) deliver(ctx context.Context, job jobs.Job) error {
	m, err := s.load(ctx, string(job.Payload))
	if err != nil || m == nil {
		return err
	}
	if !m.expires.After(s.Now()) {
		return s.giveUp(ctx, m, reasonLate)
	}
	gateway, goesOut := s.Gateway, true
	if recipients := s.only[m.Purpose]; recipients != nil {
		known, err := recipients(ctx, s.DB, m.Phone)
		if err != nil {
			return err
		}
		if !known {
			gateway, goesOut = nowhere{s}, false
		}
	}
	sendCtx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	receipt, err := gateway.Send(sendCtx, m.Message)
	if ctx.Err() != nil { // the server stops: the next start sends it
		return ctx.Err()
	}
	if err == nil {
		if goesOut {
			s.busyUntil.Store(0)
		}
		s.Log.InfoContext(ctx, "sms sent", "message", m.ID, "purpose", m.Purpose, "phone", vault.MaskPhone(m.Phone),
			"gateway", receipt.Gateway, "references", receipt.References)
		return s.handOver(ctx, m, receipt)
	}
	s.Log.WarnContext(ctx, "sms not sent", "message", m.ID, "purpose", m.Purpose, "phone", vault.MaskPhone(m.Phone), "attempt", job.Attempt, "error", err)
	var rejected *Rejected
	if errors.As(err, &rejected) {
		return s.fail(ctx, m, strings.TrimSpace(string(cmp.Or(rejected.Reason, ReasonRejected))+" "+rejected.Words), false)
	}
	var congested *Congested
	if errors.As(err, &congested) && congested.PhoneOnly {
		return s.fail(ctx, m, strings.TrimSpace(string(ReasonLimited)+" "+congested.Words), false)
	}
	if goesOut {
		s.busyUntil.Store(s.Now().Add(s.congestionOf(err)).UnixMilli())
	}
	if m.stands || job.Attempt >= maxTries {
		return s.giveUp(ctx, m, reasonBusy)
	}
	return err
}

// giveUp lets a message wait for a gateway that is back, where somebody chose to, and ends any other.
func (s *Service) giveUp(ctx context.Context, m *queued, why Reason) error {
	if m.stands {
		if waits, err := s.putBack(ctx, m); err != nil || waits {
			return err
		}
	}
	return s.fail(ctx, m, string(why), true)
}

// nowhere does to a message that goes nowhere what would have become of one that goes somewhere.
type nowhere struct{ *Service }

// Send fails while there is doubt: a message that goes somewhere would be the first to find out.
func (n nowhere) Send(context.Context, Message) (Receipt, error) {
	if wait := n.doubtFor(); wait > 0 {
		return Receipt{}, &Congested{RetryAfter: wait}
	}
	return Receipt{}, nil
}

// doubt is how long after a gateway was to be spared it still counts as failing, unless a message has passed.
const doubt = time.Minute

// doubtFor is how long the gateway still counts as failing; 0 while it works.
func (s *Service) doubtFor() time.Duration {
	until := s.busyUntil.Load()
	if until == 0 {
		return 0
	}
	return max(time.UnixMilli(until).Add(doubt).Sub(s.Now()), 0)
}

// busyFor is how long the gateway is to be spared; 0 while it works.
func (s *Service) busyFor() time.Duration {
	return max(time.UnixMilli(s.busyUntil.Load()).Sub(s.Now()), 0)
}

// load reads a message that is to be sent now; nil when there is none.
func (s *Service) load(ctx context.Context, id string) (*queued, error) {
	m := &queued{Message: Message{ID: id}}
	var phone, sealed []byte
	var purpose string
	err := s.DB.QueryRow(ctx, `SELECT purpose, phone_sealed, content_sealed, created_at, expires_at, stands_until IS NOT NULL
		FROM sms_messages WHERE id = $1 AND state = $2 AND content_sealed IS NOT NULL`, id, string(Queued)).
		Scan(&purpose, &phone, &sealed, &m.created, &m.expires, &m.stands)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m.Purpose = Purpose(purpose)
	if m.Phone, err = s.Vault.Open(phonePurpose, phone); err != nil {
		return nil, err
	}
	plain, err := s.Vault.Open(contentPurpose, sealed)
	if err != nil {
		return nil, err
	}
	var c content
	if err := json.Unmarshal([]byte(plain), &c); err != nil {
		return nil, err
	}
	m.Text, m.Code, m.Template, m.Args = c.Text, c.Code, c.Template, c.Args
	return m, nil
}

const finishSQL = `UPDATE sms_messages SET state = $1, reason = $2, content_sealed = NULL, stands_until = NULL WHERE id = $3 AND state = $4`

// fail ends a message that could not be sent and gives its place in the day's quota back. When the fault was ours, the
// next one may be asked for at once. Where nobody may tell who has an account, a refusal that only a real phone can meet
// gives nothing back.
func (s *Service) fail(ctx context.Context, m *queued, reason string, ours bool) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		result, err := tx.Exec(ctx, finishSQL, string(Failed), reason, m.ID, string(Queued))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		tx.AfterCommit(func() { s.tally(Failed, reasonIn(reason)) })
		if m.Purpose == notice || !ours && s.only[m.Purpose] != nil {
			return nil
		}
		return s.giveBack(ctx, tx, m.Phone, m.created, ours)
	})
}

// giveBack takes a message out of the day's count, and with atOnce out of the cooldown.
func (s *Service) giveBack(ctx context.Context, tx *db.Tx, phone string, created db.Time, atOnce bool) error {
	index, before := s.Vault.Asked(s.phoneIndex(phone))
	if _, err := tx.Exec(ctx, `UPDATE sms_quotas SET sent = sent - 1 WHERE phone_index IN ($1, $2) AND day = $3 AND sent > 0`,
		index, before, dayOf(created.Time)); err != nil || !atOnce {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE sms_quotas SET last_sent_at = 0 WHERE phone_index IN ($1, $2) AND last_sent_at = $3`, index, before, created)
	return err
}
