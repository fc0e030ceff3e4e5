package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"caotang/internal/jobs"
	"caotang/internal/lookup"
	"caotang/internal/resealing"
	"caotang/internal/vault"
)

type keysCommand struct {
	Create createKeysCommand `cmd:"" help:"Make the key file of a platform that is not there yet, with the algorithms of one's choice. (serve makes one with AES.)"`
	Status keysStatusCommand `cmd:"" help:"Show the keys, what each has sealed, and how far moving all to a new one has come."`
	Rotate rotateKeysCommand `cmd:"" help:"Add a key for sealing, or with --index one for the index; serve then moves all to it, without a stop."`
	Retire retireKeyCommand  `cmd:"" help:"Take a key out of the key file that nothing is sealed with any more; with --index, end the use of the look-up key before."`
}

// zoned is a time with its zone: whoever reads it may sit elsewhere than the machine.
const zoned = "2006-01-02 15:04:05 -07:00"

type createKeysCommand struct {
	Suite vault.Suite `help:"aes: AES-256-GCM and HMAC-SHA-256; sm: SM4-GCM and HMAC-SM3." enum:"aes,sm" default:"aes"`
	storage
}

// Run makes the file where there is none.
func (c *createKeysCommand) Run(out *output) error {
	if err := vault.CreateFile(c.keyPath(), c.Suite); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out.stdout, "%s is made. Keep a copy apart from the database.\n", c.keyPath())
	return err
}

// sealing runs a command on the service that seals anew, without its background work.
func (s storage) sealing(ctx context.Context, do func(*resealing.Service, *vault.Vault) error) error {
	d, v, err := s.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return do(resealing.New(d, v, jobs.New(d, nil), s.sealedFolders()...), v)
}

// sealedFolders hold sealed files.
func (s storage) sealedFolders() []string { return []string{s.importsFolder(), s.copiesFolder()} }

func (s storage) importsFolder() string { return filepath.Join(s.Data, "imports") }

func (s storage) copiesFolder() string { return filepath.Join(s.Data, "copies") }

type rotateKeysCommand struct {
	Index bool          `help:"Add a look-up key, of the index by which numbers and codes are found, instead of one for sealing."`
	Suite vault.Suite   `help:"The new key's algorithms: aes (AES-256-GCM, HMAC-SHA-256) or sm (SM4-GCM, HMAC-SM3)." enum:"aes,sm" default:"aes"`
	In    time.Duration `help:"When the key is used for the first time: until then every machine must have the key file." default:"1m"`
	storage
}

// Run adds the key, and says what is to be done with the file.
func (c *rotateKeysCommand) Run(ctx context.Context, out *output) error {
	return c.sealing(ctx, func(s *resealing.Service, _ *vault.Vault) error {
		rotate, what, algorithm := s.Rotate, "Key", string(c.Suite)
		if c.Index {
			rotate, what, algorithm = s.RotateLookUp, "Look-up key", c.Suite.Keyed()
		}
		number, from, err := rotate(ctx, c.keyPath(), c.Suite, c.In)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out.stdout, "%s %d (%s) is used from %s.\nCopy %s to where you keep it, and to every other machine that serves, before that time.\n",
			what, number, algorithm, from.Local().Format(zoned), c.keyPath())
		return err
	})
}

type retireKeyCommand struct {
	Key   uint8 `arg:"" optional:"" help:"Its number, as keys status shows it."`
	Index bool  `help:"The look-up key before the newest."`
	storage
}

// Run fails while something is sealed with the key, or stored by it.
func (c *retireKeyCommand) Run(ctx context.Context, out *output) error {
	if c.Index == (c.Key > 0) {
		return errors.New("say which key: its number, or --index")
	}
	return c.sealing(ctx, func(s *resealing.Service, _ *vault.Vault) error {
		if c.Index {
			number, err := s.RetireLookUp(ctx, c.keyPath())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(out.stdout, "Nothing is asked for by look-up key %d alone any more. It stays in %s, for the newer one builds on it.\n"+
				"Copy the file to where you keep it, and to every other machine that serves. Backups of the database from before still need the file as it was.\n", number, c.keyPath())
			return err
		}
		if err := s.Retire(ctx, c.keyPath(), c.Key); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out.stdout, "Key %d is gone from %s. Backups of the database from before still need the file as it was.\n", c.Key, c.keyPath())
		return err
	})
}

