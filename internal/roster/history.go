package roster

import (
	"context"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
)

// History is what happened to an entry, a page of it.
type History struct {
	Items      []audit.Entry `json:"items"`
	NextCursor string        `json:"next_cursor,omitempty"`
	Imports    []ImportRef   `json:"imports" doc:"Those that records of this page name as import_id and that the reader may see"`
	Origin     *Origin       `json:"origin,omitempty" doc:"On the last page, where no record says who added the person"`
}

// Origin is how somebody came into the registry whom nobody added by hand.
type Origin struct {
	At     time.Time  `json:"at"`
	Import *ImportRef `json:"import,omitempty" doc:"The import that brought them; absent when it cannot be told, or is beyond the reader's scope"`
}

// ImportRef names an import.
type ImportRef struct {
	ID       string `json:"id"`
	Filename string `json:"filename"`
}

type historyInput struct {
	ByID
	server.PageInput
}

// history lists what is recorded of an entry of the actor's scope and of those whose place it took: what was done within the
// scope, and that it came from another school.
func (s *Service) history(ctx context.Context, id string, in server.PageInput) (h History, err error) {
	e, err := s.reachableEntry(ctx, s.db, access.RegistryRead, id)
	if err != nil {
		return h, err
	}
	lineage, err := s.Lineage(ctx, s.db, id)
	if err != nil {
		return h, err
	}
	found, err := audit.Within(ctx, s.db, "registry.move", lineage, in.Cursor, in.Limit+1)
	if err != nil {
		return h, err
	}
	page := server.NewPage(found, in.Limit, func(a audit.Entry) string { return a.ID })
	h.Items, h.NextCursor = page.Items, page.NextCursor
	var by []string
	for _, a := range page.Items {
		if id, _ := a.Details["import_id"].(string); id != "" {
			by = append(by, id)
		}
	}
	if h.Imports, err = s.importsSeen(ctx, by); err != nil {
		return h, err
	}
	if h.NextCursor == "" {
		h.Origin, err = s.origin(ctx, e, lineage[len(lineage)-1])
	}
	return h, err
}

// origin answers how an entry came, nil when somebody added the first of its line by hand, which is recorded. An import
// records itself alone: it brought whom it was adding at the moment at which they came, if no other was.
func (s *Service) origin(ctx context.Context, e Entry, first string) (*Origin, error) {
	var byHand bool
	if err := s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM audit_records WHERE target_id = $1 AND action = 'registry.create')`, first).Scan(&byHand); err != nil || byHand {
		return nil, err
	}
	o := &Origin{At: e.CreatedAt.Time}
	candidates, err := db.Collect(ctx, s.db, `SELECT id FROM roster_imports WHERE kind = $1 AND started_at <= $2 AND coalesce(finished_at, $2) >= $2
		AND (school_id = $3 OR school_id IS NULL) LIMIT 2`, []any{e.Kind, e.CreatedAt, e.School.ID}, func(id *string) []any { return []any{id} })
	if err != nil || len(candidates) != 1 {
		return o, err
	}
	visible, err := s.importsSeen(ctx, candidates)
	if len(visible) == 1 {
		o.Import = &visible[0]
	}
	return o, err
}

// importsSeen names those of the imports that the actor may see.
func (s *Service) importsSeen(ctx context.Context, ids []string) ([]ImportRef, error) {
	refs := []ImportRef{}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		r, err := s.visibleImport(ctx, id)
		if fault.Is(err, fault.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		refs = append(refs, ImportRef{r.id, r.filename})
	}
	return refs, nil
}
