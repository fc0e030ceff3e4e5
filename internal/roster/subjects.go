package roster

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
)

// Subject is a school subject.
type Subject string

// subjects are those that schools teach, in the order in which they are shown.
var subjects = []Subject{
	"chinese", "maths", "english", "physics", "chemistry", "biology", "politics", "history", "geography", "science", "technology",
	"sports", "music", "art", "labour", "psychology", "other",
}

// checkSubjects answers fault.ErrInvalid for what is no subject.
func checkSubjects(said map[string][]Subject) error {
	for _, of := range said {
		for _, subject := range of {
			if !slices.Contains(subjects, subject) {
				return fault.ErrInvalid.New(fault.Field("subjects", "not_allowed"))
			}
		}
	}
	return nil
}

// subjectsText is how they are kept: each once, in their order.
func subjectsText(said []Subject) string {
	var all []string
	for _, subject := range subjects {
		if slices.Contains(said, subject) {
			all = append(all, string(subject))
		}
	}
	return strings.Join(all, " ")
}

func subjectsIn(text string) []Subject {
	all := []Subject{}
	for word := range strings.FieldsSeq(text) {
		all = append(all, Subject(word))
	}
	return all
}

// Heads are the class teachers of a class from a moment on.
type Heads struct {
	ID    string    `json:"id"`
	Since time.Time `json:"since"`
	Names []string  `json:"names" doc:"Empty where nobody was; an empty name is somebody who has left the registry"`
}

// headHistory lists who was a class's class teacher since when, the newest first, from the record of each change of its teachers:
// one that left the class teachers as they were is passed over.
func (s *Service) headHistory(ctx context.Context, classID string, in server.PageInput) (page server.Page[Heads], err error) {
	if _, err := s.managedClass(ctx, s.db, classID); err != nil {
		return page, err
	}
	type record struct {
		id, details string
		at          db.Time
		heads       string
	}
	found, err := db.Collect(ctx, s.db, `SELECT id, at, details FROM audit_records WHERE target_id = $1 AND action = 'class.teachers' AND ($2 = '' OR id < $2)
		ORDER BY id DESC LIMIT $3`, []any{classID, in.Cursor, in.Limit + 1}, func(r *record) []any { return []any{&r.id, &r.at, &r.details} })
	if err != nil {
		return page, err
	}
	for i := range found {
		var d struct {
			Heads string `json:"class_teachers"`
		}
		if err := json.Unmarshal([]byte(found[i].details), &d); err != nil {
			return page, err
		}
		found[i].heads = d.Heads
	}
	page.Items = []Heads{}
	for i, r := range found[:min(len(found), in.Limit)] {
		earlier := "" // before the first record nobody was
		if i+1 < len(found) {
			earlier = found[i+1].heads
		}
		if r.heads == earlier {
			continue
		}
		names, err := s.namesOf(ctx, strings.Fields(r.heads))
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, Heads{r.id, r.at.Time, names})
	}
	if len(found) > in.Limit {
		page.NextCursor = found[in.Limit-1].id
	}
	return page, nil
}

// namesOf answers what entries are called, or whoever took the place of one that has been replaced.
func (s *Service) namesOf(ctx context.Context, ids []string) ([]string, error) {
	follows, err := successors(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	entries, err := s.EntriesByID(ctx, s.db, slices.AppendSeq(slices.Clone(ids), maps.Values(follows)))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		e, there := entries[id]
		if !there {
			e = entries[follows[id]]
		}
		names[i] = e.Name
	}
	return names, nil
}
