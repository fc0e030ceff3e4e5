package desk

import (
	"context"

	"caotang/internal/deadlines"
	"caotang/internal/fault"
)

// ByTracking answers the request for a lost account with a tracking number, where the caller may decide it.
func (s *Service) ByTracking(ctx context.Context, number string) ([]Request, error) {
	id, err := s.recovery.IDOf(ctx, number)
	if err != nil {
		return none(err)
	}
	return s.ByID(ctx, id)
}

// ByID answers the request whose id is so or begins so, of whatever kind, where it lies in the caller's scope. Twelve signs, as screens
// show them, are the time to a quarter of a microsecond: of two with the same one the newer is answered.
func (s *Service) ByID(ctx context.Context, id string) ([]Request, error) {
	wanted := deadlines.Wanted{ID: id, Limit: 1}
	for _, list := range []func(context.Context, deadlines.Wanted) ([]Request, error){s.tickets, s.lost, s.moves} {
		if some, err := list(ctx, wanted); err != nil || len(some) > 0 {
			return some, err
		}
	}
	return nil, nil
}

func none(err error) ([]Request, error) {
	if fault.Is(err, fault.ErrNotFound) {
		return nil, nil
	}
	return nil, err
}
