package demo

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"caotang/internal/db/dbtest"
	"caotang/internal/jobs"
	"caotang/internal/roster"
	"caotang/internal/vault/vaulttest"
)

// The registry takes a clean roster to the last row, and of a messy one exactly the rows that it can.
func TestTheRegistryTakesTheDemosRosters(t *testing.T) {
	d, ctx, v := dbtest.OpenSQLite(t), context.Background(), vaulttest.New(t)
	if err := Seed(ctx, d, v); err != nil {
		t.Fatal(err)
	}
	registry := roster.New(d, v, jobs.New(d, slog.New(slog.DiscardHandler)), t.TempDir(), roster.DefaultLimits())
	demoAccounts, err := Accounts(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	school := demoAccounts[3].Scope.ID
	spoiled := 0
	for _, m := range messes {
		if m.rejected {
			spoiled++
		}
	}
	const messyRows = 36 * 10 // every mess ten times: each third row is spoiled, by one of twelve in turn
	for _, test := range []struct {
		name     string
		file     RosterFile
		format   string
		rejected int
	}{
		{"clean students", RosterFile{Rows: 1000, Kind: roster.Student, Seed: 1}, ".csv", 0},
		{"clean workbook", RosterFile{Rows: 300, Kind: roster.Student, Seed: 2}, ".xlsx", 0},
		{"clean teachers of all schools", RosterFile{Rows: 1000, Kind: roster.Teacher, AllSchools: true, Seed: 3}, ".csv", 0},
		{"messy students", RosterFile{Rows: messyRows, Kind: roster.Student, Messy: true, Encoding: "gb18030", Seed: 4}, ".csv", 10 * spoiled},
		{"messy workbook", RosterFile{Rows: messyRows, Kind: roster.Student, Messy: true, Seed: 5}, ".xlsx", 10 * spoiled},
		{"messy teachers", RosterFile{Rows: messyRows, Kind: roster.Teacher, Messy: true, Encoding: "gbk", Seed: 6}, ".csv", 10 * spoiled},
	} {
		test.file.Today = time.Now()
		var data bytes.Buffer
		if err := test.file.Write(&data, test.format); err != nil {
			t.Fatal(err)
		}
		source := roster.ImportSource{ReaderAt: bytes.NewReader(data.Bytes()), Size: int64(data.Len()), Filename: "roster" + test.format, Kind: test.file.Kind}
		if !test.file.AllSchools {
			source.SchoolID = school
		}
		result, err := registry.Import(ctx, source, nil)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if int(result.Accepted) != test.file.Rows-test.rejected || int(result.Rejected) != test.rejected {
			t.Errorf("%s: %d rows taken and %d rejected, want %d and %d", test.name, result.Accepted, result.Rejected, test.file.Rows-test.rejected, test.rejected)
		}
	}
	if n := count(t, d, "SELECT COUNT(*) FROM classes WHERE school_id = $1", school); n != 9 {
		t.Errorf("the school has %d classes after the imports, want the 9 that it had", n)
	}
}
