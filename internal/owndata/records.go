package owndata

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/messages"
	"caotang/internal/server"
	"caotang/internal/slips"
	"caotang/internal/verification"
)

// Record is something that was done to a person's data, or a look at it, in the words of the reader.
type Record struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who" doc:"The person, the administrator of a school or region, another account, or the platform"`
	Self   bool      `json:"self" doc:"Done by the reader themselves"`
	What   string    `json:"what"`
	OfName string    `json:"of_name,omitempty" doc:"The child whose entry it was done to"`
	Reason string    `json:"reason,omitempty" doc:"What an administrator gave as their reason"`
}

// mostTickets is how many of one's newest tickets the looks at which are told of.
const mostTickets = 200

// Records lists who looked at or changed the actor's account, their own entry and their tickets, the newest first; and the entries
// of their children who are not of their own age yet. An older child's entry has its own person.
func (s *Service) Records(ctx context.Context, page server.PageInput) (server.Page[Record], error) {
	people, err := s.people(ctx, access.ActorFrom(ctx).AccountID, false)
	if err != nil {
		return server.Page[Record]{}, err
	}
	records, err := s.records(ctx, people, page.Cursor, page.Limit+1)
	return server.NewPage(records, page.Limit, func(r Record) string { return r.ID }), err
}

func (s *Service) records(ctx context.Context, people []Person, cursor string, limit int) ([]Record, error) {
	accountID := access.ActorFrom(ctx).AccountID
	own, err := s.Support.IDsOf(ctx, s.db, accountID, mostTickets)
	if err != nil {
		return nil, err
	}
	own = append(own, accountID)
	wards := map[string]string{} // names by the entry's id and those before it
	for _, p := range people {
		if p.child && !p.ward {
			continue
		}
		lineage, err := s.Roster.Lineage(ctx, s.db, p.entryID)
		if err != nil {
			return nil, err
		}
		if !p.child {
			own = append(own, lineage...)
			continue
		}
		for _, id := range lineage {
			wards[id] = p.Name
		}
	}
	entries, err := audit.About(ctx, s.db, "", own, cursor, limit)
	if err != nil {
		return nil, err
	}
	if len(wards) > 0 { // what guardians do about each other is not told there
		theirs, err := audit.About(ctx, s.db, "registry.", slices.Collect(maps.Keys(wards)), cursor, limit)
		if err != nil {
			return nil, err
		}
		entries = append(entries, theirs...)
		slices.SortFunc(entries, func(a, b audit.Entry) int { return cmp.Compare(b.ID, a.ID) })
		entries = entries[:min(limit, len(entries))]
	}
	teller := teller{service: s, language: cmp.Or(access.ClientFrom(ctx).Language, messages.Chinese), names: map[string]string{}}
	records := make([]Record, len(entries))
	for i, e := range entries {
		if records[i], err = teller.tell(ctx, e); err != nil {
			return nil, err
		}
		records[i].OfName = wards[e.TargetID]
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
	case e.Actor == nil && e.Details["account_id"] == access.ActorFrom(ctx).AccountID && madeIt(e):
		r.Who, r.Self = t.text("record.who.self", nil), true
	case e.Actor == nil:
		r.Who = t.text("record.who.by_code", nil)
	case e.Actor.ID == access.ActorFrom(ctx).AccountID:
		r.Who, r.Self = t.text("record.who.self", nil), true
	default:
		r.Who, err = t.other(ctx, *e.Actor)
	}
	return r, err
}

// madeIt tells whether whoever did something without being signed in made the account by it, as the slip that activates does: the
// account is theirs.
func madeIt(e audit.Entry) bool {
	return e.Action == "binding.bind" || e.Action == "slip.use" && e.Details["purpose"] == slips.Activate
}

// other names another account by what it administers, or where it teaches.
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
	default:
		own, err := t.service.Verification.BindingOf(ctx, t.service.db, a.ID)
		if err != nil {
			return "", err
		}
		if own != nil && own.Kind == verification.Teacher {
			key, args["school"] = "record.who.teacher", own.School.Name
		}
	}
	t.names[a.ID] = t.text(key, args)
	return t.names[a.ID], nil
}

func (t *teller) text(key string, args map[string]any) string {
	return messages.Text(t.language, key, args)
}
