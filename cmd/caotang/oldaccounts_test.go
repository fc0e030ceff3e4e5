package main

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caotang/internal/sheet"
)

func TestImportAccountsTellsWhatCameOfIt(t *testing.T) {
	dir := t.TempDir()
	file, report, data := filepath.Join(dir, "accounts.csv"), filepath.Join(dir, "report.xlsx"), filepath.Join(dir, "data")
	digest := fmt.Sprintf("%x", md5.Sum([]byte("Caotang2026salt")))
	content := "用户名,密码,盐,手机号\r\nshared_1," + digest + ",salt,13880000011\r\nshared_2," + digest + ",salt,13880000011\r\nalone_1," + digest + ",salt,13880000012\r\nbroken_1,abc,salt,\r\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append([]string{"import-accounts", "--data", data}, args...), &stdout, &stderr)
		return status, stdout.String(), stderr.String()
	}
	for i, want := range []string{"3 taken, 0 here already, 1 rejected, 2 phones cleared\n", "0 taken, 3 here already, 1 rejected, 2 phones cleared\n"} {
		status, stdout, stderr := command("--scheme", "md5_salt_last", "--report", report, file)
		if status != 0 || stdout != want {
			t.Fatalf("run %d: %d %q %s", i, status, stdout, stderr)
		}
		rows := readAll(t, report)
		if len(rows) != 4 || rows[1][0] != "2" || rows[1][1] != "shared_1" || rows[1][2] != "138****0011" || rows[3][0] != "5" || !strings.Contains(rows[3][3], "rejected") {
			t.Errorf("run %d: report %q", i, rows)
		}
		if text := fmt.Sprint(rows); strings.Contains(text, "13880000011") || strings.Contains(text, digest) {
			t.Errorf("the report holds a phone in full, or a hash: %s", text)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".accounts-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}

	if status, _, stderr := command("--scheme", "rot13", file); status == 0 || !strings.Contains(stderr, "md5_salt_first") {
		t.Errorf("a scheme that is not known: %d %s", status, stderr)
	}
	if err := os.WriteFile(file, []byte("姓名,班级\r\n张三,1班\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := command(file); status == 0 || !strings.Contains(stderr, "username and password_hash") {
		t.Errorf("a file without accounts: %d %s", status, stderr)
	}
}

func readAll(t *testing.T, path string) (all [][]string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := sheet.Open(bytes.NewReader(content), int64(len(content)), sheet.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := file.Rows(0)
	if err != nil {
		t.Fatal(err)
	}
	for {
		row, err := rows.Next()
		if err != nil {
			return all
		}
		all = append(all, append([]string(nil), row.Cells...))
	}
}
