package roster

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/vault"
)

// Two entries may be one person whose number was mistyped once, or who is listed at two schools. A search compares all people of
// one school, or of one county over its schools, in the background: numbers are opened there and nowhere else, and what is kept
// are pairs of ids. One county is as far as a search looks.

const duplicatesJob = "roster.duplicates"

// duplicatesKept is how many pairs of one search are kept: more than anybody goes through.
const duplicatesKept = 2000

// States of a search.
const (
	searchQueued = "queued"
	searchDone   = "done"
	searchFailed = "failed"
)

// Duplicate is a pair of entries that may be one person.
type Duplicate struct {
	ID     string `json:"id"`
	Why    string `json:"why" enum:"number,birth_date" doc:"Numbers that a slip of the hand tells apart, or one name and date of birth"`
	First  Person `json:"first"`
	Second Person `json:"second"`
}

// DuplicateSearch is how far a search is, or what the last one came to.
type DuplicateSearch struct {
	State      string     `json:"state" enum:"queued,done,failed"`
	AskedAt    time.Time  `json:"asked_at"`
	FinishedAt *time.Time `json:"finished_at"`
	People     int64      `json:"people" doc:"Who were compared"`
	Pairs      int64      `json:"pairs" doc:"That were found"`
	Kept       int64      `json:"kept" doc:"Of those the first, which are listed"`
}

// duplicateScope is what a search compares: a school, or a county.
type duplicateScope struct{ SchoolID, Region string }

func (d duplicateScope) key() string { return d.SchoolID + d.Region }

// reachableScope says whether the actor administers the whole of it; fault.ErrNotFound otherwise.
func (s *Service) reachableScope(ctx context.Context, d duplicateScope) (access.Place, error) {
	if d.SchoolID != "" {
		school, err := s.reachable(ctx, s.db, access.RegistryWrite, d.SchoolID)
		return school.Place(), err
	}
	region, err := s.RegionByCode(ctx, d.Region)
	at := access.Place{Region: d.Region}
	switch {
	case err != nil:
		return at, err
	case !access.ActorFrom(ctx).Can(access.RegistryWrite, at):
		return at, fault.ErrNotFound.New()
	case region.Level != string(access.County):
		return at, fault.ErrInvalid.New(fault.Field("region", "not_a_county"))
	}
	return at, nil
}

// searchDuplicates has a scope searched in the background, unless that waits to be done already.
func (s *Service) searchDuplicates(ctx context.Context, d duplicateScope) error {
	if (d.SchoolID == "") == (d.Region == "") {
		return fault.ErrInvalid.New(fault.Field("school_id", "missing"))
	}
	at, err := s.reachableScope(ctx, d)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		begun, err := db.Changed(tx.Exec(ctx, `INSERT INTO duplicate_searches (scope, state, asked_by, asked_at, people, pairs, kept) VALUES ($1, $2, $3, $4, 0, 0, 0)
			ON CONFLICT (scope) DO UPDATE SET state = excluded.state, asked_by = excluded.asked_by, asked_at = excluded.asked_at
			WHERE duplicate_searches.state <> excluded.state`, d.key(), searchQueued, access.ActorFrom(ctx).AccountID, db.At(s.now())))
		if err != nil || !begun {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Event{Action: "registry.search_duplicates", Target: "registry", Place: at}); err != nil {
			return err
		}
		_, err = s.jobs.Enqueue(ctx, tx, duplicatesJob, []byte(d.key()))
		return err
	})
}

// runDuplicatesJob searches a scope. Cut off anywhere it begins anew: nothing is written before all is compared.
func (s *Service) runDuplicatesJob(ctx context.Context, job jobs.Job) error {
	scope := string(job.Payload)
	err := s.findDuplicates(ctx, scope)
	if err != nil && ctx.Err() == nil && job.Last {
		_, failed := s.db.Exec(ctx, `UPDATE duplicate_searches SET state = $1 WHERE scope = $2`, searchFailed, scope)
		return errors.Join(err, failed)
	}
	return err
}

func (s *Service) findDuplicates(ctx context.Context, scope string) error {
	schools, err := s.SchoolsOf(ctx, scope)
	if err != nil {
		return err
	}
	if len(schools) == 0 { // the scope is a school, or a county without any
		schools = []School{{ID: scope}}
	}
	var people []known
	for _, school := range schools {
		here, err := s.knownAt(ctx, school.ID)
		if err != nil {
			return err
		}
		people = append(people, here...)
	}
	found := findAlike(people)
	keep := found[:min(len(found), duplicatesKept)]
	now := db.At(s.now())
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		// What was found before within the scope is replaced, by whichever search that was.
		if _, err := tx.Exec(ctx, `DELETE FROM duplicates WHERE dismissed_by = '' AND (searched = $1 OR id IN (SELECT d.id FROM duplicates d
			JOIN registry_entries a ON a.id = d.first_id JOIN schools x ON x.id = a.school_id
			JOIN registry_entries b ON b.id = d.second_id JOIN schools y ON y.id = b.school_id
			WHERE x.id = $1 AND y.id = $1 OR x.region = $1 AND y.region = $1))`, scope); err != nil {
			return err
		}
		for _, p := range keep {
			if _, err := tx.Exec(ctx, `INSERT INTO duplicates (id, first_id, second_id, searched, why, dismissed_by, found_at)
				VALUES ($1, $2, $3, $4, $5, '', $6) ON CONFLICT DO NOTHING`, db.NewID(), p.first, p.second, scope, p.why, now); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `UPDATE duplicate_searches SET state = $1, finished_at = $2, people = $3, pairs = $4, kept = $5 WHERE scope = $6`,
			searchDone, now, len(people), len(found), len(keep), scope)
		return err
	})
}

