package verification

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/vault"
)

// Binding is the link of an account to a registry entry as its owner sees it: their own entry or, as a guardian, a
// child's.
type Binding struct {
	ID             string            `json:"id"`
	Kind           string            `json:"kind" enum:"teacher,student,parent"`
	Name           string            `json:"name" doc:"As the registry spells it; a parent's binding to a child holds the child's"`
	School         *roster.SchoolRef `json:"school"`
	Class          *roster.ClassRef  `json:"class" doc:"Null while the registry names none: choose one"`
	MaskedIDNumber string            `json:"masked_id_number"`
	BoundAt        time.Time         `json:"bound_at" doc:"Since when it stands, or was asked for"`
	State          string            `json:"state" enum:"bound,asked" doc:"asked: a guardian's, which somebody has yet to confirm; then school and class are null, and the name and number are those that were typed"`
	ExpiresAt      *time.Time        `json:"expires_at,omitempty" doc:"Of one that was asked for"`

	GuardianName string   `json:"guardian_name,omitempty" doc:"Of a binding to a child: what its guardian is called, as they told it"`
	Relation     Relation `json:"relation,omitempty" enum:"father,mother,other" doc:"Likewise"`

	EntryKind string `json:"entry_kind" enum:"teacher,student" doc:"Of whom it is bound to: a parent's binding to a teacher is that teacher's own, verified as a parent's (F-21)"`

	EntryID  string       `json:"-"`
	Guardian bool         `json:"-"` // a guardian link, not the entry's own binding
	Place    access.Place `json:"-"`
}

// BindingOf is the account's binding: to its own entry, else the first to a child; nil when it has none.
func (s *Service) BindingOf(ctx context.Context, q db.Querier, accountID string) (*Binding, error) {
	all, err := s.BindingsOf(ctx, q, accountID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// BindingNamed is one of the account's bindings, the first where it is not named; fault.ErrNotFound for none.
func (s *Service) BindingNamed(ctx context.Context, q db.Querier, accountID, id string) (Binding, error) {
	all, err := s.BindingsOf(ctx, q, accountID)
	if err != nil {
		return Binding{}, err
	}
	for _, b := range all {
		if id == "" || b.ID == id {
			return b, nil
		}
	}
	return Binding{}, fault.ErrNotFound.New(fault.Next("verify", "/verify"))
}

// BindingsOf lists whom an account stands for: its own entry first, if it has one, then its children in the order in
// which they were linked. It is asked with nearly every page: one query for all but guardians and the unverified.
func (s *Service) BindingsOf(ctx context.Context, q db.Querier, accountID string) ([]Binding, error) {
	var all []Binding
	own, isGuardian, err := s.ownBinding(ctx, q, accountID)
	if errors.Is(err, sql.ErrNoRows) {
		isGuardian, err = true, nil // perhaps
	} else if err == nil {
		all = append(all, own)
	}
	if err != nil || !isGuardian {
		return all, err
	}
	rows, err := q.Query(ctx, `SELECT b.id, 'parent', b.created_at, true, coalesce(g.guardian_name, ''), coalesce(g.relation, ''), `+entryColumns+`
		FROM guardian_links b JOIN `+entryTables+` LEFT JOIN guardian_requests g ON g.id = b.id WHERE b.account_id = $1 ORDER BY b.id`, accountID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		child, _, err := s.scanBinding(rows)
		if err != nil {
			return nil, err
		}
		child.Guardian = true
		all = append(all, child)
	}
	return all, rows.Err()
}

// ownBinding is the account's binding to its own entry, and whether the account is a guardian's too; sql.ErrNoRows when it
// has no such binding.
func (s *Service) ownBinding(ctx context.Context, q db.Querier, accountID string) (own Binding, isGuardian bool, err error) {
	return s.scanBinding(q.QueryRow(ctx, `SELECT b.id, b.kind, b.bound_at,
			EXISTS (SELECT 1 FROM guardian_links g WHERE g.account_id = b.account_id), '', '', `+entryColumns+`
		FROM bindings b JOIN `+entryTables+` WHERE b.account_id = $1`, accountID))
}

const (
	entryColumns = `e.id, e.kind, e.name, e.id_number_sealed, s.id, s.name, s.region, c.id, c.name, c.stage, c.entry_year, c.number, c.schooling_years, c.graduated_at IS NOT NULL`
	entryTables  = `registry_entries e ON e.id = b.entry_id JOIN schools s ON s.id = e.school_id LEFT JOIN classes c ON c.id = e.class_id`
)

func (s *Service) scanBinding(row interface{ Scan(...any) error }) (b Binding, isGuardian bool, err error) {
	var school roster.SchoolRef
	var class nullClass
	var boundAt db.Time
	var sealed []byte
	err = row.Scan(&b.ID, &b.Kind, &boundAt, &isGuardian, &b.GuardianName, &b.Relation, &b.EntryID, &b.EntryKind, &b.Name, &sealed,
		&school.ID, &school.Name, &b.Place.Region, &class.ID, &class.Name, &class.Stage, &class.EntryYear, &class.Number, &class.Years, &class.Graduated)
	if err != nil {
		return b, false, err
	}
	number, err := s.vault.Open("id_number", sealed)
	if err != nil {
		return b, false, err
	}
	b.State = boundState
	b.School, b.BoundAt, b.Place.School, b.MaskedIDNumber = &school, boundAt.Time, school.ID, vault.MaskIDNumber(number)
	if class.ID.Valid {
		b.Class = class.read()
	}
	return b, isGuardian, nil
}

// nullClass is a class that may be missing.
type nullClass struct {
	ID, Name, Stage          sql.NullString
	EntryYear, Number, Years sql.NullInt64
	Graduated                bool
}

func (c nullClass) read() *roster.ClassRef {
	stage, entryYear, number, years := roster.Stage(c.Stage.String), int(c.EntryYear.Int64), int(c.Number.Int64), int(c.Years.Int64)
	year := roster.SchoolYear(time.Now())
	name := c.Name.String
	if name == "" {
		name = roster.ClassName(stage, entryYear, years, number, year)
	}
	grade := roster.GradeOf(stage, entryYear, years, year)
	if c.Graduated {
		grade = roster.Graduated
	}
	return &roster.ClassRef{ID: c.ID.String, Name: name, Stage: stage, Grade: grade.Name, EntryYear: entryYear, Number: number}
}

// bindingTo is the account's binding to one entry.
func (s *Service) bindingTo(ctx context.Context, q db.Querier, accountID, entryID string) (*Binding, error) {
	all, err := s.BindingsOf(ctx, q, accountID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].EntryID == entryID {
			return &all[i], nil
		}
	}
	return nil, fault.ErrNotFound.New()
}

// InTheWay is the binding that keeps an account from being bound as a kind; nil when none does. A pupil is nobody's
// guardian, a guardian no pupil, and nobody is two people.
func (s *Service) InTheWay(ctx context.Context, q db.Querier, accountID, kind string) (*Binding, error) {
	b, err := s.BindingOf(ctx, q, accountID)
	if b == nil || err != nil {
		return nil, err
	}
	free := kind == Parent && b.Kind != Student
	if b.Guardian {
		free = kind != Student
	}
	if free {
		return nil, nil
	}
	return b, nil
}
