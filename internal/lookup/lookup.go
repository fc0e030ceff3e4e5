package lookup

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"caotang/internal/db"
	"caotang/internal/vault"
)

// Value is an index as it is written in the transaction, where nothing else depends on which of its two values that is: codes
// by chance, and what may stand often.
func Value(ctx context.Context, tx *db.Tx, v *vault.Vault, index []byte) ([]byte, error) {
	return Claim(ctx, tx, v, nil, index)
}

// Claim is an index as it is written into the column in the transaction; a row that holds its value of before holds that from
// then on.
func Claim(ctx context.Context, tx *db.Tx, v *vault.Vault, c *Column, index []byte) ([]byte, error) {
	claimed, err := ClaimAll(ctx, tx, v, c, [][]byte{index})
	if err != nil {
		return nil, err
	}
	return claimed[0], nil
}

// ClaimAll is [Claim] for many, in their order.
func ClaimAll(ctx context.Context, tx *db.Tx, v *vault.Vault, c *Column, indexes [][]byte) ([][]byte, error) {
	moved, before := make([][]byte, len(indexes)), map[string][]byte{} // from what was before to what is now
	for i, index := range indexes {
		if moved[i] = index; v.Moves(index) {
			moved[i], _ = v.Asked(index)
			before[string(index)] = moved[i]
		}
	}
	if len(before) == 0 {
		return indexes, nil
	}
	if in, err := inUse(ctx, tx, v); err != nil || !in {
		return indexes, err
	}
	if c == nil {
		return moved, nil
	}
	return moved, c.moveStored(ctx, tx, before)
}

// atOnce is how many values one query asks for.
const atOnce = 200

// moveStored moves those of the values that the database holds, in their order: of two who move the same, one waits for the other.
func (c *Column) moveStored(ctx context.Context, tx *db.Tx, before map[string][]byte) error {
	args := make([]any, 0, atOnce)
	some := func() error {
		query := c.find
		if query == "" {
			query = "SELECT DISTINCT " + c.Name + " FROM " + c.Table + " WHERE " + c.Name + " IN (%s)"
		}
		stored, err := db.Collect(ctx, tx, fmt.Sprintf(query, db.Placeholders(len(args))), args, func(value *any) []any { return []any{value} })
		if err != nil {
			return err
		}
		for _, value := range stored {
			if err := c.move(ctx, tx, before[string(c.Read(value))], c.Read(value)); err != nil {
				return err
			}
		}
		args = args[:0]
		return nil
	}
	for _, was := range slices.Sorted(maps.Keys(before)) {
		if args = append(args, c.Stored([]byte(was))); len(args) == atOnce {
			if err := some(); err != nil {
				return err
			}
		}
	}
	if len(args) == 0 {
		return nil
	}
	return some()
}

// move moves a value, and wherever it must stand as one.
func (c *Column) move(ctx context.Context, tx *db.Tx, now, before []byte) error {
	moves := c.moves
	if moves == nil {
		moves = []string{"UPDATE " + c.Table + " SET " + c.Name + " = $1 WHERE " + c.Name + " = $2"}
	}
	for _, move := range moves {
		if _, err := tx.Exec(ctx, move, c.Stored(now), c.Stored(before)); err != nil {
			return err
		}
	}
	return nil
}

// MoveRow moves the value of one row, and wherever it must stand as one.
func (c *Column) MoveRow(ctx context.Context, tx *db.Tx, key []any, now, before []byte) error {
	if c.moves != nil {
		if err := c.move(ctx, tx, now, before); err != nil {
			return err
		}
	}
	query, args := "UPDATE "+c.Table+" SET "+c.Name+" = $1 WHERE "+c.Name+" = $2", []any{c.Stored(now), c.Stored(before)}
	for i, name := range c.Key {
		args = append(args, key[i])
		query += fmt.Sprintf(" AND %s = $%d", name, len(args))
	}
	_, err := tx.Exec(ctx, query, args...)
	return err
}

// lock is held by whoever writes while a key waits to be used, and alone by whoever begins to use it.
const lock = 0x100c

// inUse reports whether the newest key is in use, and keeps that so until the transaction ends.
func inUse(ctx context.Context, tx *db.Tx, v *vault.Vault) (bool, error) {
	if err := tx.HoldTogether(ctx, lock); err != nil {
		return false, err
	}
	used, err := Used(ctx, tx)
	if err != nil {
		return false, err
	}
	newest := newestOf(v)
	if used > newest {
		return false, errLacks(used)
	}
	return used == newest, nil
}

// Begin has everybody write with the newest key from the end of the transaction on.
func Begin(ctx context.Context, tx *db.Tx, v *vault.Vault) error {
	if err := tx.HoldAlone(ctx, lock); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO lookup_keys (number, used_at) VALUES ($1, $2) ON CONFLICT (number) DO NOTHING`, int(newestOf(v)), db.Now())
	return err
}

// Known makes sure that the key file holds the key that the database is written with: a process that lacks it takes everybody
// for unknown.
func Known(ctx context.Context, q db.Querier, v *vault.Vault) error {
	used, err := Used(ctx, q)
	if err == nil && used > newestOf(v) {
		err = errLacks(used)
	}
	return err
}

// Check is [Known] at a start, and makes sure that the database holds no value that is not asked for any more: a backup may. A
// new database is written with the newest key from the first.
func Check(ctx context.Context, d *db.DB, v *vault.Vault) error {
	if err := Known(ctx, d, v); err != nil {
		return err
	}
	alone := v.Alone()
	if alone == 1 {
		return nil
	}
	var moved, filled bool
	if err := d.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM lookup_keys WHERE number = $1 AND done_at IS NOT NULL),
		EXISTS (SELECT 1 FROM logins) OR EXISTS (SELECT 1 FROM documents)`, int(alone)).Scan(&moved, &filled); err != nil || moved {
		return err
	}
	if filled {
		return fmt.Errorf("the database is from before all was moved to look-up key %d: it needs the key file of its time", alone)
	}
	_, err := d.Exec(ctx, `INSERT INTO lookup_keys (number, used_at, done_at) VALUES ($1, $2, $2)`, int(alone), db.Now())
	return err
}

func errLacks(number byte) error {
	return fmt.Errorf("the key file lacks look-up key %d, which the database is written with: copy the key file from where it was added", number)
}

func newestOf(v *vault.Vault) byte {
	all := v.LookUps()
	return all[len(all)-1].Number
}

// Used is the number of the key that all is written with.
func Used(ctx context.Context, q db.Querier) (byte, error) {
	var number sql.NullInt64
	err := q.QueryRow(ctx, `SELECT max(number) FROM lookup_keys`).Scan(&number)
	return byte(max(number.Int64, 1)), err
}
