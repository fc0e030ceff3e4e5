package yearly

import (
	"cmp"
	"slices"
	"time"

	"caotang/internal/deadlines"
	"caotang/internal/messages"
	"caotang/internal/server"
)

// maxRequests is how many open requests of a kind's room a pack lists.
const maxRequests = 5000

// request is something that somebody asked for and has no answer to yet. It names nobody.
type request struct {
	Kind     string
	School   string
	Asked    *time.Time
	Due      *time.Time
	DueShown string // as people read it
	DueWords string // what the due time is of
	Late     bool
}

// ofKind counts open requests.
type ofKind struct {
	Kind       string
	Open, Late int
}

// requests gathers what people ask of the scope's administrators, and what waits for its time: guardians' requests and closings.
func (p *pack) requests() error {
	for _, of := range []func() error{p.fromDesk, p.fromGuardians, p.closings} {
		if err := of(); err != nil {
			return err
		}
	}
	slices.SortStableFunc(p.Requests, func(a, b request) int { return cmp.Compare(when(a), when(b)) })
	for _, r := range p.Requests {
		i := slices.IndexFunc(p.ByKind, func(k ofKind) bool { return k.Kind == r.Kind })
		if i < 0 {
			i, p.ByKind = len(p.ByKind), append(p.ByKind, ofKind{Kind: r.Kind})
		}
		p.ByKind[i].Open++
		if r.Late {
			p.ByKind[i].Late++
			p.Overdue++
		}
	}
	return nil
}

// when is by when a request must be answered; what has no time comes last.
func when(r request) int64 {
	if r.Due == nil {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	}
	return r.Due.UnixMilli()
}

func (p *pack) fromDesk() error {
	for n, cursor := 0, ""; ; {
		page, err := p.s.Desk.List(p.ctx, deadlines.Wanted{View: deadlines.Open, Before: cursor, Limit: 200})
		if err != nil {
			return err
		}
		for _, r := range page.Items {
			p.Requests = append(p.Requests, request{Kind: p.kind(string(r.Kind)), School: r.School, Asked: &r.CreatedAt, Due: r.DueAt, DueShown: lastDay(r.DueAt), DueWords: p.text("due.answer", nil), Late: r.Overdue})
		}
		n += len(page.Items)
		if cursor = page.NextCursor; cursor == "" {
			return nil
		}
		if n >= maxRequests {
			p.More = true
			return nil
		}
	}
}

func (p *pack) fromGuardians() error {
	for n, cursor := 0, ""; ; {
		page, err := p.s.Guardians.WaitingWithin(p.ctx, server.PageInput{Limit: 200, Cursor: cursor})
		if err != nil {
			return err
		}
		for _, r := range page.Items {
			p.Requests = append(p.Requests, request{Kind: p.kind("guardian"), School: r.School, Asked: &r.AskedAt, Due: &r.ExpiresAt, DueShown: at(&r.ExpiresAt), DueWords: p.text("due.expires", nil), Late: r.ExpiresAt.Before(p.At)})
		}
		n += len(page.Items)
		if cursor = page.NextCursor; cursor == "" {
			return nil
		}
		if n >= maxRequests {
			p.More = true
			return nil
		}
	}
}

func (p *pack) closings() error {
	all, err := p.s.Accounts.WaitingClosings(p.ctx, maxRequests+1)
	if err != nil {
		return err
	}
	if len(all) > maxRequests {
		all, p.More = all[:maxRequests], true
	}
	for _, c := range all {
		p.Requests = append(p.Requests, request{Kind: p.kind("closing"), School: c.School, Due: &c.ClosesAt, DueShown: at(&c.ClosesAt), DueWords: p.text("due.closes", nil), Late: c.ClosesAt.Before(p.At.Add(-time.Hour))})
	}
	return nil
}

// kind is what a kind of request is called.
func (p *pack) kind(name string) string {
	if key := "record.kind." + name; messages.Has(p.language, key) {
		return messages.Text(p.language, key, nil)
	}
	return p.text("kind."+name, nil)
}
