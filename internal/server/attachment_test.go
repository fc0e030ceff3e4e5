package server_test

import (
	"testing"

	"caotang/internal/server"
)

func TestADownloadIsNamedInAnyScript(t *testing.T) {
	for name, want := range map[string]string{
		"激 码.pdf":  `attachment; filename="plain.pdf"; filename*=UTF-8''%E6%BF%80%20%E7%A0%81.pdf`,
		"a/b:c\nd": `attachment; filename="plain.pdf"; filename*=UTF-8''a-b-c-d`,
	} {
		if got := server.Attachment(name, "plain.pdf"); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}
