package recovery

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/lookup"
	"caotang/internal/roster"
	"caotang/internal/sms"
	"caotang/internal/verification"
)

// Claim is what somebody who lost their account says, as typed.
type Claim struct {
	Kind     string // teacher, student or parent
	IDType   identity.Type
	IDNumber string // a parent's child's
	Name     string
	SchoolID string // "" when they do not know it, or do not say
	Phone    string // where they are told
	Code     string // that came to it
	Proof    Proof
	Note     string
}

// File files a request (F-08). Errors: those of formats and of the code; recovery_too_many; recovery_open, with the tracking
// number, for a phone that has one already; recovery_phone_in_use, before anybody is asked, where the phone belongs to an
// account that is not the one asked for. Whether there is an account to give back shows in none of them.
func (s *Service) File(ctx context.Context, in Claim) (Status, error) {
	begun := time.Now()
	c, err := s.read(in)
	if err != nil {
		return Status{}, err
	}
	if err := s.checkSchool(ctx, in.SchoolID); err != nil {
		return Status{}, err
	}
	address := access.ClientFrom(ctx).Address
	if err := s.checkAddress(ctx, address); err != nil {
		return Status{}, err
	}
	code, err := s.sms.Guess(ctx, c.Phone, sms.RecoverAccount, in.Code)
	if err != nil {
		return Status{}, err
	}
	var filed row
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := code.Use(ctx, tx); err != nil {
			return err
		}
		entry, err := s.match(ctx, tx, c)
		if err != nil {
			return err
		}
		if err := s.checkPhone(ctx, tx, c, entry); err != nil {
			return err
		}
		filed, err = s.insert(ctx, tx, c, in, address, entry)
		if err != nil {
			return err
		}
		if err := s.record(ctx, tx, filed, "recovery.file", "", map[string]any{"proof": in.Proof}); err != nil {
			return err
		}
		if in.Proof == BySchool {
			if err := s.tellHolders(ctx, tx, filed, entry); err != nil {
				return err
			}
		}
		return s.sms.Notify(ctx, tx, c.Phone, "notice.recovery_filed", map[string]any{"number": c.Number, "where": s.where(c.Number)})
	})
	verification.Withhold(ctx, begun)
	if err != nil {
		return Status{}, err
	}
	return s.status(filed), nil
}

// read checks what the registry is not needed for.
func (s *Service) read(in Claim) (content, error) {
	c := content{Kind: in.Kind, Name: identity.Clean(in.Name)}
	var bad []fault.Option
	if in.Kind != verification.Teacher && in.Kind != verification.Student && in.Kind != verification.Parent {
		bad = append(bad, fault.Field("kind", "not_allowed"))
	}
	if in.Proof != BySchool && in.Proof != ByCopies {
		bad = append(bad, fault.Field("proof", "not_allowed"))
	}
	var err error
	if c.Note, err = noteOf(in.Note); err != nil {
		return c, err
	}
	if bad != nil {
		return c, fault.ErrInvalid.New(bad...)
	}
	number, err := verification.ReadDocument(in.IDType, in.IDNumber, in.Name)
	if err != nil {
		return c, err
	}
	c.IDType, c.IDNumber = number.Type, number.Text
	c.Phone, err = sms.ParsePhone("phone", in.Phone)
	c.Number = newNumber()
	return c, err
}

// noteOf tidies a note, which is sealed: what whoever asks writes of themselves stays as it is, numbers and all.
func noteOf(typed string) (string, error) {
	note := identity.Clean(typed)
	if utf8.RuneCountInString(note) > maxText {
		return "", fault.ErrInvalid.New(fault.FieldWith("note", "too_long", map[string]any{"max": maxText}))
	}
	return note, nil
}

func (s *Service) checkSchool(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	_, err := s.roster.OpenSchool(ctx, s.db, id)
	if fault.Is(err, fault.ErrNotFound) {
		return fault.ErrInvalid.New(fault.Field("school_id", "not_found"))
	}
	return err
}

// checkAddress bounds what comes from one address in a day. Codes by SMS bound what comes for one phone.
func (s *Service) checkAddress(ctx context.Context, address string) error {
	var filed int
	var first db.NullTime
	now := s.now()
	if err := s.db.QueryRow(ctx, `SELECT count(*), min(created_at) FROM recoveries WHERE address = $1 AND created_at > $2`,
		address, db.At(now.Add(-24*time.Hour))).Scan(&filed, &first); err != nil {
		return err
	}
	if filed < perAddress {
		return nil
	}
	return errTooMany.New(fault.Arg("limit", perAddress), fault.RetryAfter(max(first.Time.Add(24*time.Hour).Sub(now), time.Minute)))
}

