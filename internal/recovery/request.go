package recovery

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Request is a request as those see it who may decide it.
type Request struct {
	ID             string            `json:"id"`
	State          State             `json:"state" enum:"open,approved,completed,rejected,withdrawn,expired"`
	Proof          Proof             `json:"proof" enum:"school,copies"`
	Kind           string            `json:"kind" enum:"teacher,student,parent" doc:"Who the person says they are"`
	Name           string            `json:"name" doc:"As typed; a parent names the child"`
	IDType         identity.Type     `json:"id_type"`
	MaskedIDNumber string            `json:"masked_id_number"`
	MaskedPhone    string            `json:"masked_phone" doc:"The contact phone, which the person has proved to have"`
	School         *roster.SchoolRef `json:"school" doc:"Whose it is to decide; null for the province at large"`
	NamedSchool    string            `json:"named_school,omitempty" doc:"The school that the person named"`
	Note           string            `json:"note,omitempty"`
	Copies         []ReceivedCopy    `json:"copies"`
	CreatedAt      time.Time         `json:"created_at"`
	SubmittedAt    *time.Time        `json:"submitted_at"`
	DueAt          *time.Time        `json:"due_at" doc:"When it should be decided; null once it is"`
	Overdue        bool              `json:"overdue"`
	EscalatedAt    *time.Time        `json:"escalated_at" doc:"When it was handed up because nobody had decided"`
	DecidedAt      *time.Time        `json:"decided_at"`
	Reason         string            `json:"reason,omitempty"`
	Unopened       []Copy            `json:"unopened,omitempty" enum:"id_card,certificate" doc:"Of one open request: the copies that the reader has yet to open before they may approve"`
	Findings       *Findings         `json:"findings,omitempty" doc:"Of one open request: what the registry and the accounts say"`
}

// Findings are what is known of the person whom a request names.
type Findings struct {
	Registry string    `json:"registry" enum:"absent,here,elsewhere" doc:"Where the registry has the number under that name and kind"`
	Entry    *Found    `json:"entry,omitempty" doc:"When it is here"`
	Accounts []Account `json:"accounts" doc:"Which stand for that entry: several guardians may for a pupil's"`
	Others   int       `json:"others" doc:"Other unfinished requests that name the same person"`
}

// Found is the registry's entry, masked.
type Found struct {
	Kind           string           `json:"kind" enum:"teacher,student"`
	Name           string           `json:"name"`
	School         roster.SchoolRef `json:"school"`
	Class          string           `json:"class,omitempty"`
	MaskedIDNumber string           `json:"masked_id_number"`
}

// Account is one that may be given back, masked.
type Account struct {
	ID             string    `json:"id"`
	MaskedUsername string    `json:"masked_username"`
	MaskedPhone    string    `json:"masked_phone,omitempty"`
	BoundAt        time.Time `json:"bound_at"`
	GuardianName   string    `json:"guardian_name,omitempty" doc:"Of a guardian's: what they are called, as they told it"`
	Relation       string    `json:"relation,omitempty" enum:"father,mother,other" doc:"Likewise"`
	SamePhone      bool      `json:"same_phone" doc:"The contact phone is the account's own"`
	Contested      bool      `json:"contested" doc:"Somebody else says, in an open case, that the entry is theirs"`
	Objected       bool      `json:"objected" doc:"The account's phone has said that this request is not theirs"`
}

func (s *Service) request(r row) Request {
	q := Request{
		ID: r.id, State: r.state, Proof: r.proof, Kind: r.content.Kind, Name: r.content.Name, IDType: r.content.IDType,
		MaskedIDNumber: vault.MaskIDNumber(r.content.IDNumber), MaskedPhone: vault.MaskPhone(r.content.Phone),
		School: r.school, NamedSchool: r.named, Note: r.content.Note, Copies: r.received(), CreatedAt: r.createdAt.Time,
		SubmittedAt: r.submittedAt.Ptr(), EscalatedAt: r.escalatedAt.Ptr(), DecidedAt: r.decidedAt.Ptr(), Reason: r.reason,
	}
	if r.state == Open {
		q.DueAt, q.Overdue = r.dueAt.Ptr(), r.dueAt.Valid && r.dueAt.Time.Before(s.now())
	}
	return q
}

// action is what it takes to decide a request.
func (p Proof) action() access.Action {
	if p == BySchool {
		return access.RecoveryVouch
	}
	return access.RecoveryCopies
}

// decidable is a request that the actor may decide; fault.ErrNotFound otherwise. One whose copies are still to come is
// nobody's yet.
func (s *Service) decidable(ctx context.Context, q db.Querier, id string) (row, error) {
	r, err := s.byID(ctx, q, id)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (!r.submittedAt.Valid || !access.ActorFrom(ctx).Can(r.proof.action(), r.place)) {
		return row{}, fault.ErrNotFound.New()
	}
	return r, err
}

