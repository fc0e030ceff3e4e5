package guardians

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/slips"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Guardianship is a guardian's request or link as the guardian sees it.
type Guardianship struct {
	ID         string                     `json:"id"`
	State      verification.GuardianState `json:"state" enum:"asked,confirmed,declined,withdrawn,expired,left,ended"`
	AskedName  string                     `json:"asked_name" doc:"The child's, masked, as it was typed: all that is shown until it is confirmed"`
	AskedID    string                     `json:"asked_number" doc:"Likewise"`
	Child      *Child                     `json:"child" doc:"Of a confirmed one; null otherwise"`
	Others     []Other                    `json:"others" doc:"Of a confirmed one: the child's other guardians"`
	SchoolOnly bool                       `json:"school_only" doc:"The school alone can confirm it: it refused or ended it before"`
	Channel    verification.Channel       `json:"channel,omitempty" enum:"slip,class_teacher,school,child,before"`
	AskedAt    time.Time                  `json:"asked_at"`
	ExpiresAt  time.Time                  `json:"expires_at" doc:"Until when it waits"`
	DecidedAt  *time.Time                 `json:"decided_at"`
	EndedAt    *time.Time                 `json:"ended_at"`
	Reason     string                     `json:"reason,omitempty"`
}

// Child is a pupil as their guardian sees them.
type Child struct {
	Name   string            `json:"name"`
	School *roster.SchoolRef `json:"school"`
	Class  *roster.ClassRef  `json:"class"`
}

// Other is another guardian of the same child.
type Other struct {
	MaskedName string `json:"masked_name" doc:"Empty where they did not tell it"`
	Relation   string `json:"relation,omitempty" enum:"father,mother,other"`
}

// Own lists the actor's requests and links, the newest first.
func (s *Service) Own(ctx context.Context, page server.PageInput) (server.Page[Guardianship], error) {
	accountID := access.ActorFrom(ctx).AccountID
	found, err := s.verification.GuardianRequestsOf(ctx, s.db, accountID, page.Cursor, page.Limit+1)
	if err != nil {
		return server.Page[Guardianship]{}, err
	}
	bindings, err := s.verification.BindingsOf(ctx, s.db, accountID)
	if err != nil {
		return server.Page[Guardianship]{}, err
	}
	all := make([]Guardianship, len(found))
	for i, r := range found {
		if all[i], err = s.show(ctx, r, bindings); err != nil {
			return server.Page[Guardianship]{}, err
		}
	}
	return server.NewPage(all, page.Limit, func(g Guardianship) string { return g.ID }), nil
}

// show is what the guardian may see of a request: of the child, what their bindings hold.
func (s *Service) show(ctx context.Context, r verification.GuardianRequest, bindings []verification.Binding) (Guardianship, error) {
	g := Guardianship{
		ID: r.ID, State: r.State, AskedName: r.AskedName, AskedID: r.AskedID, Others: []Other{}, SchoolOnly: r.SchoolOnly, Channel: r.Channel,
		AskedAt: r.AskedAt.Time, ExpiresAt: r.ExpiresAt.Time, DecidedAt: r.DecidedAt.Ptr(), EndedAt: r.EndedAt.Ptr(), Reason: r.Reason,
	}
	for _, b := range bindings {
		if !b.Guardian || b.ID != r.ID {
			continue
		}
		g.Child = &Child{b.Name, b.School, b.Class}
		all, err := s.verification.GuardiansOf(ctx, s.db, b.EntryID)
		if err != nil {
			return g, err
		}
		for _, other := range all {
			if other.State == verification.Confirmed && other.ID != r.ID {
				g.Others = append(g.Others, Other{vault.MaskName(other.Guardian.Name), string(other.Guardian.Relation)})
			}
		}
	}
	return g, nil
}

// one answers a request of the actor's after a change.
func (s *Service) one(ctx context.Context, r verification.GuardianRequest) (Guardianship, error) {
	bindings, err := s.verification.BindingsOf(ctx, s.db, r.AccountID)
	if err != nil {
		return Guardianship{}, err
	}
	return s.show(ctx, r, bindings)
}

// confirmBySlip has the child's slip confirm a request of the actor's. Errors: not_found for somebody else's; those of
// [slips.Service.Vouched]; slip_invalid for another child's; guardian_own_request for whoever may print the slip; those of [verification.Service.ConfirmGuardian].
func (s *Service) confirmBySlip(ctx context.Context, id, code string) (Guardianship, error) {
	entryID, err := s.slips.Vouched(ctx, code)
	if err != nil {
		return Guardianship{}, err
	}
	entry, err := s.roster.EntryByID(ctx, s.db, entryID)
	if err != nil {
		return Guardianship{}, err
	}
	prints, err := s.slips.Prints(ctx, entry)
	if err != nil {
		return Guardianship{}, err
	}
	return s.mine(ctx, id, func(tx *db.Tx, r verification.GuardianRequest) (verification.GuardianRequest, error) {
		if r.EntryID != entryID {
			return r, slips.ErrSlipInvalid.New(fault.Field("code", "slip_other"))
		}
		if prints {
			return r, verification.ErrOwnRequest.New()
		}
		if err := s.slips.Vouch(ctx, tx, code, entryID); err != nil {
			return r, err
		}
		return s.verification.ConfirmGuardian(ctx, tx, id, verification.BySlip)
	})
}

// withdraw takes a request of the actor's back.
func (s *Service) withdraw(ctx context.Context, id string) (Guardianship, error) {
	return s.mine(ctx, id, func(tx *db.Tx, _ verification.GuardianRequest) (verification.GuardianRequest, error) {
		return s.verification.CloseGuardian(ctx, tx, id, verification.Withdrawn, "", "")
	})
}

// leave ends a link of the actor's, after their password.
func (s *Service) leave(ctx context.Context, id, password string) error {
	if err := s.accounts.CheckPassword(ctx, access.ActorFrom(ctx).AccountID, password); err != nil {
		return err
	}
	_, err := s.mine(ctx, id, func(tx *db.Tx, r verification.GuardianRequest) (verification.GuardianRequest, error) {
		return r, s.verification.EndGuardian(ctx, tx, id, verification.Left, "")
	})
	return err
}

// mine changes a request of the actor's: fault.ErrNotFound for anybody else's.
func (s *Service) mine(ctx context.Context, id string, change func(tx *db.Tx, r verification.GuardianRequest) (verification.GuardianRequest, error)) (Guardianship, error) {
	var after verification.GuardianRequest
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.verification.HoldGuardian(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.AccountID != access.ActorFrom(ctx).AccountID {
			return fault.ErrNotFound.New()
		}
		after, err = change(tx, r)
		return err
	})
	if err != nil {
		return Guardianship{}, err
	}
	return s.one(ctx, after)
}
