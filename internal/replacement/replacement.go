package replacement

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/moves"
	"caotang/internal/recovery"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/support"
	"caotang/internal/transfers"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// numberReplaced is what the account's owner is told.
const numberReplaced accounts.Notice = "number_replaced"

// Rooms are those that keep something of an entry.
type Rooms struct {
	Accounts  *accounts.Service
	Roster    *roster.Service
	Support   *support.Service
	Transfers *transfers.Service
	Recovery  *recovery.Service
}

// Service is the room.
type Service struct {
	db *db.DB
	Rooms
}

// New makes the room.
func New(d *db.DB, rooms Rooms) *Service { return &Service{d, rooms} }

type input struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		IDType   identity.Type `json:"id_type" maxLength:"40" doc:"resident_id, residence_permit, home_return_permit, permanent_residence, passport or other"`
		IDNumber string        `json:"id_number" maxLength:"1000"`
		Reason   string        `json:"reason" maxLength:"1000"`
	}
}

type output struct{ Body roster.Person }

// Mount adds the operation.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/registry/{id}/replacement", ID: "replace-registry-entry", Tag: "registry", Rule: server.Administrator, Status: 201,
		Summary: "Replace a wrong ID number: a new entry takes the place of this one, with all that belongs to the person",
	}, func(ctx context.Context, in *input) (*output, error) {
		made, err := s.Replace(ctx, in.ID, roster.Document{Type: in.Body.IDType, Number: in.Body.IDNumber}, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		person, err := s.Roster.PersonOf(made)
		return &output{person}, err
	})
}

// Replace gives a person of the actor's scope another entry in place of the one with this id. Errors: not_found outside the
// scope; invalid without a reason; those of [roster.Service.Replace].
func (s *Service) Replace(ctx context.Context, id string, document roster.Document, reason string) (made roster.Entry, err error) {
	if reason, err = audit.Reason(reason); err != nil {
		return made, err
	}
	var at access.Place
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		// Whoever binds, moves or replaces it takes turns; what is read from here on is what will have stood there.
		if _, err := verification.Hold(ctx, tx, id); err != nil {
			return err
		}
		old, err := s.Roster.EntryByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if !access.ActorFrom(ctx).Can(access.RegistryWrite, old.Place()) {
			return fault.ErrNotFound.New()
		}
		at = old.Place()
		if made, err = s.Roster.Replace(ctx, tx, old, document, reason); err != nil {
			return err
		}
		for _, succeed := range []func(context.Context, *db.Tx, string, string) error{s.Transfers.Succeed, s.Support.Succeed, s.Recovery.Succeed, moves.Succeed} {
			if err := succeed(ctx, tx, old.ID, made.ID); err != nil {
				return err
			}
		}
		return s.tell(ctx, tx, made)
	})
	return made, s.Roster.RecordElsewhere(ctx, at, document.Number, err)
}

// tell lets the owner of the bound account know, if there is one.
func (s *Service) tell(ctx context.Context, tx *db.Tx, made roster.Entry) error {
	if made.AccountID == "" {
		return nil
	}
	number, err := s.Roster.IDNumber(made)
	if err != nil {
		return err
	}
	return s.Accounts.Tell(ctx, tx, made.AccountID, numberReplaced, map[string]any{"school": made.School.Name, "number": vault.MaskIDNumber(number)})
}
