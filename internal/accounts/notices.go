package accounts

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/server"
)

// Notice is something that happened to an account's security, and that its owner is told of. Its text for the phone is the
// catalogue's "notice." and the notice, where {link} stands for the way to say "this was not me"; its name in requests is
// "event." and the notice.
type Notice string

// The notices of this room. Other rooms have their own.
const (
	PasswordChanged  Notice = "password_changed"
	PhoneBound       Notice = "phone_bound"   // the first one
	PhoneChanged     Notice = "phone_changed" // by the owner
	PhoneReplaced    Notice = "phone_replaced"
	CodeIssued       Notice = "code_issued"
	Frozen           Notice = "frozen"
	Unfrozen         Notice = "unfrozen"
	TakenBack        Notice = "taken_back" // by the phone of before the change
	ContactSet       Notice = "contact_set"
	ContactRemoved   Notice = "contact_removed"
	ClosingAsked     Notice = "closing_asked"
	ClosingCancelled Notice = "closing_cancelled"
)

// ChildLinked tells a pupil of a guardian whom somebody has confirmed. It is verification's, and known here because its link has an
// answer of its own ([Service.ObjectBy]).
const ChildLinked Notice = "child_linked"

// What the phone that an account has from now on is told, where the one before is told of the change.
const (
	phoneNow      Notice = "phone_now"
	phoneAssigned Notice = "phone_assigned"
)

// frozenByPhone is what is told of a freeze that a phone ends.
const frozenByPhone Notice = "frozen_by_phone"

// happened is a notice with what is kept of it.
type happened struct {
	id          string // of the event, "" for any
	notice      Notice
	phone       string // that it is about, "" for none
	phoneBefore string // that it replaced
	args        map[string]any
}

// Tell keeps a notice among the account's security events and sends it to the account's phone when the transaction
// commits, or to its recovery contact when it has no phone of its own, with a link that says "this was not me". It is the
// door for every change that an account's owner must learn of: a binding, a second factor. Args fill the text; they must
// hold no number in full.
func (s *Service) Tell(ctx context.Context, tx *db.Tx, accountID string, notice Notice, args map[string]any) error {
	return s.TellAs(ctx, tx, "", accountID, notice, args)
}

// TellAs is [Service.Tell] of an event with an id of the caller's, a new one, for those who ask later what was said of it
// ([Service.Objected]).
func (s *Service) TellAs(ctx context.Context, tx *db.Tx, eventID, accountID string, notice Notice, args map[string]any) error {
	return s.Telling().tellAs(ctx, tx, eventID, accountID, notice, args)
}

// Telling tells several accounts of one event: a phone behind two of them, such as a guardian's that is also the recovery contact of
// the child's account, gets the first text alone.
type Telling struct {
	service *Service
	told    map[string]bool
}

// Telling begins to tell of an event.
func (s *Service) Telling() *Telling { return &Telling{s, map[string]bool{"": true}} }

// Tell is [Service.Tell].
func (t *Telling) Tell(ctx context.Context, tx *db.Tx, accountID string, notice Notice, args map[string]any) error {
	return t.tellAs(ctx, tx, "", accountID, notice, args)
}

func (t *Telling) tellAs(ctx context.Context, tx *db.Tx, eventID, accountID string, notice Notice, args map[string]any) error {
	account, err := t.service.load(ctx, tx, accountID)
	if err != nil {
		return err
	}
	return t.tell(ctx, tx, accountID, happened{id: eventID, notice: notice, args: args}, recipient{account.reach(), notice})
}

// Notify is [Service.Notify].
func (t *Telling) Notify(ctx context.Context, tx *db.Tx, accountID, key string, args map[string]any) error {
	account, err := t.service.load(ctx, tx, accountID)
	if fault.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil || !t.first(account.reach()) {
		return err
	}
	return t.service.sms.Notify(ctx, tx, account.reach(), key, args)
}

// first tells whether a phone has not been told yet.
func (t *Telling) first(phone string) bool {
	before := t.told[phone]
	t.told[phone] = true
	return !before
}

// recipient is a phone, "" for none, and the text that it gets.
type recipient struct {
	phone string
	text  Notice
}

// tell is [Service.Tell] to phones of one's choice; a phone that comes twice is told once.
func (s *Service) tell(ctx context.Context, tx *db.Tx, accountID string, what happened, recipients ...recipient) error {
	return s.Telling().tell(ctx, tx, accountID, what, recipients...)
}

