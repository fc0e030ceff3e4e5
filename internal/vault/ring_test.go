package vault_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caotang/internal/vault"
	"caotang/internal/vault/vaulttest"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 8998, appendix A.1, and GB/T 32905, appendix A.
func TestTheSMSuiteGivesThePublishedVectors(t *testing.T) {
	aead, err := vault.SM4GCM(unhex(t, "0123456789abcdeffedcba9876543210"))
	if err != nil {
		t.Fatal(err)
	}
	plain := unhex(t, strings.Repeat("aa", 8)+strings.Repeat("bb", 8)+strings.Repeat("cc", 8)+strings.Repeat("dd", 8)+
		strings.Repeat("ee", 8)+strings.Repeat("ff", 8)+strings.Repeat("ee", 8)+strings.Repeat("aa", 8))
	want := "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d" +
		"83de3541e4c2b58177e065a9bf7b62ec"
	if got := aead.Seal(nil, unhex(t, "00001234567800000000abcd"), plain, unhex(t, "feedfacedeadbeeffeedfacedeadbeefabaddad2")); hex.EncodeToString(got) != want {
		t.Errorf("SM4-GCM gives %x", got)
	}
	for text, want := range map[string]string{
		"abc":                      "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
		strings.Repeat("abcd", 16): "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
	} {
		h := vault.SM.Hash()
		h.Write([]byte(text))
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("SM3 of %s is %s", text, got)
		}
	}
}

// What was sealed before there were several keys, by the program of then.
func TestWhatWasSealedBeforeOpens(t *testing.T) {
	v := vaulttest.New(t)
	if plain, err := v.Open("id_number", unhex(t, "01f9dded84adef95c0f19b9a6fc0fac6ae48c61a7871d1d68e52d99dfc7bce2feae356362879c6801cd6159148e92b")); err != nil || plain != number {
		t.Errorf("%q, %v", plain, err)
	}
	if index := v.Index("id_number", number); hex.EncodeToString(index) != "5f3621b25d30755a5afcc13cc36adfeb" {
		t.Errorf("the index is %x", index)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, unhex(t, "0105f6a91bb765c6af006702c37508dc2ba88312edd0cf89c34419b00337243d5eef89710e2c8d"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	content := make([]byte, 6)
	if s, err := v.OpenStream(f); err != nil || s.Size() != 6 {
		t.Fatal(err)
	} else if _, err := s.ReadAt(content, 0); err != nil || string(content) != "草堂" {
		t.Errorf("%q, %v", content, err)
	}
}

// keyFile is a key file as it was made before there were several keys.
func keyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "caotang.key")
	if err := os.WriteFile(path, []byte("caotang-key-1 BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openKeys(t *testing.T, path string) *vault.Vault {
	t.Helper()
	v, err := vault.OpenFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestANewKeyIsUsedFromItsTimeAndKnownToAll(t *testing.T) {
	path := keyFile(t)
	here := openKeys(t, path)
	before, index := here.Seal("phone", "13800000000"), here.Index("phone", "13800000000")
	if number, err := vault.AddKey(path, vault.SM, time.Now().Add(time.Hour)); err != nil || number != 2 {
		t.Fatalf("key %d: %v", number, err)
	}
	if _, err := vault.AddKey(path, vault.SM, time.Now().Add(time.Hour)); err == nil {
		t.Error("a second key was added while the first waits for its time")
	}
	if waiting := openKeys(t, path).Seal("phone", "13800000000"); waiting[0] != 1 {
		t.Errorf("key %d is used before its time", waiting[0])
	}

	path = keyFile(t)
	here, there := openKeys(t, path), openKeys(t, path)
	if _, err := vault.AddKey(path, vault.SM, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := here.Refresh(); err != nil {
		t.Fatal(err)
	}
	after := here.Seal("phone", "13800000000")
	if after[0] != 2 {
		t.Errorf("sealed with key %d", after[0])
	}
	for name, sealed := range map[string][]byte{"before": before, "after": after} { // there has not been told of the key
		if plain, err := there.Open("phone", sealed); err != nil || plain != "13800000000" {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
		if _, err := there.Open("id_number", sealed); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("%s: opened for another purpose: %v", name, err)
		}
	}
	if !bytes.Equal(index, there.Index("phone", "13800000000")) || !bytes.Equal(index, openKeys(t, path).Index("phone", "13800000000")) {
		t.Error("the index has changed")
	}
	after[len(after)-1] ^= 1
	if _, err := here.Open("phone", after); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("damaged data opened: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file's mode is %v: %v", info.Mode(), err)
	}

	if err := vault.DropKey(path, 2); err == nil {
		t.Error("the key in use was dropped")
	}
	if err := vault.DropKey(path, 1); err != nil {
		t.Fatal(err)
	}
	if err := vault.DropKey(path, 1); err == nil {
		t.Error("a key was dropped twice")
	}
	v := openKeys(t, path)
	if _, err := v.Open("phone", before); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("a key that was dropped still opens: %v", err)
	}
	if !bytes.Equal(index, v.Index("phone", "13800000000")) {
		t.Error("the index has changed")
	}
}

func TestAKeyFileOfTheSMSuite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "caotang.key")
	if err := vault.CreateFile(path, vault.SM); err != nil {
		t.Fatal(err)
	}
	if err := vault.CreateFile(path, vault.SM); err == nil {
		t.Error("a key file was overwritten")
	}
	v, again := openKeys(t, path), openKeys(t, path)
	if plain, err := again.Open("phone", v.Seal("phone", "13800000000")); err != nil || plain != "13800000000" {
		t.Errorf("%q, %v", plain, err)
	}
	if index := v.Index("phone", "13800000000"); len(index) != 16 || !bytes.Equal(index, again.Index("phone", "13800000000")) {
		t.Errorf("the index is %x", index)
	}
}

