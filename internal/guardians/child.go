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
	OfOwnAge bool          `json:"of_own_age" doc:"From fourteen on a pupil sees who their guardians are, and may confirm one; the list is empty before"`
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

// ofOwnAge answers the entry that the actor is bound to as a pupil of their own age, or false.
func (s *Service) ofOwnAge(ctx context.Context, q db.Querier) (roster.Entry, bool, error) {
	own, err := s.verification.BindingOf(ctx, q, access.ActorFrom(ctx).AccountID)
	if err != nil || own == nil || own.Kind != verification.Student {
		return roster.Entry{}, false, err
	}
	entry, err := s.roster.EntryByID(ctx, q, own.EntryID)
	if err != nil {
		return entry, false, err
	}
	ofAge, err := s.roster.OfOwnAge(entry)
	return entry, ofAge, err
}

// OfPupil lists the actor's own guardians, from fourteen on; before, and for anybody else, none.
func (s *Service) OfPupil(ctx context.Context) (OwnGuardians, error) {
	seen := OwnGuardians{Items: []OwnGuardian{}}
	entry, ofAge, err := s.ofOwnAge(ctx, s.db)
	if err != nil || !ofAge {
		return seen, err
	}
	seen.OfOwnAge = true
	all, err := s.verification.GuardiansOf(ctx, s.db, entry.ID)
	if err != nil {
		return seen, err
	}
	for _, r := range all {
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
		entry, ofAge, err := s.ofOwnAge(ctx, tx)
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
	return s.accounts.Notify(ctx, tx, r.AccountID, "notice.guardian_declined", nil)
}
