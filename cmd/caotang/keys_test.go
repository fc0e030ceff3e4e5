package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeysAreMadeAddedAndShown(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	command := func(wantStatus int, want string, args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append([]string{"keys", args[0], "--data", data}, args[1:]...), &stdout, &stderr)
		if said := stdout.String() + stderr.String(); status != wantStatus || !strings.Contains(said, want) {
			t.Errorf("%v: %d %q, want %d %q", args, status, said, wantStatus, want)
		}
	}
	command(0, "caotang.key is made", "create", "--suite", "sm")
	command(1, "exists", "create")
	command(0, "key 1, sm, in use", "status")
	command(1, "at least 30s", "rotate", "--in", "1s")
	command(2, "--suite", "rotate", "--suite", "rot13")
	command(0, "Key 2 (aes) is used from", "rotate", "--in", "1h")
	command(0, "key 2, aes, used from", "status")
	command(1, "waits for its time", "rotate")
	command(1, "key 1 is in use", "retire", "1")
	command(0, "look-up key 1, sm, in use", "status")
	command(1, "say which key", "retire")
	command(1, "no look-up key is being changed", "retire", "--index")
	command(0, "Look-up key 2 (aes) is used from", "rotate", "--index", "--in", "1h")
	command(0, "look-up key 2, aes, used from", "status")
	command(1, "look-up key 1 is not retired yet", "rotate", "--index")
	command(1, "not all has been moved to look-up key 2 yet", "retire", "--index")
}
