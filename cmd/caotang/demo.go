package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"caotang/internal/demo"
)

// demoCommand groups what makes synthetic data. (serve --demo fills a whole database with it.)
type demoCommand struct {
	Roster demoRosterCommand `cmd:"" help:"Write a synthetic roster file, as a school would hand it in."`
}

type demoRosterCommand struct {
	Rows       int    `help:"How many persons." default:"200"`
	Out        string `help:"The file to write: .xlsx or .csv." required:"" type:"path" placeholder:"FILE"`
	Kind       string `help:"student or teacher." enum:"student,teacher" default:"student"`
	Messy      bool   `help:"As rosters really arrive: title rows, other headings, full-width digits, duplicates …"`
	AllSchools bool   `help:"Of all schools, with a column that names them, instead of the first demo school's."`
	Encoding   string `help:"Of a .csv file: utf-8, utf-8-bom, gb18030 or gbk." enum:"utf-8,utf-8-bom,gb18030,gbk" default:"utf-8"`
	Seed       uint64 `help:"Another seed gives other persons." default:"1"`
}

// Run leaves no half file behind, and an older one alone until the new one is whole.
func (c *demoRosterCommand) Run(out *output) error {
	roster := demo.RosterFile{
		Rows: c.Rows, Kind: c.Kind, Messy: c.Messy, AllSchools: c.AllSchools, Encoding: c.Encoding, Seed: c.Seed, Today: time.Now(),
	}
	file, err := os.CreateTemp(filepath.Dir(c.Out), ".roster-*")
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // does nothing after the renaming
	err = roster.Write(file, strings.ToLower(filepath.Ext(c.Out)))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), c.Out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = fmt.Fprintf(out.stdout, "%s: %d rows\n", c.Out, c.Rows)
	return err
}
