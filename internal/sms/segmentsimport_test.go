package sms_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/sheet"
	"caotang/internal/sms"
)

func TestImportedSegmentsGoBeforeWhatTheProgramKnows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		take := func(table string, replace bool) sms.SegmentsResult {
			t.Helper()
			result, err := f.ImportSegments(t.Context(), strings.NewReader(table), int64(len(table)), replace)
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		served := func(phone string) string {
			t.Helper()
			at, err := f.Locate(t.Context(), phone)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(at.Province, at.City, " ", at.Origin, " ", f.Serves(at))
		}
		check := func(phone, want string) {
			t.Helper()
			if got := served(phone); got != want {
				t.Errorf("%s: %s, want %s", phone, got, want)
			}
		}
		check("13880001234", "四川省成都市 built_in true")
		check("13800138000", "北京市 built_in false")
		check("19900001234", "  true")

		result := take("prefix7,province,city\r\n1990000,四川,成都\r\n1990001,广东省,广州市\r\n1380013,四川省,\r\n1380013,四川,\r\n", false)
		if result.Rows != 3 || result.Total != 3 {
			t.Errorf("%+v", result)
		}
		check("19900001234", "四川省成都 imported true")
		check("19900011234", "广东省广州市 imported false")
		check("13800138000", "四川省 imported true")
		if _, err := f.SendCode(t.Context(), "13800138000", sms.Register); err != nil {
			t.Errorf("a code to a number that the table places inside: %v", err)
		}
		_, err := f.SendCode(t.Context(), "19900011234", sms.Register)
		if refused := faultOf(t, err, sms.ErrRegionUnsupported); refused.Details["province"] != "广东省" || refused.Next == nil {
			t.Errorf("outside: %+v", refused)
		}

		// Without headings, in the encoding of Chinese spreadsheets; it corrects one and adds one.
		gbk, err := simplifiedchinese.GB18030.NewEncoder().String("1990001,四川,绵阳\n1990002,内蒙古,包头\n")
		if err != nil {
			t.Fatal(err)
		}
		if result := take(gbk, false); result.Rows != 2 || result.Total != 4 {
			t.Errorf("%+v", result)
		}
		check("19900011234", "四川省绵阳 imported true")
		check("19900021234", "内蒙古自治区包头 imported false")
		if result := take("1990002,四川,\n", true); result.Total != 1 {
			t.Errorf("replaced: %+v", result)
		}
		check("19900001234", "  true")
		check("13800138000", "北京市 built_in false")
	})
}

func TestOneWrongRowAndNoSegmentIsTaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		table := "1990000,四川,成都\n199000,四川,\n1990001,火星,\n1990000,广东,\n1990003,,\n2990003,四川,\n1990004,四川," + strings.Repeat("长", 31) + "\n"
		result, err := f.ImportSegments(t.Context(), strings.NewReader(table), int64(len(table)), true)
		if err != nil {
			t.Fatal(err)
		}
		want := []sms.WrongSegment{
			{Line: 2, Code: "segment_form"},
			{Line: 3, Code: "segment_province"},
			{Line: 4, Code: "segment_twice"},
			{Line: 5, Code: "segment_province"},
			{Line: 6, Code: "segment_form"},
			{Line: 7, Code: "too_long"},
		}
		if diff := cmp.Diff(want, result.Wrong); diff != "" {
			t.Error(diff)
		}
		if at, err := f.Locate(t.Context(), "19900001234"); err != nil || at.Origin != sms.Unknown {
			t.Errorf("taken all the same: %+v, %v", at, err)
		}
		for _, table := range []string{"", "prefix7,province,city\n", "\x89PNG\r\n\x1a\n"} {
			_, err := f.ImportSegments(t.Context(), strings.NewReader(table), int64(len(table)), true)
			var refused *sheet.Problem
			if !errors.As(err, &refused) {
				t.Errorf("%q: %v", table, err)
			}
		}
	})
}

func TestAWholeCountrysSegmentsAreTakenAtOnce(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t), nil)
	var table strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&table, "199%04d,四川,\n", i%10_000)
		fmt.Fprintf(&table, "198%04d,广东,\n", i%10_000)
	}
	result, err := f.ImportSegments(t.Context(), strings.NewReader(table.String()), int64(table.Len()), false)
	if err != nil || result.Total != 20_000 {
		t.Errorf("%+v, %v", result, err)
	}
}
