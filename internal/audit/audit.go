// Package audit keeps the append-only record of who did what to whom, when, from where and why. Every change and every
// look at an unmasked number is recorded in the transaction that makes it, so that neither exists without the other.
package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"caotang/internal/access"
	"caotang/internal/db"
)

// Event is one thing done. The actor, their address and the request come from the context.
type Event struct {
	Action   string       // "registry.create", "account.freeze", …
	Target   string       // what kind of thing: entry, class, account, import, ticket …
	TargetID string       //
	Place    access.Place // where it lies, which decides who may read the record
	Reason   string       // what the actor gave as the reason, where one is asked for
	// Details say what changed, and of whom, for the record outlives the person it is about: masked_name, masked_id_number
	// and masked_username tell those who know the person which one it was, and nobody else; never a name, an ID number or
	// a phone in full.
	//
	// A record that work in the background follows names it as [Batch]; what that records in turn stands under it, see [InBatch].
	Details map[string]any
}

// Batch is the detail of a record that names the batch under it.
const Batch = "batch"

type batchKey struct{}

// InBatch returns a context in which all that is recorded belongs to a batch: what one record announces. Whoever may read that one reads
// all of it where the batch's id was made for the record; where the record may come later, as an import's does once the file has been received,
// they read of it what lies within their scope.
func InBatch(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, batchKey{}, id)
}

// Everywhere is the place of what concerns the whole platform: its widest division, whose administrators read of it.
func Everywhere(ctx context.Context, q db.Querier) (p access.Place, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(min(code), '') FROM regions WHERE parent IS NULL`).Scan(&p.Region)
	return p, err
}

// Record adds the event to the transaction.
func Record(ctx context.Context, tx *db.Tx, e Event) error {
	details := []byte("{}")
	if len(e.Details) > 0 {
		var err error
		if details, err = json.Marshal(e.Details); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	client := access.ClientFrom(ctx)
	batch, _ := ctx.Value(batchKey{}).(string)
	_, err := tx.Exec(ctx, `INSERT INTO audit_records
		(id, at, actor_id, action, target, target_id, region, school_id, reason, details, address, request_id, batch)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		db.NewID(), db.Now(), access.ActorFrom(ctx).AccountID, e.Action, e.Target, e.TargetID,
		e.Place.Region, e.Place.School, e.Reason, string(details), client.Address, client.RequestID, batch)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}
