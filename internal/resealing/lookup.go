package resealing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/lookup"
	"caotang/internal/vault"
)

const lookUpJob = "lookup"

// RotateLookUp adds a key of the index to the key file, to be used from so long on, records it, and answers its number.
func (s *Service) RotateLookUp(ctx context.Context, path string, suite vault.Suite, notice time.Duration) (number byte, from time.Time, err error) {
	if notice < ShortestNotice {
		return 0, from, fmt.Errorf("must be at least %s", ShortestNotice)
	}
	from = time.Now().Add(notice)
	if number, err = vault.AddLookUp(path, suite, from); err != nil {
		return 0, from, err
	}
	return number, from, s.record(ctx, audit.Event{Action: "lookup_keys.rotate", Details: map[string]any{"key": number, "suite": suite, "from": from.UTC().Format(time.RFC3339)}})
}

// RetireLookUp has nobody ask any more for values of the key before the newest, once none is stored and all have been looked at;
// it records that. Where some are left, it has them looked at again, and says so.
func (s *Service) RetireLookUp(ctx context.Context, path string) (number byte, err error) {
	p, err := s.LookUpProgress(ctx)
	switch {
	case err != nil:
		return 0, err
	case p.Key == 0:
		return 0, errors.New("no look-up key is being changed")
	case !p.Done.Valid:
		return 0, fmt.Errorf("not all has been moved to look-up key %d yet: see caotang keys status", p.Key)
	}
	uses, err := s.LookUpUses(ctx)
	if err != nil {
		return 0, err
	}
	var left int64
	for _, u := range uses {
		left += u.Values
	}
	if left > 0 {
		if err := s.againLookUp(ctx, p.Key); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("%d values of look-up key %d are left; they are looked at again while serve runs: see caotang keys status", left, p.Key-1)
	}
	if err := vault.SettleLookUp(path); err != nil {
		return 0, err
	}
	return p.Key - 1, s.record(ctx, audit.Event{Action: "lookup_keys.retire", Details: map[string]any{"key": p.Key - 1}})
}

func (s *Service) againLookUp(ctx context.Context, key byte) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM lookup_progress WHERE number = $1`, int(key)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE lookup_keys SET done_at = NULL WHERE number = $1`, int(key))
		return err
	})
}

// changing is the key of the index that is waiting to be used, or whose values are not the only ones yet; nil when there is none.
func (s *Service) changing() *vault.LookUp {
	all := s.vault.LookUps()
	if newest := &all[len(all)-1]; newest.Number > 1 && !newest.Alone {
		return newest
	}
	return nil
}

// checkLookUp begins to use a newer key of the index when its time has come, and to move what is stored by the one before.
func (s *Service) checkLookUp(ctx context.Context) error {
	key := s.changing()
	if key == nil || key.From.After(time.Now()) {
		return nil
	}
	used, err := lookup.Used(ctx, s.db)
	if err != nil {
		return err
	}
	if used < key.Number {
		if err := s.db.InTx(ctx, func(tx *db.Tx) error { return lookup.Begin(ctx, tx, s.vault) }); err != nil {
			return err
		}
	}
	var done bool // looked at first, for whoever has nothing to do is not to take a turn at writing
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM lookup_keys WHERE number = $1 AND done_at IS NOT NULL)
		OR EXISTS (SELECT 1 FROM jobs WHERE kind = $2)`, int(key.Number), lookUpJob).Scan(&done)
	if err != nil || done {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		// Of several processes that come at once, one looks after the other.
		wanted, err := db.Changed(tx.Exec(ctx, `UPDATE lookup_keys SET used_at = used_at WHERE number = $1 AND done_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = $2)`, int(key.Number), lookUpJob))
		if err != nil || !wanted {
			return err
		}
		_, err = s.jobs.Enqueue(ctx, tx, lookUpJob, []byte{})
		return err
	})
}

// runLookUp moves all to the newest key of the index, from where that was cut off.
func (s *Service) runLookUp(ctx context.Context) error {
	key := s.changing()
	if key == nil {
		return nil
	}
	for _, c := range lookup.Columns {
		for done := false; !done; {
			var err error
			if done, err = s.lookUpBatch(ctx, c, key.Number); err != nil {
				return fmt.Errorf("%s: %w", c, err)
			}
		}
	}
	_, err := s.db.Exec(ctx, `UPDATE lookup_keys SET done_at = $1 WHERE number = $2`, db.Now(), int(key.Number))
	return err
}

// How long a batch waits for others, and then lets them go first. Whoever works on a row that it holds waits as long at most.
const (
	giveWayAfter = 200 * time.Millisecond
	tryAgain     = time.Second
)

// lookUpBatch moves the next rows of a column, and reports whether there are none left.
func (s *Service) lookUpBatch(ctx context.Context, c *lookup.Column, number byte) (done bool, err error) {
	var after string
	err = s.db.QueryRow(ctx, `SELECT after_key FROM lookup_progress WHERE number = $1 AND column_name = $2`, int(number), c.String()).Scan(&after)
	if err == nil && after == "" {
		return true, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	rows, err := s.lookUpRows(ctx, c, number, after)
	if err != nil {
		return false, err
	}
	after = ""
	if len(rows) == batchRows {
		if after, err = encodeKey(rows[len(rows)-1].key); err != nil {
			return false, err
		}
	}
	for {
		err := s.moveRows(ctx, c, rows, number, after, 0)
		switch {
		case db.IsUnique(err):
			return after == "", s.moveOneByOne(ctx, c, rows, number, after)
		case !db.IsGivenWay(err):
			return after == "", err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(tryAgain):
		}
	}
}

// lookUpRows are the next rows that hold a value of the key before.
func (s *Service) lookUpRows(ctx context.Context, c *lookup.Column, number byte, after string) ([]row, error) {
	where, args := c.Before(number)
	if after != "" {
		key, err := decodeKey(after)
		if err != nil {
			return nil, err
		}
		places := make([]string, len(key))
		for i := range key {
			args = append(args, key[i])
			places[i] = fmt.Sprintf("$%d", len(args))
		}
		where += " AND (" + strings.Join(c.Key, ", ") + ") > (" + strings.Join(places, ", ") + ")"
	}
	keys := strings.Join(c.Key, ", ")
	return db.Collect(ctx, s.db, fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s ORDER BY %s LIMIT %d", keys, c.Name, c.Table, where, keys, batchRows), args,
		func(r *row) []any {
			r.key, r.values = make([]any, len(c.Key)), make([]any, 1)
			var into []any
			for i := range r.key {
				into = append(into, &r.key[i])
			}
			return append(into, &r.values[0])
		})
}

// moveRows moves the rows' values and takes down the place to resume at, and how many could not be moved before. A row that has changed
// since it was read stays.
func (s *Service) moveRows(ctx context.Context, c *lookup.Column, rows []row, number byte, after string, stuck int) error {
	return s.db.InBatch(ctx, func(tx *db.Tx) error {
		if err := tx.GiveWay(ctx, giveWayAfter); err != nil {
			return err
		}
		for _, r := range rows {
			before := c.Read(r.values[0])
			now, _ := s.vault.Asked(before)
			if err := c.MoveRow(ctx, tx, r.key, now, before); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO lookup_progress (number, column_name, after_key, moved, stuck) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (number, column_name) DO UPDATE SET after_key = excluded.after_key,
				moved = lookup_progress.moved + excluded.moved, stuck = lookup_progress.stuck + excluded.stuck`,
			int(number), c.String(), after, len(rows), stuck)
		return err
	})
}

// moveOneByOne moves those of the rows that can be, and counts those whose value stands there already by the newer key: a process
// that lacked the key has written it. They stay as they are, and keep the key before from being retired.
func (s *Service) moveOneByOne(ctx context.Context, c *lookup.Column, rows []row, number byte, after string) error {
	stuck := 0
	for _, r := range rows {
		at, err := encodeKey(r.key)
		if err != nil {
			return err
		}
		switch err := s.moveRows(ctx, c, []row{r}, number, at, 0); {
		case db.IsUnique(err):
			stuck++
		case err != nil:
			return err
		}
	}
	return s.moveRows(ctx, c, nil, number, after, stuck)
}

// LookUpUse tells how many values of the key before a column holds.
type LookUpUse struct {
	Column string
	Values int64
}

// LookUpUses counts what is still to be moved to the newest key of the index, by column; nothing where none is being changed.
func (s *Service) LookUpUses(ctx context.Context) (all []LookUpUse, err error) {
	key := s.changing()
	if key == nil {
		return nil, nil
	}
	for _, c := range lookup.Columns {
		where, args := c.Before(key.Number)
		u := LookUpUse{Column: c.String()}
		if err := s.db.QueryRow(ctx, "SELECT count(*) FROM "+c.Table+" WHERE "+where, args...).Scan(&u.Values); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, nil
}

// LookUpProgress tells of a change of the key of the index; its key is 0 where none is under way.
type LookUpProgress struct {
	Key         byte
	Used, Done  db.NullTime
	Moved       int64 // rows
	Stuck       int64 // rows that cannot be moved
	ColumnsDone int
}

// LookUpProgress tells how far it is.
func (s *Service) LookUpProgress(ctx context.Context) (p LookUpProgress, err error) {
	key := s.changing()
	if key == nil {
		return p, nil
	}
	p.Key = key.Number
	if err := s.db.QueryRow(ctx, `SELECT max(used_at), max(done_at) FROM lookup_keys WHERE number = $1`, int(key.Number)).Scan(&p.Used, &p.Done); err != nil {
		return p, err
	}
	err = s.db.QueryRow(ctx, `SELECT count(*) FILTER (WHERE after_key = ''), CAST(coalesce(sum(moved), 0) AS bigint), CAST(coalesce(sum(stuck), 0) AS bigint)
		FROM lookup_progress WHERE number = $1`, int(key.Number)).Scan(&p.ColumnsDone, &p.Moved, &p.Stuck)
	return p, err
}
