package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goEvents = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA/one","Output":"why one failed\n"}
{"Action":"fail","Package":"p","Test":"TestA/one"}
{"Action":"output","Package":"p","Test":"TestA/two","Output":"nothing to tell\n"}
{"Action":"pass","Package":"p","Test":"TestA/two"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p","Elapsed":1.5}
{"Action":"pass","Package":"q","Test":"TestC"}
{"Action":"pass","Package":"q","Elapsed":0.5}
{"Action":"build-output","ImportPath":"r","Output":"r.go:1: undefined: x\n"}
{"Action":"fail","Package":"r","FailedBuild":"r"}
`

func TestCountsOfEachRunner(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want counts
	}{
		"go":         {goEvents, counts{passed: 3, failed: 2}},
		"vitest":     {`{"numTotalTests":5,"numPassedTests":4,"numFailedTests":1}`, counts{4, 1}},
		"playwright": {`{"stats":{"expected":7,"skipped":1,"unexpected":2,"flaky":1}}`, counts{7, 3}},
		"cut off":    {`{"stats":{"expec`, counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := count([]byte(test.file)); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestAStepThatFailsWithoutATestCountsOnce(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"test-go.json": goEvents, "test-ui.json": `{"numPassedTests":4}`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := sum(folder, []string{"test-go", "test-ui", "lint"})
	if err != nil {
		t.Fatal(err)
	}
	// Of Go's two failures both are in its file; the steps of the user interface and of lint fail for reasons of their own.
	if want := (counts{passed: 7, failed: 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWatchTellsWhatFailedAndNothingElse(t *testing.T) {
	var kept, out strings.Builder
	ok, err := watch(strings.NewReader(goEvents), &kept, &out)
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		t.Error("a failed test passed as ok")
	}
	if kept.String() != goEvents {
		t.Error("the events were not kept as they came")
	}
	for _, want := range []string{"why one failed", "undefined: x", "FAIL  p", "ok    q", "FAIL  r"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing from:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "nothing to tell") {
		t.Errorf("the output of a test that passed is shown:\n%s", out.String())
	}
}
