package roster

import (
	"context"
	"slices"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// putPupils puts pupils of the class's school into it, all or none, and answers which it is and how many were not in it yet; each is recorded, several
// under one record. Errors: not_found where the class lies outside the actor's scope; invalid where one of them is no pupil of that school.
func (s *Service) putPupils(ctx context.Context, classID string, pupils []string) (put putBody, err error) {
	slices.Sort(pupils) // two who do so at once take the pupils in one order
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		var due []string
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
			due = append(due, id)
		}
		put = putBody{len(due), class.DisplayName}
		ctx := ctx
		if put.Put > 1 {
			batch := db.NewID()
			if err := audit.Record(ctx, tx, audit.Event{
				Action: "class.put_pupils", Target: "class", TargetID: classID, Place: class.place,
				Details: map[string]any{"class": class.DisplayName, "pupils": put.Put, audit.Batch: batch},
			}); err != nil {
				return err
			}
			ctx = audit.InBatch(ctx, batch)
		}
		for _, id := range due {
			if err := s.SetClass(ctx, tx, id, classID); err != nil {
				return err
			}
		}
		return nil
	})
	return put, err
}
