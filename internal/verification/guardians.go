package verification

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/identity"
	"caotang/internal/roster"
	"caotang/internal/vault"
)

// GuardianState is how far a guardian's request has come.
type GuardianState string

// The states. Asked may become any of the next four, Confirmed the last two; nothing else changes.
const (
	Asked         GuardianState = "asked"
	Confirmed     GuardianState = "confirmed"
	Declined      GuardianState = "declined"
	Withdrawn     GuardianState = "withdrawn"
	Expired       GuardianState = "expired"
	Left          GuardianState = "left"  // the guardian went
	EndedBySchool GuardianState = "ended" // the end of custody
)

// Channel is what confirmed a guardian, or declined one.
type Channel string

// The channels.
const (
	BySlip         Channel = "slip"          // the child's printed slip
	ByClassTeacher Channel = "class_teacher" // of the child's class
	BySchool       Channel = "school"        // an administrator
	ByChild        Channel = "child"         // of their own age: see [roster.OwnAge]
	FromBefore     Channel = "before"        // nobody was asked then
)

// Relation is what a guardian is to the child.
type Relation string

var relations = []Relation{"father", "mother", "other"}

// Guardian is what whoever asks to be one says of themselves, for those who confirm it.
type Guardian struct {
	Name     string   // "" when not told
	Relation Relation // likewise
}

const maxGuardianName = 50 // characters

// Check reads what a guardian says of themselves; both may be left out. Errors: invalid.
func (g *Guardian) Check() error {
	var bad []fault.Option
	if g.Name = identity.Clean(g.Name); utf8.RuneCountInString(g.Name) > maxGuardianName {
		bad = append(bad, fault.FieldWith("guardian_name", "too_long", map[string]any{"max": maxGuardianName}))
	}
	if g.Relation != "" && !slices.Contains(relations, g.Relation) {
		bad = append(bad, fault.Field("relation", "not_allowed"))
	}
	if bad != nil {
		return fault.ErrInvalid.New(bad...)
	}
	return nil
}

// How many, and how long.
const (
	MostChildren  = 10 // of one account, requests that wait among them
	MostGuardians = 6  // of one child
	MostAsked     = 3  // requests of one account for one child within [RequestLasts]

	RequestLasts = 30 * 24 * time.Hour
)

// Codes of guardians.
var (
	ErrChildrenFull  = fault.Define(fault.Conflict, "children_full")
	ErrGuardiansFull = fault.Define(fault.Conflict, "guardians_full")
	ErrDecided       = fault.Define(fault.Conflict, "guardian_decided")
	ErrSchoolOnly    = fault.Define(fault.Forbidden, "guardian_school_only")
	ErrOwnRequest    = fault.Define(fault.Forbidden, "guardian_own_request")
)

const (
	boundState = "bound"
	askedState = string(Asked)
)

// GuardianRequest is a guardian's request or, once it is confirmed, their link.
type GuardianRequest struct {
	ID         string
	AccountID  string
	EntryID    string
	Guardian   Guardian
	AskedName  string // the child's, masked, as it was typed
	AskedID    string // likewise
	State      GuardianState
	SchoolOnly bool
	Channel    Channel
	AskedAt    db.Time
	ExpiresAt  db.Time
	DecidedAt  db.NullTime
	EndedAt    db.NullTime
	Reason     string
}

// AskGuardian files that an account asks to be a pupil's guardian, in the caller's transaction, and records it; what waits, or
// is confirmed, already stays as it is (F-21). The caller has made sure that whoever asks knows the child's number and name. Until
// it is confirmed the account learns nothing of the child. Errors: already_bound for a pupil's account; children_full,
// guardians_full; too_many_attempts for whoever asks again and again.
func (s *Service) AskGuardian(ctx context.Context, tx *db.Tx, accountID string, entry roster.Entry, in Claim, as Guardian) (GuardianRequest, error) {
	live, err := s.mayAsk(ctx, tx, accountID, entry)
	if err != nil || live != nil {
		return value(live), err
	}
	now := db.Now()
	r := GuardianRequest{
		ID: db.IDAt(now.Time), AccountID: accountID, EntryID: entry.ID, Guardian: as, State: Asked,
		AskedName: vault.MaskName(identity.Clean(in.Name)), AskedID: vault.MaskIDNumber(in.number()),
		AskedAt: now, ExpiresAt: db.At(now.Add(RequestLasts)),
	}
	if r.SchoolOnly, err = exists(ctx, tx, `SELECT EXISTS (SELECT 1 FROM guardian_requests WHERE entry_id = $1 AND account_id = $2
		AND (state = 'ended' OR state = 'declined' AND channel = 'school'))`, entry.ID, accountID); err != nil {
		return r, err
	}
	if err := insertRequest(ctx, tx, r); err != nil {
		return r, err
	}
	return r, s.record(ctx, tx, actionOf(Asked), entry, accountID, "", nil)
}

