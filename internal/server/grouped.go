package server

import (
	"strings"

	"caotang/internal/fault"
)

// Bookmark is where one stands in a list that is read group by group: within a group behind an item, or behind all of it where Item
// is "". Groups stand in the order of Order and then ID.
type Bookmark struct{ Order, ID, Item string }

// Grouped reads a list group by group, such as school by school, so that a page costs what its few groups do and not what the whole
// list does. Groups answers up to atOnce groups in their order, from a bookmark's own on, or after it where its Item is "". Items answers up
// to limit and one items of the bookmark's group that come after it.
type Grouped[T any] struct {
	AtOnce int
	Groups func(at Bookmark) ([]Bookmark, error)
	Items  func(at Bookmark, limit int) ([]T, error)
	At     func(T) Bookmark
}

// Page answers the page after a cursor. Errors: invalid for a cursor that none of the pages gave.
func (g Grouped[T]) Page(cursor string, limit int) (page Page[T], err error) {
	page.Items = []T{}
	var at Bookmark
	if cursor != "" {
		parts := strings.Split(cursor, ".")
		if len(parts) != 3 {
			return page, fault.ErrInvalid.New(fault.Field("cursor", "not_allowed"))
		}
		at = Bookmark{parts[0], parts[1], parts[2]}
	}
	for {
		groups, err := g.Groups(at)
		if err != nil {
			return page, err
		}
		for _, group := range groups {
			if group.ID != at.ID {
				at = group
			}
			some, err := g.Items(at, limit-len(page.Items))
			if err != nil {
				return page, err
			}
			if page.Items = append(page.Items, some...); len(page.Items) > limit {
				page.Items = page.Items[:limit]
				last := g.At(page.Items[limit-1])
				page.NextCursor = strings.Join([]string{last.Order, last.ID, last.Item}, ".")
				return page, nil
			}
		}
		if len(groups) < g.AtOnce {
			return page, nil
		}
		at.Item = ""
	}
}
