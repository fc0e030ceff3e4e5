package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"caotang/internal/db"
	"caotang/internal/identity"
	"caotang/internal/roster"
	"caotang/internal/tally"
	"caotang/internal/vault"
)

// ErrForeignData says that the database holds data that the demo did not make: the demo, whose passwords everybody
// knows, keeps away from it.
var ErrForeignData = errors.New("the database holds data of its own, and the demo would add accounts whose passwords are public; name another database or data folder")

// ErrDemoData says that a database was filled by the demo and may not be served in earnest.
var ErrDemoData = errors.New("the database was filled by the demo, with accounts whose passwords are public: serve it with --demo, or name another database or data folder")

// marker is the row of table meta that says that the demo filled the database. It is written in the transaction that
// fills it, so that a crash leaves all or nothing.
const marker = "demo_seed"

// Seeded reports whether the demo has filled the database.
func Seeded(ctx context.Context, q db.Querier) (bool, error) {
	var value string
	err := q.QueryRow(ctx, "SELECT value FROM meta WHERE name = $1", marker).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Refuse answers ErrDemoData when the database is the demo's, for a server that runs in earnest.
func Refuse(ctx context.Context, q db.Querier) error {
	seeded, err := Seeded(ctx, q)
	if err == nil && seeded {
		return ErrDemoData
	}
	return err
}

// Seed fills an empty, migrated database with the synthetic Sichuan and the demo accounts, in one transaction. On one
// that it has filled before it does nothing; on any other that holds schools or accounts it answers ErrForeignData.
func Seed(ctx context.Context, d *db.DB, v *vault.Vault) error {
	seeded, err := Seeded(ctx, d)
	if err != nil || seeded {
		return err
	}
	if err := roster.LoadRegions(ctx, d); err != nil {
		return err
	}
	defer debug.FreeOSMemory() // what filling took, 60 MB, a server that has only just started would keep for minutes
	return d.InTx(ctx, func(tx *db.Tx) error {
		var foreign int
		if err := tx.QueryRow(ctx, "SELECT (SELECT COUNT(*) FROM schools) + (SELECT COUNT(*) FROM accounts)").Scan(&foreign); err != nil {
			return err
		}
		if foreign > 0 {
			return ErrForeignData
		}
		s := &seeder{tx: tx, vault: v, now: db.Now()}
		if err := s.fill(ctx); err != nil {
			return fmt.Errorf("demo data: %w", err)
		}
		if err := tally.Recount(ctx, tx); err != nil {
			return err
		}
		return tx.Insert(ctx, "meta", []string{"name", "value"}, [][]any{{marker, s.now.Format(time.RFC3339)}, {asked, ""}})
	})
}

// seeder fills a database within one transaction.
type seeder struct {
	tx    *db.Tx
	vault *vault.Vault
	now   db.Time
	ids   int // given out so far
}

// id makes the next id. Each is of a millisecond of its own in the hour before, so that lists by id show the synthetic
// Sichuan in its order: db.NewID keeps none within a millisecond.
func (s *seeder) id() string {
	s.ids++
	return db.IDAt(s.now.Add(-time.Hour + time.Duration(s.ids)*time.Millisecond))
}

// seededSchool is a school with the ids that it and its people got: teachers and pupils by their place in the school.
type seededSchool struct {
	*School
	id                        string
	classes, teachers, pupils []string
}

func (s *seeder) fill(ctx context.Context) error {
	world := World(worldSeed, s.now.Time)
	schools := make([]seededSchool, len(world))
	for i := range world {
		schools[i] = seededSchool{School: &world[i], id: s.id()}
	}
	if err := s.schools(ctx, schools); err != nil {
		return err
	}
	if err := s.entries(ctx, schools); err != nil {
		return err
	}
	if err := s.accounts(ctx, schools); err != nil {
		return err
	}
	return s.activate(ctx, schools)
}

func (s *seeder) schools(ctx context.Context, all []seededSchool) error {
	var schools, classes [][]any
	for i := range all {
		school := &all[i]
		schools = append(schools, []any{school.id, school.Code, school.Name, school.County, s.now})
		for _, c := range school.Classes {
			id := s.id()
			school.classes = append(school.classes, id)
			classes = append(classes, []any{id, school.id, string(school.Stage), c.EntryYear, c.Number, school.Stage.Years(), "", s.now})
		}
	}
	if err := s.tx.Insert(ctx, "schools", []string{"id", "code", "name", "region", "created_at"}, schools); err != nil {
		return err
	}
	return s.tx.Insert(ctx, "classes",
		[]string{"id", "school_id", "stage", "entry_year", "number", "schooling_years", "name", "created_at"}, classes)
}

func (s *seeder) entries(ctx context.Context, all []seededSchool) error {
	var entries, documents, classTeachers [][]any
	add := func(school *seededSchool, p Person) (string, error) {
		id := s.id()
		number, problem := identity.ParseOn(p.IDType, p.IDNumber, s.now.Time)
		if problem != nil {
			return "", problem
		}
		index := s.vault.Index("id_number", number.Key())
		var class any
		if p.Class >= 0 {
			class = school.classes[p.Class]
		}
		entries = append(entries, []any{
			id, p.Kind, p.Name, identity.CompareKey(p.Name), string(p.IDType), s.vault.Seal("id_number", number.Text), index,
			s.sealed("student_number", p.StudentNumber), s.sealed("certificate_number", p.CertificateNumber),
			school.id, class, s.now, s.now,
		})
		documents = append(documents, []any{index, id})
		return id, nil
	}
	for i := range all {
		school := &all[i]
		for _, p := range school.Teachers {
			id, err := add(school, p)
			if err != nil {
				return err
			}
			school.teachers = append(school.teachers, id)
		}
		for _, p := range school.Pupils {
			id, err := add(school, p)
			if err != nil {
				return err
			}
			school.pupils = append(school.pupils, id)
		}
		for c, class := range school.Classes {
			for i, t := range class.Teachers {
				classTeachers = append(classTeachers, []any{school.classes[c], school.teachers[t], i == 0})
			}
		}
	}
	if err := s.tx.Insert(ctx, "registry_entries", []string{
		"id", "kind", "name", "name_key", "id_type", "id_number_sealed", "document_index", "student_number_sealed",
		"certificate_number_sealed", "school_id", "class_id", "created_at", "updated_at",
	}, entries); err != nil {
		return err
	}
	if err := s.tx.Insert(ctx, "documents", []string{"document_index", "entry_id"}, documents); err != nil {
		return err
	}
	return s.tx.Insert(ctx, "class_teachers", []string{"class_id", "entry_id", "head"}, classTeachers)
}

// sealed answers the sealed number, or null for a person who has none.
func (s *seeder) sealed(purpose, number string) any {
	if number == "" {
		return nil
	}
	return s.vault.Seal(purpose, number)
}
