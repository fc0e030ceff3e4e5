package sms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/divisions"
	"caotang/internal/sheet"
)

// SegmentsResult is what came of a table of segments. Where Wrong is not empty nothing was changed.
type SegmentsResult struct {
	Rows  int // segments in the file
	Total int // segments in the table afterwards
	Wrong []WrongSegment
	More  int // wrong rows beyond those that Wrong names
}

// WrongSegment is a row that cannot be taken.
type WrongSegment struct {
	Line int
	Code string // has its sentence in the catalogues under "field.<Code>"
}

const (
	maxWrongSegments = 20
	maxCity          = 30
	segmentsPerWrite = 500
)

// segmentLimits allow every segment there can be.
var segmentLimits = sheet.Limits{FileBytes: 64 << 20, UnzipBytes: 256 << 20, TextBytes: 64 << 20, Rows: 1_000_000, Columns: 20, RowBytes: 4 << 10}

var (
	segmentForm     = regexp.MustCompile(`^1[3-9][0-9]{5}$`)
	segmentHeadings = []string{"prefix7", "prefix", "segment", "号段", "手机号段", "号码前七位", "前七位"}
)

// ImportSegments takes a table of number segments into the database, in one transaction: the columns prefix7, province and
// city, in this order, with or without a row of headings. Provinces may be written short, as in 四川. Segments that were
// imported before stay unless replace is set; those in the table take the new place. One wrong row, and nothing changes. A
// file that is no table is refused with a [sheet.Problem]. It is for the command line: no scope is checked.
func (s *Service) ImportSegments(ctx context.Context, source io.ReaderAt, size int64, replace bool) (SegmentsResult, error) {
	rows, result, err := readSegmentRows(source, size)
	if err != nil || len(result.Wrong) > 0 {
		return result, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if replace {
			if _, err := tx.Exec(ctx, `DELETE FROM sms_segments`); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(rows, segmentsPerWrite) {
			if err := writeSegments(ctx, tx, part); err != nil {
				return err
			}
		}
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM sms_segments`).Scan(&result.Total); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: "sms.segments", Target: "segments", Place: access.Place{Region: divisions.Province},
			Details: map[string]any{"rows": result.Rows, "total": result.Total},
		})
	})
	return result, err
}

type segmentRow struct{ segment, province, city string }

func readSegmentRows(source io.ReaderAt, size int64) (list []segmentRow, result SegmentsResult, err error) {
	file, err := sheet.Open(source, size, segmentLimits)
	if err != nil {
		return nil, result, err
	}
	rows, err := file.Rows(0)
	if err != nil {
		return nil, result, err
	}
	defer func() { _ = rows.Close() }()
	seen := map[string]segmentRow{}
	for first := true; ; first = false {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, result, err
		}
		cells := append(slices.Clone(row.Cells), "", "", "")
		if first && slices.Contains(segmentHeadings, strings.ToLower(strings.TrimSpace(cells[0]))) {
			continue
		}
		taken, wrong := parseSegment(cells)
		if before, twice := seen[taken.segment]; wrong == "" && twice {
			if before == taken {
				continue
			}
			wrong = "segment_twice"
		}
		if wrong != "" {
			if len(result.Wrong) < maxWrongSegments {
				result.Wrong = append(result.Wrong, WrongSegment{row.Line, wrong})
			} else {
				result.More++
			}
			continue
		}
		seen[taken.segment] = taken
		list = append(list, taken)
	}
	if result.Rows = len(list); result.Rows == 0 && len(result.Wrong) == 0 {
		return nil, result, &sheet.Problem{Code: sheet.CodeEmpty}
	}
	return list, result, nil
}

func parseSegment(cells []string) (row segmentRow, wrong string) {
	row = segmentRow{segment: strings.TrimSpace(cells[0]), city: strings.TrimSpace(cells[2])}
	if !segmentForm.MatchString(row.segment) {
		return row, "segment_form"
	}
	var known bool
	if row.province, known = officialProvince(strings.TrimSpace(cells[1])); !known {
		return row, "segment_province"
	}
	if utf8.RuneCountInString(row.city) > maxCity {
		return row, "too_long"
	}
	return row, ""
}

var officialProvinces = sync.OnceValue(func() []string {
	var names []string
	for _, p := range segments().places[1:] {
		names = append(names, p.province)
	}
	slices.Sort(names)
	return slices.Compact(names)
})

// officialProvince gives the full name of a province that may be written short; no two share their first two characters.
func officialProvince(name string) (full string, known bool) {
	if utf8.RuneCountInString(name) < 2 {
		return "", false
	}
	i := slices.IndexFunc(officialProvinces(), func(full string) bool { return strings.HasPrefix(full, name) })
	if i < 0 {
		return "", false
	}
	return officialProvinces()[i], true
}

func writeSegments(ctx context.Context, tx *db.Tx, rows []segmentRow) error {
	var values strings.Builder
	args := make([]any, 0, 3*len(rows))
	for i, r := range rows {
		if i > 0 {
			values.WriteString(", ")
		}
		fmt.Fprintf(&values, "($%d, $%d, $%d)", 3*i+1, 3*i+2, 3*i+3)
		args = append(args, r.segment, r.province, r.city)
	}
	_, err := tx.Exec(ctx, `INSERT INTO sms_segments (segment, province, city) VALUES `+values.String()+`
		ON CONFLICT (segment) DO UPDATE SET province = excluded.province, city = excluded.city`, args...)
	return err
}
