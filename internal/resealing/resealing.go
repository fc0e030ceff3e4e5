package resealing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/jobs"
	"caotang/internal/lookup"
	"caotang/internal/vault"
)

const job = "reseal"

// Service seals anew.
type Service struct {
	db      *db.DB
	vault   *vault.Vault
	jobs    *jobs.Runner
	folders []string // of sealed files
}

// New makes the service, which handles its jobs; they go through the folders of sealed files too.
func New(d *db.DB, v *vault.Vault, runner *jobs.Runner, folders ...string) *Service {
	s := &Service{db: d, vault: v, jobs: runner, folders: folders}
	runner.Handle(job, 1, func(ctx context.Context, _ jobs.Job) error { return s.run(ctx) })
	runner.Handle(lookUpJob, 1, func(ctx context.Context, _ jobs.Job) error { return s.runLookUp(ctx) })
	return s
}

// settle is how long after a key's time all that was sealed before it is committed.
const settle = time.Minute

// ShortestNotice is the least time between a key's coming into the file and its use: within it every process reads the
// file again, several times.
const ShortestNotice = 30 * time.Second

// Rotate adds a key of the suite to the key file, to be used from so long on, records it, and answers its number.
func (s *Service) Rotate(ctx context.Context, path string, suite vault.Suite, notice time.Duration) (number byte, from time.Time, err error) {
	if notice < ShortestNotice {
		return 0, from, fmt.Errorf("must be at least %s", ShortestNotice)
	}
	from = time.Now().Add(notice)
	if number, err = vault.AddKey(path, suite, from); err != nil {
		return 0, from, err
	}
	return number, from, s.record(ctx, audit.Event{Action: "keys.rotate", Details: map[string]any{"key": number, "suite": suite, "from": from.UTC().Format(time.RFC3339)}})
}

// Retire takes a key out of the key file, once nothing is sealed with it and all has been looked at; it records that. Where
// something is left, it has it looked at again, and says so.
func (s *Service) Retire(ctx context.Context, path string, number byte) error {
	_, current := s.vault.Generations()
	if number >= current {
		return fmt.Errorf("key %d is in use", number)
	}
	var done db.NullTime
	if err := s.db.QueryRow(ctx, `SELECT max(done_at) FROM resealings WHERE generation = $1`, int(current)).Scan(&done); err != nil {
		return err
	}
	if !done.Valid {
		return fmt.Errorf("not all has been sealed with key %d yet: see caotang keys status", current)
	}
	uses, err := s.Uses(ctx)
	if err != nil {
		return err
	}
	var left int64
	for _, u := range uses {
		if u.Key == number {
			left += u.Values
		}
	}
	if left > 0 {
		if err := s.again(ctx, current); err != nil {
			return err
		}
		return fmt.Errorf("%d values are sealed with key %d; they are looked at again while serve runs: see caotang keys status", left, number)
	}
	if err := vault.DropKey(path, number); err != nil {
		return err
	}
	return s.record(ctx, audit.Event{Action: "keys.retire", Details: map[string]any{"key": number}})
}

// record adds an event that is the province's.
func (s *Service) record(ctx context.Context, e audit.Event) error {
	return s.db.InTx(ctx, func(tx *db.Tx) (err error) {
		if e.Place, err = audit.Everywhere(ctx, tx); err != nil {
			return err
		}
		e.Target = "keys"
		return audit.Record(ctx, tx, e)
	})
}

// again forgets how far sealing under a key has come.
func (s *Service) again(ctx context.Context, key byte) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM resealing_progress WHERE generation = $1`, int(key)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE resealings SET done_at = NULL WHERE generation = $1`, int(key))
		return err
	})
}

// Check begins to seal anew when a newer key is in use, and goes on where that was given up; likewise with the key of the index,
// which it has everybody use when its time has come. Call it now and then.
func (s *Service) Check(ctx context.Context) error {
	if err := s.vault.Refresh(); err != nil {
		return err
	}
	return errors.Join(s.checkSeals(ctx), s.checkLookUp(ctx), lookup.Known(ctx, s.db, s.vault))
}

func (s *Service) checkSeals(ctx context.Context) error {
	all, current := s.vault.Generations()
	if all[0].Number == current { // nothing is older
		return nil
	}
	for _, g := range all {
		if g.Number == current && time.Since(g.From) < settle {
			return nil
		}
	}
	return s.begin(ctx, current)
}

func (s *Service) begin(ctx context.Context, key byte) error {
	var done bool // looked at first, for whoever has nothing to do is not to take a turn at writing
	err := s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM resealings WHERE generation = $1 AND done_at IS NOT NULL)
		OR EXISTS (SELECT 1 FROM jobs WHERE kind = $2)`, int(key), job).Scan(&done)
	if err != nil || done {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO resealings (generation, begun_at) VALUES ($1, $2) ON CONFLICT (generation) DO NOTHING`, int(key), db.Now()); err != nil {
			return err
		}
		// Of several processes that come at once, one looks after the other.
		wanted, err := tx.Exec(ctx, `UPDATE resealings SET begun_at = begun_at WHERE generation = $1 AND done_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = $2)`, int(key), job)
		if err != nil {
			return err
		}
		if n, err := wanted.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = s.jobs.Enqueue(ctx, tx, job, []byte{})
		return err
	})
}

// run seals all anew under the key in use, from where that was cut off.
func (s *Service) run(ctx context.Context) error {
	_, current := s.vault.Generations()
	for i := range tables {
		for done := false; !done; {
			var err error
			if done, err = s.batch(ctx, &tables[i], current); err != nil {
				return fmt.Errorf("%s: %w", tables[i].name, err)
			}
		}
	}
	for _, folder := range s.folders {
		if err := s.folder(ctx, folder); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	_, err := s.db.Exec(ctx, `UPDATE resealings SET done_at = $1 WHERE generation = $2`, db.Now(), int(current))
	return err
}

const unfinished = ".reseal"

// folder seals the files of a folder anew.
func (s *Service) folder(ctx context.Context, folder string) error {
	files, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(folder, f.Name())
		if err := ctx.Err(); err != nil {
			return err
		}
		if strings.HasSuffix(path, unfinished) { // what a crash left
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		err := s.vault.ResealFile(path, path+unfinished)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, vault.ErrSealed) { // gone meanwhile, or still arriving
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
