package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/sms"
)

type smsSegmentsCommand struct {
	Import segmentsImportCommand `cmd:"" help:"Take a table of number segments into the database. It goes before what the program knows, and serves at once."`
	Show   segmentsShowCommand   `cmd:"" help:"Tell what is known of a number or its first seven digits, and from where."`
}

type segmentsImportCommand struct {
	File    string `arg:"" help:"The table, .csv or .xlsx: prefix7, province, city, with or without headings." type:"existingfile"`
	Replace bool   `help:"Forget what was imported before; else the table adds to it and corrects it."`
	storage
	limits
}

// Run changes nothing when one row is wrong, and names the first of them.
func (c *segmentsImportCommand) Run(ctx context.Context, out *output) error {
	file, size, err := openTable(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return c.withApp(ctx, out, c.limits, func(a *app) error {
		result, err := a.sms.ImportSegments(ctx, file, size, c.Replace)
		if err != nil {
			return inWords(c.File, err)
		}
		for _, w := range result.Wrong {
			_, _ = fmt.Fprintf(out.stderr, "line %d: %s\n", w.Line, messages.Text(messages.English, "field."+w.Code, nil))
		}
		if result.More > 0 {
			_, _ = fmt.Fprintf(out.stderr, "and %d more\n", result.More)
		}
		if wrong := len(result.Wrong) + result.More; wrong > 0 {
			return fmt.Errorf("%s: %d rows are wrong; nothing was changed", c.File, wrong)
		}
		_, err = fmt.Fprintf(out.stdout, "%d segments taken, %d imported in all\n", result.Rows, result.Total)
		return err
	})
}

type segmentsShowCommand struct {
	Number string `arg:"" help:"A mobile number, or its first seven digits or more."`
	storage
	limits
}

var segmentPart = regexp.MustCompile(`^1[3-9][0-9]{5,9}$`)

// Validate is called by kong before Run.
func (c *segmentsShowCommand) Validate() error { return c.limits.validate() }

// Run also tells whether codes go there, by the limits that it is given.
func (c *segmentsShowCommand) Run(ctx context.Context, out *output) error {
	number, problem := identity.ParseMobile(c.Number)
	if problem != nil {
		if number = strings.TrimSpace(c.Number); !segmentPart.MatchString(number) {
			return errors.New("not a mobile number, nor its first seven digits")
		}
	}
	return c.withApp(ctx, out, c.limits, func(a *app) error {
		at, err := a.sms.Locate(ctx, number)
		if err != nil {
			return err
		}
		known := map[sms.Origin]string{
			sms.Imported: at.Province + at.City + ", imported", sms.BuiltIn: at.Province + at.City + ", known to the program", sms.Unknown: "nothing is known",
		}[at.Origin]
		codes := "codes go there"
		if !a.sms.Serves(at) {
			codes = "codes do not go there (--sms-provinces)"
		}
		_, err = fmt.Fprintf(out.stdout, "%s: %s; %s\n", number[:7], known, codes)
		return err
	})
}
