package guardians

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Request is a guardian's request or link as those see it who may decide it.
type Request struct {
	ID             string                     `json:"id"`
	State          verification.GuardianState `json:"state" enum:"asked,confirmed,declined,withdrawn,expired,left,ended"`
	EntryID        string                     `json:"entry_id"`
	Child          string                     `json:"child"`
	School         string                     `json:"school"`
	ClassID        string                     `json:"class_id,omitempty"`
	Class          string                     `json:"class,omitempty"`
	GuardianName   string                     `json:"guardian_name" doc:"As the guardian told it; empty when they did not"`
	Relation       string                     `json:"relation,omitempty" enum:"father,mother,other"`
	OtherNames     []string                   `json:"other_names" doc:"Of one that waits: who the account says to be as the guardian of other children, masked, where that is somebody else"`
	MaskedUsername string                     `json:"masked_username"`
	MaskedPhone    string                     `json:"masked_phone,omitempty"`
	SchoolOnly     bool                       `json:"school_only" doc:"The school refused or ended it before: a class teacher cannot confirm it"`
	Channel        verification.Channel       `json:"channel,omitempty" enum:"slip,class_teacher,school,child,before"`
	AskedAt        time.Time                  `json:"asked_at"`
	ExpiresAt      time.Time                  `json:"expires_at"`
	DecidedAt      *time.Time                 `json:"decided_at"`
	EndedAt        *time.Time                 `json:"ended_at"`
	Reason         string                     `json:"reason,omitempty"`
}

// filter narrows the requests of a scope; an empty part does not.
type filter struct {
	State, ClassID, EntryID string
}

// decidable limits requests to what the actor may decide: those of their scope, and of the classes whose class teacher they are,
// but for one of their own that waits, which somebody else decides.
func (s *Service) decidable(ctx context.Context) (condition string, args []any, err error) {
	condition, args = access.ActorFrom(ctx).Reach(access.GuardiansDecide).SQL("s.region", "e.school_id", 1)
	headed, err := s.headed(ctx, s.db)
	if err != nil {
		return "", nil, err
	}
	if len(headed) > 0 {
		places := make([]string, len(headed))
		for i, class := range headed {
			args = append(args, class)
			places[i] = fmt.Sprintf("$%d", len(args))
		}
		condition = "(" + condition + " OR e.class_id IN (" + strings.Join(places, ", ") + "))"
	} else if condition == nowhere {
		return condition, args, nil
	}
	args = append(args, access.ActorFrom(ctx).AccountID)
	return condition + fmt.Sprintf(" AND (g.state <> 'asked' OR g.account_id <> $%d)", len(args)), args, nil
}

// nowhere is the condition of a reach that covers nothing.
const nowhere = "1 = 0"

const requestTables = ` FROM guardian_requests g JOIN registry_entries e ON e.id = g.entry_id JOIN schools s ON s.id = e.school_id`

// list answers what the actor may decide: what waits longest first, and of what is over the newest.
func (s *Service) list(ctx context.Context, f filter, page server.PageInput) (server.Page[Request], error) {
	condition, args, err := s.decidable(ctx)
	if err != nil {
		return server.Page[Request]{}, err
	}
	return s.within(ctx, condition, args, f, page)
}

