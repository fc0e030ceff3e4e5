package main

import (
	"context"
	"fmt"

	"caotang/internal/db"
	"caotang/internal/tally"
)

type statisticsCommand struct {
	Verify verifyStatisticsCommand `cmd:"" help:"Count the registry anew and compare; may run while the platform serves."`
}

type verifyStatisticsCommand struct {
	Recount bool `help:"Put the counts right where they differ. Stop the platform first."`
	storage
}

// maxDifferences is how many differences are printed.
const maxDifferences = 100

// Run fails when a count differs, unless it was put right.
func (c *verifyStatisticsCommand) Run(ctx context.Context, out *output) error {
	d, _, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	differences, err := tally.Verify(ctx, d, maxDifferences)
	if err != nil {
		return err
	}
	if len(differences) == 0 {
		_, err := fmt.Fprintln(out.stdout, "Every count is exact.")
		return err
	}
	for _, x := range differences {
		if _, err := fmt.Fprintf(out.stdout, "%s %s %s: %+d people, %+d activated are missing from the count\n",
			x.Scope, x.Kind, x.Stage, x.MissingEntries, x.MissingActivated); err != nil {
			return err
		}
	}
	if !c.Recount {
		return fmt.Errorf("%d counts differ from the registry (at most %d are listed); stop the platform and add --recount to put them right", len(differences), maxDifferences)
	}
	if err := d.InTx(ctx, func(tx *db.Tx) error { return tally.Recount(ctx, tx) }); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out.stdout, "All has been counted anew.")
	return err
}