// mayAsk holds the child's entry and the account, and answers the pair's request that waits or is confirmed, if there is one.
func (s *Service) mayAsk(ctx context.Context, tx *db.Tx, accountID string, entry roster.Entry) (*GuardianRequest, error) {
	if _, err := Hold(ctx, tx, entry.ID); err != nil {
		return nil, err
	}
	if err := s.accounts.Hold(ctx, tx, accountID); err != nil {
		return nil, err
	}
	if pupil, err := exists(ctx, tx, `SELECT EXISTS (SELECT 1 FROM bindings WHERE account_id = $1 AND kind = 'student')`, accountID); err != nil {
		return nil, err
	} else if pupil { // pupils are nobody's guardians
		return nil, AccountBound()
	}
	live, err := requests(ctx, tx, ` WHERE account_id = $1 AND state IN ('asked', 'confirmed') ORDER BY id`, accountID)
	if err != nil {
		return nil, err
	}
	for i := range live {
		if live[i].EntryID == entry.ID {
			return &live[i], nil
		}
	}
	if len(live) >= MostChildren {
		return nil, ErrChildrenFull.New(fault.Arg("limit", MostChildren), fault.Next("my_children", "/space"))
	}
	if err := roomForGuardian(ctx, tx, entry.ID); err != nil {
		return nil, err
	}
	now := db.Now()
	asked, err := requests(ctx, tx, ` WHERE account_id = $1 AND entry_id = $2 AND asked_at > $3 ORDER BY id`, accountID, entry.ID, db.At(now.Add(-RequestLasts)))
	if err == nil && len(asked) >= MostAsked {
		err = guard.ErrTooManyAttempts.New(fault.RetryAfter(asked[len(asked)-MostAsked].AskedAt.Add(RequestLasts).Sub(now.Time)))
	}
	return nil, err
}

func roomForGuardian(ctx context.Context, tx *db.Tx, entryID string) error {
	var guardians int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM guardian_links WHERE entry_id = $1`, entryID).Scan(&guardians)
	if err == nil && guardians >= MostGuardians {
		err = ErrGuardiansFull.New(fault.Arg("limit", MostGuardians))
	}
	return err
}

// HoldGuardian reads a request for its child's entry and its account to be changed, in the caller's transaction: whoever decides,
// withdraws or ends it, unbinds or replaces the entry takes turns. Errors: not_found.
func (s *Service) HoldGuardian(ctx context.Context, tx *db.Tx, id string) (GuardianRequest, error) {
	for range 3 { // an entry that is replaced meanwhile takes its requests along
		r, err := oneRequest(ctx, tx, id)
		if err != nil {
			return r, err
		}
		if _, err := Hold(ctx, tx, r.EntryID); fault.Is(err, fault.ErrNotFound) {
			continue
		} else if err != nil {
			return r, err
		}
		if err := s.accounts.Hold(ctx, tx, r.AccountID); err != nil {
			return r, err
		}
		held := r.EntryID
		if r, err = oneRequest(ctx, tx, id); err != nil || r.EntryID == held {
			return r, err
		}
	}
	return GuardianRequest{}, fault.ErrNotFound.New()
}

// ConfirmGuardian makes the account of a request that waits the child's guardian, records it and tells both. The caller has made
// sure that the channel may. Errors: not_found; guardian_decided when it waits no longer; guardian_school_only;
// guardian_own_request for a teacher or an administrator who would answer their own;
// guardians_full; already_bound when the account has become a pupil's.
func (s *Service) ConfirmGuardian(ctx context.Context, tx *db.Tx, id string, channel Channel) (GuardianRequest, error) {
	r, entry, err := s.decide(ctx, tx, id, Confirmed, channel, "")
	if err != nil {
		return r, err
	}
	pupil, err := exists(ctx, tx, `SELECT EXISTS (SELECT 1 FROM bindings WHERE account_id = $1 AND kind = 'student')`, r.AccountID)
	if err != nil {
		return r, err
	}
	if pupil {
		return r, AccountBound()
	}
	if err := roomForGuardian(ctx, tx, r.EntryID); err != nil {
		return r, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO guardian_links (id, account_id, entry_id, created_at) VALUES ($1, $2, $3, $4)`, r.ID, r.AccountID, r.EntryID, r.DecidedAt); err != nil {
		return r, err
	}
	bound, err := exists(ctx, tx, `SELECT EXISTS (SELECT 1 FROM bindings WHERE account_id = $1)`, r.AccountID)
	if err != nil {
		return r, err
	}
	if !bound {
		if err := s.accounts.SetRole(ctx, tx, r.AccountID, Parent); err != nil {
			return r, err
		}
	}
	return r, s.tellAll(ctx, tx, r, entry, guardianLinked, accounts.ChildLinked, otherLinked)
}

