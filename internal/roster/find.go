package roster

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/identity"
)

// FindByNumber answers the entry of a document number within the actor's scope, and whether there is one beyond it. Errors:
// id_number_invalid.
func (s *Service) FindByNumber(ctx context.Context, number string) (people []Person, elsewhere bool, err error) {
	found, err := s.entriesByNumber(ctx, filter{IDNumber: number})
	if err != nil {
		return nil, false, err
	}
	if people, err = s.peopleOf(found); err != nil || len(people) > 0 {
		return people, false, err
	}
	var anywhere conditions
	if err := s.byNumber(&anywhere, number); err != nil {
		return nil, false, err
	}
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM registry_entries e`+anywhere.where()+`)`, anywhere.args...).Scan(&elsewhere)
	return people, elsewhere, err
}

// FindByName answers those of the actor's scope who have just this name, the newest first.
func (s *Service) FindByName(ctx context.Context, name string, limit int) ([]Person, error) {
	var c conditions
	c.reach(access.ActorFrom(ctx).Reach(access.RegistryRead), "s.region", "e.school_id")
	c.add("e.name_key = $%d", identity.CompareKey(name))
	found, err := s.entries(ctx, s.db, c.where()+" ORDER BY e.id DESC"+c.limit(limit-1), c.args...)
	if err != nil {
		return nil, err
	}
	return s.peopleOf(found)
}

func (s *Service) peopleOf(entries []Entry) ([]Person, error) {
	people := make([]Person, len(entries))
	for i, e := range entries {
		var err error
		if people[i], err = s.PersonOf(e); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// FindSchools answers the schools of the actor's scope that a part of the name fits, or the school code.
func (s *Service) FindSchools(ctx context.Context, text string, limit int) ([]School, error) {
	var c conditions
	c.reach(access.ActorFrom(ctx).Reach(access.RegistryRead), "s.region", "s.id")
	c.contains("s.name", text)
	return db.Collect(ctx, s.db, "SELECT "+schoolColumns+" FROM schools s"+c.where()+" ORDER BY s.code"+c.limit(limit-1), c.args, (*School).scan)
}