func (s *Service) within(ctx context.Context, condition string, args []any, f filter, page server.PageInput) (server.Page[Request], error) {
	add := func(part string, value any) {
		args = append(args, value)
		condition += fmt.Sprintf(" AND "+part, len(args))
	}
	if f.State != "" {
		add("g.state = $%d", f.State)
	}
	if f.ClassID != "" {
		add("e.class_id = $%d", f.ClassID)
	}
	if f.EntryID != "" {
		add("g.entry_id = $%d", f.EntryID)
	}
	order, after := "DESC", "g.id < $%d"
	if f.State == string(verification.Asked) {
		order, after = "ASC", "g.id > $%d"
	}
	if page.Cursor != "" {
		add(after, page.Cursor)
	}
	found, err := db.Collect(ctx, s.db, `SELECT g.id, g.account_id, g.state, g.entry_id, g.guardian_name, g.relation, g.school_only, g.channel, g.asked_at, g.expires_at,
		g.decided_at, g.ended_at, g.reason`+requestTables+` WHERE `+condition+fmt.Sprintf(" ORDER BY g.id %s LIMIT %d", order, page.Limit+1), args, func(r *requestRow) []any {
		return []any{
			&r.ID, &r.accountID, &r.State, &r.EntryID, &r.GuardianName, &r.Relation, &r.SchoolOnly, &r.Channel, &r.asked, &r.expires,
			&r.decided, &r.ended, &r.Reason,
		}
	})
	if err != nil {
		return server.Page[Request]{}, err
	}
	some := server.NewPage(found, page.Limit, func(r requestRow) string { return r.ID })
	ids := make([]string, len(some.Items))
	for i, r := range some.Items {
		ids[i] = r.EntryID
	}
	entries, err := s.roster.EntriesByID(ctx, s.db, ids)
	if err != nil {
		return server.Page[Request]{}, err
	}
	requests := server.Page[Request]{Items: []Request{}, NextCursor: some.NextCursor}
	for _, r := range some.Items {
		entry, there := entries[r.EntryID]
		if !there {
			continue // gone since
		}
		shown, err := s.shown(ctx, r, entry)
		if err != nil {
			return server.Page[Request]{}, err
		}
		requests.Items = append(requests.Items, shown)
	}
	return requests, nil
}

// WaitingWithin is a page of the requests that wait in the scope that the actor administers, what waits longest first.
func (s *Service) WaitingWithin(ctx context.Context, page server.PageInput) (server.Page[Request], error) {
	condition, args := access.ActorFrom(ctx).Reach(access.GuardiansDecide).SQL("s.region", "e.school_id", 1)
	return s.within(ctx, condition, args, filter{State: string(verification.Asked)}, page)
}

type requestRow struct {
	Request
	accountID      string
	asked, expires db.Time
	decided, ended db.NullTime
}

// shown fills in the child and the account.
func (s *Service) shown(ctx context.Context, row requestRow, entry roster.Entry) (Request, error) {
	r := row.Request
	r.AskedAt, r.ExpiresAt, r.DecidedAt, r.EndedAt = row.asked.Time, row.expires.Time, row.decided.Ptr(), row.ended.Ptr()
	r.Child, r.School, r.OtherNames = entry.Name, entry.School.Name, []string{}
	if entry.Class != nil {
		r.ClassID, r.Class = entry.Class.ID, entry.Class.DisplayName
	}
	account, err := s.accounts.MaskedOf(ctx, s.db, row.accountID)
	if fault.Is(err, fault.ErrNotFound) { // closed since
		return r, nil
	}
	r.MaskedUsername, r.MaskedPhone = account.MaskedUsername, account.MaskedPhone
	if err == nil && r.State == verification.Asked {
		r.OtherNames, err = s.otherNames(ctx, row.accountID, r.GuardianName)
	}
	return r, err
}

// otherNames are those, masked, by which an account is a guardian already, but for the one that it asks by: one account is one person's.
func (s *Service) otherNames(ctx context.Context, accountID, name string) ([]string, error) {
	others := []string{}
	if name == "" {
		return others, nil
	}
	names, err := db.Collect(ctx, s.db, `SELECT DISTINCT guardian_name FROM guardian_requests
		WHERE account_id = $1 AND state = 'confirmed' AND guardian_name <> '' ORDER BY guardian_name`, []any{accountID}, func(name *string) []any { return []any{name} })
	for _, other := range names {
		if !identity.SameName(other, name) {
			others = append(others, vault.MaskName(other))
		}
	}
	return others, err
}

// Waiting counts the requests that wait for the actor.
func (s *Service) Waiting(ctx context.Context) (n int, err error) {
	condition, args, err := s.decidable(ctx)
	if err != nil || condition == nowhere {
		return 0, err
	}
	err = s.db.QueryRow(ctx, `SELECT count(*)`+requestTables+` WHERE g.state = 'asked' AND `+condition, args...).Scan(&n)
	return n, err
}

// Outcome is what became of several requests.
type Outcome struct {
	Decided int       `json:"decided"`
	Refused []Refusal `json:"refused" doc:"Those that could not be decided, and why"`
}

