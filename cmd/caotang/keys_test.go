package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tryCommand runs a command line, which must end with a status and say something.
func tryCommand(t *testing.T, wantStatus int, want string, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), args, &stdout, &stderr)
	if said := stdout.String() + stderr.String(); status != wantStatus || !strings.Contains(said, want) {
		t.Errorf("%v: %d %q, want %d %q", args, status, said, wantStatus, want)
	}
}

func TestACommandAboutAPlatformMakesNone(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, command := range []string{"keys status", "keys rotate", "keys rotate --index", "keys retire 1", "audit verify", "statistics verify"} {
		tryCommand(t, 1, "there is no platform here", append(strings.Fields(command), "--data", data)...)
	}
	if _, err := os.Stat(data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is made: %v", err)
	}
}

func TestKeysAreMadeAddedAndShown(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	command := func(wantStatus int, want string, args ...string) {
		t.Helper()
		tryCommand(t, wantStatus, want, append([]string{"keys", args[0], "--data", data}, args[1:]...)...)
	}
	command(0, "caotang.key is made", "create", "--suite", "sm")
	command(1, "exists", "create")
	command(1, "there is no platform here", "status")
	tryCommand(t, 0, "up to date", "migrate", "--data", data)
	command(0, "key 1, sm, in use", "status")
	command(1, "at least 30s", "rotate", "--in", "1s")
	command(2, "--suite", "rotate", "--suite", "rot13")
	command(0, "Key 2 (aes) is used from", "rotate", "--in", "1h")
	command(0, time.Now().Add(time.Hour).Local().Format(" -07:00\n"), "status")
	command(0, "key 2, aes, used from", "status")
	command(1, "waits for its time", "rotate")
	command(1, "key 1 is in use", "retire", "1")
	command(0, "look-up key 1, HMAC-SM3, in use", "status")
	command(1, "say which key", "retire")
	command(1, "no look-up key is being changed", "retire", "--index")
	command(0, "Look-up key 2 (HMAC-SHA-256) is used from", "rotate", "--index", "--in", "1h")
	command(0, "look-up key 2, HMAC-SHA-256, used from", "status")
	command(1, "look-up key 1 is not retired yet", "rotate", "--index")
	command(1, "not all has been moved to look-up key 2 yet", "retire", "--index")
}