func TestAFileIsSealedAnewWhole(t *testing.T) {
	path := keyFile(t)
	v := openKeys(t, path)
	sealed := filepath.Join(t.TempDir(), "copy")
	content := bytes.Repeat([]byte("草堂"), 30_000)
	f, err := os.Create(sealed)
	if err != nil {
		t.Fatal(err)
	}
	w, err := v.SealStream(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.AddKey(path, vault.SM, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := v.Refresh(); err != nil {
		t.Fatal(err)
	}
	if err := v.ResealFile(sealed, sealed+".new"); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("a file that is being written: %v", err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := errors.Join(os.Chtimes(sealed, long, long), v.ResealFile(sealed, sealed+".new"), v.ResealFile(sealed, sealed+".new")); err != nil {
		t.Fatal(err)
	}
	if key, err := vault.KeyOfFile(sealed); err != nil || key != 2 {
		t.Errorf("sealed with key %d: %v", key, err)
	}
	if f, err = os.Open(sealed); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	s, err := v.OpenStream(f)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(content))
	if _, err := s.ReadAt(got, 0); err != nil || s.Size() != int64(len(content)) || !bytes.Equal(got, content) {
		t.Errorf("it reads otherwise: %v", err)
	}
	if info, err := os.Stat(sealed); err != nil || !info.ModTime().Equal(long) {
		t.Errorf("its age has changed: %v", err)
	}
	if left, err := filepath.Glob(sealed + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestADamagedKeyFileIsRefusedAndNotReplaced(t *testing.T) {
	secret := "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
	good := "caotang-keys-2\nlookup aes " + secret + "\nseal 1 aes " + secret + "\nseal 2 sm " + secret + " 2026-01-01T00:00:00Z\n"
	for name, content := range map[string]string{
		"no key":          "caotang-keys-2\nlookup aes " + secret + "\n",
		"no lookup":       "caotang-keys-2\nseal 1 aes " + secret + "\n",
		"unknown suite":   strings.Replace(good, " sm ", " rot13 ", 1),
		"order":           strings.Replace(good, "seal 2", "seal 1", 1),
		"number":          strings.Replace(good, "seal 2", "seal 0", 1),
		"time":            strings.Replace(good, "2026-01-01T", "yesterday ", 1),
		"cut off":         good[:len(good)-60],
		"another header":  strings.Replace(good, "keys-2", "keys-3", 1),
		"nothing":         "",
		"something after": good + "hello\n",
	} {
		path := filepath.Join(t.TempDir(), "caotang.key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.OpenFile(path, true); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := vault.AddKey(path, vault.AES, time.Now()); err == nil {
			t.Errorf("%s: a key was added", name)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != content {
			t.Errorf("%s: the file has changed", name)
		}
	}
	path := filepath.Join(t.TempDir(), "caotang.key")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	v := openKeys(t, path)
	if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.AddKey(path, vault.AES, time.Now()); err == nil {
		t.Error("two changes at once")
	}
	// Another platform's file, put there by mistake, does not take over while the platform runs.
	if err := os.WriteFile(path, []byte(strings.Replace(good, "lookup aes Bw", "lookup aes Aw", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := v.Refresh(); err == nil {
		t.Error("another index was taken")
	}
}

func TestAnImportThatTakesHoursMeetsTheNewKey(t *testing.T) {
	path := keyFile(t)
	v := openKeys(t, path)
	if _, err := vault.AddKey(path, vault.AES, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		if v.Seal("phone", "13800000000")[0] == 2 {
			return
		}
	}
	t.Error("it goes on with the old one")
}