// Refusal is a request that could not be decided.
type Refusal struct {
	ID    string `json:"id"`
	Code  string `json:"code"`
	Title string `json:"title" doc:"In the reader's language"`
}

// decide confirms or declines requests, each by itself; a refusal says why to the guardian. When none could be decided, the first
// one's error is the answer. Errors: not_found also outside what the actor may decide; those of [verification.Service.ConfirmGuardian].
func (s *Service) decide(ctx context.Context, ids []string, confirm bool, reason string) (o Outcome, err error) {
	if !confirm {
		if reason, err = audit.Reason(reason); err != nil {
			return o, err
		}
	}
	o.Refused = []Refusal{}
	var first error
	for _, id := range ids {
		err := s.db.InTx(ctx, func(tx *db.Tx) error { return s.decideOne(ctx, tx, id, confirm, reason) })
		var f *fault.Error
		switch {
		case err == nil:
			o.Decided++
		case !errors.As(err, &f):
			return o, err
		default:
			if first == nil {
				first = err
			}
			o.Refused = append(o.Refused, Refusal{id, f.Code, messages.Text(access.ClientFrom(ctx).Language, f.Code+".title", f.Args)})
		}
	}
	if o.Decided == 0 {
		return o, first
	}
	return o, nil
}

func (s *Service) decideOne(ctx context.Context, tx *db.Tx, id string, confirm bool, reason string) error {
	r, err := s.verification.HoldGuardian(ctx, tx, id)
	if err != nil {
		return err
	}
	channel, err := s.channelFor(ctx, tx, r.EntryID)
	if err != nil {
		return err
	}
	return s.settle(ctx, tx, id, confirm, channel, reason)
}

// channelFor says what the actor is to a child: an administrator, or the class teacher. fault.ErrNotFound for anybody else.
func (s *Service) channelFor(ctx context.Context, tx *db.Tx, entryID string) (verification.Channel, error) {
	entry, err := s.roster.EntryByID(ctx, tx, entryID)
	if err != nil {
		return "", err
	}
	if access.ActorFrom(ctx).Can(access.GuardiansDecide, entry.Place()) {
		return verification.BySchool, nil
	}
	headed, err := s.headed(ctx, tx)
	if err != nil {
		return "", err
	}
	for _, class := range headed {
		if entry.Class != nil && entry.Class.ID == class {
			return verification.ByClassTeacher, nil
		}
	}
	return "", fault.ErrNotFound.New()
}

// end ends a link on the school's word, with a reason. Errors: not_found outside the actor's scope; those of
// [verification.Service.EndGuardian].
func (s *Service) end(ctx context.Context, id, reason string) error {
	reason, err := audit.Reason(reason)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.verification.HoldGuardian(ctx, tx, id)
		if err != nil {
			return err
		}
		if channel, err := s.channelFor(ctx, tx, r.EntryID); err != nil {
			return err
		} else if channel != verification.BySchool {
			return fault.ErrNotFound.New()
		}
		return s.verification.EndGuardian(ctx, tx, id, verification.EndedBySchool, reason)
	})
}

// sweepAtOnce bounds what one look of a sweep brings.
const sweepAtOnce = 100

// Sweep ends requests that nobody has answered in time, and tells who asked. Call it now and then; cut off anywhere, the next goes on.
func (s *Service) Sweep(ctx context.Context) error {
	for after := ""; ; {
		ids, err := s.verification.ExpiredRequests(ctx, db.Now(), after, sweepAtOnce)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			err := s.db.InTx(ctx, func(tx *db.Tx) error {
				r, err := s.verification.CloseGuardian(ctx, tx, id, verification.Expired, "", "")
				if err != nil {
					return err
				}
				return s.accounts.Notify(ctx, tx, r.AccountID, "notice.guardian_expired", nil)
			})
			if err != nil && !fault.Is(err, verification.ErrDecided) && !fault.Is(err, fault.ErrNotFound) {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
}

// AskedBy tells whether a request of the actor's waits.
func (s *Service) AskedBy(ctx context.Context) (waits bool, err error) {
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM guardian_requests WHERE account_id = $1 AND state = 'asked')`, access.ActorFrom(ctx).AccountID).Scan(&waits)
	return waits, err
}
