package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/messages"
	"caotang/internal/roomtest"
)

func TestTheRecordTellsWhoDidWhatToWhom(t *testing.T) {
	c := newCell(t)
	w := c.world
	admin := w.Administrator(t, access.School, w.Here.ID)
	do := func(p roomtest.Person, method, path string, body any) roomtest.Answer {
		t.Helper()
		a := roomtest.Do(t, c.app.server, p.Token, method, path, body)
		if a.Status >= 400 {
			t.Fatal(a)
		}
		return a
	}
	number := roomtest.IDNumber(77)
	made := do(admin, "POST", "/api/v1/admin/registry", object{
		"kind": "student", "name": "韩梅梅", "id_type": "resident_id", "id_number": number, "school_id": w.Here.ID,
	})
	path := "/api/v1/admin/registry/" + made.Get("id").(string)
	do(admin, "POST", path+"/reveal", object{"reason": "核对"})
	p := w.Person(t, "student")
	do(p, "POST", "/api/v1/me/binding", object{"kind": "student", "id_type": "resident_id", "id_number": number, "name": "韩梅梅"})
	read := do(w.Administrator(t, access.County, "510104"), "GET", "/api/v1/admin/audit", nil)
	if strings.Contains(read.Text, number) || strings.Contains(read.Text, "韩梅梅") || strings.Contains(read.Text, p.Username) {
		t.Errorf("the record shows a number, a name or a pupil's username in full: %s", read.Text)
	}
	seen := map[any]map[string]any{}
	for _, e := range read.Items() {
		seen[e["action"]] = e
		if details := e["details"].(map[string]any); details["masked_name"] != "韩*梅" || details["masked_id_number"] != number[:6]+"********"+number[14:] {
			t.Errorf("%v does not tell whom it is about: %v", e["action"], details)
		}
		if e["gone"] != nil {
			t.Errorf("%v is said to be about somebody who has gone", e["action"])
		}
	}
	if by := seen["registry.reveal"]["actor"].(map[string]any); by["username"] != admin.Username {
		t.Errorf("an administrator's look is shown as by %v", by)
	}
	do(admin, "DELETE", path+"?unbind=true", nil)
	for _, e := range do(admin, "GET", "/api/v1/admin/audit?action=registry.", nil).Items() {
		if e["gone"] != true {
			t.Errorf("%v leads to somebody who has gone", e["action"])
		}
	}
}

// Every action that the Go code records has words in both languages.
func TestEveryActionOfTheRecordHasWords(t *testing.T) {
	recorded := regexp.MustCompile(`Action:\s*"([a-z_]+\.[a-z_]+)"`)
	passed := regexp.MustCompile(`(?:\baction\b|\brecord\(|setPassword\(|RecordTaken\().*"([a-z_]+\.[a-z_]+)"`)
	steps := regexp.MustCompile(`record\(ctx, tx, r, "([a-z]+)"`)            // of a change of school
	actions := map[string]bool{"ticket.done": true, "ticket.declined": true} // put together from the state
	err := filepath.WalkDir("../../internal", func(path string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range steps.FindAllStringSubmatch(string(source), -1) {
			if strings.Contains(filepath.ToSlash(path), "/internal/transfers/") {
				actions["transfer."+found[1]] = true
			}
		}
		for line := range strings.SplitSeq(string(source), "\n") {
			for _, pattern := range []*regexp.Regexp{recorded, passed} {
				for _, found := range pattern.FindAllStringSubmatch(line, -1) {
					actions[found[1]] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(actions) < 20 || !actions["guardian.unlink"] || !actions["registry.download_rejected"] || !actions["account.reset_password"] || !actions["transfer.moot"] || !actions["audit.export"] {
		t.Fatalf("the search for actions finds only %v", actions)
	}
	for action := range actions {
		wanted(t, action)
	}
}

// wanted fails where an action has no words.
func wanted(t *testing.T, action string) {
	t.Helper()
	for _, language := range []string{messages.Chinese, messages.English} {
		if !audit.HasWords(language, action) {
			t.Errorf("%s has no words for %s: record.%s in internal/messages/%s/audit.json", language, action, action, language)
		}
	}
}