type keysStatusCommand struct{ storage }

// Run counts, which takes some seconds for a million entries.
func (c *keysStatusCommand) Run(ctx context.Context, out *output) error {
	return c.sealing(ctx, func(s *resealing.Service, v *vault.Vault) error {
		uses, err := s.Uses(ctx)
		if err != nil {
			return err
		}
		all, current := v.Generations()
		for _, g := range all {
			state := "readable"
			switch {
			case g.Number == current:
				state = "in use"
			case g.Number > current:
				state = "used from " + g.From.Local().Format(zoned)
			}
			if _, err := fmt.Fprintf(out.stdout, "key %d, %s, %s\n", g.Number, g.Suite, state); err != nil {
				return err
			}
			byPlace := map[string]int64{}
			for _, u := range uses {
				if u.Key == g.Number {
					byPlace[u.Where] += u.Values
				}
			}
			for _, place := range slices.Sorted(maps.Keys(byPlace)) {
				if _, err := fmt.Fprintf(out.stdout, "  %10d %s\n", byPlace[place], place); err != nil {
					return err
				}
			}
		}
		if err := c.progress(ctx, out, s, all[0].Number, current); err != nil {
			return err
		}
		return c.lookUps(ctx, out, s, v)
	})
}

// lookUps shows the keys of the index, and what is still stored by the one before the newest.
func (c *keysStatusCommand) lookUps(ctx context.Context, out *output, s *resealing.Service, v *vault.Vault) error {
	p, err := s.LookUpProgress(ctx)
	if err != nil {
		return err
	}
	uses, err := s.LookUpUses(ctx)
	if err != nil {
		return err
	}
	all := v.LookUps()
	for _, l := range all {
		state := "in use"
		switch {
		case p.Key == l.Number && !p.Used.Valid:
			state = "used from " + l.From.Local().Format(zoned)
		case p.Key == l.Number+1 && p.Used.Valid:
			state = "asked for"
		case l.Number < all[len(all)-1].Number && p.Key != l.Number+1:
			state = "part of the newer ones"
		}
		if _, err := fmt.Fprintf(out.stdout, "look-up key %d, %s, %s\n", l.Number, l.Suite.Keyed(), state); err != nil {
			return err
		}
		for _, u := range uses {
			if p.Key != l.Number+1 || u.Values == 0 {
				continue
			}
			if _, err := fmt.Fprintf(out.stdout, "  %10d %s\n", u.Values, u.Column); err != nil {
				return err
			}
		}
	}
	switch {
	case p.Key == 0:
	case p.Stuck > 0 && p.Done.Valid:
		_, err = fmt.Fprintf(out.stdout, "All was moved to look-up key %d but %d rows: their values stand there already. See docs/operations.md.\n", p.Key, p.Stuck)
	case p.Done.Valid:
		_, err = fmt.Fprintf(out.stdout, "All was moved to look-up key %d: %d rows. Key %d may be retired: caotang keys retire --index\n", p.Key, p.Moved, p.Key-1)
	case p.Used.Valid:
		_, err = fmt.Fprintf(out.stdout, "Being moved to look-up key %d while serve runs: %d of %d columns, %d rows so far.\n", p.Key, p.ColumnsDone, len(lookup.Columns), p.Moved)
	default:
		_, err = fmt.Fprintf(out.stdout, "serve begins to use look-up key %d at its time.\n", p.Key)
	}
	return err
}

func (c *keysStatusCommand) progress(ctx context.Context, out *output, s *resealing.Service, oldest, current byte) error {
	if oldest == current {
		return nil
	}
	p, err := s.ProgressOf(ctx, current)
	if err != nil {
		return err
	}
	switch {
	case p.Done.Valid:
		_, err = fmt.Fprintf(out.stdout, "All was sealed anew with key %d: %d rows. A key that has sealed nothing more may be retired.\n", current, p.Rows)
	case p.Begun.Valid:
		_, err = fmt.Fprintf(out.stdout, "Being sealed anew with key %d while serve runs: %d of %d tables, %d rows so far.\n", current, p.Tables, resealing.TableCount(), p.Rows)
	default:
		_, err = fmt.Fprintf(out.stdout, "serve begins to seal anew with key %d within a minute or two of its time.\n", current)
	}
	return err
}
