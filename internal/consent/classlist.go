package consent

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/vault"
)

// OfPupil is what stands for a pupil of a class.
type OfPupil struct {
	EntryID string   `json:"entry_id"`
	Name    string   `json:"name"`
	Asked   bool     `json:"asked" doc:"Under fourteen: from then on nobody is asked, and there are no answers"`
	Answers []Answer `json:"answers" doc:"One to each purpose"`
	Linked  bool     `json:"linked" doc:"Whether a guardian is confirmed: they alone answer then; for a child without one the slip does"`
}

// Answer is what stands to a purpose.
type Answer struct {
	Purpose  Purpose    `json:"purpose" enum:"space_beyond_class,third_party_apps"`
	Title    string     `json:"title" doc:"Of the purpose's text of now, in the reader's language"`
	State    State      `json:"state" enum:"not_asked,given,refused,withdrawn,outdated,lapsed"`
	Version  int        `json:"version,omitempty" doc:"Of the text that it was said to last"`
	At       *time.Time `json:"at"`
	Channel  string     `json:"channel,omitempty" enum:"space,sms,slip"`
	Who      string     `json:"masked_who,omitempty"`
	Relation string     `json:"relation,omitempty" enum:"father,mother,other"`
}

// list answers a page of a class's pupils with what was said for each. Errors: not_found for a class that the actor neither
// administers nor heads.
func (s *Service) list(ctx context.Context, classID string, page server.PageInput) (server.Page[OfPupil], error) {
	var none server.Page[OfPupil]
	if _, err := s.class(ctx, classID); err != nil {
		return none, err
	}
	found, err := s.roster.PupilsOfClass(ctx, classID, page.Cursor, page.Limit)
	if err != nil {
		return none, err
	}
	pupils := server.NewPage(found, page.Limit, func(p roster.Classmate) string { return p.EntryID })
	ids := make([]string, len(pupils.Items))
	for i, p := range pupils.Items {
		ids[i] = p.EntryID
	}
	entries, err := s.roster.EntriesByID(ctx, s.db, ids)
	if err != nil {
		return none, err
	}
	said, err := standings(ctx, s.db, ids)
	if err != nil {
		return none, err
	}
	all := server.Page[OfPupil]{Items: []OfPupil{}, NextCursor: pupils.NextCursor}
	for _, p := range pupils.Items {
		entry, there := entries[p.EntryID]
		if !there {
			continue // gone meanwhile
		}
		one, err := s.ofPupil(ctx, entry, said[entry.ID])
		if err != nil {
			return none, err
		}
		all.Items = append(all.Items, one)
	}
	return all, nil
}

func (s *Service) ofPupil(ctx context.Context, e roster.Entry, said map[Purpose]standing) (OfPupil, error) {
	one := OfPupil{EntryID: e.ID, Name: e.Name, Answers: []Answer{}}
	needs, err := s.needs(e)
	if err != nil || !needs {
		return one, err
	}
	one.Asked = true
	guardians, err := s.confirmed(ctx, e.ID)
	if err != nil {
		return one, err
	}
	one.Linked = len(guardians) > 0
	for _, p := range Purposes() {
		a := Answer{Purpose: p, State: NotAsked}
		a.Title, _ = current[p].in(access.ClientFrom(ctx).Language)
		if r, answered := said[p]; answered {
			a.State, a.Version, a.At, a.Channel, a.Who, a.Relation = r.state(p), r.version, &r.at.Time, r.channel, vault.MaskName(r.who), r.relation
		}
		one.Answers = append(one.Answers, a)
	}
	return one, nil
}

// recordsOf lists everything that was said for a pupil of a class, the newest first. Errors: not_found for a class that is not the
// actor's, and for somebody who is not of it.
func (s *Service) recordsOf(ctx context.Context, classID, entryID string, page server.PageInput) (server.Page[Record], error) {
	var none server.Page[Record]
	if _, err := s.class(ctx, classID); err != nil {
		return none, err
	}
	entry, err := s.roster.EntryByID(ctx, s.db, entryID)
	if err == nil && (entry.Kind != roster.Student || entry.Class == nil || entry.Class.ID != classID) {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return none, err
	}
	all, err := s.Of(ctx, s.db, entryID, page.Cursor, page.Limit+1)
	return server.NewPage(all, page.Limit, func(r Record) string { return r.ID }), err
}

// standings answers what stands for people, by entry and purpose.
func standings(ctx context.Context, q db.Querier, ids []string) (map[string]map[Purpose]standing, error) {
	said := map[string]map[Purpose]standing{}
	if len(ids) == 0 {
		return said, nil
	}
	args := db.Args(ids)
	type row struct {
		standing
		entryID string
		purpose Purpose
	}
	rows, err := db.Collect(ctx, q, `SELECT r.entry_id, r.purpose, `+standingColumns+` FROM consent_records r WHERE r.standing AND r.entry_id IN (`+db.Placeholders(len(args))+`)`, args,
		func(r *row) []any { return append([]any{&r.entryID, &r.purpose}, r.scan()...) })
	for _, r := range rows {
		if said[r.entryID] == nil {
			said[r.entryID] = map[Purpose]standing{}
		}
		said[r.entryID][r.purpose] = r.standing
	}
	return said, err
}
