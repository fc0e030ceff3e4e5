package sms

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/identity"
	"caotang/internal/lookup"
	"caotang/internal/messages"
)

// Promise is the answer to a code that will be sent. Durations are in seconds.
type Promise struct {
	MessageID      string `json:"message_id"`
	ExpiresIn      int    `json:"expires_in" doc:"Seconds until the code ends"`
	ResendAfter    int    `json:"resend_after" doc:"Seconds until another may be asked for"`
	RemainingToday int    `json:"remaining_today" doc:"How many more may be asked for today"`
	Waiting        bool   `json:"waiting" doc:"No gateway takes messages now: the code is sent when one is back, and counts and ends from then"`
	WaitsFor       int    `json:"waits_for,omitempty" doc:"Seconds for which the request stands while it waits"`
}

// SendCode sends a new code to a phone, in canonical form, and ends the purpose's earlier ones. It fails with
// phone_region_unsupported, sms_gateway_busy, sms_cooldown or sms_quota_exceeded; of any number of calls at once for one
// phone, one passes per cooldown. An address or network that has codes sent to many phones gets captcha_required, then
// too_many_attempts.
func (s *Service) SendCode(ctx context.Context, phone string, purpose Purpose) (Promise, error) {
	return s.ask(ctx, phone, purpose, false)
}

func (s *Service) ask(ctx context.Context, phone string, purpose Purpose, mayWait bool) (Promise, error) {
	if err := s.checkProvince(ctx, phone); err != nil {
		return Promise{}, err
	}
	now := db.At(s.Now())
	busy := s.busyFor()
	if busy > 0 && !mayWait {
		return Promise{}, ErrGatewayBusy.New(fault.RetryAfter(busy), fault.Next("wait_for_code", ""))
	}
	sender := s.guard.From(ctx, "codes")
	if _, err := s.guard.Check(ctx, sender...); err != nil {
		return Promise{}, err
	}
	if busy > 0 {
		return s.stand(ctx, phone, purpose, now, sender)
	}
	c, err := s.newCode(purpose)
	if err != nil {
		return Promise{}, err
	}
	o := outgoing{id: db.IDAt(now.Time), phone: phone, purpose: purpose, content: c, now: now, expires: db.At(now.Add(s.Limits.TTL))}
	if mayWait {
		o.stands = db.NullTime{Time: db.At(now.Add(standsFor)), Valid: true}
	}
	promise := Promise{MessageID: o.id, ExpiresIn: seconds(s.Limits.TTL), ResendAfter: seconds(s.Limits.Cooldown)}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		index, err := s.claim(ctx, tx, phone)
		if err != nil {
			return err
		}
		used, err := s.takeQuota(ctx, tx, index, now)
		if err != nil {
			return err
		}
		promise.RemainingToday = max(s.Limits.Daily-used, 0)
		if err := s.guard.Another(ctx, tx, hex.EncodeToString(s.phoneIndex(phone)), sender...); err != nil {
			return err
		}
		if err := errors.Join(s.supersede(ctx, tx, index, purpose), endCodes(ctx, tx, index, purpose, now)); err != nil {
			return err
		}
		return s.enqueue(ctx, tx, o)
	})
	return promise, err
}

// newCode makes a code with its text.
func (s *Service) newCode(purpose Purpose) (content, error) {
	code, err := sixDigits()
	args := map[string]any{"code": code, "minutes": minutes(s.Limits.TTL)}
	return content{Text: messages.Text(messages.Chinese, "sms.text."+string(purpose), args), Code: code, Template: string(purpose), Args: asText(args)}, err
}

// endCodes ends the codes of a phone and purpose before a newer one.
func endCodes(ctx context.Context, tx *db.Tx, phoneIndex []byte, purpose Purpose, now db.Time) error {
	_, err := tx.Exec(ctx, `UPDATE sms_messages SET ended_at = $1
		WHERE phone_index = $2 AND purpose = $3 AND ended_at IS NULL`, now, phoneIndex, string(purpose))
	return err
}

