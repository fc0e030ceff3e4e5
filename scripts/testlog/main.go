// Command testlog makes the results of three test runners readable and counts them.
//
//	go test -json … | testlog watch FILE   prints a line per package and the output of what failed; keeps the events in FILE;
//	                                       its status is 1 when a test or a package failed
//	testlog sum FOLDER [STEP…]             prints "N passed, N failed" of the result files <step>.json in the folder (go test,
//	                                       vitest and Playwright); each named step failed, and counts as one failed test
//	                                       where its results hold none
package main

import (
	"fmt"
	"os"
)

func main() {
	ok, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(args []string) (ok bool, err error) {
	switch {
	case len(args) == 2 && args[0] == "watch":
		events, err := os.Create(args[1])
		if err != nil {
			return false, err
		}
		defer func() { _ = events.Close() }()
		return watch(os.Stdin, events, os.Stdout)
	case len(args) >= 2 && args[0] == "sum":
		total, err := sum(args[1], args[2:])
		if err != nil {
			return false, err
		}
		fmt.Printf("%d passed, %d failed\n", total.passed, total.failed)
		return true, nil
	}
	return false, fmt.Errorf("usage: testlog watch FILE | testlog sum FOLDER [STEP…]")
}