func (t *Telling) tell(ctx context.Context, tx *db.Tx, accountID string, what happened, recipients ...recipient) error {
	s := t.service
	actor, client, now := access.ActorFrom(ctx), access.ClientFrom(ctx), db.At(s.now())
	by, address, userAgent := byOwner, client.Address, client.UserAgent
	if actor.Anonymous() && client.Address == "" { // no request: what somebody waits for has come
		by = byPlatform
	} else if actor.AccountID != accountID && !actor.Anonymous() {
		by, address, userAgent = byAdministrator, "", ""
		if len(actor.Grants) > 0 && !slices.ContainsFunc(actor.Grants, func(g access.Grant) bool { return g.Level != access.Service }) {
			by = byService
		}
	}
	var about string
	var before []byte
	if what.phone != "" {
		about = *masked(what.phone)
	}
	if what.phoneBefore != "" {
		before = s.vault.Seal(phonePurpose, what.phoneBefore)
	}
	id := cmp.Or(what.id, db.NewID())
	_, err := tx.Exec(ctx, `INSERT INTO security_events (id, account_id, kind, done_by, address, user_agent, masked_phone, phone_before_sealed, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id, accountID, string(what.notice), by, address, userAgent, about, before, now)
	if err != nil {
		return err
	}
	for _, r := range recipients {
		if !t.first(r.phone) {
			continue
		}
		args := map[string]any{"phone": about}
		maps.Copy(args, what.args)
		if args["link"], err = s.newLink(ctx, tx, id, now); err != nil {
			return err
		}
		if err := s.sms.Notify(ctx, tx, r.phone, "notice."+string(r.text), args); err != nil {
			return err
		}
	}
	return nil
}

const (
	byOwner         = "owner"
	byAdministrator = "administrator"
	byService       = "service"
	byPlatform      = "platform"

	linkBytes = 16
	linkPath  = "/n#" // the token is no part of the address that a browser asks for: no log and no Referer holds it
)

// newLink makes the link that says "this was not me". Without an address of the platform it is words that say what to do.
func (s *Service) newLink(ctx context.Context, tx *db.Tx, eventID string, now db.Time) (string, error) {
	if s.config.PublicURL == "" {
		return messages.Text(messages.Chinese, "notice.without_link", nil), nil
	}
	raw := make([]byte, linkBytes)
	_, _ = rand.Read(raw) // never fails, by its contract
	token := base64.RawURLEncoding.EncodeToString(raw)
	_, err := tx.Exec(ctx, `INSERT INTO notice_links (token_hash, event_id, expires_at) VALUES ($1, $2, $3)`,
		hashToken(token), eventID, db.At(now.Add(s.config.NoticeTTL)))
	return strings.TrimSuffix(s.config.PublicURL, "/") + linkPath + token, err
}

// SecurityEvent is a notice as the account's owner reads it again.
type SecurityEvent struct {
	ID          string    `json:"id"`
	Kind        Notice    `json:"kind" doc:"password_changed, phone_changed, bound, unbound, frozen …"`
	At          time.Time `json:"at"`
	By          string    `json:"by" enum:"owner,administrator,service,platform" doc:"owner: with the account's own means, whoever held them; platform: by no request, as when the school has entered whom the owner waited for"`
	MaskedPhone string    `json:"masked_phone" doc:"Of the phone that it is about; empty otherwise"`
	Device      Device    `json:"device"`
	Place       Place     `json:"place"`
}

const eventColumns = `e.id, e.kind, e.at, e.done_by, e.masked_phone, e.user_agent, e.address`

func (s *Service) scanEvent(row interface{ Scan(...any) error }, more ...any) (e SecurityEvent, err error) {
	var at db.Time
	var userAgent, address string
	columns := []any{&e.ID, &e.Kind, &at, &e.By, &e.MaskedPhone, &userAgent, &address}
	err = row.Scan(append(columns, more...)...)
	e.At, e.Device, e.Place = at.Time, DeviceOf(userAgent), s.config.Addresses.placeOf(address)
	return e, err
}

// SecurityEvents lists what happened to the actor's account, the newest first.
func (s *Service) SecurityEvents(ctx context.Context, page server.PageInput) (server.Page[SecurityEvent], error) {
	query, args := `SELECT `+eventColumns+` FROM security_events e WHERE e.account_id = $1`, []any{access.ActorFrom(ctx).AccountID}
	if page.Cursor != "" {
		query, args = query+` AND e.id < $2`, append(args, page.Cursor)
	}
	rows, err := s.db.Query(ctx, fmt.Sprintf("%s ORDER BY e.id DESC LIMIT %d", query, page.Limit+1), args...)
	if err != nil {
		return server.Page[SecurityEvent]{}, err
	}
	defer func() { _ = rows.Close() }()
	var items []SecurityEvent
	for rows.Next() {
		e, err := s.scanEvent(rows)
		if err != nil {
			return server.Page[SecurityEvent]{}, err
		}
		items = append(items, e)
	}
	return server.NewPage(items, page.Limit, func(e SecurityEvent) string { return e.ID }), rows.Err()
}
