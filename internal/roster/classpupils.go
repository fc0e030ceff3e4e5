package roster

import (
	"context"
	"slices"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// putPupils puts pupils of the class's school into it, all or none, and answers how many were not in it yet; each is recorded.
// Errors: not_found where the class lies outside the actor's scope; invalid where one of them is no pupil of that school.
func (s *Service) putPupils(ctx context.Context, classID string, pupils []string) (put int, err error) {
	slices.Sort(pupils) // two who do so at once take the pupils in one order
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		put = 0
		class, err := s.managedClass(ctx, tx, classID)
		if err != nil {
			return err
		}
		for _, id := range slices.Compact(pupils) {
			e, err := s.EntryByID(ctx, tx, id)
			if fault.Is(err, fault.ErrNotFound) || err == nil && (e.Kind != Student || e.School.ID != class.School.ID) {
				return fault.ErrInvalid.New(fault.Field("entry_ids", "not_found"))
			}
			if err != nil {
				return err
			}
			if e.Class != nil && e.Class.ID == classID {
				continue
			}
			if !access.ActorFrom(ctx).Can(access.RegistryWrite, e.Place()) {
				return fault.ErrForbidden.New()
			}
			if err := s.SetClass(ctx, tx, id, classID); err != nil {
				return err
			}
			put++
		}
		return nil
	})
	return put, err
}
