package owndata

import (
	"cmp"
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/messages"
	"caotang/internal/server"
)

// Record is something that was done to a person's data, or a look at it, in the words of the reader.
type Record struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who" doc:"The person, the administrator of a school or region, another account, or the platform"`
	Self   bool      `json:"self" doc:"Done by the reader themselves"`
	What   string    `json:"what"`
	Reason string    `json:"reason,omitempty" doc:"What an administrator gave as their reason"`
}

// Records lists who looked at or changed the actor's account and their own entry, the newest first. A child's entry has its
// own person.
func (s *Service) Records(ctx context.Context, page server.PageInput) (server.Page[Record], error) {
	people, err := s.people(ctx, access.ActorFrom(ctx).AccountID, false)
	if err != nil {
		return server.Page[Record]{}, err
	}
	records, err := s.records(ctx, people, page.Cursor, page.Limit+1)
	return server.NewPage(records, page.Limit, func(r Record) string { return r.ID }), err
}

func (s *Service) records(ctx context.Context, people []Person, cursor string, limit int) ([]Record, error) {
	targets := []string{access.ActorFrom(ctx).AccountID}
	for _, p := range people {
		if p.child {
			continue
		}
		lineage, err := s.Roster.Lineage(ctx, s.db, p.entryID)
		if err != nil {
			return nil, err
		}
		targets = append(targets, lineage...)
	}
	entries, err := audit.About(ctx, s.db, targets, cursor, limit)
	if err != nil {
		return nil, err
	}
	teller := teller{service: s, language: cmp.Or(access.ClientFrom(ctx).Language, messages.Chinese), names: map[string]string{}}
	records := make([]Record, len(entries))
	for i, e := range entries {
		if records[i], err = teller.tell(ctx, e); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// teller puts records into words.
type teller struct {
	service  *Service
	language string
	names    map[string]string // what the administrators who occur are called, by their account
}

func (t *teller) tell(ctx context.Context, e audit.Entry) (Record, error) {
	r := Record{ID: e.ID, At: e.At, What: e.Own(t.language), Reason: e.Reason}
	var err error
	switch {
	case e.Actor == nil && e.Address == "":
		r.Who = t.text("record.who.platform", nil)
	case e.Actor == nil:
		r.Who = t.text("record.who.by_code", nil)
	case e.Actor.ID == access.ActorFrom(ctx).AccountID:
		r.Who, r.Self = t.text("record.who.self", nil), true
	default:
		r.Who, err = t.other(ctx, *e.Actor)
	}
	return r, err
}

// other names another account by what it administers.
func (t *teller) other(ctx context.Context, a audit.Actor) (string, error) {
	if name, known := t.names[a.ID]; known {
		return name, nil
	}
	grants, err := t.service.Accounts.Grants(ctx, a.ID)
	if err != nil {
		return "", err
	}
	args := map[string]any{"username": a.MaskedUsername}
	key := "record.who.other"
	switch {
	case a.MaskedUsername == "":
		key = "record.who.closed"
	case len(grants) > 0:
		key, args["scope"] = "record.who.administrator", grants[0].ScopeName
	}
	t.names[a.ID] = t.text(key, args)
	return t.names[a.ID], nil
}

func (t *teller) text(key string, args map[string]any) string {
	return messages.Text(t.language, key, args)
}
