package factors

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"

	"caotang/internal/db"
)

// of reads what an account has.
func (s *Service) of(ctx context.Context, q db.Querier, accountID string) (Factors, error) {
	f := Factors{Passkeys: []StoredPasskey{}}
	var since db.NullTime
	err := q.QueryRow(ctx, `SELECT (SELECT created_at FROM authenticators WHERE account_id = $1),
			(SELECT count(*) FROM recovery_codes WHERE account_id = $1 AND used_at IS NULL)`, accountID).Scan(&since, &f.RecoveryCodesLeft)
	if err != nil {
		return f, err
	}
	if since.Valid {
		f.Authenticator = &AuthenticatorApp{since.Time.Time}
	}
	rows, err := q.Query(ctx, `SELECT id, name, created_at, used_at FROM passkeys WHERE account_id = $1 ORDER BY id`, accountID)
	if err != nil {
		return f, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p StoredPasskey
		var created db.Time
		var used db.NullTime
		if err := rows.Scan(&p.ID, &p.Name, &created, &used); err != nil {
			return f, err
		}
		p.CreatedAt, p.UsedAt = created.Time, used.Ptr()
		f.Passkeys = append(f.Passkeys, p)
	}
	return f, rows.Err()
}

// secretOf gives what the account's app knows, "" when there is none.
func (s *Service) secretOf(ctx context.Context, q db.Querier, accountID string) (string, error) {
	var secret []byte
	err := q.QueryRow(ctx, `SELECT secret_sealed FROM authenticators WHERE account_id = $1`, accountID).Scan(&secret)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return s.vault.Open(authenticatorPurpose, secret)
}

// holder is an account as the passkeys' library asks for it.
type holder struct {
	id, username string
	credentials  []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.id) }
func (h holder) WebAuthnName() string                       { return h.username }
func (h holder) WebAuthnDisplayName() string                { return h.username }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

func (s *Service) holder(ctx context.Context, q db.Querier, accountID, username string) (holder, error) {
	h := holder{id: accountID, username: username}
	rows, err := q.Query(ctx, `SELECT credential FROM passkeys WHERE account_id = $1 ORDER BY id`, accountID)
	if err != nil {
		return h, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		var credential webauthn.Credential
		if err := rows.Scan(&text); err != nil {
			return h, err
		}
		if err := json.Unmarshal([]byte(text), &credential); err != nil {
			return h, fmt.Errorf("factors: a stored passkey cannot be read: %w", err)
		}
		h.credentials = append(h.credentials, credential)
	}
	return h, rows.Err()
}

// keepChallenge stores what a passkey is about to be asked.
func (s *Service) keepChallenge(ctx context.Context, purpose, accountID string, session *webauthn.SessionData) (string, error) {
	text, err := json.Marshal(session)
	if err != nil {
		return "", err
	}
	id := db.NewID()
	_, err = s.db.Exec(ctx, `INSERT INTO passkey_challenges (id, purpose, account_id, session, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		id, purpose, accountID, string(text), db.At(s.now().Add(challengeFor)))
	return id, err
}

// takeChallenge gives what a passkey was asked, once; false when there is no such question to this account any more.
func (s *Service) takeChallenge(ctx context.Context, tx *db.Tx, id, purpose, accountID string) (session webauthn.SessionData, found bool, err error) {
	var text string
	err = tx.QueryRow(ctx, `DELETE FROM passkey_challenges WHERE id = $1 AND purpose = $2 AND account_id = $3 AND expires_at > $4 RETURNING session`,
		id, purpose, accountID, db.At(s.now())).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return session, false, nil
	}
	if err != nil {
		return session, false, err
	}
	return session, true, json.Unmarshal([]byte(text), &session)
}

// Forget removes questions that no passkey has answered in time. Call it now and then.
func (s *Service) Forget(ctx context.Context) error {
	_, err := s.db.Exec(ctx, `DELETE FROM passkey_challenges WHERE expires_at <= $1`, db.At(s.now()))
	return err
}