// match finds the entry that somebody says they are; nil when there is none.
func (s *Service) match(ctx context.Context, q db.Querier, c content) (*roster.Entry, error) {
	entry, err := s.roster.EntryByDocument(ctx, q, c.document())
	if fault.Is(err, fault.ErrNotFound) || err == nil && !c.fits(entry) {
		return nil, nil
	}
	return &entry, err
}

// checkPhone tells whoever has the phone, as they have just proved, that it belongs to another account than the one they
// ask for: it could not become that one's.
func (s *Service) checkPhone(ctx context.Context, tx *db.Tx, c content, entry *roster.Entry) error {
	holder, err := s.accounts.AccountOfPhone(ctx, tx, c.Phone)
	if err != nil || holder == "" {
		return err
	}
	if entry != nil {
		holders, err := s.verification.HoldersOf(ctx, tx, *entry, c.Kind)
		if err != nil {
			return err
		}
		for _, h := range holders {
			if h.AccountID == holder {
				return nil
			}
		}
	}
	masked, err := s.accounts.MaskedOf(ctx, tx, holder)
	if err != nil {
		return err
	}
	return errPhoneInUse.New(fault.Field("phone", "recovery_phone_in_use"), fault.Arg("username", masked.MaskedUsername),
		fault.Detail("masked_username", masked.MaskedUsername), fault.Next("sign_in", "/login"))
}

// insert adds a request, unless the phone has an unfinished one.
func (s *Service) insert(ctx context.Context, tx *db.Tx, c content, in Claim, address string, entry *roster.Entry) (row, error) {
	sealed, err := s.seal(c)
	if err != nil {
		return row{}, err
	}
	id, now := db.NewID(), db.At(s.now())
	state, submitted, due := Collecting, db.NullTime{}, db.NullTime{}
	if in.Proof == BySchool {
		state, submitted, due = Open, db.NullTime{Time: now, Valid: true}, s.due()
	}
	var entryID, schoolID sql.NullString
	if entry != nil {
		entryID = sql.NullString{String: entry.ID, Valid: true}
	}
	if in.SchoolID != "" {
		schoolID = sql.NullString{String: in.SchoolID, Valid: true}
	}
	number, err := lookup.Value(ctx, tx, s.vault, s.vault.Index(numberPurpose, c.Number))
	if err != nil {
		return row{}, err
	}
	person, err := lookup.Value(ctx, tx, s.vault, s.vault.Index(personPurpose, c.document().Key()))
	if err != nil {
		return row{}, err
	}
	phone, err := lookup.Claim(ctx, tx, s.vault, lookup.OpenRecoveries, s.vault.Index(phonePurpose, c.Phone))
	if err != nil {
		return row{}, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO recoveries (id, number_index, state, proof, person_index, phone_index, sealed, address, entry_id,
			school_id, region, reason, decided_by, created_at, submitted_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce((SELECT min(code) FROM regions WHERE parent IS NULL), ''), '', '', $11, $12, $13)`,
		id, number, string(state), string(in.Proof), person, phone,
		sealed, address, entryID, schoolID, now, submitted, due); err != nil {
		return row{}, err
	}
	result, err := tx.Exec(ctx, `INSERT INTO open_recoveries (phone_index, recovery_id) VALUES ($1, $2) ON CONFLICT (phone_index) DO NOTHING`, phone, id)
	if err != nil {
		return row{}, err
	}
	if n, err := result.RowsAffected(); err != nil {
		return row{}, err
	} else if n == 0 {
		return row{}, s.alreadyOpen(ctx, tx, phone)
	}
	return s.byID(ctx, tx, id)
}

// alreadyOpen leads to the unfinished request of a phone, which whoever asks has just proved to have.
func (s *Service) alreadyOpen(ctx context.Context, tx *db.Tx, phone []byte) error {
	other, err := s.one(ctx, tx, " WHERE r.id = (SELECT recovery_id FROM open_recoveries WHERE phone_index = $1)", phone)
	if errors.Is(err, sql.ErrNoRows) { // it has just ended
		return fault.ErrBusy.New(fault.RetryAfter(time.Second))
	}
	if err != nil {
		return err
	}
	number := other.content.Number
	return errOpen.New(fault.Detail("tracking_number", number), fault.Next("see_recovery", pageOf(number)))
}

func pageOf(number string) string { return "/recover?number=" + url.QueryEscape(number) }

// where tells, within a message, where a request is seen.
func (s *Service) where(number string) string {
	if s.publicURL == "" {
		return "登录页的“忘记账号”"
	}
	return strings.TrimSuffix(s.publicURL, "/") + pageOf(number)
}

// record adds an event about a request, at the place where it lies.
func (s *Service) record(ctx context.Context, tx *db.Tx, r row, action, reason string, details map[string]any) error {
	return audit.Record(ctx, tx, audit.Event{
		Action: action, Target: "recovery", TargetID: r.id, Place: r.place, Reason: reason, Details: details,
	})
}
