package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/deadlines"
	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/recovery"
	"caotang/internal/server"
	"caotang/internal/support"
	"caotang/internal/transfers"
)

// Request is one thing that is asked of an administrator, as far as a list shows it.
type Request struct {
	ID          string         `json:"id"`
	Kind        deadlines.Kind `json:"kind" enum:"missing_entry,missing_class,not_me,correction,frozen,lost_account,transfer"`
	Open        bool           `json:"open"`
	State       string         `json:"state" doc:"As the room has it that keeps the request"`
	Summary     string         `json:"summary" doc:"What is asked for, in the reader's language, numbers masked"`
	School      string         `json:"school,omitempty" doc:"Whose it is about; empty where no school is known"`
	Appeal      bool           `json:"appeal,omitempty"`
	CreatedAt   time.Time      `json:"created_at"`
	DueAt       *time.Time     `json:"due_at" doc:"Of an open one"`
	Overdue     bool           `json:"overdue" doc:"Late, here or at a level below"`
	EscalatedAt *time.Time     `json:"escalated_at" doc:"When it was handed up because nobody had answered"`
	Level       access.Level   `json:"level,omitempty" enum:"school,county,city,province" doc:"Of an open ticket: whose administrators must answer"`
	Scope       string         `json:"scope,omitempty" doc:"Of an open ticket: their school or division"`
	TakenBy     string         `json:"taken_by,omitempty" doc:"The masked username of the administrator who sees to it"`
	TakenByMe   bool           `json:"taken_by_me,omitempty"`
}

// Service gathers from the rooms that keep requests.
type Service struct {
	support   *support.Service
	recovery  *recovery.Service
	transfers *transfers.Service
}

// New makes the room.
func New(s *support.Service, lost *recovery.Service, t *transfers.Service) *Service {
	return &Service{s, lost, t}
}

// List is a page of the requests in the caller's scope.
func (s *Service) List(ctx context.Context, wanted deadlines.Wanted) (server.Page[Request], error) {
	limit := wanted.Limit
	wanted.Limit++
	var all []Request
	for _, list := range []func(context.Context, deadlines.Wanted) ([]Request, error){s.tickets, s.lost, s.moves} {
		some, err := list(ctx, wanted)
		if err != nil {
			return server.Page[Request]{}, err
		}
		all = append(all, some...)
	}
	// Ids sort by time, across the rooms.
	slices.SortFunc(all, func(a, b Request) int { return cmp.Compare(b.ID, a.ID) })
	return server.NewPage(all[:min(len(all), wanted.Limit)], limit, func(r Request) string { return r.ID }), nil
}

func (s *Service) tickets(ctx context.Context, wanted deadlines.Wanted) ([]Request, error) {
	found, err := s.support.Desk(ctx, wanted)
	all := make([]Request, len(found))
	for i, t := range found {
		all[i] = Request{
			ID: t.ID, Kind: deadlines.Kind(t.Kind), Open: t.State == support.Open, State: string(t.State), Summary: t.Summary, Appeal: t.Appeal,
			CreatedAt: t.CreatedAt, TakenBy: t.TakenBy, TakenByMe: t.TakenMe,
		}
		if t.School != nil {
			all[i].School = t.School.Name
		}
		if w := t.Waiting; w != nil {
			all[i].DueAt, all[i].Overdue, all[i].EscalatedAt, all[i].Level, all[i].Scope = &w.Until, w.Overdue, w.EscalatedAt, w.Level, w.Scope
		}
	}
	return all, err
}

func (s *Service) lost(ctx context.Context, wanted deadlines.Wanted) ([]Request, error) {
	found, err := s.recovery.Desk(ctx, wanted)
	all := make([]Request, len(found))
	for i, r := range found {
		all[i] = Request{
			ID: r.ID, Kind: deadlines.LostAccount, Open: r.State == recovery.Open, State: string(r.State), CreatedAt: r.CreatedAt,
			Summary: say(ctx, "lost_account", map[string]any{"name": r.Name, "number": r.MaskedIDNumber}),
			DueAt:   r.DueAt, Overdue: r.Overdue, EscalatedAt: r.EscalatedAt,
		}
		if r.School != nil {
			all[i].School = r.School.Name
		}
	}
	return all, err
}

func (s *Service) moves(ctx context.Context, wanted deadlines.Wanted) ([]Request, error) {
	found, err := s.transfers.Desk(ctx, wanted)
	all := make([]Request, len(found))
	for i, t := range found {
		all[i] = Request{
			ID: t.ID, Kind: deadlines.Transfer, Open: t.State == transfers.Pending, State: string(t.State), CreatedAt: t.CreatedAt,
			Summary: say(ctx, "transfer", map[string]any{"name": t.Name, "from": t.FromSchool.Name, "to": t.ToSchool.Name}),
			School:  t.FromSchool.Name, Overdue: t.Overdue, EscalatedAt: t.EscalatedAt,
		}
		if all[i].Open {
			all[i].DueAt = &t.Approvals[0].DueAt
		}
	}
	return all, err
}

func say(ctx context.Context, key string, args map[string]any) string {
	return messages.Text(access.ClientFrom(ctx).Language, "desk."+key, args)
}

// Counts counts the open requests of the caller's scope by kind, those kinds first that there are most of waiting.
func (s *Service) Counts(ctx context.Context) ([]deadlines.Counts, error) {
	all, err := s.support.DeskCounts(ctx)
	if err != nil {
		return nil, err
	}
	for _, count := range []func(context.Context) (deadlines.Counts, error){s.recovery.DeskCounts, s.transfers.DeskCounts} {
		c, err := count(ctx)
		if err != nil {
			return nil, err
		}
		if c.Open > 0 {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b deadlines.Counts) int { return cmp.Compare(b.Waiting, a.Waiting) })
	return all, nil
}

// view reads a view, "" being what waits for the caller.
func view(asked deadlines.View) (deadlines.View, error) {
	switch asked {
	case "":
		return deadlines.Waiting, nil
	case deadlines.Waiting, deadlines.Taken, deadlines.Overdue, deadlines.Open, deadlines.Ended:
		return asked, nil
	}
	return "", fault.ErrInvalid.New(fault.Field("view", "not_allowed"))
}