// CloseGuardian ends a request that waits without its being confirmed: declined, withdrawn or expired. Errors: as for
// [Service.ConfirmGuardian].
func (s *Service) CloseGuardian(ctx context.Context, tx *db.Tx, id string, state GuardianState, channel Channel, reason string) (GuardianRequest, error) {
	r, _, err := s.decide(ctx, tx, id, state, channel, reason)
	return r, err
}

func (s *Service) decide(ctx context.Context, tx *db.Tx, id string, state GuardianState, channel Channel, reason string) (r GuardianRequest, entry roster.Entry, err error) {
	if r, err = s.HoldGuardian(ctx, tx, id); err != nil {
		return r, entry, err
	}
	if (channel == BySchool || channel == ByClassTeacher) && r.AccountID == access.ActorFrom(ctx).AccountID {
		return r, entry, ErrOwnRequest.New()
	}
	if r.SchoolOnly && state == Confirmed && channel != BySchool {
		return r, entry, ErrSchoolOnly.New()
	}
	if entry, err = s.roster.EntryByID(ctx, tx, r.EntryID); err != nil {
		return r, entry, err
	}
	now := db.Now()
	result, err := tx.Exec(ctx, `UPDATE guardian_requests SET state = $1, channel = $2, decided_at = $3, decided_by = $4, reason = $5 WHERE id = $6 AND state = 'asked'`,
		string(state), string(channel), now, access.ActorFrom(ctx).AccountID, reason, id)
	if err != nil {
		return r, entry, err
	}
	if n, err := result.RowsAffected(); err != nil {
		return r, entry, err
	} else if n == 0 {
		return r, entry, ErrDecided.New(fault.Detail("state", string(r.State)))
	}
	r.State, r.Channel, r.Reason, r.DecidedAt = state, channel, reason, db.NullTime{Time: now, Valid: true}
	return r, entry, s.recordGuardian(ctx, tx, actionOf(state), entry, r)
}

// actionOf is what the record calls a request's coming to a state.
func actionOf(state GuardianState) (action string) {
	switch state {
	case Confirmed:
		action = "guardian.link"
	case Declined:
		action = "guardian.decline"
	case Withdrawn:
		action = "guardian.withdraw"
	case Expired:
		action = "guardian.expire"
	case Left:
		action = "guardian.unlink"
	case EndedBySchool:
		action = "guardian.end"
	case Asked:
		action = "guardian.ask"
	}
	return action
}

func (s *Service) recordGuardian(ctx context.Context, tx *db.Tx, action string, entry roster.Entry, r GuardianRequest) error {
	return s.record(ctx, tx, action, entry, r.AccountID, r.Reason, map[string]any{"channel": string(r.Channel)})
}

