package accounts

import (
	"context"
	"errors"
	"fmt"
	"io"

	"caotang/internal/db"
	"caotang/internal/sheet"
	"caotang/internal/vault"
)

// OldAccounts is a file of the old system's accounts.
type OldAccounts struct {
	io.ReaderAt
	Size   int64
	Scheme string // of hashes whose row names none; "" when every row does
}

// Finding is what has to be told of one row.
type Finding struct {
	Line        int
	Username    string
	MaskedPhone string // "" for none
	Rejected    bool   // the account was not taken; otherwise it was, or stood here already
	Code        string // has its sentence in the catalogues under "field.<Code>"
}

// Imported counts what came of a file's rows.
type Imported struct {
	Taken    int64
	Known    int64 // here already, by an earlier run, or because the same person has registered
	Rejected int64
	Cleared  int64   // accounts that lost a phone, here as well as in the file
	Done     float64 // part of the file that has been read, 0 to 1
}

// ImportAccounts takes the old system's accounts over (F-06), in batches that are each committed at once. It may be
// repeated, after an interruption or with a corrected file: what is here already stays as it is. It calls found for every
// row that there is something to say of, in the file's order, and progress after each batch. A file that is no table of
// accounts is refused with a *sheet.Problem before anything is written. It is for the command line: no scope is checked.
//
// A phone that stands on several accounts of the file is taken from all of them. One that an account of the platform
// holds stays there, and the file's does not get it; if nobody has signed in to that account since it was imported too,
// nothing tells the two apart, and it loses the phone as well. Who has no phone signs in by username, and binds one.
//
// A username need not keep today's rule, and two may differ in case alone: each signs in as it is spelled. The one that
// cannot be taken is the very username of another.
func (s *Service) ImportAccounts(ctx context.Context, source OldAccounts, found func(Finding) error, progress func(Imported)) (Imported, error) {
	limits := sheet.DefaultLimits()
	limits.FileBytes, limits.UnzipBytes, limits.Rows = source.Size, 16<<30, 100_000_000
	first, err := openOldTable(source.ReaderAt, source.Size, limits)
	if err != nil {
		return Imported{}, err
	}
	shared, err := findShared(first)
	if err != nil {
		return Imported{}, err
	}
	place := &placeReader{ReaderAt: source.ReaderAt}
	table, err := openOldTable(place, source.Size, limits)
	if err != nil {
		return Imported{}, err
	}
	run := &oldImport{s: s, shared: shared, now: db.At(s.now())}
	batches := make(chan *oldBatch, 1)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(batches)
		for {
			b := s.readOldBatch(table, source.Scheme)
			b.read = float64(place.at.Load()) / float64(max(source.Size, 1))
			select {
			case batches <- b:
			case <-reading.Done():
				return
			}
			if b.err != nil {
				return
			}
		}
	}()
	for b := range batches {
		if err := run.commit(ctx, b); err != nil {
			return run.sum, fmt.Errorf("import: %w", err)
		}
		for _, f := range b.findings {
			if err := found(f); err != nil {
				return run.sum, err
			}
		}
		run.sum.Done = min(b.read, 1)
		progress(run.sum)
		if errors.Is(b.err, io.EOF) {
			return run.sum, nil
		}
		if b.err != nil {
			return run.sum, b.err
		}
	}
	return run.sum, ctx.Err()
}

// oldBatchRows is how many rows are decided in one transaction: their keys are written in order, which the larger a batch
// is the better keeps the index in the cache.
const oldBatchRows = 20_000

// oldBatch are the rows that one transaction decides.
type oldBatch struct {
	accounts []oldAccount
	findings []Finding // of rows that are no good by themselves, then of all, in their order
	rejected int64
	read     float64
	err      error // io.EOF after the last row
}

// readOldBatch checks rows, seals them and makes their keys, and asks the database nothing: it works while the batch before
// is written.
func (s *Service) readOldBatch(t *oldTable, scheme string) *oldBatch {
	b := &oldBatch{accounts: make([]oldAccount, 0, oldBatchRows)}
	for len(b.accounts)+len(b.findings) < oldBatchRows {
		row, err := t.rows.Next()
		if err != nil {
			b.err = err
			return b
		}
		a, code := t.read(row, scheme)
		if code != "" {
			b.findings = append(b.findings, a.finding(code, true))
			b.rejected++
			continue
		}
		a.id, a.key, a.sealedHash = db.NewID(), usernameKey(a.username), a.hash.seal(s.vault)
		if a.phone != "" {
			a.phoneKey, a.sealedPhone = s.phoneKey(a.phone), s.vault.Seal(phonePurpose, a.phone)
		}
		b.accounts = append(b.accounts, a)
	}
	return b
}

func (a *oldAccount) finding(code string, rejected bool) Finding {
	return Finding{a.line, a.username, vault.MaskPhone(a.phone), rejected, code}
}
