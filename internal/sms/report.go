package sms

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/tally"
)

// Report is what became of a message, or of one of its parts, after the carrier took it.
type Report struct {
	Gateway   string // as in the [Receipt]
	Reference string
	Delivered bool
	Reason    Reason // why not
	Code      string // the carrier's own word for it
}

// Reporter is a gateway whose carrier tells by itself what became of messages.
type Reporter interface {
	// Listen keeps the line to the carrier open and hands every report to take, until ctx ends. A report stays with the
	// carrier, who brings it again, until take has answered nil.
	Listen(ctx context.Context, take func(context.Context, Report) error)
}

// Inquirer is a gateway that must be asked what became of messages.
type Inquirer interface {
	// Inquire answers false when the carrier does not know yet.
	Inquire(ctx context.Context, q Inquiry) (Report, bool, error)
}

// Inquiry asks for one message.
type Inquiry struct {
	Gateway   string
	Reference string
	Phone     string
	SentAt    time.Time
}

const (
	inquireEvery = 2 * time.Second
	inquireBatch = 50
	inquireFor   = 48 * time.Hour // later no carrier delivers
	inquireRest  = time.Hour      // the longest pause between two inquiries for a message
)

// Follow learns what became of the messages until ctx ends: it keeps the lines on which carriers report, and asks those
// that must be asked. It also sends what waits for a gateway that is back. Any number of processes may.
func (s *Service) Follow(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { s.every(ctx, releaseEvery, "sending what waits", s.release) })
	if reporter, ok := s.Gateway.(Reporter); ok {
		all.Go(func() { reporter.Listen(ctx, s.take) })
	}
	if inquirer, ok := s.Gateway.(Inquirer); ok {
		all.Go(func() {
			s.every(ctx, inquireEvery, "asking what became of messages", func(ctx context.Context) error { return s.inquire(ctx, inquirer) })
		})
	}
	all.Wait()
}

// every does a chore again and again until ctx ends.
func (s *Service) every(ctx context.Context, pause time.Duration, name string, chore func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := chore(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "sms: a chore failed", "chore", name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// take writes a report down. Where it overtook the carrier's answer to us, it waits there for the message.
func (s *Service) take(ctx context.Context, r Report) error {
	state, reason := Delivered, ""
	if !r.Delivered {
		state, reason = Failed, strings.TrimSpace(string(r.Reason)+" "+r.Code)
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		var message sql.NullString
		err := tx.QueryRow(ctx, `INSERT INTO sms_parts (gateway, reference, message_id, state, reason, asked, created_at)
			VALUES ($1, $2, NULL, $3, $4, 0, $5)
			ON CONFLICT (gateway, reference) DO UPDATE SET state = excluded.state, reason = excluded.reason, ask_at = NULL
			WHERE sms_parts.state = $6
			RETURNING message_id`, r.Gateway, r.Reference, string(state), reason, db.At(s.Now()), string(HandedOver)).Scan(&message)
		if errors.Is(err, sql.ErrNoRows) { // a report that came before
			return nil
		}
		if err != nil || !message.Valid {
			return err
		}
		return s.settle(ctx, tx, message.String)
	})
}

// handOver notes that the carrier has taken a message, and by what it will know it.
func (s *Service) handOver(ctx context.Context, m *queued, receipt Receipt) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, finishSQL, string(HandedOver), "", m.ID, string(Queued)); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.tally(HandedOver, "") })
		if receipt.Gateway == "" {
			return nil
		}
		now := s.Now()
		var ask db.NullTime
		if receipt.AskAfter > 0 {
			ask = db.NullTime{Time: db.At(now.Add(receipt.AskAfter)), Valid: true}
		}
		for _, reference := range receipt.References {
			_, err := tx.Exec(ctx, `INSERT INTO sms_parts (gateway, reference, message_id, state, reason, ask_at, asked, created_at)
				VALUES ($1, $2, $3, $4, '', $5, 0, $6)
				ON CONFLICT (gateway, reference) DO UPDATE SET message_id = excluded.message_id`,
				receipt.Gateway, reference, m.ID, string(HandedOver), ask, db.At(now))
			if err != nil {
				return err
			}
		}
		return s.settle(ctx, tx, m.ID)
	})
}