// EndGuardian ends a guardian's link, and tells both: [Left] by the guardian themselves, [EndedBySchool] with the reason, after which the
// school alone confirms that account for that child. Errors: not_found when it has just gone; guardian_own_request for an administrator
// who is a guardian of the child themselves, or asks to be.
func (s *Service) EndGuardian(ctx context.Context, tx *db.Tx, id string, state GuardianState, reason string) error {
	r, err := s.HoldGuardian(ctx, tx, id)
	if err != nil {
		return err
	}
	if state == EndedBySchool {
		if err := s.unconcerned(ctx, tx, r.EntryID); err != nil {
			return err
		}
	}
	entry, err := s.roster.EntryByID(ctx, tx, r.EntryID)
	if err != nil {
		return err
	}
	result, err := tx.Exec(ctx, `UPDATE guardian_requests SET state = $1, ended_at = $2, reason = $3 WHERE id = $4 AND state = 'confirmed'`, string(state), db.Now(), reason, id)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return fault.ErrNotFound.New()
	}
	if _, err := tx.Exec(ctx, `DELETE FROM guardian_links WHERE id = $1`, id); err != nil {
		return err
	}
	r.Reason = reason
	if err := s.recordGuardian(ctx, tx, actionOf(state), entry, r); err != nil {
		return err
	}
	if state == Left {
		return s.tellAll(ctx, tx, r, entry, guardianLeft, childLeft, otherGone)
	}
	return s.tellAll(ctx, tx, r, entry, guardianEnded, childEnded, otherGone)
}

// unconcerned refuses whoever is a guardian of the child themselves, or asks to be.
func (s *Service) unconcerned(ctx context.Context, tx *db.Tx, entryID string) error {
	all, err := s.GuardiansOf(ctx, tx, entryID)
	if err == nil && slices.ContainsFunc(all, func(g GuardianRequest) bool { return g.AccountID == access.ActorFrom(ctx).AccountID }) {
		err = ErrOwnRequest.New()
	}
	return err
}

// What a guardian, and the child's account, are told of.
const (
	guardianLinked accounts.Notice = "guardian_linked"
	guardianLeft   accounts.Notice = "guardian_left"
	guardianEnded  accounts.Notice = "guardian_ended"
	childLeft      accounts.Notice = "child_left"
	childEnded     accounts.Notice = "child_ended"
)

// What the child's other guardians are told.
const (
	otherLinked = "notice.other_guardian_linked"
	otherGone   = "notice.other_guardian_gone"
)

// tellAll tells the guardian, unless their account has just been closed, the child where they have an account, and the child's other
// confirmed guardians that one has come or gone.
func (s *Service) tellAll(ctx context.Context, tx *db.Tx, r GuardianRequest, entry roster.Entry, toGuardian, toChild accounts.Notice, toOthers string) error {
	args, telling := map[string]any{"name": vault.MaskName(entry.Name), "school": entry.School.Name}, s.accounts.Telling()
	if err := telling.Tell(ctx, tx, r.AccountID, toGuardian, args); err != nil && !fault.Is(err, fault.ErrNotFound) {
		return err
	}
	if entry.AccountID != "" { // before the others: its text has the link by which one says that it is wrong
		if err := telling.Tell(ctx, tx, entry.AccountID, toChild, args); err != nil {
			return err
		}
	}
	all, err := s.GuardiansOf(ctx, tx, entry.ID)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.State != Confirmed || other.ID == r.ID {
			continue
		}
		if err := telling.Notify(ctx, tx, other.AccountID, toOthers, args); err != nil {
			return err
		}
	}
	return nil
}

// askAndShow asks, and shows what whoever asks may see: what they typed, until it is confirmed.
func (s *Service) askAndShow(ctx context.Context, tx *db.Tx, accountID string, entry roster.Entry, in Claim, as Guardian) (*Binding, error) {
	r, err := s.AskGuardian(ctx, tx, accountID, entry, in, as)
	if err != nil {
		return nil, err
	}
	if r.State == Confirmed {
		return s.bindingTo(ctx, tx, accountID, entry.ID)
	}
	return &Binding{
		ID: r.ID, Kind: Parent, Name: identity.Clean(in.Name), MaskedIDNumber: vault.MaskIDNumber(in.number()), BoundAt: r.AskedAt.Time,
		State: askedState, ExpiresAt: &r.ExpiresAt.Time, EntryKind: Student,
	}, nil
}
