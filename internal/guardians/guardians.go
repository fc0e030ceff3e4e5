package guardians

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/roster"
	"caotang/internal/slips"
	"caotang/internal/verification"
)

// Service is the room. It is safe for concurrent use.
type Service struct {
	db           *db.DB
	accounts     *accounts.Service
	roster       *roster.Service
	verification *verification.Service
	slips        *slips.Service
}

// New makes the room.
func New(d *db.DB, a *accounts.Service, r *roster.Service, v *verification.Service, p *slips.Service) *Service {
	return &Service{db: d, accounts: a, roster: r, verification: v, slips: p}
}

// headed are the classes whose class teacher the actor is.
func (s *Service) headed(ctx context.Context, q db.Querier) ([]string, error) {
	own, err := s.verification.BindingOf(ctx, q, access.ActorFrom(ctx).AccountID)
	if err != nil || own == nil || own.Kind != verification.Teacher {
		return nil, err
	}
	return s.roster.ClassesHeaded(ctx, q, own.EntryID)
}
