package main

import (
	"bytes"
	"strings"
	"testing"

	"caotang/internal/audit"
)

func TestABlockThatDiffersFromTheNoteMayBeAMistypedNote(t *testing.T) {
	since := audit.Link{Number: 29, Hash: []byte{0xab}}
	for block, hint := range map[int64]bool{29: true, 7: false} {
		var said bytes.Buffer
		err := (&output{stdout: &said}).report(audit.Verified{Breaks: []audit.Break{{Block: block, Kind: audit.Forged}}}, since)
		if err == nil || strings.Contains(said.String(), "compare what you typed with your note, 29:ab") != hint {
			t.Errorf("block %d: %v, %q", block, err, said.String())
		}
	}
}
