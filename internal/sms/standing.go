package sms

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/lookup"
)

// A standing request is one for a code that was made while no gateway takes messages, by somebody who would rather wait
// (F-13). It is a message without a code, which keeps its place until a gateway is back; the code is made then, with its
// whole time before it, and counts for the day's quota then. One that is never sent costs nothing.

const (
	standsFor    = 30 * time.Minute
	releaseEvery = 2 * time.Second
	releaseBatch = 200
)

// SendCodeWhenPossible is [Service.SendCode] for somebody who would rather wait than be refused with sms_gateway_busy: the
// request stands for half an hour, over restarts, and the code is sent when a gateway is back. Asking again finds the
// same request, and lets it stand for another half an hour.
func (s *Service) SendCodeWhenPossible(ctx context.Context, phone string, purpose Purpose) (Promise, error) {
	return s.ask(ctx, phone, purpose, true)
}

// stand writes the request down. A phone that has had its codes of today is told so at once.
func (s *Service) stand(ctx context.Context, phone string, purpose Purpose, now db.Time, sender []guard.Limit) (Promise, error) {
	promise := Promise{ExpiresIn: seconds(s.Limits.TTL), Waiting: true, WaitsFor: seconds(standsFor)}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		index, err := s.claim(ctx, tx, phone)
		if err != nil {
			return err
		}
		used, err := s.usedToday(ctx, tx, index, now)
		if err != nil {
			return err
		}
		if used >= s.Limits.Daily {
			return s.quotaExceeded(now)
		}
		promise.RemainingToday = s.Limits.Daily - used
		if err := s.guard.Another(ctx, tx, hex.EncodeToString(s.phoneIndex(phone)), sender...); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `INSERT INTO sms_messages
			(id, phone_index, phone_sealed, purpose, state, reason, wrong_guesses, created_at, expires_at, stands_until)
			VALUES ($1, $2, $3, $4, $5, '', 0, $6, $7, $7)
			ON CONFLICT (phone_index, purpose) WHERE stands_until IS NOT NULL DO UPDATE SET stands_until = excluded.stands_until
			RETURNING id`, db.IDAt(now.Time), index, s.Vault.Seal(phonePurpose, phone), string(purpose), string(Queued), now,
			db.At(now.Add(standsFor))).Scan(&promise.MessageID)
	})
	return promise, err
}

// supersede ends the standing request of a phone and purpose for which a newer one is sent now. One that is on its way
// goes on, but does not come back to wait.
func (s *Service) supersede(ctx context.Context, tx *db.Tx, phoneIndex []byte, purpose Purpose) error {
	_, err := tx.Exec(ctx, `UPDATE sms_messages SET stands_until = NULL,
			state = CASE WHEN code_hash IS NULL THEN $1 ELSE state END, reason = CASE WHEN code_hash IS NULL THEN $2 ELSE reason END
		WHERE phone_index = $3 AND purpose = $4 AND stands_until IS NOT NULL`,
		string(Failed), string(reasonReplaced), phoneIndex, string(purpose))
	return err
}

// putBack lets a message that no gateway took wait again, without its code. It answers false for one that is not to wait.
func (s *Service) putBack(ctx context.Context, m *queued) (waits bool, err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		result, err := tx.Exec(ctx, `UPDATE sms_messages SET code_hash = NULL, content_sealed = NULL
			WHERE id = $1 AND state = $2 AND stands_until > $3`, m.ID, string(Queued), db.At(s.Now()))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		waits = true
		return s.giveBack(ctx, tx, m.Phone, m.created, true)
	})
	return waits, err
}

// standing is a request that waits.
type standing struct {
	id      string
	phone   string
	purpose Purpose
	until   db.Time
}

// release sends the codes of standing requests once a gateway takes messages, the longest waiting first, and ends those
// that have waited too long. While it is not known whether the gateway is back, one goes ahead of the others.
func (s *Service) release(ctx context.Context) error {
	waiting, err := s.standing(ctx)
	if err != nil {
		return err
	}
	var failures []error
	inDoubt, ahead := s.busyUntil.Load() != 0, false
	for _, r := range waiting {
		switch {
		case !r.until.After(s.Now()):
			failures = append(failures, s.endStanding(ctx, r.id, reasonLate))
		case s.busyFor() == 0 && (!ahead || !inDoubt):
			sent, err := s.releaseOne(ctx, r)
			ahead = ahead || sent
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func (s *Service) standing(ctx context.Context) (list []standing, err error) {
	rows, err := s.DB.Query(ctx, `SELECT id, phone_sealed, purpose, stands_until FROM sms_messages
		WHERE stands_until IS NOT NULL AND code_hash IS NULL ORDER BY stands_until LIMIT $1`, releaseBatch)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r standing
		var phone []byte
		if err := rows.Scan(&r.id, &phone, &r.purpose, &r.until); err != nil {
			return nil, err
		}
		if r.phone, err = s.Vault.Open(phonePurpose, phone); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

var errTakenElsewhere = errors.New("sms: another process has sent it")

// releaseOne makes the code of a standing request and hands it to the job that sends it. One whose phone got another code
// within the cooldown waits on.
func (s *Service) releaseOne(ctx context.Context, r standing) (sent bool, err error) {
	now := db.At(s.Now())
	c, err := s.newCode(r.purpose)
	if err != nil {
		return false, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		index, err := s.claim(ctx, tx, r.phone)
		if err != nil {
			return err
		}
		if _, err := s.takeQuota(ctx, tx, index, now); err != nil {
			return err
		}
		if err := endCodes(ctx, tx, index, r.purpose, now); err != nil {
			return err
		}
		codeHash, err := lookup.Value(ctx, tx, s.Vault, s.codeHash(r.id, c.Code))
		if err != nil {
			return err
		}
		sealed, err := s.seal(c)
		if err != nil {
			return err
		}
		result, err := tx.Exec(ctx, `UPDATE sms_messages SET code_hash = $1, content_sealed = $2, created_at = $3, expires_at = $4, ended_at = NULL
			WHERE id = $5 AND stands_until IS NOT NULL AND code_hash IS NULL`,
			codeHash, sealed, now, db.At(now.Add(s.Limits.TTL)), r.id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errTakenElsewhere)
		}
		_, err = s.Jobs.Enqueue(ctx, tx, jobKind, []byte(r.id))
		return err
	})
	switch {
	case errors.Is(err, errTakenElsewhere), fault.Is(err, ErrCooldown):
		return false, nil
	case fault.Is(err, ErrQuotaExceeded):
		return false, s.endStanding(ctx, r.id, reasonQuota)
	}
	return err == nil, err
}

func (s *Service) endStanding(ctx context.Context, id string, why Reason) error {
	result, err := s.DB.Exec(ctx, `UPDATE sms_messages SET state = $1, reason = $2, stands_until = NULL
		WHERE id = $3 AND stands_until IS NOT NULL AND code_hash IS NULL`, string(Failed), string(why), id)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err == nil && n == 1 {
		s.tally(Failed, why)
	}
	return nil
}

// usedToday is how many codes the phone has had.
func (s *Service) usedToday(ctx context.Context, q db.Querier, phoneIndex []byte, now db.Time) (used int, err error) {
	err = q.QueryRow(ctx, `SELECT sent FROM sms_quotas WHERE phone_index = $1 AND day = $2`, phoneIndex, dayOf(now.Time)).Scan(&used)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return used, err
}
