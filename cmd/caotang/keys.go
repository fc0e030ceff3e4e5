package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"caotang/internal/jobs"
	"caotang/internal/resealing"
	"caotang/internal/vault"
)

type keysCommand struct {
	Create createKeysCommand `cmd:"" help:"Make the key file of a platform that is not there yet, with the algorithms of one's choice. (serve makes one with AES.)"`
	Status keysStatusCommand `cmd:"" help:"Show the keys, what each has sealed, and how far sealing anew has come."`
	Rotate rotateKeysCommand `cmd:"" help:"Add a key for sealing; serve then seals all anew with it, without a stop."`
	Retire retireKeyCommand  `cmd:"" help:"Take a key out of the key file that nothing is sealed with any more."`
}

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
	d, v, err := s.open(ctx)
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
	Suite vault.Suite   `help:"The new key's algorithm: aes (AES-256-GCM) or sm (SM4-GCM)." enum:"aes,sm" default:"aes"`
	In    time.Duration `help:"When the key is used for the first time: until then every machine must have the key file." default:"1m"`
	storage
}

// Run adds the key, and says what is to be done with the file.
func (c *rotateKeysCommand) Run(ctx context.Context, out *output) error {
	return c.sealing(ctx, func(s *resealing.Service, _ *vault.Vault) error {
		number, from, err := s.Rotate(ctx, c.keyPath(), c.Suite, c.In)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out.stdout, "Key %d (%s) is used from %s.\nCopy %s to where you keep it, and to every other machine that serves, before that time.\n",
			number, c.Suite, from.Local().Format(time.DateTime), c.keyPath())
		return err
	})
}

type retireKeyCommand struct {
	Key uint8 `arg:"" help:"Its number, as keys status shows it."`
	storage
}

// Run fails while something is sealed with the key.
func (c *retireKeyCommand) Run(ctx context.Context, out *output) error {
	return c.sealing(ctx, func(s *resealing.Service, _ *vault.Vault) error {
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
				state = "used from " + g.From.Local().Format(time.DateTime)
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
		return c.progress(ctx, out, s, all[0].Number, current)
	})
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
