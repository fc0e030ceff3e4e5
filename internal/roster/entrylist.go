package roster

import (
	"context"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/server"
	"caotang/internal/tally"
)

// listEntries answers a page of up to limit entries within the actor's scope, and the cursor of the next, "" on the last. A
// county's people are read school by school, and a school's the newest first, so that a page costs the same at any depth and
// whatever the size of the province; a name is looked up by how it begins where several schools are searched, and by any part
// of it within one.
func (s *Service) listEntries(ctx context.Context, f filter, cursor string, limit int) (found []Entry, next string, err error) {
	switch {
	case f.IDNumber != "":
		found, err = s.entriesByNumber(ctx, f)
		return found, "", err
	case f.Name != "" && !f.ofOneSchool(ctx):
		return s.entriesByName(ctx, f, cursor, limit)
	}
	return s.entriesBySchool(ctx, f, cursor, limit)
}

// ofOneSchool tells whether nobody of a second school can be among the entries.
func (f filter) ofOneSchool(ctx context.Context) bool {
	reach := access.ActorFrom(ctx).Reach(access.RegistryRead)
	return f.SchoolID != "" || f.ClassID != "" && f.ClassID != noClass || len(reach.Divisions()) == 0 && len(reach.Schools()) == 1
}

// entriesByNumber answers the entry, or the few, that a document's number stands for.
func (s *Service) entriesByNumber(ctx context.Context, f filter) ([]Entry, error) {
	c, err := s.conditionsOf(ctx, f, access.RegistryRead)
	if err != nil {
		return nil, err
	}
	return s.entries(ctx, s.db, c.where()+" ORDER BY e.id DESC", c.args...)
}

// nameEnd sorts after every name that begins with what it is put behind.
const nameEnd = "\U0010FFFF"

// entriesByName reads along the index of names.
func (s *Service) entriesByName(ctx context.Context, f filter, cursor string, limit int) ([]Entry, string, error) {
	begins := identity.CompareKey(identity.Clean(f.Name))
	f.Name = ""
	c, err := s.conditionsIn(ctx, s.aside("s.region"), f, access.RegistryRead)
	if err != nil {
		return nil, "", err
	}
	c.add("e.name_key >= $%d AND e.name_key < $%d", begins, begins+nameEnd)
	if cursor != "" {
		at := strings.LastIndexByte(cursor, '.')
		if at < 0 {
			return nil, "", fault.ErrInvalid.New(fault.Field("cursor", "not_allowed"))
		}
		c.add("(e.name_key, e.id) > ($%d, $%d)", cursor[:at], cursor[at+1:])
	}
	found, err := s.entries(ctx, s.db, c.where()+" ORDER BY e.name_key, e.id"+c.limit(limit), c.args...)
	if err != nil || len(found) <= limit {
		return found, "", err
	}
	last := found[limit-1]
	return found[:limit], identity.CompareKey(last.Name) + "." + last.ID, nil
}

// schoolsAtOnce is how many schools are looked up at a time: a page of 50 seldom takes more.
const schoolsAtOnce = 50

func (s *Service) entriesBySchool(ctx context.Context, f filter, cursor string, limit int) ([]Entry, string, error) {
	page, err := server.Grouped[Entry]{
		AtOnce: schoolsAtOnce,
		Groups: func(at server.Bookmark) ([]server.Bookmark, error) { return s.schoolsWithEntries(ctx, f, at) },
		Items:  func(at server.Bookmark, limit int) ([]Entry, error) { return s.entriesOfSchool(ctx, f, at, limit) },
		At: func(e Entry) server.Bookmark {
			return server.Bookmark{Order: e.School.Region, ID: e.School.ID, Item: e.ID}
		},
	}.Page(cursor, limit)
	return page.Items, page.NextCursor, err
}

// schoolsWithEntries answers the next schools that have people whom the filter leaves, as far as the tally tells, that of the bookmark first
// unless it is done with.
func (s *Service) schoolsWithEntries(ctx context.Context, f filter, at server.Bookmark) ([]server.Bookmark, error) {
	var c conditions
	c.reach(access.ActorFrom(ctx).Reach(access.RegistryRead), "s.region", "s.id")
	if f.SchoolID != "" {
		c.add("s.id = $%d", f.SchoolID)
	}
	if f.Region != "" {
		c.region(f.Region)
	}
	switch {
	case f.Graduated != "": // whom nothing counts
		c.add("EXISTS (SELECT 1 FROM classes g WHERE g.school_id = s.id AND g.graduated_at IS NOT NULL)")
	case f.ClassID != "" && f.ClassID != noClass:
		c.add("s.id = (SELECT school_id FROM classes WHERE id = $%d)", f.ClassID)
	default:
		kind := f.Kind
		if f.ClassID == noClass {
			kind = Student
		}
		somebody, args := tally.Somebody("s.id", kind, f.Bound, f.ClassID == noClass, len(c.args)+1)
		c.parts, c.args = append(c.parts, somebody), append(c.args, args...)
	}
	from := ">"
	if at.Item != "" {
		from = ">="
	}
	c.add("(s.region, s.id) "+from+" ($%d, $%d)", at.Order, at.ID)
	return db.Collect(ctx, s.db, "SELECT s.region, s.id FROM schools s"+c.where()+" ORDER BY s.region, s.id"+c.limit(schoolsAtOnce-1), c.args,
		func(b *server.Bookmark) []any { return []any{&b.Order, &b.ID} })
}

// entriesOfSchool answers up to limit and one entries of the bookmark's school that come after it.
func (s *Service) entriesOfSchool(ctx context.Context, f filter, at server.Bookmark, limit int) ([]Entry, error) {
	f.SchoolID = at.ID
	c, err := s.conditionsIn(ctx, s.aside("s.region"), f, access.RegistryRead)
	if err != nil {
		return nil, err
	}
	if at.Item != "" {
		c.add("e.id < $%d", at.Item)
	}
	// The ids of the school's few thousand are sorted, and no more of them is read than the page shows: along the key of all entries
	// PostgreSQL would look for the last of them in the whole province.
	page := "SELECT e.id FROM " + entryFrom + c.where() + " ORDER BY e.id || '' DESC" + c.limit(limit)
	return s.entries(ctx, s.db, " WHERE e.id IN ("+page+") ORDER BY e.id DESC", c.args...)
}
