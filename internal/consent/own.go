package consent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// OfChild is what a guardian is asked about one child.
type OfChild struct {
	GuardianshipID string  `json:"guardianship_id"`
	Child          string  `json:"child"`
	Purposes       []Asked `json:"purposes"`
}

// own lists the actor's children for whom consent is asked: those under fourteen.
func (s *Service) own(ctx context.Context) ([]OfChild, error) {
	bindings, err := s.verification.BindingsOf(ctx, s.db, access.ActorFrom(ctx).AccountID)
	if err != nil {
		return nil, err
	}
	all := []OfChild{}
	for _, b := range bindings {
		if !b.Guardian {
			continue
		}
		entry, err := s.roster.EntryByID(ctx, s.db, b.EntryID)
		if err != nil {
			return nil, err
		}
		if needs, err := s.needs(entry); err != nil {
			return nil, err
		} else if !needs {
			continue
		}
		one := OfChild{GuardianshipID: b.ID, Child: b.Name}
		if one.Purposes, err = s.asked(ctx, s.db, b.EntryID); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// sayOwn records what the actor says for a child of theirs. Errors: not_found where they are not the guardian; those of say.
func (s *Service) sayOwn(ctx context.Context, guardianshipID string, decisions []Decision) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.verification.HoldGuardian(ctx, tx, guardianshipID)
		if err != nil {
			return err
		}
		if r.AccountID != access.ActorFrom(ctx).AccountID || r.State != verification.Confirmed {
			return fault.ErrNotFound.New()
		}
		return s.say(ctx, tx, r.EntryID, author{inSpace, r.AccountID, r.ID, r.Guardian.Name, string(r.Guardian.Relation)}, decisions)
	})
}

// Shown is what somebody sees who holds a link or a slip: enough to know the child by, and the purposes.
type Shown struct {
	MaskedChild string  `json:"masked_child"`
	Purposes    []Asked `json:"purposes"`
	ByGuardians bool    `json:"by_guardians" doc:"The child has a confirmed guardian, who alone answers, in their space: the slip shows what stands"`
}

func (s *Service) shown(ctx context.Context, q db.Querier, entryID string) (Shown, error) {
	entry, err := s.roster.EntryByID(ctx, q, entryID)
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{MaskedChild: vault.MaskName(entry.Name), Purposes: []Asked{}}
	if needs, err := s.needs(entry); err != nil || !needs {
		return shown, err
	}
	shown.Purposes, err = s.asked(ctx, q, entryID)
	return shown, err
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// newLink makes a link for a guardian, and keeps its hash.
func (s *Service) newLink(ctx context.Context, tx *db.Tx, guardianshipID string, now db.Time) (string, error) {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails, by its contract
	token := base64.RawURLEncoding.EncodeToString(raw)
	_, err := tx.Exec(ctx, `INSERT INTO consent_links (token_hash, link_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		hashOf(token), guardianshipID, now, db.At(now.Add(s.config.LinkTTL)))
	return s.page("/consent#" + token), err
}

// linkOf is the guardian's link that a token speaks for; consent_link_ended for one that is unknown, used or over.
func (s *Service) linkOf(ctx context.Context, q db.Querier, token string) (guardianshipID, entryID string, err error) {
	err = q.QueryRow(ctx, `SELECT g.id, g.entry_id FROM consent_links l JOIN guardian_links g ON g.id = l.link_id
		WHERE l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > $2`, hashOf(token), db.Now()).Scan(&guardianshipID, &entryID)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrLinkEnded.New(fault.Next("sign_in", "/login"))
	}
	return guardianshipID, entryID, err
}

func (s *Service) readLink(ctx context.Context, token string) (Shown, error) {
	_, entryID, err := s.linkOf(ctx, s.db, token)
	if err != nil {
		return Shown{}, err
	}
	return s.shown(ctx, s.db, entryID)
}

// sayByLink records what the guardian says to whom a link was sent, and ends the link. Of any number who use it at once one does.
func (s *Service) sayByLink(ctx context.Context, token string, decisions []Decision) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		guardianshipID, _, err := s.linkOf(ctx, tx, token)
		if err != nil {
			return err
		}
		r, err := s.verification.HoldGuardian(ctx, tx, guardianshipID)
		if err != nil {
			return err
		}
		used, err := tx.Exec(ctx, `UPDATE consent_links SET used_at = $1 WHERE token_hash = $2 AND used_at IS NULL`, db.Now(), hashOf(token))
		if err != nil {
			return err
		}
		if n, err := used.RowsAffected(); err != nil {
			return err
		} else if n == 0 || r.State != verification.Confirmed {
			return ErrLinkEnded.New(fault.Next("sign_in", "/login"))
		}
		return s.say(ctx, tx, r.EntryID, author{bySMS, r.AccountID, r.ID, r.Guardian.Name, string(r.Guardian.Relation)}, decisions)
	})
}

func (s *Service) readSlip(ctx context.Context, code string) (Shown, error) {
	entryID, err := s.slips.Vouched(ctx, code)
	if err != nil {
		return Shown{}, err
	}
	shown, err := s.shown(ctx, s.db, entryID)
	if err == nil {
		shown.ByGuardians, err = s.hasGuardian(ctx, s.db, entryID)
	}
	return shown, err
}

func (s *Service) hasGuardian(ctx context.Context, q db.Querier, entryID string) (has bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM guardian_links WHERE entry_id = $1)`, entryID).Scan(&has)
	return has, err
}

// sayBySlip records what whoever holds the child's slip says as the guardian; the slip works on. Errors: consent_by_guardians for a
// child who has a confirmed guardian; those of the slip and of say.
func (s *Service) sayBySlip(ctx context.Context, code, name, relation string, decisions []Decision) error {
	by, err := guardian(name, relation)
	if err != nil {
		return err
	}
	entryID, err := s.slips.Vouched(ctx, code)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		if _, err := verification.Hold(ctx, tx, entryID); err != nil {
			return err
		}
		if err := s.slips.Vouch(ctx, tx, code, entryID); err != nil {
			return err
		}
		if has, err := s.hasGuardian(ctx, tx, entryID); err != nil {
			return err
		} else if has {
			return ErrByGuardians.New(fault.Next("space", "/space#consents"))
		}
		return s.say(ctx, tx, entryID, by, decisions)
	})
}
