package sms

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"io"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// segmentsFile says which seven-digit number segment was given to which city. scripts/segments.go makes it and
// describes its form.
//
//go:embed segments.gz
var segmentsFile []byte

// place is where a number segment was given out; both parts are empty for a segment that nothing is known of.
type place struct{ province, city string }

// segmentTable maps segments to places by runs: runs[i] holds, from the high bits down, the first segment of the run
// and, in placeBits, the index of its place. A run reaches up to the next one. 80,000 runs take 320 KB so.
type segmentTable struct {
	runs   []uint32
	places []place
}

const placeBits = 11 // a segment is below 2^21

// segments is read at the first question: a server that has the province rule switched off never pays for it.
var segments = sync.OnceValue(func() segmentTable { return readSegments(segmentsFile) })

// Origin is where the knowledge of a segment comes from.
type Origin string

// The origins.
const (
	Unknown  Origin = ""
	BuiltIn  Origin = "built_in"
	Imported Origin = "imported" // by the operator, see [Service.ImportSegments]
)

// Location is where a number segment was given out, as far as it is known.
type Location struct {
	Province, City string
	Origin         Origin
}

// Locate tells where a mobile number's segment was given out (F-12): what the operator has imported goes before what the
// program holds. It reads the table anew each time, so that an import serves at once, in every process.
func (s *Service) Locate(ctx context.Context, phone string) (Location, error) {
	at := Location{Origin: Imported}
	if len(phone) < segmentDigits {
		return Location{}, nil
	}
	err := s.DB.QueryRow(ctx, `SELECT province, city FROM sms_segments WHERE segment = $1`, phone[:segmentDigits]).Scan(&at.Province, &at.City)
	if !errors.Is(err, sql.ErrNoRows) {
		return at, err
	}
	at = Location{}
	var known bool
	if at.Province, at.City, known = Locate(phone); known {
		at.Origin = BuiltIn
	}
	return at, nil
}

const segmentDigits = 7

// Locate tells what the program itself holds: the province and city in which a mobile number's segment was given out, as
// in 四川省, 成都市; a municipality has no city. phone is the canonical 11 digits. known is false when the data does not hold the segment,
// which says nothing about where it lies: many newer segments (19x, 17x) are not in it. Carrying a number to another
// carrier does not change the answer. Cities bear the names they had when their segments were recorded.
func Locate(phone string) (province, city string, known bool) {
	if len(phone) != 11 {
		return "", "", false
	}
	segment, err := strconv.ParseUint(phone[:segmentDigits], 10, 32)
	if err != nil {
		return "", "", false
	}
	table := segments()
	after := sort.Search(len(table.runs), func(i int) bool { return uint64(table.runs[i]>>placeBits) > segment })
	if after == 0 {
		return "", "", false
	}
	at := table.places[table.runs[after-1]&(1<<placeBits-1)]
	return at.province, at.city, at.province != ""
}

// readSegments panics on a malformed file: it is part of the program, and the tests read it.
func readSegments(packed []byte) segmentTable {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err)
	}
	data, err := io.ReadAll(zip)
	if err != nil {
		panic(err)
	}
	names, runs, _ := bytes.Cut(data, []byte("\n\n"))
	table := segmentTable{places: []place{{}}}
	for _, line := range strings.Split(string(names), "\n") {
		province, city, _ := strings.Cut(line, "\t")
		table.places = append(table.places, place{province, city})
	}
	for start, r := uint64(0), bytes.NewReader(runs); r.Len() > 0; {
		step, err := binary.ReadUvarint(r)
		if err != nil {
			panic(err)
		}
		number, err := binary.ReadUvarint(r)
		if err != nil {
			panic(err)
		}
		start += step
		table.runs = append(table.runs, uint32(start<<placeBits|number))
	}
	return table
}
