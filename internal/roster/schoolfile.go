package roster

import (
	"context"
	"errors"
	"io"
	"strings"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/sheet"
)

// SchoolsResult is what came of a list of schools. Rejected names the first rows that were not taken, at most 100.
type SchoolsResult struct {
	Added, Known int
	Rejected     []RejectedSchool
	RejectedRows int
}

// RejectedSchool is a row of a list of schools that was not taken.
type RejectedSchool struct {
	Line  int
	Field string
	Code  string // has its sentence in the catalogues under "field.<Code>"
}

const (
	maxRejectedSchools = 100
	codeNoSchoolHeader = "no_school_header"
)

// ImportSchools adds the schools of a table whose first row names the columns 学校标识码, 学校名称 and 区划代码, in any order.
// A school whose code is known stays as it is. It is for the command line: no scope is checked.
func (s *Service) ImportSchools(ctx context.Context, source io.ReaderAt, size int64) (SchoolsResult, error) {
	var result SchoolsResult
	file, err := sheet.Open(source, size, s.limits.Limits)
	if err != nil {
		return result, err
	}
	rows, err := file.Rows(0)
	if err != nil {
		return result, err
	}
	defer func() { _ = rows.Close() }()
	header, err := rows.Next()
	if err != nil {
		return result, err
	}
	code, name, region := -1, -1, -1
	for i, cell := range header.Cells {
		switch strings.TrimSpace(cell) {
		case "学校标识码":
			code = i
		case "学校名称":
			name = i
		case "区划代码":
			region = i
		}
	}
	if code < 0 || name < 0 || region < 0 {
		return result, &sheet.Problem{Code: codeNoSchoolHeader}
	}
	// One transaction for all: the list of a province's schools is short, and half of it is no list.
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		for {
			row, err := rows.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			cell := func(i int) string {
				if i < len(row.Cells) {
					return row.Cells[i]
				}
				return ""
			}
			_, err = s.CreateSchool(ctx, tx, NewSchool{Code: cell(code), Name: cell(name), Region: cell(region)})
			var refused *fault.Error
			switch {
			case err == nil:
				result.Added++
			case fault.Is(err, ErrSchoolExists):
				result.Known++
			case errors.As(err, &refused) && len(refused.Fields) > 0:
				result.RejectedRows++
				if len(result.Rejected) < maxRejectedSchools {
					result.Rejected = append(result.Rejected, RejectedSchool{row.Line, refused.Fields[0].Field, refused.Fields[0].Code})
				}
			default:
				return err
			}
		}
	})
	return result, err
}
