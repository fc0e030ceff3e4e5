package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/factors"
	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/sheet"
)

type migrateCommand struct{ storage }

// Run brings the schema up to date.
func (c *migrateCommand) Run(ctx context.Context, out *output) error {
	d, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := roster.LoadRegions(ctx, d); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.stdout, "The database is up to date (%s).\n", d.Dialect())
	return err
}

// withApp runs a command on the platform as serve would put it together, without serving.
func (s storage) withApp(ctx context.Context, out *output, l limits, do func(a *app) error) error {
	if err := l.validate(); err != nil {
		return err
	}
	d, v, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := roster.LoadRegions(ctx, d); err != nil {
		return err
	}
	a, err := newApp(d, v, appOptions{storage: s, limits: l, serving: serving{LogLevel: "warn"}, messages: out.stdout, logs: out.stderr})
	if err != nil {
		return err
	}
	return do(a)
}

// openTable opens a file that a command reads and tells its size.
func openTable(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// inWords says why a file was refused; any other error stays as it is.
func inWords(path string, err error) error {
	var refused *sheet.Problem
	if errors.As(err, &refused) {
		return fmt.Errorf("%s: %s", path, messages.Text(messages.English, "field."+refused.Code, refused.Args))
	}
	return err
}

type importRegistryCommand struct {
	File       string `arg:"" help:"The roster: .xlsx or .csv." type:"existingfile"`
	Kind       string `help:"student or teacher." enum:"student,teacher" default:"student"`
	SchoolCode string `help:"The school of everybody in the file; empty when the file has a column that names it." placeholder:"CODE"`
	Rejected   string `help:"Write the rejected rows with their reasons to this .xlsx file." type:"path" placeholder:"FILE"`
	storage
	limits
}

// Run imports the file in batches; repeated after an interruption it goes on where it stopped.
func (c *importRegistryCommand) Run(ctx context.Context, out *output) error {
	file, size, err := openTable(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return c.withApp(ctx, out, c.limits, func(a *app) error {
		source := roster.ImportSource{ReaderAt: file, Size: size, Filename: filepath.Base(c.File), Kind: c.Kind}
		if c.SchoolCode != "" {
			school, err := a.roster.SchoolByCode(ctx, a.db, c.SchoolCode)
			if err != nil {
				return fmt.Errorf("--school-code: no school has the code %s", c.SchoolCode)
			}
			source.SchoolID = school.ID
		}
		result, err := a.roster.Import(ctx, source, func(p roster.Progress) {
			_, _ = fmt.Fprintf(out.stderr, "\r%3.0f %%  %d accepted, %d rejected", 100*p.Done, p.Accepted, p.Rejected)
		})
		_, _ = fmt.Fprintln(out.stderr)
		if err != nil {
			return inWords(c.File, err)
		}
		if _, err := fmt.Fprintf(out.stdout, "%d accepted, %d rejected\n", result.Accepted, result.Rejected); err != nil {
			return err
		}
		return c.writeRejected(ctx, a, result)
	})
}

func (c *importRegistryCommand) writeRejected(ctx context.Context, a *app, result roster.Result) error {
	if c.Rejected == "" {
		return nil
	}
	file, err := os.OpenFile(c.Rejected, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("--rejected: %w", err)
	}
	return errors.Join(a.roster.WriteRejected(ctx, result.ID, file), file.Close())
}

type importSchoolsCommand struct {
	File string `arg:"" help:"A table with the columns 学校标识码, 学校名称 and 区划代码: .xlsx or .csv." type:"existingfile"`
	storage
	limits
}

// Run adds the schools that are not known yet; it can be repeated.
func (c *importSchoolsCommand) Run(ctx context.Context, out *output) error {
	file, size, err := openTable(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return c.withApp(ctx, out, c.limits, func(a *app) error {
		result, err := a.roster.ImportSchools(ctx, file, size)
		if err != nil {
			return inWords(c.File, err)
		}
		for _, r := range result.Rejected {
			_, _ = fmt.Fprintf(out.stderr, "line %d: %s: %s\n", r.Line, r.Field, messages.Text(messages.English, "field."+r.Code, nil))
		}
		_, err = fmt.Fprintf(out.stdout, "%d schools added, %d known already, %d rejected\n", result.Added, result.Known, result.RejectedRows)
		return err
	})
}

type adminCommand struct {
	Create      adminCreateCommand      `cmd:"" help:"Make an administrator, and print the one-time code to sign in with."`
	ResetFactor adminResetFactorCommand `cmd:"" help:"Take the second factor from an account whose owner has lost it."`
}

type adminCreateCommand struct {
	Username string `help:"6 to 16 letters or digits." required:"" placeholder:"NAME"`
	Level    string `help:"province, city, county or school; service for customer service, which sees requests for lost accounts alone." enum:"province,city,county,school,service" required:""`
	Scope    string `help:"The division's code, or at level school the school's code or id." required:"" placeholder:"CODE"`
	storage
	limits
}

// Run prints the one-time code, which the administrator must replace at the first sign-in.
func (c *adminCreateCommand) Run(ctx context.Context, out *output) error {
	return c.withApp(ctx, out, c.limits, func(a *app) error {
		grant := access.Grant{Level: access.Level(c.Level), ScopeID: c.Scope}
		if err := c.resolve(ctx, a, &grant); err != nil {
			return err
		}
		code, err := a.accounts.CreateAdministrator(ctx, accounts.NewAdministrator{Username: c.Username, Grant: grant})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out.stdout, "username       %s\none-time code  %s\nvalid until    %s\n", c.Username, code.OneTimeCode, code.ExpiresAt.Local().Format(zoned))
		return err
	})
}

type adminResetFactorCommand struct {
	Username string `help:"Whose." required:"" placeholder:"NAME"`
	storage
	limits
}

// Run is the way out of a province's administrator, above whom nobody stands.
func (c *adminResetFactorCommand) Run(ctx context.Context, out *output) error {
	return c.withApp(ctx, out, c.limits, func(a *app) error {
		err := a.factors.ResetByOperator(ctx, c.Username, "caotang admin reset-factor")
		switch {
		case fault.Is(err, fault.ErrNotFound):
			return fmt.Errorf("--username: no account has the name %s", c.Username)
		case fault.Is(err, factors.ErrNone):
			return fmt.Errorf("%s has no second factor", c.Username)
		case err != nil:
			return err
		}
		_, err = fmt.Fprintf(out.stdout, "%s signs in with the password alone now.\n", c.Username)
		return err
	})
}

// resolve checks that the scope exists, and turns a school's code into its id.
func (c *adminCreateCommand) resolve(ctx context.Context, a *app, grant *access.Grant) error {
	if grant.Level == access.School {
		if school, err := a.roster.SchoolByCode(ctx, a.db, c.Scope); err == nil {
			grant.ScopeID = school.ID
			return nil
		}
		if _, err := a.roster.SchoolByID(ctx, a.db, c.Scope); err != nil {
			return fmt.Errorf("--scope: no school has the code or id %s", c.Scope)
		}
		return nil
	}
	var exists bool
	level, what := c.Level, c.Level
	if grant.Level == access.Service { // of a region of any height
		level, what = "", "region"
	}
	err := a.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM regions WHERE code = $1 AND ($2 = '' OR level = $2))`, c.Scope, level).Scan(&exists)
	if err == nil && !exists {
		err = fmt.Errorf("--scope: no %s has the code %s", what, c.Scope)
	}
	return err
}

type openAPICommand struct{}

// Run prints the document of all operations. It needs a database only to put the rooms together.
func (openAPICommand) Run(ctx context.Context, out *output) error {
	dir, err := os.MkdirTemp("", "caotang-openapi-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d, v, err := storage{Data: dir}.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	a, err := newApp(d, v, appOptions{storage: storage{Data: dir}, limits: limits{RealnameProof: "one_number"}, serving: serving{LogLevel: "error"}, logs: io.Discard})
	if err != nil {
		return err
	}
	return writeDocument(a, out.stdout)
}

func writeDocument(a *app, w io.Writer) error {
	document, err := json.MarshalIndent(a.server.API(), "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", document)
	return err
}
