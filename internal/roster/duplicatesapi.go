package roster

import (
	"context"

	"caotang/internal/server"
)

type duplicatesInput struct {
	server.PageInput
	SchoolID string `query:"school_id" maxLength:"64"`
	Region   string `query:"region" maxLength:"6" doc:"A county's code"`
}

// Duplicates are a page of pairs, and the search that found them.
type Duplicates struct {
	Items      []Duplicate      `json:"items"`
	NextCursor string           `json:"next_cursor,omitempty"`
	Search     *DuplicateSearch `json:"search" doc:"The last one of the school or county that is named; null where there was none"`
}

func (s *Service) mountDuplicates(srv *server.Server, op func(method, path, id, summary string, status int) server.Op) {
	server.Register(srv, op("GET", "/duplicates", "list-duplicates", "Pairs of entries in one's scope that may be one person", 0),
		func(ctx context.Context, in *duplicatesInput) (*body[Duplicates], error) {
			of := duplicateScope{in.SchoolID, in.Region}
			var all Duplicates
			if of.key() != "" {
				if _, err := s.reachableScope(ctx, of); err != nil {
					return nil, err
				}
				// Before the pairs: a search that is done has written them, and nobody looks again after it.
				var err error
				if all.Search, err = s.lastSearch(ctx, of); err != nil {
					return nil, err
				}
			}
			found, err := s.listDuplicates(ctx, of, in.Cursor, in.Limit)
			if err != nil {
				return nil, err
			}
			page := server.NewPage(found, in.Limit, func(d Duplicate) string { return d.ID })
			all.Items, all.NextCursor = page.Items, page.NextCursor
			return &body[Duplicates]{all}, nil
		})
	server.Register(srv, op("POST", "/duplicates/search", "search-duplicates", "Compare all people of a school, or of a county, in the background", 202),
		func(ctx context.Context, in *struct {
			Body struct {
				SchoolID string `json:"school_id,omitempty" maxLength:"64"`
				Region   string `json:"region,omitempty" maxLength:"6" doc:"A county's code"`
			}
		},
		) (*empty, error) {
			return nil, s.searchDuplicates(ctx, duplicateScope(in.Body))
		})
	server.Register(srv, op("POST", "/duplicates/{id}/dismiss", "dismiss-duplicate", "Say that a pair are two people; no search shows it again", 204),
		func(ctx context.Context, in *ByID) (*empty, error) { return nil, s.dismissDuplicate(ctx, in.ID) })
}
