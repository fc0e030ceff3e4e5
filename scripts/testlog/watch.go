package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is a line of `go test -json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // instead of Package, on the output of a build
	Test       string
	Elapsed    float64
	Output     string
}

// watch copies the events to kept and tells a reader what matters to out. It is not ok when a test or a package failed.
func watch(events io.Reader, kept, out io.Writer) (ok bool, err error) {
	ok = true
	output := map[string]*strings.Builder{} // by package and test, until its result is known
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return ok, nil
		}
		if err != nil {
			return false, err
		}
		if _, err := kept.Write(line); err != nil {
			return false, err
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			_, _ = out.Write(line) // not an event: the go command itself speaks
			continue
		}
		key := e.Package + "\x00" + e.Test
		switch e.Action {
		case "build-output":
			_, _ = io.WriteString(out, e.Output)
		case "output":
			if output[key] == nil {
				output[key] = &strings.Builder{}
			}
			output[key].WriteString(e.Output)
		case "pass", "skip":
			if e.Test == "" && e.Action == "pass" {
				_, _ = fmt.Fprintf(out, "ok    %-40s %6.1f s\n", e.Package, e.Elapsed)
			}
			delete(output, key)
		case "fail":
			ok = false
			if b := output[key]; b != nil {
				_, _ = io.WriteString(out, b.String())
			}
			if e.Test == "" {
				_, _ = fmt.Fprintf(out, "FAIL  %-40s %6.1f s\n", e.Package, e.Elapsed)
			}
			delete(output, key)
		}
	}
}
