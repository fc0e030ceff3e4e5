package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"caotang/internal/accounts"
	"caotang/internal/messages"
	"caotang/internal/sheet"
)

type importAccountsCommand struct {
	File   string `arg:"" help:"The old system's accounts: .xlsx or .csv, with the columns that docs/operations.md lists." type:"existingfile"`
	Scheme string `help:"Of the password hashes whose row names none, such as md5 or md5_salt_last." placeholder:"SCHEME"`
	Report string `help:"Write what is to be told of single rows, rejected ones and cleared phones, to this .xlsx file." type:"path" placeholder:"FILE"`
	storage
	limits
}

// Run takes the accounts over in batches (F-06); it can be repeated, for accounts that are here already are recognised.
func (c *importAccountsCommand) Run(ctx context.Context, out *output) error {
	if c.Scheme != "" && !slices.Contains(accounts.OldSchemes, c.Scheme) {
		return fmt.Errorf("--scheme: must be one of %s", strings.Join(accounts.OldSchemes, ", "))
	}
	file, size, err := openTable(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return c.withApp(ctx, out, c.limits, func(a *app) error {
		report, err := newAccountsReport(c.Report)
		if err != nil {
			return fmt.Errorf("--report: %w", err)
		}
		defer report.abandon()
		sum, err := a.accounts.ImportAccounts(ctx, accounts.OldAccounts{ReaderAt: file, Size: size, Scheme: c.Scheme}, report.add, func(s accounts.Imported) {
			_, _ = fmt.Fprintf(out.stderr, "\r%3.0f %%  %d taken, %d here already, %d rejected, %d phones cleared", 100*s.Done, s.Taken, s.Known, s.Rejected, s.Cleared)
		})
		_, _ = fmt.Fprintln(out.stderr)
		if err != nil {
			return inWords(c.File, err)
		}
		if err := report.finish(); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
		_, err = fmt.Fprintf(out.stdout, "%d taken, %d here already, %d rejected, %d phones cleared\n", sum.Taken, sum.Known, sum.Rejected, sum.Cleared)
		return err
	})
}

// accountsReport is the file of what is to be told of single rows. It holds no phone in full and no hash: the line leads to
// them.
type accountsReport struct {
	path  string
	file  *os.File
	table *sheet.Writer
}

// newAccountsReport begins a report beside where it will stand; without a path it takes note of nothing.
func newAccountsReport(path string) (*accountsReport, error) {
	r := &accountsReport{path: path}
	if path == "" {
		return r, nil
	}
	var err error
	if r.file, err = os.CreateTemp(filepath.Dir(path), ".accounts-*"); err != nil {
		return nil, err
	}
	r.table, err = sheet.NewWriter(r.file, "账号导入", []string{"行 line", "用户名 username", "手机号 phone", "结果 outcome", "原因", "reason"}, []float64{9, 22, 16, 22, 60, 60})
	if err != nil {
		r.abandon()
	}
	return r, err
}

func (r *accountsReport) add(f accounts.Finding) error {
	if r.table == nil {
		return nil
	}
	outcome := "已导入 taken"
	if f.Rejected {
		outcome = "未导入 rejected"
	}
	key := "field." + f.Code
	return r.table.Row([]string{
		strconv.Itoa(f.Line), f.Username, f.MaskedPhone, outcome, messages.Text(messages.Chinese, key, nil), messages.Text(messages.English, key, nil),
	})
}

// finish puts the whole report in its place.
func (r *accountsReport) finish() error {
	if r.table == nil {
		return nil
	}
	if err := r.table.Close(); err != nil {
		return err
	}
	if err := r.file.Close(); err != nil {
		return err
	}
	return os.Rename(r.file.Name(), r.path)
}

// abandon leaves no half report behind. After finish it does nothing.
func (r *accountsReport) abandon() {
	if r.file != nil {
		_ = r.file.Close()
		_ = os.Remove(r.file.Name())
	}
}