// knownAt reads who stands at a school.
func (s *Service) knownAt(ctx context.Context, schoolID string) ([]known, error) {
	type row struct {
		id, name string
		sealed   []byte
	}
	rows, err := db.Collect(ctx, s.db, `SELECT id, name_key, id_number_sealed FROM registry_entries WHERE school_id = $1`, []any{schoolID},
		func(r *row) []any { return []any{&r.id, &r.name, &r.sealed} })
	if err != nil {
		return nil, err
	}
	all := make([]known, len(rows))
	for i, r := range rows {
		number, err := s.vault.Open(purposeIDNumber, r.sealed)
		if err != nil {
			return nil, err
		}
		all[i] = knownOf(r.id, r.name, number)
	}
	return all, nil
}

// duplicatesIn limits to open pairs of which the actor may do the action to both.
func duplicatesIn(ctx context.Context, action access.Action) (c conditions) {
	reach := access.ActorFrom(ctx).Reach(action)
	c.reach(reach, "x.region", "x.id")
	c.reach(reach, "y.region", "y.id")
	c.add("d.dismissed_by = ''")
	return c
}

const duplicateSelect = `SELECT d.id, d.why, d.first_id, d.second_id FROM duplicates d
	JOIN registry_entries a ON a.id = d.first_id JOIN schools x ON x.id = a.school_id
	JOIN registry_entries b ON b.id = d.second_id JOIN schools y ON y.id = b.school_id`

type duplicateRow struct{ id, why, first, second string }

func (r *duplicateRow) scan() []any { return []any{&r.id, &r.why, &r.first, &r.second} }

// listDuplicates answers up to limit and one open pairs of the actor's scope, both within a school or a county where one is named.
func (s *Service) listDuplicates(ctx context.Context, of duplicateScope, cursor string, limit int) ([]Duplicate, error) {
	c := duplicatesIn(ctx, access.RegistryRead)
	for _, t := range []string{"x", "y"} {
		if of.SchoolID != "" {
			c.add(t+".id = $%d", of.SchoolID)
		}
		if of.Region != "" {
			c.add(t+".region = $%d", of.Region)
		}
	}
	if cursor != "" {
		c.add("d.id > $%d", cursor)
	}
	rows, err := db.Collect(ctx, s.db, duplicateSelect+c.where()+" ORDER BY d.id"+c.limit(limit), c.args, (*duplicateRow).scan)
	if err != nil {
		return nil, err
	}
	all := make([]Duplicate, 0, len(rows))
	for _, r := range rows {
		d := Duplicate{ID: r.id, Why: r.why}
		if err := s.showBoth(ctx, &d, r); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// showBoth fills in two people, masked so that what tells their numbers apart can be seen.
func (s *Service) showBoth(ctx context.Context, d *Duplicate, r duplicateRow) error {
	var numbers [2]string
	for i, one := range []struct {
		id   string
		into *Person
	}{{r.first, &d.First}, {r.second, &d.Second}} {
		e, err := s.EntryByID(ctx, s.db, one.id)
		if err != nil {
			return err
		}
		if *one.into, err = s.PersonOf(e); err != nil {
			return err
		}
		if numbers[i], err = s.IDNumber(e); err != nil {
			return err
		}
	}
	d.First.MaskedIDNumber, d.Second.MaskedIDNumber = vault.MaskAlike(numbers[0], numbers[1])
	return nil
}

// lastSearch answers the last search of a scope, nil where there was none.
func (s *Service) lastSearch(ctx context.Context, of duplicateScope) (*DuplicateSearch, error) {
	var d DuplicateSearch
	var asked db.Time
	var finished db.NullTime
	err := s.db.QueryRow(ctx, `SELECT state, asked_at, finished_at, people, pairs, kept FROM duplicate_searches WHERE scope = $1`, of.key()).
		Scan(&d.State, &asked, &finished, &d.People, &d.Pairs, &d.Kept)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	d.AskedAt, d.FinishedAt = asked.Time, finished.Ptr()
	return &d, err
}

// dismissDuplicate remembers that a pair are two people, and records it: fault.ErrNotFound for one that is not open, or not within
// the actor's scope.
func (s *Service) dismissDuplicate(ctx context.Context, id string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		c := duplicatesIn(ctx, access.RegistryWrite)
		c.add("d.id = $%d", id)
		rows, err := db.Collect(ctx, tx, duplicateSelect+c.where(), c.args, (*duplicateRow).scan)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fault.ErrNotFound.New()
		}
		dismissed, err := db.Changed(tx.Exec(ctx, `UPDATE duplicates SET dismissed_by = $1 WHERE id = $2 AND dismissed_by = ''`, access.ActorFrom(ctx).AccountID, id))
		if err != nil {
			return err
		}
		if !dismissed {
			return fault.ErrNotFound.New()
		}
		for _, both := range [][2]string{{rows[0].first, rows[0].second}, {rows[0].second, rows[0].first}} {
			e, err := s.EntryByID(ctx, tx, both[0])
			if err != nil {
				return err
			}
			if err := s.record(ctx, tx, "registry.two_people", e, "", map[string]any{"other_id": both[1]}); err != nil {
				return err
			}
		}
		return nil
	})
}
