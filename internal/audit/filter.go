package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// Filter narrows the record; an empty part does not.
type Filter struct {
	Action   string // an action or, ending in a dot, all that begin with it
	Actor    string // an administrator's whole username, or an account's id
	TargetID string
	From, To time.Time // not before, before
	Actions  []string  // only these
	Batch    string    // only what a batch holds
	Folded   bool      // without what stands under a record that the filter leaves
}

// names are those of the parts that narrow, without what they say.
func (f Filter) names() string {
	var all []string
	for _, part := range []struct {
		name string
		set  bool
	}{{"action", f.Action != ""}, {"actor", f.Actor != ""}, {"target_id", f.TargetID != ""}, {"batch", f.Batch != ""}, {"from", !f.From.IsZero()}, {"to", !f.To.IsZero()}} {
		if part.set {
			all = append(all, part.name)
		}
	}
	return strings.Join(all, " ")
}

// conditions are those of a query of audit_records a, with their arguments.
type conditions struct {
	sql  string
	args []any
}

func (c *conditions) add(condition string, value any) {
	c.args = append(c.args, value)
	c.sql += fmt.Sprintf(" AND "+condition, len(c.args))
}

// conditionsOf are those of a filter within the reader's scope. Ids go with time, so that times narrow every index.
func conditionsOf(ctx context.Context, q db.Querier, f Filter) (c conditions, err error) {
	reach := access.ActorFrom(ctx).Reach(access.AuditRead)
	if reach.Empty() {
		return c, fault.ErrForbidden.New()
	}
	region := "a.region"
	if slices.ContainsFunc(reach.Divisions(), func(code string) bool { return strings.HasSuffix(code, "00") }) {
		region += " || ''" // no index: much of the record is of a city or the province, and is read in its order rather than sorted
	}
	c.sql, c.args = reach.SQL(region, "a.school_id", 1)
	if f.Batch != "" {
		if err := c.announced(ctx, q, f.Batch); err != nil {
			return c, err
		}
	}
	if prefix, isPrefix := strings.CutSuffix(f.Action, "."); isPrefix {
		c.add("a.action LIKE $%d", strings.NewReplacer("%", "", "_", "").Replace(prefix)+".%")
	} else if f.Action != "" {
		c.add("a.action = $%d", f.Action)
	}
	if len(f.Actions) > 0 {
		places := make([]string, len(f.Actions))
		for i, action := range f.Actions {
			c.args = append(c.args, action)
			places[i] = fmt.Sprintf("$%d", len(c.args))
		}
		c.sql += " AND a.action IN (" + strings.Join(places, ", ") + ")"
	}
	if f.Actor != "" {
		id, err := actorID(ctx, q, f.Actor)
		if err != nil {
			return c, err
		}
		c.add("a.actor_id = $%d", id)
	}
	if f.TargetID != "" {
		c.add("a.target_id = $%d", f.TargetID)
	}
	if f.Batch != "" {
		c.add("a.batch <> '' AND a.batch = $%d", f.Batch)
	}
	// The record above was made at the same place and by the same person, with the batch's id or after it: another action, and an earlier
	// time, alone leave it out.
	if f.Folded && f.Action == "" && f.TargetID == "" && f.Batch == "" {
		if f.From.IsZero() {
			c.sql += " AND a.batch = ''"
		} else {
			c.add("a.batch < $%d", db.FirstID(f.From))
		}
	}
	if !f.From.IsZero() {
		c.add("a.at >= $%d", db.At(f.From))
		c.add("a.id >= $%d", db.FirstID(f.From.Add(-recordedWithin)))
	}
	if !f.To.IsZero() {
		c.add("a.at < $%d", db.At(f.To))
		c.add("a.id < $%d", db.FirstID(f.To.Add(recordedWithin)))
	}
	return c, nil
}

// announced widens the reader's scope to all of a batch whose record they may read: of people who move, the school that takes them reads
// who they are, as the one that they leave does. Only a record is looked for that follows the batch's id at once, as theirs does. An
// import's may come later, once the file has been received; all that it does lies at one school anyway.
func (c *conditions) announced(ctx context.Context, q db.Querier, batch string) error {
	made, is := db.IDTime(batch)
	if !is {
		return nil
	}
	above := conditions{c.sql, slices.Clone(c.args)}
	above.add("a.id > $%d", batch)
	above.add("a.id < $%d", db.FirstID(made.Add(recordedWithin)))
	above.add("a.details LIKE $%d", `%"`+Batch+`":"`+batch+`"%`)
	var may bool
	err := q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM audit_records a WHERE `+above.sql+`)`, above.args...).Scan(&may)
	if may {
		c.sql, c.args = "1 = 1", nil
	}
	return err
}

// recordedWithin is more than lies between the time of a record and that of its id.
const recordedWithin = time.Minute

// actorID is the account that an administrator's username names; what names none is an id itself. Whether an account is there that
// administers nothing does not show.
func actorID(ctx context.Context, q db.Querier, named string) (id string, err error) {
	err = q.QueryRow(ctx, `SELECT u.id FROM logins l JOIN accounts u ON u.id = l.account_id
		WHERE l.login_key = $1 AND u.username = $2 AND EXISTS (SELECT 1 FROM grants g WHERE g.account_id = u.id)`, "u:"+strings.ToLower(named), named).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return named, nil
	}
	return id, err
}
