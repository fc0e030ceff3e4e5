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

	partRows int // oldPartRows, but for tests
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

// ImportAccounts takes the old system's accounts over (F-06), in parts that are each committed at once. It may be
// repeated, after an interruption or with a corrected file: what is here already stays as it is. It calls found for every
// row that there is something to say of, in the file's order, and progress after each part. A file that is no table of
// accounts is refused with a *sheet.Problem before anything is written. It is for the command line: no scope is checked.
//
// A phone that stands on several accounts of the file is taken from all of them. One that an account of the platform
// holds stays there, and the file's does not get it; if nobody has signed in to that account since it was imported too,
// nothing tells the two apart, and it loses the phone as well. Who has no phone signs in by username, and binds one.
//
// A username need not keep today's rule, and two may differ in case alone: each signs in as it is spelled. The one that
// cannot be taken is the very username of another.
func (s *Service) ImportAccounts(ctx context.Context, source OldAccounts, found func(Finding) error, progress func(Imported)) (Imported, error) {
	limits := sheet.OwnLimits(source.Size)
	if source.partRows == 0 {
		source.partRows = oldPartRows
	}
	known, err := s.knownKeys(ctx)
	if err != nil {
		return Imported{}, fmt.Errorf("import: %w", err)
	}
	first, err := openOldTable(source.ReaderAt, source.Size, limits)
	if err != nil {
		return Imported{}, err
	}
	shared, err := first.survey(known)
	if err != nil {
		return Imported{}, err
	}
	run := &oldImport{s: s, source: source, limits: limits, shared: shared, known: known, now: db.At(s.now()), found: found, progress: progress}
	for attempts := 3; ; attempts-- {
		committed := run.rows
		err := run.fromRow(ctx, committed)
		if run.rows > committed {
			attempts = 3
		}
		// Somebody took a key while this ran: the part that failed is read again, and asks for all of its keys.
		if !db.IsUnique(err) || attempts == 1 {
			return run.sum, err
		}
		run.asking = true
	}
}

// fromRow decides the file's rows after the first so many, which were committed before.
func (run *oldImport) fromRow(ctx context.Context, committed int) error {
	place := &placeReader{ReaderAt: run.source.ReaderAt}
	table, err := openOldTable(place, run.source.Size, run.limits)
	if err != nil {
		return err
	}
	for range committed {
		if _, err := table.rows.Next(); err != nil {
			return err
		}
	}
	batches := make(chan *oldBatch, 1)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(batches)
		for {
			b := run.s.readOldBatch(table, run.source)
			b.read = float64(place.at.Load()) / float64(max(run.source.Size, 1))
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
	for {
		err := run.commit(ctx, batches)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// oldPartRows is about how many rows one transaction takes. Keys are hashes, or as good as random: each transaction writes
// pages from all over the index of logins, and the more rows it takes the fewer times each page is written. Other writers
// wait meanwhile, for two seconds or three.
const oldPartRows = 100_000

// batchesPerPart bounds memory: a batch is read, checked and sealed while the one before is decided.
const batchesPerPart = 20

// oldBatch are rows that are decided together.
type oldBatch struct {
	accounts []oldAccount
	findings []Finding // of rows that are no good by themselves
	rows     int
	read     float64
	err      error // io.EOF after the last row
}

// readOldBatch checks rows, seals them and makes their keys, and asks the database nothing.
func (s *Service) readOldBatch(t *oldTable, source OldAccounts) *oldBatch {
	most := source.partRows / batchesPerPart
	b := &oldBatch{accounts: make([]oldAccount, 0, most)}
	for b.rows < most {
		row, err := t.rows.Next()
		if err != nil {
			b.err = err
			return b
		}
		b.rows++
		a, code := t.read(row, source.Scheme)
		if code != "" {
			b.findings = append(b.findings, a.finding(code, true))
			continue
		}
		a.id, a.key, a.sealedHash = db.NewID(), usernameKey(a.username), a.hash.seal(s.vault)
		if a.phone != "" {
			a.phoneIndex, a.sealedPhone = s.phoneIndex(a.phone), s.vault.Seal(phonePurpose, a.phone)
			a.phoneKey = phoneKeyOf(a.phoneIndex)
		}
		b.accounts = append(b.accounts, a)
	}
	return b
}

func (a *oldAccount) finding(code string, rejected bool) Finding {
	return Finding{a.line, a.username, vault.MaskPhone(a.phone), rejected, code}
}