// takeQuota counts one code for the phone, or tells why none may be sent. One statement both decides and counts.
func (s *Service) takeQuota(ctx context.Context, tx *db.Tx, phoneIndex []byte, now db.Time) (used int, err error) {
	day := dayOf(now.Time)
	err = tx.QueryRow(ctx, `INSERT INTO sms_quotas (phone_index, day, sent, last_sent_at) VALUES ($1, $2, 1, $3)
		ON CONFLICT (phone_index) DO UPDATE SET day = excluded.day, last_sent_at = excluded.last_sent_at,
			sent = CASE WHEN sms_quotas.day = excluded.day THEN sms_quotas.sent + 1 ELSE 1 END
		WHERE sms_quotas.last_sent_at <= $4 AND (sms_quotas.day <> excluded.day OR sms_quotas.sent < $5)
		RETURNING sent`, phoneIndex, day, now, db.At(now.Add(-s.Limits.Cooldown)), s.Limits.Daily).Scan(&used)
	if !errors.Is(err, sql.ErrNoRows) {
		return used, err
	}
	var counted string
	var last db.Time
	if err := tx.QueryRow(ctx, `SELECT day, sent, last_sent_at FROM sms_quotas WHERE phone_index = $1`, phoneIndex).
		Scan(&counted, &used, &last); err != nil {
		return 0, err
	}
	if counted == day && used >= s.Limits.Daily {
		return 0, s.quotaExceeded(now)
	}
	return 0, ErrCooldown.New(fault.RetryAfter(max(last.Add(s.Limits.Cooldown).Sub(now.Time), time.Millisecond)))
}

func (s *Service) quotaExceeded(now db.Time) error {
	wait := untilTomorrow(now.Time)
	return ErrQuotaExceeded.New(fault.RetryAfter(wait), fault.Arg("limit", s.Limits.Daily),
		fault.Detail("resets_at", now.Add(wait).UTC().Format(time.RFC3339)))
}

// Proof says that somebody knew the code of a phone. It serves once, in the transaction that it is used in.
type Proof struct {
	messageID string
	service   *Service
}

// Guess compares a typed code with the newest of the phone and purpose. A wrong guess is counted, and committed, before
// this returns; comparing and counting are one statement, so that guesses made at once count like guesses made one after
// another. It fails with sms_code_wrong, or sms_code_expired for a code that has ended in any way. Where many guesses were
// wrong, at one phone or from one address or network, it asks for a captcha, and makes the address and network wait.
func (s *Service) Guess(ctx context.Context, phone string, purpose Purpose, typed string) (Proof, error) {
	typed = identity.Fold(typed)
	if typed == "" {
		return Proof{}, ErrCodeWrong.New(fault.Field("sms_code", "missing"))
	}
	index := s.phoneIndex(phone)
	now, before := s.Vault.Asked(index)
	guesses := append(s.guard.From(ctx, "guess"), guard.Limit{Key: "guess:" + hex.EncodeToString(index), Captcha: s.guard.Phone})
	if _, err := s.guard.Check(ctx, guesses...); err != nil {
		return Proof{}, err
	}
	proof := Proof{service: s}
	var right, known bool
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(ctx, `SELECT id FROM sms_messages WHERE phone_index IN ($1, $2) AND purpose = $3 AND code_hash IS NOT NULL
			ORDER BY created_at DESC, id DESC LIMIT 1`, now, before, string(purpose)).Scan(&proof.messageID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		known = true
		hash, hashBefore := s.Vault.Asked(s.codeHash(proof.messageID, typed))
		err = tx.QueryRow(ctx, `UPDATE sms_messages
			SET wrong_guesses = wrong_guesses + CASE WHEN code_hash IN ($1, $5) THEN 0 ELSE 1 END
			WHERE id = $2 AND ended_at IS NULL AND expires_at > $3 AND wrong_guesses < $4
			RETURNING code_hash IN ($1, $5)`, hash, proof.messageID, db.At(s.Now()), s.Limits.Guesses, hashBefore).Scan(&right)
		if errors.Is(err, sql.ErrNoRows) {
			return codeExpired()
		}
		return err
	})
	switch {
	case err != nil:
		return Proof{}, err
	case !known || !right:
		if err := s.guard.Count(ctx, guesses...); err != nil {
			return Proof{}, err
		}
		return Proof{}, ErrCodeWrong.New(fault.Field("sms_code", "sms_code_wrong"))
	}
	return proof, nil
}

