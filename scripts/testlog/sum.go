package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

type counts struct{ passed, failed int }

// sum adds up the result files of the folder. A step that is named as failed adds one where its file holds no failure.
func sum(folder string, failedSteps []string) (counts, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return counts{}, err
	}
	var total counts
	failures := map[string]int{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return counts{}, err
		}
		c := count(data)
		total.passed += c.passed
		total.failed += c.failed
		failures[strings.TrimSuffix(filepath.Base(file), ".json")] = c.failed
	}
	for _, step := range failedSteps {
		if failures[step] == 0 {
			total.failed++
		}
	}
	return total, nil
}

// count reads one result file, whichever runner wrote it. A file that was cut off counts for what it holds.
func count(data []byte) counts {
	var report struct {
		NumPassedTests int // vitest
		NumFailedTests int
		Stats          *struct{ Expected, Unexpected, Flaky int } // Playwright
	}
	if json.Unmarshal(data, &report) != nil {
		return countEvents(data)
	}
	if report.Stats != nil {
		return counts{passed: report.Stats.Expected, failed: report.Stats.Unexpected + report.Stats.Flaky}
	}
	return counts{passed: report.NumPassedTests, failed: report.NumFailedTests}
}

// countEvents counts the tests of `go test -json`: those without tests inside, since a test that holds others only sums
// them up, and each failure that no test inside explains.
func countEvents(data []byte) counts {
	results := map[string]string{}
	for line := range bytes.Lines(data) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.Action == "pass" || e.Action == "fail" {
			results[fmt.Sprintf("%s\x00%s", e.Package, e.Test)] = e.Action
		}
	}
	holds := map[string]bool{} // tests and packages with results inside
	failsInside := map[string]bool{}
	for name, result := range results {
		for _, outer := range outerOf(name) {
			holds[outer] = true
			failsInside[outer] = failsInside[outer] || result == "fail"
		}
	}
	var c counts
	for name, result := range results {
		isPackage := strings.HasSuffix(name, "\x00")
		switch {
		case result == "fail" && !failsInside[name]:
			c.failed++
		case result == "pass" && !holds[name] && !isPackage:
			c.passed++
		}
	}
	return c
}

// outerOf names what holds a test: its package and the tests around it.
func outerOf(name string) []string {
	pkg, test, _ := strings.Cut(name, "\x00")
	if test == "" {
		return nil
	}
	outer := []string{pkg + "\x00"}
	for i, r := range test {
		if r == '/' {
			outer = append(outer, pkg+"\x00"+test[:i])
		}
	}
	return outer
}
