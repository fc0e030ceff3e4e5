package demo

import (
	"context"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/deadlines"
	"caotang/internal/roomtest"
	"caotang/internal/vault/vaulttest"

	"github.com/google/go-cmp/cmp"
)

func TestTheDemosPeopleAskOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, v := context.Background(), vaulttest.New(t)
		if err := Seed(ctx, d, v); err != nil {
			t.Fatal(err)
		}
		w := (&roomtest.World{DB: d}).Beside(t, v)
		for range 2 {
			if err := Ask(ctx, d, Rooms{w.Roster, w.Verification, w.Support, w.Transfers}); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, d, `SELECT coalesce(sum(times), 0) FROM stuck_days WHERE reason = 'already_bound'`); n == 0 {
			t.Error("the statistics know of nobody whose entry is somebody's, and one has said so")
		}
		list, err := Accounts(ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			school string
			want   map[string]int
		}{
			{list[3].Scope.ID, map[string]int{"missing_entry": 1, "missing_class": 1, "not_me": 1, "transfer": 1}},
			{list[4].Scope.ID, map[string]int{"transfer": 1}},
		} {
			ctx := access.WithActor(ctx, access.Actor{AccountID: "administrator", Grants: []access.Grant{{Level: access.School, ScopeID: test.school}}})
			got := map[string]int{}
			tickets, err := w.Support.Desk(ctx, deadlines.Wanted{View: deadlines.Waiting, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			for _, ticket := range tickets {
				got[string(ticket.Kind)]++
			}
			moving, err := w.Transfers.Desk(ctx, deadlines.Wanted{View: deadlines.Waiting, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			if len(moving) > 0 {
				got["transfer"] = len(moving)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		}
	})
}

// In a demo of an earlier version visitors may have the names.
func TestADemoOfBeforeIsLeftAlone(t *testing.T) {
	d, ctx, v := dbtest.OpenSQLite(t), context.Background(), vaulttest.New(t)
	if err := Seed(ctx, d, v); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exec(ctx, "DELETE FROM meta WHERE name = $1", asked); err != nil {
		t.Fatal(err)
	}
	w := (&roomtest.World{DB: d}).Beside(t, v)
	if err := Ask(ctx, d, Rooms{w.Roster, w.Verification, w.Support, w.Transfers}); err != nil {
		t.Fatal(err)
	}
	if made := count(t, d, "SELECT (SELECT COUNT(*) FROM tickets) + (SELECT COUNT(*) FROM transfers)"); made != 0 {
		t.Errorf("%d requests were made in others' names", made)
	}
}