// settle draws the message's state from its parts: failed when one of them is, delivered when all are. The first statement
// takes the row, so that of two reports at once the later sees what the earlier wrote.
func (s *Service) settle(ctx context.Context, tx *db.Tx, id string) error {
	var purpose string
	var sealed []byte
	var created db.Time
	err := tx.QueryRow(ctx, `UPDATE sms_messages SET reason = '' WHERE id = $1 AND state = $2
		RETURNING purpose, phone_sealed, created_at`, id, string(HandedOver)).Scan(&purpose, &sealed, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var waiting int
	var reason sql.NullString
	err = tx.QueryRow(ctx, `SELECT SUM(CASE WHEN state = $2 THEN 1 ELSE 0 END), MAX(CASE WHEN state = $3 THEN reason END)
		FROM sms_parts WHERE message_id = $1`, id, string(HandedOver), string(Failed)).Scan(&waiting, &reason)
	if err != nil || !reason.Valid && waiting > 0 {
		return err
	}
	state := Delivered
	if reason.Valid {
		state = Failed
	}
	if _, err := tx.Exec(ctx, finishSQL, string(state), reason.String, id, string(HandedOver)); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.tally(state, reasonIn(reason.String)) })
	if state == Delivered {
		return nil
	}
	if Purpose(purpose) == notice {
		return nil
	}
	if reasonIn(reason.String) == ReasonCarrier {
		phone, err := s.Vault.Open(phonePurpose, sealed)
		if err != nil {
			return err
		}
		if err := s.giveBack(ctx, tx, phone, created, true); err != nil {
			return err
		}
	}
	return tally.Stick(ctx, tx, s.Now(), tally.CodeFailed, access.Place{})
}

// inquire asks for the messages whose turn it is. An inquiry is taken by moving its time, so that no two processes ask at
// once; the pauses grow.
func (s *Service) inquire(ctx context.Context, from Inquirer) error {
	due, err := s.dueInquiries(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, d := range due {
		pause := min(2*inquireEvery<<min(d.asked, 20), inquireRest)
		var next db.NullTime
		if now := s.Now(); now.Sub(d.SentAt) < inquireFor {
			next = db.NullTime{Time: db.At(now.Add(pause)), Valid: true}
		}
		result, err := s.DB.Exec(ctx, `UPDATE sms_parts SET ask_at = $1, asked = asked + 1
			WHERE gateway = $2 AND reference = $3 AND ask_at = $4`, next, d.Gateway, d.Reference, d.at)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			continue
		}
		report, known, err := from.Inquire(ctx, d.Inquiry)
		if err == nil && known {
			err = s.take(ctx, report)
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

type dueInquiry struct {
	Inquiry
	at    db.Time
	asked int
}

func (s *Service) dueInquiries(ctx context.Context) (due []dueInquiry, err error) {
	rows, err := s.DB.Query(ctx, `SELECT p.gateway, p.reference, p.ask_at, p.asked, p.created_at, m.phone_sealed
		FROM sms_parts p JOIN sms_messages m ON m.id = p.message_id
		WHERE p.ask_at <= $1 ORDER BY p.ask_at LIMIT $2`, db.At(s.Now()), inquireBatch)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d dueInquiry
		var sent db.Time
		var phone []byte
		if err := rows.Scan(&d.Gateway, &d.Reference, &d.at, &d.asked, &sent, &phone); err != nil {
			return nil, err
		}
		d.SentAt = sent.Time
		if d.Phone, err = s.Vault.Open(phonePurpose, phone); err != nil {
			return nil, err
		}
		due = append(due, d)
	}
	return due, rows.Err()
}

func reasonIn(stored string) Reason {
	reason, _, _ := strings.Cut(stored, " ")
	return Reason(reason)
}