// reach is the condition for the requests that the actor may decide.
func reach(ctx context.Context) (condition string, args []any) {
	actor := access.ActorFrom(ctx)
	vouching, args := actor.Reach(access.RecoveryVouch).SQL(regionColumn, "s.id", 1)
	looking, more := actor.Reach(access.RecoveryCopies).SQL(regionColumn, "s.id", 1+len(args))
	return "r.submitted_at IS NOT NULL AND (r.proof = 'school' AND " + vouching + " OR r.proof = 'copies' AND " + looking + ")", append(args, more...)
}

// Queue lists the requests that the actor may decide, the newest first; an empty filter does not narrow it.
func (s *Service) Queue(ctx context.Context, state State, proof Proof, page server.PageInput) (server.Page[Request], error) {
	condition, args := reach(ctx)
	for _, filter := range []struct{ sql, value string }{
		{" AND r.state = $%d", string(state)}, {" AND r.proof = $%d", string(proof)}, {" AND r.id < $%d", page.Cursor},
	} {
		if filter.value != "" {
			args = append(args, filter.value)
			condition += fmt.Sprintf(filter.sql, len(args))
		}
	}
	args = append(args, page.Limit+1)
	found, err := s.rows(ctx, s.db, fmt.Sprintf(" WHERE %s ORDER BY r.id DESC LIMIT $%d", condition, len(args)), args...)
	if err != nil {
		return server.Page[Request]{}, err
	}
	all := make([]Request, len(found))
	for i, r := range found {
		all[i] = s.request(r)
	}
	return server.NewPage(all, page.Limit, func(q Request) string { return q.ID }), nil
}

// OpenFor counts the requests that wait for the actor.
func (s *Service) OpenFor(ctx context.Context) (open int, err error) {
	condition, args := reach(ctx)
	err = s.db.QueryRow(ctx, `SELECT count(*)`+rowTables+` WHERE r.state = 'open' AND `+condition, args...).Scan(&open)
	return open, err
}

// Read is one request that the actor may decide, with what is known of the person while it is open.
func (s *Service) Read(ctx context.Context, id string) (Request, error) {
	r, err := s.decidable(ctx, s.db, id)
	if err != nil {
		return Request{}, err
	}
	q := s.request(r)
	if r.state == Open {
		findings, err := s.findings(ctx, s.db, r)
		if err != nil {
			return q, err
		}
		q.Findings = &findings
		if q.Unopened, err = unopened(ctx, s.db, r); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (s *Service) findings(ctx context.Context, q db.Querier, r row) (Findings, error) {
	f := Findings{Registry: "absent", Accounts: []Account{}}
	now, before := s.vault.Asked(s.vault.Index(personPurpose, r.content.document().Key()))
	if err := q.QueryRow(ctx, `SELECT count(*) FROM recoveries WHERE person_index IN ($1, $2) AND id <> $3 AND state IN ('open', 'approved')`,
		now, before, r.id).Scan(&f.Others); err != nil {
		return f, err
	}
	entry, err := s.match(ctx, q, r.content)
	if err != nil || entry == nil {
		return f, err
	}
	if !access.ActorFrom(ctx).Can(r.proof.action(), entry.Place()) {
		f.Registry = "elsewhere"
		return f, nil
	}
	f.Registry = "here"
	f.Entry = &Found{
		Kind: entry.Kind, Name: entry.Name, School: roster.SchoolRef{ID: entry.School.ID, Name: entry.School.Name},
		MaskedIDNumber: vault.MaskIDNumber(r.content.IDNumber),
	}
	if entry.Class != nil {
		f.Entry.Class = entry.Class.DisplayName
	}
	f.Accounts, err = s.holders(ctx, q, r, *entry)
	return f, err
}

func (s *Service) holders(ctx context.Context, q db.Querier, r row, entry roster.Entry) ([]Account, error) {
	holders, err := s.verification.HoldersOf(ctx, q, entry, r.content.Kind)
	if err != nil {
		return nil, err
	}
	all := make([]Account, len(holders))
	for i, h := range holders {
		phone, err := s.accounts.PhoneOf(ctx, q, h.AccountID)
		if err != nil {
			return nil, err
		}
		masked, err := s.accounts.MaskedOf(ctx, q, h.AccountID)
		if err != nil {
			return nil, err
		}
		all[i] = Account{
			ID: h.AccountID, MaskedUsername: masked.MaskedUsername, MaskedPhone: masked.MaskedPhone, BoundAt: h.BoundAt, SamePhone: phone == r.content.Phone,
			GuardianName: h.GuardianName, Relation: string(h.Relation),
		}
		if all[i].Objected, err = s.objected(ctx, q, h.AccountID, r); err != nil {
			return nil, err
		}
		if r.content.Kind == verification.Parent { // a case is about the account's own entry, not about its children's
			continue
		}
		if err := q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM tickets WHERE holder_id = $1 AND kind = 'not_me' AND state = 'open')`,
			h.AccountID).Scan(&all[i].Contested); err != nil {
			return nil, err
		}
	}
	return all, nil
}
