package consent

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/slips"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Codes of this room.
var (
	ErrTextChanged = fault.Define(fault.Conflict, "consent_text_changed")
	ErrNotAsked    = fault.Define(fault.Conflict, "consent_not_asked")
	ErrLinkEnded   = fault.Define(fault.Gone, "consent_link_ended")
	ErrByGuardians = fault.Define(fault.Conflict, "consent_by_guardians")
)

// Config says where people reach the platform, and how long a link by SMS works.
type Config struct {
	PublicURL string
	LinkTTL   time.Duration
}

// Service is the room. It is safe for concurrent use.
type Service struct {
	db           *db.DB
	accounts     *accounts.Service
	roster       *roster.Service
	verification *verification.Service
	slips        *slips.Service
	config       Config
}

// New makes the room.
func New(d *db.DB, a *accounts.Service, r *roster.Service, v *verification.Service, p *slips.Service, config Config) *Service {
	if config.LinkTTL == 0 {
		config.LinkTTL = 7 * 24 * time.Hour
	}
	return &Service{db: d, accounts: a, roster: r, verification: v, slips: p, config: config}
}

// State is how it stands with a purpose.
type State string

// The states.
const (
	NotAsked  State = "not_asked" // nobody has answered
	Given     State = "given"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
	Outdated  State = "outdated" // the text has changed since: it is asked again
	Lapsed    State = "lapsed"   // who gave it is no guardian any more
)

// channels
const (
	inSpace = "space"
	bySMS   = "sms"
	bySlip  = "slip"
)

// undecided tells whether somebody has yet to answer.
func undecided(state State) bool { return state == NotAsked || state == Outdated || state == Lapsed }

// standing is the latest that was said to a purpose.
type standing struct {
	decision State
	version  int
	channel  string
	who      string
	relation string
	at       db.Time
	linkID   string // the guardian's who said it; "" by slip
	counts   bool   // said by slip, or by somebody who is a guardian yet
}

// standingColumns are what [standing.scan] reads of consent_records r.
const standingColumns = `r.decision, r.version, r.channel, r.who, r.relation, r.at, r.link_id, r.link_id = '' OR EXISTS (SELECT 1 FROM guardian_links g WHERE g.id = r.link_id)`

func (r *standing) scan() []any {
	return []any{&r.decision, &r.version, &r.channel, &r.who, &r.relation, &r.at, &r.linkID, &r.counts}
}

// state is how it stands with a purpose by what was said last.
func (r *standing) state(p Purpose) State {
	switch {
	case r.version != current[p].version:
		return Outdated
	case r.decision == Given && !r.counts:
		return Lapsed
	}
	return r.decision
}

func (s *Service) standing(ctx context.Context, q db.Querier, entryID string, p Purpose) (r standing, state State, err error) {
	err = q.QueryRow(ctx, `SELECT `+standingColumns+` FROM consent_records r WHERE r.entry_id = $1 AND r.purpose = $2 AND r.standing`, entryID, string(p)).Scan(r.scan()...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return r, NotAsked, nil
	case err != nil:
		return r, "", err
	}
	return r, r.state(p), nil
}

// Given tells whether a purpose beyond schooling has what it needs for a person of the registry: nothing from fourteen on; before,
// a guardian's consent to the text of now. Somebody whose document tells no age is asked for as a child. What belongs to schooling
// never asks it.
func (s *Service) Given(ctx context.Context, q db.Querier, entryID string, p Purpose) (bool, error) {
	entry, err := s.roster.EntryByID(ctx, q, entryID)
	if err != nil {
		return false, err
	}
	if needs, err := s.needs(entry); err != nil || !needs {
		return err == nil, err
	}
	_, state, err := s.standing(ctx, q, entryID, p)
	return state == Given, err
}

// needs tells whether a person takes a guardian's consent.
func (s *Service) needs(e roster.Entry) (bool, error) {
	if e.Kind != roster.Student {
		return false, nil
	}
	ofAge, err := s.roster.OfOwnAge(e)
	return !ofAge, err
}

// Asked is a purpose as a guardian is asked for it, in the reader's language.
type Asked struct {
	Purpose Purpose    `json:"purpose" enum:"space_beyond_class,third_party_apps"`
	Version int        `json:"version" doc:"Of the text; what is said names it"`
	Title   string     `json:"title"`
	Text    string     `json:"text"`
	State   State      `json:"state" enum:"not_asked,given,refused,withdrawn,outdated,lapsed"`
	At      *time.Time `json:"at" doc:"When it was said last"`
	Channel string     `json:"channel,omitempty" enum:"space,sms,slip"`
	Who     string     `json:"masked_who,omitempty" doc:"Which guardian said it"`
}

// asked lists the purposes for a child.
func (s *Service) asked(ctx context.Context, q db.Querier, entryID string) ([]Asked, error) {
	language := access.ClientFrom(ctx).Language
	all := make([]Asked, 0, len(Purposes()))
	for _, p := range Purposes() {
		said, state, err := s.standing(ctx, q, entryID, p)
		if err != nil {
			return nil, err
		}
		a := Asked{Purpose: p, Version: current[p].version, State: state}
		a.Title, a.Text = current[p].in(language)
		if state != NotAsked {
			a.At, a.Channel, a.Who = &said.at.Time, said.channel, vault.MaskName(said.who)
		}
		all = append(all, a)
	}
	return all, nil
}

