package resealing

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"caotang/internal/db"
)

// batchRows is how many rows are looked at at once: few enough that nobody waits for the transaction.
const batchRows = 500

// row is a row of a table: its key and its sealed values.
type row struct {
	key    []any
	values []any
}

// batch seals the values of a table's next rows anew, and reports whether there are none left.
func (s *Service) batch(ctx context.Context, t *table, current byte) (done bool, err error) {
	var after string
	err = s.db.QueryRow(ctx, `SELECT after_key FROM resealing_progress WHERE generation = $1 AND table_name = $2`, int(current), t.name).Scan(&after)
	if err == nil && after == "" {
		return true, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	rows, err := s.read(ctx, t, after)
	if err != nil {
		return false, err
	}
	after = ""
	if len(rows) == batchRows {
		if after, err = encodeKey(rows[len(rows)-1].key); err != nil {
			return false, err
		}
	}
	return after == "", s.db.InBatch(ctx, func(tx *db.Tx) error { return s.write(ctx, tx, t, current, rows, after) })
}

func (s *Service) read(ctx context.Context, t *table, after string) ([]row, error) {
	names := append([]string{}, t.key...)
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	keys := strings.Join(t.key, ", ")
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + t.name
	var args []any
	if after != "" {
		var err error
		if args, err = decodeKey(after); err != nil {
			return nil, err
		}
		query += " WHERE (" + keys + ") > (" + db.Placeholders(len(args)) + ")"
	}
	return db.Collect(ctx, s.db, fmt.Sprintf("%s ORDER BY %s LIMIT %d", query, keys, batchRows), args, func(r *row) []any {
		r.key, r.values = make([]any, len(t.key)), make([]any, len(t.columns))
		var into []any
		for i := range r.key {
			into = append(into, &r.key[i])
		}
		for i := range r.values {
			into = append(into, &r.values[i])
		}
		return into
	})
}

// write seals the rows' values and takes down the place to resume at. A value that has changed since it was read stays.
func (s *Service) write(ctx context.Context, tx *db.Tx, t *table, current byte, rows []row, after string) error {
	resealed := 0
	for _, r := range rows {
		changed := false
		for i, c := range t.columns {
			value, err := s.anew(c, r.values[i], current)
			if err != nil {
				return err
			}
			if value == nil {
				continue
			}
			query, args := "UPDATE "+t.name+" SET "+c.name+" = $1 WHERE "+c.name+" = $2", []any{value, r.values[i]}
			for k, name := range t.key {
				args = append(args, r.key[k])
				query += fmt.Sprintf(" AND %s = $%d", name, len(args))
			}
			if _, err := tx.Exec(ctx, query, args...); err != nil {
				return err
			}
			changed = true
		}
		if changed {
			resealed++
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO resealing_progress (generation, table_name, after_key, resealed) VALUES ($1, $2, $3, $4)
		ON CONFLICT (generation, table_name) DO UPDATE SET after_key = excluded.after_key, resealed = resealing_progress.resealed + excluded.resealed`,
		int(current), t.name, after, resealed)
	return err
}

// anew is a value sealed with the key in use; nil when it is that already, or nothing is sealed there. What cannot be opened,
// being damaged, stays as it is: whoever wants to retire its key is told.
func (s *Service) anew(c column, value any, current byte) (any, error) {
	sealed, err := c.sealedOf(value)
	if err != nil || len(sealed) == 0 || sealed[0] == current || c.soon {
		return nil, err
	}
	plain, err := s.vault.Open(c.purpose, sealed)
	if err != nil {
		return nil, nil //nolint:nilerr // the only error that there is: not to be opened
	}
	if sealed = s.vault.Seal(c.purpose, plain); c.prefix != "" {
		return c.prefix + base64.RawStdEncoding.EncodeToString(sealed), nil
	}
	return sealed, nil
}

// sealedOf reads a column's value.
func (c column) sealedOf(value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case []byte:
		if c.prefix == "" {
			return value, nil
		}
		return c.sealedOf(string(value))
	case string:
		if encoded, is := strings.CutPrefix(value, c.prefix); c.prefix != "" && is {
			sealed, _ := base64.RawStdEncoding.DecodeString(encoded) // nothing, where it is damaged
			return sealed, nil
		}
		return nil, nil
	}
	return nil, fmt.Errorf("%s holds a %T", c.name, value)
}

// encodeKey writes a row's key as text, each part after a letter for its type.
func encodeKey(key []any) (string, error) {
	parts := make([]string, len(key))
	for i, part := range key {
		switch part := part.(type) {
		case string:
			parts[i] = "t" + part
		case []byte:
			parts[i] = "b" + hex.EncodeToString(part)
		case int64:
			parts[i] = "n" + strconv.FormatInt(part, 10)
		default:
			return "", fmt.Errorf("a key of type %T", part)
		}
	}
	text, err := json.Marshal(parts)
	return string(text), err
}

func decodeKey(text string) ([]any, error) {
	var parts []string
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return nil, err
	}
	key := make([]any, len(parts))
	for i, part := range parts {
		var err error
		switch part[0] {
		case 't':
			key[i] = part[1:]
		case 'b':
			key[i], err = hex.DecodeString(part[1:])
		default:
			key[i], err = strconv.ParseInt(part[1:], 10, 64)
		}
		if err != nil {
			return nil, err
		}
	}
	return key, nil
}
