// Package calendar counts working days in China: Monday to Friday, but for the public holidays and the weekends worked in
// exchange that the State Council announces each autumn for the year to come. It is pure.
package calendar

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

//go:embed holidays.csv
var announced string

// Shanghai is where every day of a rule begins and ends: a fixed offset, since China has kept no summer time since 1991 and a
// fixed zone needs no zone file.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

const dayLayout = "2006-01-02"

// Calendar knows the days that are not what their weekday says. The zero Calendar knows none.
type Calendar struct{ works map[string]bool }

// Default is the calendar of what was announced when this program was made. Years that it does not know have weekends alone.
func Default() Calendar {
	c, err := Calendar{}.With(strings.NewReader(announced))
	if err != nil {
		panic("calendar: " + err.Error()) // embedded, and read by the tests
	}
	return c
}

// With is the calendar with the days of a CSV table added, which has the columns date (2027-02-08) and works (yes or no),
// named in its first line. A day that was known already becomes what the table says. An error names the line at fault.
func (c Calendar) With(table io.Reader) (Calendar, error) {
	works := make(map[string]bool, len(c.works))
	for day, is := range c.works {
		works[day] = is
	}
	rows := csv.NewReader(table)
	rows.FieldsPerRecord = 2
	head, err := rows.Read()
	if err != nil || strings.TrimPrefix(head[0], "\ufeff") != "date" || head[1] != "works" {
		return c, errors.New("the first line must be date,works")
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return Calendar{works}, nil
		}
		if err != nil {
			return c, err
		}
		line, _ := rows.FieldPos(0)
		day, err := time.Parse(dayLayout, strings.TrimSpace(row[0]))
		if err != nil {
			return c, fmt.Errorf("line %d: %q is no date such as 2027-02-08", line, row[0])
		}
		switch strings.TrimSpace(row[1]) {
		case "yes":
			works[day.Format(dayLayout)] = true
		case "no":
			works[day.Format(dayLayout)] = false
		default:
			return c, fmt.Errorf("line %d: %q is neither yes nor no", line, row[1])
		}
	}
}

// Works tells whether the day of the instant, in Asia/Shanghai, is a working day.
func (c Calendar) Works(at time.Time) bool {
	day := at.In(Shanghai)
	if works, known := c.works[day.Format(dayLayout)]; known {
		return works
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// After is the end of the nth working day after the day of the instant: what began on a Monday and may take one working
// day is due when Tuesday ends.
func (c Calendar) After(at time.Time, n int) time.Time {
	y, m, d := at.In(Shanghai).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, Shanghai)
	for n > 0 {
		if day = day.AddDate(0, 0, 1); c.Works(day) {
			n--
		}
	}
	return day.AddDate(0, 0, 1)
}
