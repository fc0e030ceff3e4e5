package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"caotang/internal/db"
	"caotang/internal/vault"
)

const (
	chainPurpose   = "audit"
	recordsInBlock = 500
)

// chained is a record as a block seals it: every column, so that no part of it is changed unnoticed.
type chained struct {
	at                                                                                     int64
	id, actor, action, target, targetID, region, school, reason, details, address, request string
}

// A request's id holds no space: a record of a batch looks like no other.
const chainedColumns = "id, at, actor_id, action, target, target_id, region, school_id, reason, details, address, request_id || CASE WHEN batch = '' THEN '' ELSE ' ' || batch END"

func (c *chained) scan() []any {
	return []any{&c.id, &c.at, &c.actor, &c.action, &c.target, &c.targetID, &c.region, &c.school, &c.reason, &c.details, &c.address, &c.request}
}

// block gathers what is sealed together. Its hash depends on everything that was ever sealed before it, and on the keys: whoever
// can write to the database alone cannot make one.
type block struct {
	number  int64
	records int64
	newest  time.Time // when the last of its records was written
	content []byte
}

func newBlock(number int64, before []byte) *block {
	b := &block{number: number}
	b.content = binary.BigEndian.AppendUint64(b.content, uint64(number))
	b.content = append(b.content, before...)
	return b
}

// add takes a record in. Each part goes with its length, so that no two records look alike.
func (b *block) add(c *chained) {
	b.records++
	if at := time.UnixMilli(c.at); at.After(b.newest) {
		b.newest = at
	}
	b.content = binary.BigEndian.AppendUint64(b.content, uint64(c.at))
	for _, part := range []string{c.id, c.actor, c.action, c.target, c.targetID, c.region, c.school, c.reason, c.details, c.address, c.request} {
		b.content = binary.BigEndian.AppendUint32(b.content, uint32(len(part)))
		b.content = append(b.content, part...)
	}
}

func (b *block) hash(v *vault.Vault) []byte { return v.Authenticate(chainPurpose, b.content) }

// mayLag is how long after a key's time a block may still be made with the key before: clocks differ, and a seal may be late.
const mayLag = time.Hour

// holds reports whether a hash is the block's. Whoever knows a key that was replaced makes none over records that are newer.
func (b *block) holds(v *vault.Vault, hash []byte) bool {
	return v.Authentic(chainPurpose, b.content, hash, b.newest.Add(-mayLag))
}

// Seal seals the records so far. It may be cut off anywhere, and several processes may seal at once: of two who make the same
// block one goes on.
func Seal(ctx context.Context, d *db.DB, v *vault.Vault) error {
	for {
		sealed := 0
		err := d.InTx(ctx, func(tx *db.Tx) (err error) {
			sealed, err = sealSome(ctx, tx, v)
			return err
		})
		if db.IsUnique(err) || errors.Is(err, errSealedElsewhere) {
			return nil // another process is at it
		}
		if err != nil || sealed == 0 {
			return err
		}
	}
}

func sealSome(ctx context.Context, tx *db.Tx, v *vault.Vault) (sealed int, err error) {
	records, err := db.Collect(ctx, tx, "SELECT "+chainedColumns+" FROM audit_records WHERE block IS NULL ORDER BY id LIMIT $1", []any{recordsInBlock}, (*chained).scan)
	if err != nil || len(records) == 0 {
		return 0, err
	}
	head, err := Head(ctx, tx)
	if err != nil {
		return 0, err
	}
	b := newBlock(head.Number+1, head.Hash)
	ids := make([]any, 0, len(records)+1)
	for i := range records {
		b.add(&records[i])
		ids = append(ids, records[i].id)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO audit_blocks (number, records, hash, sealed_at) VALUES ($1, $2, $3, $4)`, b.number, b.records, b.hash(v), db.Now()); err != nil {
		return 0, err
	}
	marked, err := tx.Exec(ctx, fmt.Sprintf("UPDATE audit_records SET block = $%d WHERE block IS NULL AND id IN (%s)", len(ids)+1, db.Placeholders(len(ids))), append(ids, b.number)...)
	if err != nil {
		return 0, err
	}
	if n, err := marked.RowsAffected(); err != nil {
		return 0, err
	} else if n != int64(len(records)) {
		return 0, errSealedElsewhere
	}
	return len(records), nil
}

// errSealedElsewhere undoes a block some of whose records another process has sealed meanwhile.
var errSealedElsewhere = errors.New("audit: records were sealed elsewhere")

// Link is a block of the chain. Whoever notes its number and hash elsewhere can tell later that all until then is still there.
type Link struct {
	Number   int64
	Hash     []byte
	SealedAt time.Time
}

// Head is the newest block; its number is 0 before there is any.
func Head(ctx context.Context, q db.Querier) (Link, error) {
	type row struct {
		Link
		at db.Time
	}
	newest, err := db.Collect(ctx, q, "SELECT number, hash, sealed_at FROM audit_blocks ORDER BY number DESC LIMIT 1", nil,
		func(r *row) []any { return []any{&r.Number, &r.Hash, &r.at} })
	if err != nil || len(newest) == 0 {
		return Link{}, err
	}
	newest[0].SealedAt = newest[0].at.Time
	return newest[0].Link, nil
}
