package roster

import (
	"context"
	"database/sql"
	"errors"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/tally"
	"caotang/internal/vault"
)

// Document is what proves a person's identity, as somebody typed it.
type Document struct {
	Type   identity.Type
	Number string
}

// Replace makes a new entry with another document in place of one whose document is wrong (F-29), within the transaction, and
// records it with the reason. The new one has all that is known of the person, since when too, their classes, their binding
// and their guardians; slips printed for the old one end with it. The caller decides who may, holds the entry, and sees to what other
// rooms keep of it. Errors: id_number_invalid; fault.ErrInvalid for a kind of document that there is not;
// number_unchanged; entry_exists_here and entry_exists_elsewhere as for [Service.CreateEntry].
func (s *Service) Replace(ctx context.Context, tx *db.Tx, old Entry, document Document, reason string) (Entry, error) {
	number, p := identity.ParseOn(document.Type, document.Number, s.now())
	switch {
	case p != nil && p.Code == identity.CodeTypeUnknown:
		return Entry{}, fault.ErrInvalid.New(fault.Field("id_type", p.Code))
	case p != nil:
		return Entry{}, ErrIDNumberInvalid.New(fault.FieldWith("id_number", p.Code, p.Args))
	}
	before, err := s.IDNumber(old)
	if err != nil {
		return Entry{}, err
	}
	if old.IDType == number.Type && before == number.Text {
		return Entry{}, ErrNumberUnchanged.New(fault.Field("id_number", "number_unchanged"))
	}
	if err := tally.Leave(ctx, tx, s.now(), old.ID); err != nil {
		return Entry{}, err
	}
	id, err := s.succeed(ctx, tx, old, number)
	if err != nil {
		return Entry{}, err
	}
	if err := s.end(ctx, tx, old.ID); err != nil {
		return Entry{}, err
	}
	if err := tally.Enter(ctx, tx, s.now(), id); err != nil {
		return Entry{}, err
	}
	made, err := s.EntryByID(ctx, tx, id)
	if err != nil {
		return Entry{}, err
	}
	if err := s.watcher.EntryChanged(ctx, tx, made.ID); err != nil {
		return Entry{}, err
	}
	return made, s.record(ctx, tx, "registry.replace", made, reason, map[string]any{
		"masked_id_number_before": vault.MaskIDNumber(before), "predecessor_id": old.ID,
	})
}

// succeed writes the new entry and gives it what referred to the old one.
func (s *Service) succeed(ctx context.Context, tx *db.Tx, old Entry, number identity.Number) (id string, err error) {
	index, err := s.DocumentIndex(ctx, tx, number)
	if err != nil {
		return "", err
	}
	id, now := db.NewID(), db.At(s.now())
	added, err := db.Changed(tx.Exec(ctx, "INSERT INTO documents (document_index, entry_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", index, id))
	if err != nil {
		return "", err
	}
	if !added {
		return "", s.existing(ctx, tx, number, NewEntry{Name: old.Name, SchoolID: old.School.ID}, fault.For("replacement"))
	}
	if err := tx.Insert(ctx, "registry_entries", entryColumns, [][]any{{
		id, old.Kind, old.Name, identity.CompareKey(old.Name), string(number.Type), s.vault.Seal(purposeIDNumber, number.Text), index,
		orNull(old.student), orNull(old.certificate), old.School.ID, nullText(old.classID()), old.CreatedAt, now,
	}}); err != nil {
		return "", err
	}
	for _, table := range []string{"bindings", "guardian_links", "guardian_requests", "consent_records", "class_teachers"} {
		if _, err := tx.Exec(ctx, "UPDATE "+table+" SET entry_id = $1 WHERE entry_id = $2", id, old.ID); err != nil {
			return "", err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO entry_predecessors (entry_id, predecessor_id, created_at) VALUES ($1, $2, $3)`, id, old.ID, now)
	return id, err
}

// end takes an entry out of the registry that nothing refers to any more.
func (s *Service) end(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM documents WHERE document_index = (SELECT document_index FROM registry_entries WHERE id = $1)`, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM registry_entries WHERE id = $1", id)
	return err
}

// Lineage answers an entry and those whose place it took, the latest first: what was done to the person was done to all of
// them.
func (s *Service) Lineage(ctx context.Context, q db.Querier, id string) ([]string, error) {
	all := []string{id}
	for {
		err := q.QueryRow(ctx, `SELECT predecessor_id FROM entry_predecessors WHERE entry_id = $1`, id).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, id)
	}
}

// successors answers who stands in the registry in place of those of the entries whose number was replaced, however often since, by the
// entries' ids.
func successors(ctx context.Context, q db.Querier, ids []string) (map[string]string, error) {
	all := map[string]string{}
	return all, inPieces(ids, func(args []any) error {
		type pair struct{ of, id string }
		found, err := db.Collect(ctx, q, `WITH RECURSIVE line (first_id, id) AS (
				SELECT predecessor_id, entry_id FROM entry_predecessors WHERE predecessor_id IN (`+db.Placeholders(len(args))+`)
				UNION ALL SELECT l.first_id, p.entry_id FROM line l JOIN entry_predecessors p ON p.predecessor_id = l.id)
			SELECT l.first_id, l.id FROM line l JOIN registry_entries e ON e.id = l.id`, args, func(p *pair) []any { return []any{&p.of, &p.id} })
		for _, p := range found {
			all[p.of] = p.id
		}
		return err
	})
}

func (e Entry) classID() string {
	if e.Class == nil {
		return ""
	}
	return e.Class.ID
}