// Decision is what a guardian says to one purpose.
type Decision struct {
	Purpose Purpose `json:"purpose" maxLength:"40" doc:"space_beyond_class or third_party_apps"`
	Version int     `json:"version" doc:"Of the text that was read"`
	Given   bool    `json:"given" doc:"False to refuse or, what was given, to withdraw"`
}

// author is who says something, and how.
type author struct {
	channel, accountID, linkID, name, relation string
}

// say records decisions about a child, whose entry the caller holds, and tells the other guardians where one changes what another
// said. Errors: invalid for an unknown purpose; consent_text_changed for
// another version of the text; consent_not_asked for a child who is fourteen by now.
func (s *Service) say(ctx context.Context, tx *db.Tx, entryID string, by author, decisions []Decision) error {
	entry, err := s.roster.EntryByID(ctx, tx, entryID)
	if err != nil {
		return err
	}
	if needs, err := s.needs(entry); err != nil {
		return err
	} else if !needs {
		return ErrNotAsked.New(fault.Next("home", "/space"))
	}
	overruled := false
	for _, d := range decisions {
		w, known := current[d.Purpose]
		if !known {
			return fault.ErrInvalid.New(fault.Field("purpose", "not_allowed"))
		}
		if d.Version != w.version {
			return ErrTextChanged.New()
		}
		before, state, err := s.standing(ctx, tx, entryID, d.Purpose)
		if err != nil {
			return err
		}
		decision := Given
		switch {
		case d.Given && state == Given, !d.Given && (state == Refused || state == Withdrawn):
			continue // as it stands
		case !d.Given && state == Given:
			decision = Withdrawn
		case !d.Given:
			decision = Refused
		}
		if err := s.write(ctx, tx, entry, by, d.Purpose, w, decision); err != nil {
			return err
		}
		overruled = overruled || !undecided(state) && before.counts && before.linkID != "" && before.linkID != by.linkID
	}
	if !overruled {
		return nil
	}
	return s.tellOthers(ctx, tx, entry, by)
}

// tellOthers tells the child's other guardians that one has changed what another said.
func (s *Service) tellOthers(ctx context.Context, tx *db.Tx, entry roster.Entry, by author) error {
	guardians, err := s.verification.GuardiansToTell(ctx, tx, entry, "")
	if err != nil {
		return err
	}
	for _, accountID := range guardians {
		if accountID == by.accountID {
			continue
		}
		if err := s.accounts.Notify(ctx, tx, accountID, "notice.consent_changed", map[string]any{"name": vault.MaskName(entry.Name), "link": s.page("/space#consents")}); err != nil {
			return err
		}
	}
	return nil
}

// page is the address of a page of the platform, as messages name it.
func (s *Service) page(path string) string { return strings.TrimSuffix(s.config.PublicURL, "/") + path }

func (s *Service) write(ctx context.Context, tx *db.Tx, entry roster.Entry, by author, p Purpose, w words, decision State) error {
	if _, err := tx.Exec(ctx, `UPDATE consent_records SET standing = false WHERE entry_id = $1 AND purpose = $2 AND standing`, entry.ID, string(p)); err != nil {
		return err
	}
	language := access.ClientFrom(ctx).Language
	if language == "" {
		language = messages.Chinese
	}
	now := db.Now()
	if _, err := tx.Exec(ctx, `INSERT INTO consent_records (id, entry_id, purpose, version, text_hash, language, decision, channel, account_id, link_id, who, relation, at, standing)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, true)`,
		db.IDAt(now.Time), entry.ID, string(p), w.version, w.hash, language, string(decision), by.channel, by.accountID, by.linkID, by.name, by.relation, now); err != nil {
		return err
	}
	details, err := s.roster.Subject(entry)
	if err != nil {
		return err
	}
	details["purpose"], details["version"], details["decision"], details["channel"] = string(p), w.version, string(decision), by.channel
	return audit.Record(ctx, tx, audit.Event{Action: "consent.say", Target: "entry", TargetID: entry.ID, Place: entry.Place(), Details: details})
}

// guardian reads what whoever holds a slip says of themselves.
func guardian(name, relation string) (author, error) {
	name = identity.Clean(name)
	var bad []fault.Option
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		bad = append(bad, fault.Field("name", "missing"))
	case n > 50:
		bad = append(bad, fault.FieldWith("name", "too_long", map[string]any{"max": 50}))
	}
	if !slices.Contains([]string{"father", "mother", "other"}, relation) {
		bad = append(bad, fault.Field("relation", "not_allowed"))
	}
	if bad != nil {
		return author{}, fault.ErrInvalid.New(bad...)
	}
	return author{channel: bySlip, name: name, relation: relation}, nil
}
