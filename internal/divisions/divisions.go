// Package divisions holds the administrative divisions of Sichuan as GB/T 2260 numbers them: the province, its 21
// prefectures and its 183 counties. It is a table and imports nothing of this program.
//
// sichuan.csv is written by scripts/divisions.mjs.
package divisions

import (
	_ "embed"
	"strings"
)

// Province is Sichuan's own code.
const Province = "510000"

// The three levels of a Division.
const (
	LevelProvince = "province"
	LevelCity     = "city"
	LevelCounty   = "county"
)

// Division is one administrative division. Code has 6 digits; Parent is the code of the division above, empty for the
// province.
type Division struct {
	Code, Name, Level, Parent string
}

//go:embed sichuan.csv
var table string

// Sichuan returns the province and everything below it, ordered by code, so that a parent stands before its children.
func Sichuan() []Division {
	lines := strings.Split(strings.TrimSpace(table), "\n")[1:]
	all := make([]Division, 0, len(lines))
	for _, line := range lines {
		cells := strings.Split(line, ",")
		all = append(all, Division{Code: cells[0], Name: cells[1], Level: cells[2], Parent: cells[3]})
	}
	return all
}
