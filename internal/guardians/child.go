package guardians

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/verification"
)

// OwnGuardians are a pupil's guardians as the pupil sees them.
type OwnGuardians struct {
	OfOwnAge bool          `json:"of_own_age" doc:"From fourteen on a pupil may say whether somebody is their guardian, and sees who asks to be one"`
	Items    []OwnGuardian `json:"items"`
}

// OwnGuardian is a guardian, or whoever asks to be one.
type OwnGuardian struct {
	ID             string                     `json:"id"`
	State          verification.GuardianState `json:"state" enum:"asked,confirmed"`
	Name           string                     `json:"name" doc:"As they told it; empty when they did not"`
	Relation       string                     `json:"relation,omitempty" enum:"father,mother,other"`
	MaskedUsername string                     `json:"masked_username"`
	SchoolOnly     bool                       `json:"school_only"`
	AskedAt        time.Time                  `json:"asked_at"`
	ExpiresAt      time.Time                  `json:"expires_at"`
}

// pupil answers the entry that the actor is bound to as a pupil, and whether they are of their own age; false when they are none.
func (s *Service) pupil(ctx context.Context, q db.Querier) (entry roster.Entry, is, ofAge bool, err error) {
	own, err := s.verification.BindingOf(ctx, q, access.ActorFrom(ctx).AccountID)
	if err != nil || own == nil || own.Kind != verification.Student {
		return entry, false, false, err
	}
	if entry, err = s.roster.EntryByID(ctx, q, own.EntryID); err != nil {
		return entry, false, false, err
	}
	ofAge, err = s.roster.OfOwnAge(entry)
	return entry, true, ofAge, err
}

// OfPupil lists the actor's own guardians; from fourteen on, also whoever asks to be one. For anybody but a pupil, none.
func (s *Service) OfPupil(ctx context.Context) (OwnGuardians, error) {
	seen := OwnGuardians{Items: []OwnGuardian{}}
	entry, is, ofAge, err := s.pupil(ctx, s.db)
	if err != nil || !is {
		return seen, err
	}
	seen.OfOwnAge = ofAge
	all, err := s.verification.GuardiansOf(ctx, s.db, entry.ID)
	if err != nil {
		return seen, err
	}
	for _, r := range all {
		if r.State == verification.Asked && !ofAge { // who is none yet is the school's to judge
			continue
		}
		account, err := s.accounts.MaskedOf(ctx, s.db, r.AccountID)
		if err != nil {
			return seen, err
		}
		seen.Items = append(seen.Items, OwnGuardian{
			r.ID, r.State, r.Guardian.Name, string(r.Guardian.Relation), account.MaskedUsername, r.SchoolOnly, r.AskedAt.Time, r.ExpiresAt.Time,
		})
	}
	return seen, nil
}

// answerAsChild has a pupil of their own age confirm a request, or say that it is nobody of theirs.
func (s *Service) answerAsChild(ctx context.Context, id string, confirm bool) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.verification.HoldGuardian(ctx, tx, id)
		if err != nil {
			return err
		}
		entry, _, ofAge, err := s.pupil(ctx, tx)
		if err != nil {
			return err
		}
		if !ofAge || r.EntryID != entry.ID {
			return fault.ErrNotFound.New()
		}
		return s.settle(ctx, tx, id, confirm, verification.ByChild, "")
	})
}

// settle confirms or declines a request, and tells a guardian who was declined; who is confirmed is told by verification.
func (s *Service) settle(ctx context.Context, tx *db.Tx, id string, confirm bool, channel verification.Channel, reason string) error {
	if confirm {
		_, err := s.verification.ConfirmGuardian(ctx, tx, id, channel)
		return err
	}
	r, err := s.verification.CloseGuardian(ctx, tx, id, verification.Declined, channel, reason)
	if err != nil {
		return err
	}
	return s.accounts.Notify(ctx, tx, r.AccountID, "notice.guardian_declined", map[string]any{"name": r.AskedName})
}
