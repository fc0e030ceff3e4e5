package roomtest

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// Interleavings sets how many a test of rapid's tries: as many as CAOTANG_INTERLEAVINGS says, or as a build can wait for, since each
// is a burst of requests and costs what those cost.
func Interleavings(t *testing.T, usual int) {
	t.Helper()
	checks := os.Getenv("CAOTANG_INTERLEAVINGS")
	if checks == "" {
		checks = strconv.Itoa(usual)
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		t.Fatal(err)
	}
}
