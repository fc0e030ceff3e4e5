package audit

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"caotang/internal/db"
	"caotang/internal/vault"
)

// What is wrong with a block of the chain.
const (
	Changed = "changed" // a record says something else than when it was sealed
	Removed = "removed" // fewer records than were sealed
	Added   = "added"   // more records than were sealed
	Missing = "missing" // the block itself is gone
	Forged  = "forged"  // the noted block has another hash: what was sealed until then has been replaced
)

// Break is a place where the chain does not hold.
type Break struct {
	Block    int64
	Kind     string
	SealedAt time.Time // zero when the block is missing
}

// Verified is what a check of the whole chain has found.
type Verified struct {
	Blocks  int64
	Records int64
	Waiting int64 // records that are not sealed yet
	Head    Link
	Breaks  []Break // at most as many as were asked for
}

// Verify reads all that was sealed and compares it with the hashes; noted is a link that was written down elsewhere, or zero. A
// million records take seconds; records that are written meanwhile do no harm. At most limit breaks are listed.
func Verify(ctx context.Context, d *db.DB, v *vault.Vault, noted Link, limit int) (Verified, error) {
	return verify(ctx, d, v, noted, 1, limit)
}

// VerifyLast is [Verify] for the newest blocks alone, as many as hold about so many records, however long the chain is. It
// answers the number of the first of them, too.
func VerifyLast(ctx context.Context, d *db.DB, v *vault.Vault, records int64, limit int) (first int64, sum Verified, err error) {
	type block struct{ number, records int64 }
	newest, err := db.Collect(ctx, d, "SELECT number, records FROM audit_blocks ORDER BY number DESC LIMIT $1", []any{records}, func(b *block) []any { return []any{&b.number, &b.records} })
	if err != nil {
		return 0, sum, err
	}
	first = 1
	for _, b := range newest {
		first = b.number
		if records -= max(1, b.records); records <= 0 {
			break
		}
	}
	sum, err = verify(ctx, d, v, Link{}, first, limit)
	return first, sum, err
}

func verify(ctx context.Context, d *db.DB, v *vault.Vault, noted Link, first int64, limit int) (Verified, error) {
	var sum Verified
	var err error
	if sum.Head, err = Head(ctx, d); err != nil {
		return sum, err
	}
	broken := func(b Break) {
		if len(sum.Breaks) < limit {
			sum.Breaks = append(sum.Breaks, b)
		}
	}
	var before []byte
	if first > 1 {
		if err := d.QueryRow(ctx, "SELECT hash FROM audit_blocks WHERE number = $1", first-1).Scan(&before); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return sum, err
		}
	}
	for number := first; number <= max(sum.Head.Number, noted.Number); number++ {
		link, kind, records, err := verifyBlock(ctx, d, v, number, before)
		if err != nil {
			return sum, err
		}
		if kind == "" && number == noted.Number && !bytes.Equal(link.Hash, noted.Hash) {
			kind = Forged
		}
		if kind != "" {
			broken(Break{number, kind, link.SealedAt})
		}
		if kind != Missing {
			sum.Blocks++
		}
		sum.Records += records
		before = link.Hash
	}
	return sum, d.QueryRow(ctx, "SELECT count(*) FROM audit_records WHERE block IS NULL").Scan(&sum.Waiting)
}

// verifyBlock answers what is wrong with one block, "" when nothing is.
func verifyBlock(ctx context.Context, q db.Querier, v *vault.Vault, number int64, before []byte) (link Link, kind string, records int64, err error) {
	type row struct {
		records int64
		hash    []byte
		at      db.Time
	}
	there, err := db.Collect(ctx, q, "SELECT records, hash, sealed_at FROM audit_blocks WHERE number = $1", []any{number},
		func(r *row) []any { return []any{&r.records, &r.hash, &r.at} })
	if err != nil {
		return link, "", 0, err
	}
	all, err := db.Collect(ctx, q, "SELECT "+chainedColumns+" FROM audit_records WHERE block = $1 ORDER BY id", []any{number}, (*chained).scan)
	if err != nil {
		return link, "", 0, err
	}
	records = int64(len(all))
	if len(there) == 0 {
		return link, Missing, records, nil
	}
	link = Link{number, there[0].hash, there[0].at.Time}
	b := newBlock(number, before)
	for i := range all {
		b.add(&all[i])
	}
	switch {
	case records < there[0].records:
		kind = Removed
	case records > there[0].records:
		kind = Added
	case !b.holds(v, link.Hash):
		kind = Changed
	}
	return link, kind, records, nil
}
