package accounts

import (
	"context"
	"maps"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/vault"
)

// Own gives the account of whoever makes the request. It costs nothing: finding out who asks has read it.
func Own(ctx context.Context) Account {
	actor := access.ActorFrom(ctx)
	own := Account{ID: actor.AccountID, Username: actor.Username, Role: actor.Role, CreatedAt: actor.RegisteredAt}
	if actor.MaskedPhone != "" {
		own.MaskedPhone = &actor.MaskedPhone
	}
	if actor.MaskedContact != "" {
		own.MaskedContact = &actor.MaskedContact
	}
	return own
}

// Grant is a scope that an account administers, with its name.
type Grant struct {
	Level     access.Level `json:"level" enum:"province,city,county,school,service"`
	ScopeID   string       `json:"scope_id"`
	ScopeName string       `json:"scope_name"`
}

// Grants lists what an account administers, the widest scope first; empty for most.
func (s *Service) Grants(ctx context.Context, accountID string) ([]Grant, error) {
	rows, err := s.db.Query(s.db.Brief(ctx), `SELECT g.level, g.scope_id, coalesce(r.name, s.name, '') FROM grants g
		LEFT JOIN regions r ON g.level <> 'school' AND r.code = g.scope_id
		LEFT JOIN schools s ON g.level = 'school' AND s.id = g.scope_id
		WHERE g.account_id = $1
		ORDER BY CASE g.level WHEN 'province' THEN 0 WHEN 'city' THEN 1 WHEN 'county' THEN 2 ELSE 3 END, g.scope_id`, accountID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	grants := []Grant{}
	for rows.Next() {
		var g Grant
		if err := rows.Scan(&g.Level, &g.ScopeID, &g.ScopeName); err != nil {
			return nil, err
		}
		grants = append(grants, g)
	}
	return grants, rows.Err()
}

// Masked is an account as those may see it who have proved that it concerns them.
type Masked struct {
	MaskedUsername string
	MaskedPhone    string // "" when no phone is bound
}

// MaskedOf gives the masked username and phone of an account, or not_found.
func (s *Service) MaskedOf(ctx context.Context, q db.Querier, accountID string) (Masked, error) {
	r, err := s.load(ctx, q, accountID)
	if err != nil {
		return Masked{}, err
	}
	return Masked{vault.MaskUsername(r.username), vault.MaskPhone(r.phone)}, nil
}

// Trace is what an account has left that tells whose it is, without following its owner.
type Trace struct {
	Masked
	CreatedAt     time.Time
	LastSignInDay string // in China; "" when it is longer ago than is remembered
}

// TraceOf gives an account's trace, or not_found.
func (s *Service) TraceOf(ctx context.Context, q db.Querier, accountID string) (t Trace, err error) {
	if t.Masked, err = s.MaskedOf(ctx, q, accountID); err != nil {
		return t, err
	}
	var created db.Time
	var signedIn db.NullTime
	err = q.QueryRow(ctx, `SELECT a.created_at, (SELECT max(k.seen_at) FROM known_addresses k WHERE k.account_id = a.id) FROM accounts a WHERE a.id = $1`,
		accountID).Scan(&created, &signedIn)
	if t.CreatedAt = created.Time; signedIn.Valid {
		t.LastSignInDay = signedIn.Time.In(calendar.Shanghai).Format(time.DateOnly)
	}
	return t, err
}

// PhoneOf gives the account's phone in full, "" when none is bound, or not_found.
func (s *Service) PhoneOf(ctx context.Context, q db.Querier, accountID string) (string, error) {
	r, err := s.load(ctx, q, accountID)
	if err != nil {
		return "", err
	}
	return r.phone, nil
}

// Hold makes whoever binds or parts these accounts, or files for them, take turns; "" is nobody. They are taken in one order, and after the entry: so
// nobody waits for each other.
func (s *Service) Hold(ctx context.Context, tx *db.Tx, accountIDs ...string) error {
	return tx.Hold(ctx, "accounts", accountIDs...)
}

// SetRole changes what the account is in the platform's relations: teacher, student, parent or public.
func (s *Service) SetRole(ctx context.Context, tx *db.Tx, accountID, role string) error {
	_, err := tx.Exec(ctx, `UPDATE accounts SET role = $1, updated_at = $2 WHERE id = $3 AND role <> $1`, role, db.At(s.now()), accountID)
	return err
}

// Notify sends the text of a catalogue key to the account's phone when the transaction commits, or to its recovery contact
// when it has no phone of its own. An account without either is told nothing, and neither is one that has been closed.
func (s *Service) Notify(ctx context.Context, tx *db.Tx, accountID, key string, args map[string]any) error {
	return s.Telling().Notify(ctx, tx, accountID, key, args)
}

// record adds an event about an account, at the place where the account lies.
func (s *Service) record(ctx context.Context, tx *db.Tx, accountID string, e audit.Event) error {
	place, err := s.placeOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	account, err := s.MaskedOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	details := map[string]any{"masked_username": account.MaskedUsername}
	maps.Copy(details, e.Details)
	e.Target, e.TargetID, e.Place, e.Details = "account", accountID, place, details
	return audit.Record(ctx, tx, e)
}

// placeOf is the smallest place that holds all of an account.
func (s *Service) placeOf(ctx context.Context, q db.Querier, accountID string) (access.Place, error) {
	places, _, err := s.placesOf(ctx, q, accountID)
	if err != nil {
		return access.Place{}, err
	}
	return access.Around(places), nil
}

// placesOf is where an account lies: at the school of the entry of its own that it is bound to; without one at the schools of all its
// children, whose administrators help it where they reach each of them; and in the province at large for nobody's guardian.
func (s *Service) placesOf(ctx context.Context, q db.Querier, accountID string) (places []access.Place, own bool, err error) {
	var p access.Place
	err = q.QueryRow(ctx, `SELECT coalesce(s.region, `+provinceSQL+`, ''), coalesce(e.school_id, '') FROM accounts a
		LEFT JOIN bindings b ON b.account_id = a.id LEFT JOIN registry_entries e ON e.id = b.entry_id
		LEFT JOIN schools s ON s.id = e.school_id WHERE a.id = $1`, accountID).Scan(&p.Region, &p.School)
	if err != nil || p.School != "" {
		return []access.Place{p}, true, err
	}
	places, err = db.Collect(ctx, q, `SELECT DISTINCT s.region, s.id FROM guardian_links l JOIN registry_entries e ON e.id = l.entry_id
		JOIN schools s ON s.id = e.school_id WHERE l.account_id = $1`, []any{accountID}, func(p *access.Place) []any { return []any{&p.Region, &p.School} })
	if len(places) == 0 {
		places = []access.Place{p}
	}
	return places, false, err
}

// provinceSQL is the division code of the province.
const provinceSQL = `(SELECT min(r.code) FROM regions r WHERE r.parent IS NULL)`
