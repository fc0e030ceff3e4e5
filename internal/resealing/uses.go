package resealing

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"caotang/internal/db"
	"caotang/internal/vault"
)

// Use tells how many values a key has sealed somewhere.
type Use struct {
	Key    byte
	Where  string // table.column, or a folder of files
	Values int64
}

// Uses counts all that is sealed. It reads every sealed column: some seconds for a million entries.
func (s *Service) Uses(ctx context.Context) (all []Use, err error) {
	for _, t := range tables {
		for _, c := range t.columns {
			uses, err := s.usesOf(ctx, t.name, c)
			if err != nil {
				return nil, err
			}
			all = append(all, uses...)
		}
	}
	for _, folder := range s.folders {
		files, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		byKey := map[byte]int64{}
		for _, f := range files {
			key, err := vault.KeyOfFile(filepath.Join(folder, f.Name()))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			if err == nil {
				byKey[key]++
			}
		}
		for key, n := range byKey {
			all = append(all, Use{key, folder, n})
		}
	}
	return all, nil
}

func (s *Service) usesOf(ctx context.Context, name string, c column) ([]Use, error) {
	type counted struct {
		first []byte
		text  string
		n     int64
	}
	query, args := "SELECT substr("+c.name+", 1, 1), count(*) FROM "+name+" WHERE "+c.name+" IS NOT NULL GROUP BY 1", []any(nil)
	scan := func(o *counted) []any { return []any{&o.first, &o.n} }
	if c.prefix != "" { // the first byte and half of the next, in base64
		query = "SELECT substr(" + c.name + ", $1, 2), count(*) FROM " + name + " WHERE substr(" + c.name + ", 1, $2) = $3 GROUP BY 1"
		args = []any{len(c.prefix) + 1, len(c.prefix), c.prefix}
		scan = func(o *counted) []any { return []any{&o.text, &o.n} }
	}
	found, err := db.Collect(ctx, s.db, query, args, scan)
	if err != nil {
		return nil, err
	}
	byKey := map[byte]int64{}
	for _, o := range found {
		if c.prefix != "" {
			if o.first, err = base64.RawStdEncoding.DecodeString(o.text + "AA"); err != nil {
				return nil, err
			}
		}
		if len(o.first) > 0 {
			byKey[o.first[0]] += o.n
		}
	}
	var uses []Use
	for key, n := range byKey {
		uses = append(uses, Use{key, name + "." + c.name, n})
	}
	return uses, nil
}

// Progress tells of a resealing.
type Progress struct {
	Key         byte
	Begun, Done db.NullTime
	Tables      int   // all of whose rows were looked at
	Rows        int64 // sealed anew
}

// TableCount is how many tables hold sealed values.
func TableCount() int { return len(tables) }

// ProgressOf tells how far sealing anew under a key has come; the zero Progress before it begins.
func (s *Service) ProgressOf(ctx context.Context, key byte) (p Progress, err error) {
	p.Key = key
	err = s.db.QueryRow(ctx, `SELECT max(begun_at), max(done_at) FROM resealings WHERE generation = $1`, int(key)).Scan(&p.Begun, &p.Done)
	if err != nil {
		return p, err
	}
	err = s.db.QueryRow(ctx, `SELECT count(*) FILTER (WHERE after_key = ''), CAST(coalesce(sum(resealed), 0) AS bigint) FROM resealing_progress WHERE generation = $1`, int(key)).Scan(&p.Tables, &p.Rows)
	return p, err
}