// Use ends the code within the transaction that it permits: when that fails the code is still good. Of two uses at once
// one succeeds; the other gets sms_code_expired.
func (p Proof) Use(ctx context.Context, tx *db.Tx) error {
	result, err := tx.Exec(ctx, `UPDATE sms_messages SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL AND wrong_guesses < $3`,
		db.At(p.service.Now()), p.messageID, p.service.Limits.Guesses)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return codeExpired()
}

func codeExpired() error {
	return ErrCodeExpired.New(fault.Field("sms_code", "sms_code_expired"), fault.Next("resend_code", ""))
}

// content is what is sealed until the message is sent.
type content struct {
	Text     string
	Code     string
	Template string
	Args     map[string]string
}

func asText(args map[string]any) map[string]string {
	texts := make(map[string]string, len(args))
	for name, value := range args {
		texts[name] = fmt.Sprint(value)
	}
	return texts
}

type outgoing struct {
	id           string
	phone        string
	purpose      Purpose
	content      content
	now, expires db.Time
	stands       db.NullTime // until when it may wait for a gateway
}

// enqueue writes the message and the job that sends it.
func (s *Service) enqueue(ctx context.Context, tx *db.Tx, o outgoing) error {
	index, err := lookup.Value(ctx, tx, s.Vault, s.phoneIndex(o.phone))
	if err != nil {
		return err
	}
	var codeHash []byte
	if o.content.Code != "" {
		if codeHash, err = lookup.Value(ctx, tx, s.Vault, s.codeHash(o.id, o.content.Code)); err != nil {
			return err
		}
	}
	sealed, err := s.seal(o.content)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO sms_messages
		(id, phone_index, phone_sealed, purpose, code_hash, content_sealed, state, reason, wrong_guesses, created_at, expires_at, stands_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, $8, $9, $10)`,
		o.id, index, s.Vault.Seal(phonePurpose, o.phone), string(o.purpose), codeHash,
		sealed, string(Queued), o.now, o.expires, o.stands)
	if err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	_, err = s.Jobs.Enqueue(ctx, tx, jobKind, []byte(o.id))
	return err
}

// seal puts the signature before the text, and seals what is needed to send it.
func (s *Service) seal(c content) ([]byte, error) {
	c.Text = "【" + s.Signature + "】" + c.Text
	plain, err := json.Marshal(c)
	return s.Vault.Seal(contentPurpose, string(plain)), err
}

// noticeLifetime is how long it makes sense to send a notice after what it tells of.
const noticeLifetime = 24 * time.Hour

// Notify sends the Chinese text of a catalogue key to a phone when the transaction commits. Notices are ours, and count
// for no quota. Carriers approve texts in Chinese alone.
func (s *Service) Notify(ctx context.Context, tx *db.Tx, phone, key string, args map[string]any) error {
	now := db.At(s.Now())
	return s.enqueue(ctx, tx, outgoing{
		id: db.IDAt(now.Time), phone: phone, purpose: notice,
		content: content{Text: messages.Text(messages.Chinese, key, args), Template: key, Args: asText(args)},
		now:     now, expires: db.At(now.Add(noticeLifetime)),
	})
}

// What the vault's seals and indexes are for.
const (
	phonePurpose   = "phone"
	contentPurpose = "sms_content"
	codePurpose    = "sms_code"
)

func (s *Service) phoneIndex(phone string) []byte { return s.Vault.Index(phonePurpose, phone) }

// claim is a phone's index as the transaction writes it: all that stands of the phone holds it from then on.
func (s *Service) claim(ctx context.Context, tx *db.Tx, phone string) ([]byte, error) {
	if _, err := lookup.Claim(ctx, tx, s.Vault, lookup.Quotas, s.phoneIndex(phone)); err != nil {
		return nil, err
	}
	return lookup.Claim(ctx, tx, s.Vault, lookup.Messages, s.phoneIndex(phone))
}

// codeHash is keyed: a million codes are tried in no time by whoever reads an unkeyed one.
func (s *Service) codeHash(messageID, code string) []byte {
	return s.Vault.Index(codePurpose, messageID+":"+code)
}

func sixDigits() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", n), nil
}

// seconds and minutes round up: nobody is told to come back too early.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }
