package accounts

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/lookup"
	"caotang/internal/vault"
)

// An owner who is told of something that they have not done freezes their account by the link in the notice: whoever is
// inside is put out, and nobody gets in. There are two ways back, and each ends the freeze at once:
//
//   - The phone of before the change resets the password, where that phone is surely the owner's (see [Service.safePhone]).
//   - An administrator who has made sure who it is gives a one-time code.
//
// Only a phone that was told can freeze, once for each time that it was told, and whoever knows the password and denies that they
// asked for a lost account ([Service.Deny]). An end of the freeze ends every link that was sent before it: whoever has lost the
// account cannot keep its owner out. What somebody else may have begun ends with the freeze: closing the account when it begins, a
// recovery contact that is new when it ends.

// Watcher is told, in the transaction, when an account is frozen and when it is free again: the room of requests, which
// stands above this one.
type Watcher interface {
	AccountFrozen(ctx context.Context, tx *db.Tx, accountID string, event SecurityEvent) error
	AccountThawed(ctx context.Context, tx *db.Tx, accountID, reason string) error
	// NoticeObjected is told that what an event says of somebody else is wrong ([Service.ObjectBy]).
	NoticeObjected(ctx context.Context, tx *db.Tx, accountID string, event SecurityEvent) error
}

// Watch sets who is told. Call it before the first request.
func (s *Service) Watch(w Watcher) { s.watch = w }

var errFrozenUnreachable = fault.Define(fault.Conflict, "frozen_unreachable")

// freeze is a row of freezes with what it stands on.
type freeze struct {
	accountID   string
	event       SecurityEvent // what the owner said they had not done
	phone       string        // that may take the account back, "" for none
	phoneBefore string        // that the event replaced, "" for none
	at          db.Time
}

func (s *Service) freezeOf(ctx context.Context, q db.Querier, accountID string) (f freeze, is bool, err error) {
	f.accountID = accountID
	var phone, before []byte
	f.event, err = s.scanEvent(q.QueryRow(ctx, `SELECT `+eventColumns+`, f.phone_sealed, e.phone_before_sealed, f.frozen_at
		FROM freezes f JOIN security_events e ON e.id = f.event_id WHERE f.account_id = $1`, accountID), &phone, &before, &f.at)
	if errors.Is(err, sql.ErrNoRows) {
		return f, false, nil
	}
	if err == nil {
		f.phone, err = s.openPhone(phone)
	}
	if err == nil {
		f.phoneBefore, err = s.openPhone(before)
	}
	return f, err == nil, err
}

// Objected tells whether somebody has said, by the link to an event of an account, that what it tells was not them; false for
// an event of another account, and for none.
func (s *Service) Objected(ctx context.Context, q db.Querier, accountID, eventID string) (objected bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM security_events e JOIN notice_links l ON l.event_id = e.id
		WHERE e.id = $1 AND e.account_id = $2 AND l.used_at IS NOT NULL)`, eventID, accountID).Scan(&objected)
	return objected, err
}

// Objectionable tells whether an event of an account may still be answered by its link: it has not been, and has not ended.
// Where notices hold no links, all may.
func (s *Service) Objectionable(ctx context.Context, q db.Querier, accountID, eventID string) (may bool, err error) {
	query, args := `SELECT 1 FROM security_events e WHERE e.id = $1 AND e.account_id = $2
		AND NOT EXISTS (SELECT 1 FROM notice_links l WHERE l.event_id = e.id AND l.used_at IS NOT NULL)`, []any{eventID, accountID}
	if s.config.PublicURL != "" {
		query += ` AND EXISTS (SELECT 1 FROM notice_links l WHERE l.event_id = e.id AND l.used_at IS NULL AND l.expires_at > $3)`
		args = append(args, db.At(s.now()))
	}
	err = q.QueryRow(ctx, `SELECT EXISTS (`+query+`)`, args...).Scan(&may)
	return may, err
}

// openPhone reads a sealed phone; "" where there is none.
func (s *Service) openPhone(sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	return s.vault.Open(phonePurpose, sealed)
}

// Told is what the link of a notice shows to whoever holds it.
type Told struct {
	MaskedUsername string        `json:"masked_username"`
	Event          SecurityEvent `json:"event"`
	State          string        `json:"state" enum:"open,frozen,free,objected" doc:"open: the link freezes the account; frozen: it is frozen; free: it was, and its owner is back; objected: the school has been told that what the notice says of somebody else is wrong"`
	MaskedPhone    *string       `json:"masked_phone" doc:"Of a frozen account: the phone that takes it back by resetting the password; null where none safely does"`
	School         *string       `json:"school" doc:"Of a frozen account: the school whose administrator has been asked; null where the province's has"`
}

// link is one that was sent.
type link struct {
	accountID string
	event     SecurityEvent
	username  string
	used      bool
	alive     bool
	objected  bool
}

func (s *Service) readLink(ctx context.Context, q db.Querier, token string) (link, error) {
	var l link
	var used db.NullTime
	var expires db.Time
	var err error
	l.event, err = s.scanEvent(q.QueryRow(ctx, `SELECT `+eventColumns+`, e.account_id, a.username, l.used_at, l.expires_at, l.objected FROM notice_links l
		JOIN security_events e ON e.id = l.event_id JOIN accounts a ON a.id = e.account_id WHERE l.token_hash = $1`, hashToken(token)),
		&l.accountID, &l.username, &used, &expires, &l.objected)
	if errors.Is(err, sql.ErrNoRows) {
		err = errLinkEnded.New(toSignIn)
	}
	l.used, l.alive = used.Valid, expires.After(s.now())
	return l, err
}

// ReadNotice tells what a link is about. Errors: notice_link_ended for one that is unknown or too old.
func (s *Service) ReadNotice(ctx context.Context, token string) (Told, error) {
	l, err := s.readLink(ctx, s.db, token)
	if err != nil {
		return Told{}, err
	}
	return s.told(ctx, s.db, l)
}

func (s *Service) told(ctx context.Context, q db.Querier, l link) (Told, error) {
	t := Told{MaskedUsername: vault.MaskUsername(l.username), Event: l.event, State: "open"}
	f, frozen, err := s.freezeOf(ctx, q, l.accountID)
	switch {
	case err != nil:
		return t, err
	case !frozen && l.objected:
		t.State = "objected"
	case !frozen && l.used:
		t.State = "free"
	case !frozen && !l.alive:
		return t, errLinkEnded.New(toSignIn)
	case frozen:
		t.State, t.MaskedPhone = "frozen", masked(f.phone)
		_, name, err := s.Answering(ctx, q, l.accountID)
		if err != nil {
			return t, err
		}
		if name != "" {
			t.School = &name
		}
	}
	return t, nil
}

// Answering is the school whose administrator answers for an account: where all of it lies, and "" for the province, which
// answers for those who are of no school or of several, and for administrators.
func (s *Service) Answering(ctx context.Context, q db.Querier, accountID string) (id, name string, err error) {
	place, err := s.placeOf(ctx, q, accountID)
	if err != nil || place.School == "" {
		return "", "", err
	}
	err = q.QueryRow(ctx, `SELECT s.id, s.name FROM schools s WHERE s.id = $1 AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.account_id = $2)`,
		place.School, accountID).Scan(&id, &name)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, name, err
}

// FreezeBy freezes the account that a link is about: its sessions end, nobody signs in, and whoever administers it is asked.
// The link works once; an account that is frozen already stays frozen, and what the link is about is on record as objected to
// ([Service.Objected]). Errors: notice_link_ended.
func (s *Service) FreezeBy(ctx context.Context, token string) (told Told, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		l, err := s.readLink(ctx, tx, token)
		if err != nil {
			return err
		}
		// Signing in and freezing take turns by this row.
		if _, err := tx.Exec(ctx, `UPDATE accounts SET updated_at = $1 WHERE id = $2`, db.At(s.now()), l.accountID); err != nil {
			return err
		}
		used, err := db.Changed(tx.Exec(ctx, `UPDATE notice_links SET used_at = $1 WHERE token_hash = $2 AND used_at IS NULL AND expires_at > $1`, db.At(s.now()), hashToken(token)))
		if err != nil {
			return err
		}
		if err := s.doubt(ctx, tx, l, used); err != nil {
			return err
		}
		told, err = s.told(ctx, tx, l)
		return err
	})
	return told, err
}

// ObjectBy says, by the link of a notice, that what it tells of somebody else is wrong, and has those who administer the account
// look at it; the account itself stays as it is. The link works once; saying it again is as good as once. Errors:
// notice_link_ended, also for a notice that tells of nobody else; those of [Watcher.NoticeObjected].
func (s *Service) ObjectBy(ctx context.Context, token string) (told Told, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		used, err := db.Changed(tx.Exec(ctx, `UPDATE notice_links SET used_at = $1, objected = true WHERE token_hash = $2 AND used_at IS NULL AND expires_at > $1`,
			db.At(s.now()), hashToken(token)))
		if err != nil {
			return err
		}
		l, err := s.readLink(ctx, tx, token)
		if err != nil {
			return err
		}
		if l.event.Kind != ChildLinked || !l.objected {
			return errLinkEnded.New(toSignIn)
		}
		if used {
			if err := s.watch.NoticeObjected(ctx, tx, l.accountID, l.event); err != nil {
				return err
			}
		}
		told, err = s.told(ctx, tx, l)
		return err
	})
	return told, err
}

// Deny is what [Service.FreezeBy] does, for an event that the account's owner has proved to know its password for and says was not
// them, whether a phone was told of it or not. The caller has made sure whose account it is.
func (s *Service) Deny(ctx context.Context, tx *db.Tx, accountID, eventID string) (told Told, err error) {
	l := link{accountID: accountID, used: true, alive: true}
	if l.event, err = s.scanEvent(tx.QueryRow(ctx, `SELECT `+eventColumns+`, a.username FROM security_events e JOIN accounts a ON a.id = e.account_id
		WHERE e.id = $1 AND e.account_id = $2`, eventID, accountID), &l.username); err != nil {
		return told, err
	}
	if err := s.Hold(ctx, tx, accountID); err != nil { // signing in and freezing take turns by this row
		return told, err
	}
	if err := s.doubt(ctx, tx, l, true); err != nil {
		return told, err
	}
	now := s.now()
	if said, err := db.Changed(tx.Exec(ctx, `UPDATE notice_links SET used_at = $1 WHERE event_id = $2 AND used_at IS NULL`, db.At(now), eventID)); err != nil {
		return told, err
	} else if said {
		return s.told(ctx, tx, l)
	}
	token := rand.Text() // that nobody is sent: it stands for what was said
	if _, err := tx.Exec(ctx, `INSERT INTO notice_links (token_hash, event_id, expires_at, used_at) VALUES ($1, $2, $3, $4)`,
		hashToken(token), eventID, db.At(now.Add(s.config.NoticeTTL)), db.At(now)); err != nil {
		return told, err
	}
	return s.told(ctx, tx, l)
}

// doubt freezes the account that a link is about, unless it is frozen already. Of a link that said nothing new an account that is free
// is told notice_link_ended.
func (s *Service) doubt(ctx context.Context, tx *db.Tx, l link, news bool) error {
	_, frozen, err := s.freezeOf(ctx, tx, l.accountID)
	switch {
	case err != nil || frozen:
		return err
	case !news:
		return errLinkEnded.New(toSignIn)
	}
	return s.freeze(ctx, tx, l)
}

func (s *Service) freeze(ctx context.Context, tx *db.Tx, l link) error {
	account, err := s.load(ctx, tx, l.accountID)
	if err != nil {
		return err
	}
	safe, err := s.safePhone(ctx, tx, account, l.event)
	if err != nil {
		return err
	}
	var index, sealed []byte
	if safe != "" {
		if index, err = lookup.Value(ctx, tx, s.vault, s.phoneIndex(safe)); err != nil {
			return err
		}
		sealed = s.vault.Seal(phonePurpose, safe)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO freezes (account_id, event_id, phone_index, phone_sealed, frozen_at) VALUES ($1, $2, $3, $4, $5)`,
		account.id, l.event.ID, index, sealed, db.At(s.now())); err != nil {
		return err
	}
	text := Frozen
	if safe != "" {
		text = frozenByPhone
	}
	if err := s.endSessionsBy(ctx, tx, "freeze", account.id, ""); err != nil {
		return err
	}
	if err := s.record(ctx, tx, account.id, audit.Event{Action: "account.freeze", Details: map[string]any{"event": l.event.Kind}}); err != nil {
		return err
	}
	if err := s.StopClosing(ctx, tx, account.id); err != nil {
		return err
	}
	if err := s.tell(ctx, tx, account.id, happened{notice: Frozen, phone: safe}, recipient{safe, text}, recipient{account.reach(), text}); err != nil {
		return err
	}
	if s.watch == nil {
		return nil
	}
	return s.watch.AccountFrozen(ctx, tx, account.id, l.event)
}

// unfrozen answers account_frozen while an account is.
func (s *Service) unfrozen(ctx context.Context, q db.Querier, accountID string) error {
	f, frozen, err := s.freezeOf(ctx, q, accountID)
	if err != nil || !frozen {
		return err
	}
	return f.refusal()
}

// refusal is what whoever would get into a frozen account is told: which phone takes it back, where one does.
func (f freeze) refusal() error {
	if f.phone == "" {
		return ErrAccountFrozen.New()
	}
	return ErrAccountFrozen.New(fault.For("by_phone"), fault.Arg("phone", *masked(f.phone)), toReset)
}

// NotifyFrozen sends the text of a catalogue key to the phone that takes a frozen account back, whatever the account's is by now, when
// the transaction commits. Errors: frozen_unreachable where no phone is surely the owner's, or the account is free again.
func (s *Service) NotifyFrozen(ctx context.Context, tx *db.Tx, accountID, key string, args map[string]any) error {
	f, is, err := s.freezeOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if !is || f.phone == "" {
		return errFrozenUnreachable.New()
	}
	return s.sms.Notify(ctx, tx, f.phone, key, args)
}

// safePhone is the phone whose holder is surely the account's owner, "" where nobody can tell without asking them: the one
// of before the latest changes, as long as links live, else the present one. A change by an administrator, who may have been
// told that the phone before was stolen, leaves none; nor does a first phone that is itself in doubt; nor a phone that has
// just taken the account back, which would let two holders take turns.
func (s *Service) safePhone(ctx context.Context, tx *db.Tx, account *record, doubted SecurityEvent) (string, error) {
	if doubted.Kind == PhoneBound {
		return "", nil
	}
	rows, err := tx.Query(ctx, `SELECT kind, phone_before_sealed FROM security_events
		WHERE account_id = $1 AND at > $2 AND kind IN ($3, $4, $5, $6) ORDER BY at, id`, account.id, db.At(s.now().Add(-s.config.NoticeTTL)),
		string(PhoneChanged), string(PhoneReplaced), string(TakenBack), string(Unfrozen))
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	safe, changed, contested := account.phone, false, false
	for rows.Next() {
		var kind Notice
		var before []byte
		if err := rows.Scan(&kind, &before); err != nil {
			return "", err
		}
		switch kind {
		case Unfrozen: // what was before has been settled
			safe, changed, contested = account.phone, false, false
		case PhoneChanged:
			if !changed {
				if safe, err = s.openPhone(before); err != nil {
					return "", err
				}
			}
			changed = true
		default:
			contested = true
		}
	}
	if contested {
		safe = ""
	}
	return safe, rows.Err()
}

// takeBack ends a freeze by the phone that may: it is the account's again, unless another account has it by now, and a phone
// that had taken its place is told.
func (s *Service) takeBack(ctx context.Context, tx *db.Tx, f freeze) error {
	before, free, err := s.movePhone(ctx, tx, f.accountID, f.phone)
	if err != nil {
		return err
	}
	if err := s.thaw(ctx, tx, f.accountID, ""); err != nil {
		return err
	}
	event := audit.Event{Action: "account.take_back", Details: map[string]any{"masked_phone": masked(f.phone), "masked_phone_before": masked(before)}}
	if err := s.record(ctx, tx, f.accountID, event); err != nil {
		return err
	}
	what := happened{notice: Unfrozen}
	if before != f.phone {
		what = happened{notice: TakenBack, phoneBefore: before}
		if free {
			what.phone = f.phone
		}
		if before != "" {
			if err := s.sms.Notify(ctx, tx, before, "notice.phone_given_back", nil); err != nil {
				return err
			}
		}
	}
	return s.tell(ctx, tx, f.accountID, what, recipient{f.phone, TakenBack})
}

// thaw ends a freeze, every link that was sent before, and a recovery contact that is in doubt. The caller tells the owner.
func (s *Service) thaw(ctx context.Context, tx *db.Tx, accountID, reason string) error {
	if err := s.dropDoubtedContact(ctx, tx, accountID); err != nil {
		return err
	}
	gone, err := tx.Exec(ctx, `DELETE FROM freezes WHERE account_id = $1`, accountID)
	if err != nil {
		return err
	}
	if n, err := gone.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return ErrNotFrozen.New()
	}
	if _, err := tx.Exec(ctx, `DELETE FROM notice_links WHERE used_at IS NULL AND event_id IN (SELECT id FROM security_events WHERE account_id = $1)`,
		accountID); err != nil || s.watch == nil {
		return err
	}
	return s.watch.AccountThawed(ctx, tx, accountID, reason)
}

// Which phone an account keeps that an administrator unfreezes.
const (
	KeepBefore = "before"
	KeepNow    = "now"
)

// Unfreeze gives a frozen account of the administrator's scope back to its owner, of whom they have made sure: by a one-time
// code, and with the phone of before the change or the present one; before when keep is empty and there was one. Errors:
// not_found, forbidden, account_not_frozen; phone_taken when the phone of before is another account's by now.
func (s *Service) Unfreeze(ctx context.Context, accountID, reason, keep string) (OneTimeCode, error) {
	reason, err := audit.Reason(reason)
	if err != nil {
		return OneTimeCode{}, err
	}
	code, hash, err := s.newOneTimeCode(ctx)
	if err != nil {
		return OneTimeCode{}, err
	}
	return code, s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := s.manage(ctx, tx, accountID); err != nil {
			return err
		}
		f, frozen, err := s.freezeOf(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if !frozen {
			return ErrNotFrozen.New()
		}
		if err := s.storeCode(ctx, tx, accountID, hash, code); err != nil {
			return err
		}
		return s.giveBack(ctx, tx, f, reason, keep)
	})
}

func (s *Service) giveBack(ctx context.Context, tx *db.Tx, f freeze, reason, keep string) error {
	account, err := s.load(ctx, tx, f.accountID)
	if err != nil {
		return err
	}
	before := f.before(account.phone)
	if before != "" && keep != KeepNow {
		if _, free, err := s.movePhone(ctx, tx, f.accountID, before); err != nil {
			return err
		} else if !free {
			return phoneOfAnother()
		}
	}
	if err := s.thaw(ctx, tx, f.accountID, reason); err != nil {
		return err
	}
	event := audit.Event{Action: "account.unfreeze", Reason: reason, Details: map[string]any{"event": f.event.Kind, "phone": keep}}
	if err := s.record(ctx, tx, f.accountID, event); err != nil {
		return err
	}
	return s.tell(ctx, tx, f.accountID, happened{notice: Unfrozen}, recipient{before, Unfrozen}, recipient{account.reach(), Unfrozen})
}

// before is the phone that the account had before what is in doubt, "" when it is the present one.
func (f freeze) before(now string) string {
	for _, phone := range []string{f.phoneBefore, f.phone} {
		if phone != "" && phone != now {
			return phone
		}
	}
	return ""
}

// Freeze is a frozen account as those see it who may give it back.
type Freeze struct {
	FrozenAt          time.Time     `json:"frozen_at"`
	Event             SecurityEvent `json:"event" doc:"What the owner said they had not done"`
	MaskedPhoneBefore *string       `json:"masked_phone_before" doc:"The phone that the account had before; null when it is the present one"`
	MaskedPhone       *string       `json:"masked_phone" doc:"The phone that takes the account back by resetting the password; null where none safely does"`
}

// FreezeOf is the account's freeze, nil when it has none.
func (s *Service) FreezeOf(ctx context.Context, q db.Querier, accountID string) (*Freeze, error) {
	f, frozen, err := s.freezeOf(ctx, q, accountID)
	if err != nil || !frozen {
		return nil, err
	}
	phone, err := s.PhoneOf(ctx, q, accountID)
	if err != nil {
		return nil, err
	}
	// An administrator learns what happened and when; where a person goes about is their own affair.
	f.event.Place, f.event.Device = Place{Kind: "unknown"}, Device{}
	return &Freeze{FrozenAt: f.at.Time, Event: f.event, MaskedPhoneBefore: masked(f.before(phone)), MaskedPhone: masked(f.phone)}, nil
}
