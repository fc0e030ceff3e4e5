package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"caotang/internal/audit"
)

type auditCommand struct {
	Verify verifyAuditCommand `cmd:"" help:"Check that no audit record was changed or removed since it was sealed; may run while the platform serves."`
}

type verifyAuditCommand struct {
	Since noted `help:"A block that was noted earlier, as this command and the log name it: all until then must still be there." placeholder:"NUMBER:HASH"`
	storage
}

// noted is a link of the chain as people write it down: 17:3f0c…
type noted audit.Link

func (n *noted) UnmarshalText(text []byte) error {
	number, hash, _ := strings.Cut(string(text), ":")
	var err error
	if n.Number, err = strconv.ParseInt(number, 10, 64); err != nil || n.Number < 1 {
		return fmt.Errorf("must be a block's number, a colon and its hash")
	}
	if n.Hash, err = hex.DecodeString(hash); err != nil || len(n.Hash) != 32 && len(n.Hash) != 33 {
		return fmt.Errorf("the hash must have 64 hexadecimal digits, or 66 since the look-up key was changed")
	}
	return nil
}

func linkText(l audit.Link) string { return fmt.Sprintf("%d:%x", l.Number, l.Hash) }

// Run fails where the chain does not hold.
func (c *verifyAuditCommand) Run(ctx context.Context, out *output) error {
	d, v, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	found, err := audit.Verify(ctx, d, v, audit.Link(c.Since), maxDifferences)
	if err != nil {
		return err
	}
	return out.report(found, audit.Link(c.Since))
}

// report says what was found. A block that does not match the note may well be a note that was mistyped: it says so.
func (out *output) report(found audit.Verified, since audit.Link) error {
	for _, b := range found.Breaks {
		when := "its block is gone"
		if !b.SealedAt.IsZero() {
			when = "sealed " + b.SealedAt.UTC().Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(out.stdout, "block %d: %s (%s)\n", b.Block, b.Kind, when); err != nil {
			return err
		}
		if b.Block == since.Number {
			if _, err := fmt.Fprintf(out.stdout, "  This is the block of --since: first compare what you typed with your note, %s.\n", linkText(since)); err != nil {
				return err
			}
		}
	}
	if len(found.Breaks) > 0 {
		return fmt.Errorf("the audit record does not hold in %d places (at most %d are listed)", len(found.Breaks), maxDifferences)
	}
	if found.Head.Number == 0 {
		_, err := fmt.Fprintf(out.stdout, "Nothing has been sealed yet; %d records wait to be.\n", found.Waiting)
		return err
	}
	_, err := fmt.Fprintf(out.stdout, "%d records in %d blocks are as they were sealed; %d wait to be sealed.\nNote this elsewhere, and give it to --since next time: %s\n",
		found.Records, found.Blocks, found.Waiting, linkText(found.Head))
	return err
}
