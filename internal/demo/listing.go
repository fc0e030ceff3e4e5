package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/identity"
	"caotang/internal/roster"
	"caotang/internal/vault"
)

// Account is a demo account as the demo shows it. Scope is nil for an account without a grant.
type Account struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Role     string `json:"role"` // teacher, student, parent, public, or administrator
	Scope    *Scope `json:"scope"`
}

// Scope is what a demo account administers.
type Scope struct {
	Level string `json:"level"`
	ID    string `json:"id"`
	Name  string `json:"name"`
}

// Entry is somebody of the registry whom no account is bound to, with all that a verification may ask for.
type Entry struct {
	Kind         string `json:"kind"`
	Name         string `json:"name"`
	IDNumber     string `json:"id_number"`               // of a resident ID card
	SecondNumber string `json:"second_number,omitempty"` // student number, or teacher certificate number
	School       Ref    `json:"school"`
	HasClass     bool   `json:"has_class"`
}

// Ref names a thing.
type Ref struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Accounts lists the demo accounts, administrators first. Passwords are those that the accounts began with.
func Accounts(ctx context.Context, q db.Querier) ([]Account, error) {
	list := make([]Account, 0, len(demoAccounts))
	for _, a := range demoAccounts {
		shown := Account{Username: a.username, Password: Password, Role: a.role}
		if a.level != "" {
			scope, err := scopeOf(ctx, q, a)
			if err != nil {
				return nil, err
			}
			shown.Role, shown.Scope = administrator, scope
		}
		list = append(list, shown)
	}
	return list, nil
}

// scopeOf answers nil for an account whose grant has been taken away.
func scopeOf(ctx context.Context, q db.Querier, a account) (*Scope, error) {
	scope := Scope{Level: string(a.level)}
	names := "regions r ON r.code = g.scope_id"
	if a.level == access.School {
		names = "schools r ON r.id = g.scope_id"
	}
	err := q.QueryRow(ctx, `SELECT g.scope_id, r.name FROM logins l JOIN grants g ON g.account_id = l.account_id JOIN `+names+`
		WHERE l.login_key = $1 AND g.level = $2`, "u:"+a.username, scope.Level).Scan(&scope.ID, &scope.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &scope, err
}

// perList is how many entries one call lists, of each kind asked for.
const perList = 10

// Entries lists some entries that no account is bound to, holders of a resident ID card, of one kind or ("") both, of
// one school or ("") any. Where there are any, the last of the students have no class.
func Entries(ctx context.Context, q db.Querier, v *vault.Vault, kind, schoolID string) ([]Entry, error) {
	list := []Entry{}
	for _, each := range []struct {
		kind, class string
		limit       int
	}{
		{roster.Teacher, "class_id IS NULL", perList}, {roster.Student, "class_id IS NOT NULL", perList - 2}, {roster.Student, "class_id IS NULL", 2},
	} {
		if kind != "" && kind != each.kind {
			continue
		}
		found, err := entries(ctx, q, v, each.kind, each.class, schoolID, each.limit)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func entries(ctx context.Context, q db.Querier, v *vault.Vault, kind, class, schoolID string, limit int) ([]Entry, error) {
	where := []string{"e.kind = $1", "e.id_type = $2", "e." + class, "NOT EXISTS (SELECT 1 FROM bindings b WHERE b.entry_id = e.id)"}
	args := []any{kind, string(identity.ResidentID)}
	if schoolID != "" {
		where = append(where, "e.school_id = $3")
		args = append(args, schoolID)
	}
	rows, err := q.Query(ctx, fmt.Sprintf(`SELECT e.name, e.id_number_sealed, e.student_number_sealed, e.certificate_number_sealed,
		e.class_id IS NOT NULL, s.id, s.name FROM registry_entries e JOIN schools s ON s.id = e.school_id
		WHERE %s ORDER BY e.id LIMIT %d`, strings.Join(where, " AND "), limit), args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []Entry
	for rows.Next() {
		e := Entry{Kind: kind}
		var number, student, certificate []byte
		if err := rows.Scan(&e.Name, &number, &student, &certificate, &e.HasClass, &e.School.ID, &e.School.Name); err != nil {
			return nil, err
		}
		if e.IDNumber, err = v.Open("id_number", number); err != nil {
			return nil, err
		}
		second, purpose := student, "student_number"
		if kind == roster.Teacher {
			second, purpose = certificate, "certificate_number"
		}
		if second != nil {
			if e.SecondNumber, err = v.Open(purpose, second); err != nil {
				return nil, err
			}
		}
		list = append(list, e)
	}
	return list, rows.Err()
}
