package vault_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"caotang/internal/vault"
)

func TestTheIndexMovesToANewKeyWithoutItsValue(t *testing.T) {
	path := keyFile(t)
	here, there := openKeys(t, path), openKeys(t, path)
	first := here.Index("phone", "13800000000")
	if number, err := vault.AddLookUp(path, vault.SM, time.Now().Add(-time.Second)); err != nil || number != 2 {
		t.Fatalf("key %d: %v", number, err)
	}
	if err := here.Refresh(); err != nil {
		t.Fatal(err)
	}
	now, before := here.Asked(here.Index("phone", "13800000000"))
	if !bytes.Equal(before, first) || len(now) != 17 || vault.IndexKey(now) != 2 || bytes.Contains(now, first) {
		t.Errorf("asked for are %x and %x, stored was %x", now, before, first)
	}
	if again, _ := openKeys(t, path).Asked(first); !bytes.Equal(now, again) {
		t.Error("what is stored moves to another value than what is asked for")
	}
	if same, as := here.Asked(now); !bytes.Equal(same, now) || !bytes.Equal(as, now) {
		t.Error("a value of the newer key is moved again")
	}
	if other, _ := here.Asked(here.Index("phone", "13800000001")); bytes.Equal(other, now) {
		t.Error("two phones have one index")
	}
	if same, as := there.Asked(first); !bytes.Equal(same, first) || !bytes.Equal(as, first) {
		t.Error("a process that has not read the file asks for more")
	}
	if nothing, _ := here.Asked(nil); nothing != nil || here.Moves([]byte{}) {
		t.Error("what is no index is moved")
	}
	if _, err := vault.AddLookUp(path, vault.AES, time.Now()); err == nil {
		t.Error("a third key came while values of the first may be stored")
	}
	if _, err := vault.AddKey(path, vault.AES, time.Now().Add(-time.Second)); err != nil { // keeps what it knows nothing of
		t.Fatal(err)
	}

	if err := vault.SettleLookUp(path); err != nil {
		t.Fatal(err)
	}
	if err := vault.SettleLookUp(path); err == nil {
		t.Error("it was settled twice")
	}
	if err := here.Refresh(); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]*vault.Vault{"at work": here, "restarted": openKeys(t, path)} {
		if index := v.Index("phone", "13800000000"); !bytes.Equal(index, now) || v.Moves(index) {
			t.Errorf("%s: the index is %x, want %x", name, index, now)
		}
		if moved, _ := v.Asked(first); !bytes.Equal(moved, now) { // read from a file before it was settled
			t.Errorf("%s: what was made before moves to %x", name, moved)
		}
	}

	if number, err := vault.AddLookUp(path, vault.AES, time.Now()); err != nil || number != 3 {
		t.Fatalf("key %d: %v", number, err)
	}
	if third, second := openKeys(t, path).Asked(now); vault.IndexKey(third) != 3 || !bytes.Equal(second, now) {
		t.Errorf("asked for are %x and %x", third, second)
	}
}

func TestALookUpKeyIsNotSettledBeforeItsTime(t *testing.T) {
	path := keyFile(t)
	if err := vault.SettleLookUp(path); err == nil {
		t.Error("the first was settled")
	}
	if _, err := vault.AddLookUp(path, vault.AES, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := vault.SettleLookUp(path); err == nil {
		t.Error("a key was settled before its time")
	}
	if v := openKeys(t, path); !v.Moves(v.Index("phone", "13800000000")) {
		t.Error("nobody asks for both yet: another process may be the first to write with it")
	}
}

func TestACodeIsMadeByTheKeyOfItsTime(t *testing.T) {
	path := keyFile(t)
	v, data := openKeys(t, path), []byte("a block")
	first := v.Authenticate("audit", data)
	if _, err := vault.AddLookUp(path, vault.AES, time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	changed := openKeys(t, path)
	second := changed.Authenticate("audit", data)
	if len(first) != 32 || len(second) != 33 || second[0] != 2 {
		t.Errorf("codes %x and %x", first, second)
	}
	long, now := time.Now().Add(-time.Hour), time.Now()
	for name, c := range map[string]struct {
		code  []byte
		after time.Time
		want  bool
	}{
		"made long ago":                        {first, long, true},
		"made by the new key":                  {second, long, true},
		"made by the new key just now":         {second, now, true},
		"made by the old key over what is new": {first, now, false},
		"cut off":                              {first[:16], long, false},
	} {
		if changed.Authentic("audit", data, c.code, c.after) != c.want {
			t.Errorf("%s: not %v", name, c.want)
		}
	}
	if changed.Authentic("audit", []byte("another"), second, long) || changed.Authentic("export", data, second, long) {
		t.Error("a code holds for something else")
	}
}

func TestADamagedLookUpKeyIsRefused(t *testing.T) {
	secret := "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
	second := "lookup 2 sm " + secret + " 2026-01-01T00:00:00Z"
	for name, content := range map[string]string{
		"good":                second + " alone",
		"number":              strings.Replace(second, " 2 ", " 3 ", 1),
		"one more mark":       second + " alone alone",
		"another mark":        second + " lonely",
		"no time":             second[:len(second)-21],
		"time":                strings.Replace(second, "2026-01-01T", "yesterday", 1),
		"suite":               strings.Replace(second, " sm ", " rot13 ", 1),
		"key":                 strings.Replace(second, secret, secret[4:], 1),
		"the first once more": "lookup aes " + secret,
	} {
		path := keyFile(t)
		if err := os.WriteFile(path, []byte("caotang-keys-2\nlookup aes "+secret+"\n"+content+"\nseal 1 aes "+secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.OpenFile(path, false); (err == nil) != (name == "good") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A file that lacks a key by which something may be stored does not take over while the platform runs.
	path := keyFile(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.AddLookUp(path, vault.AES, time.Now()); err != nil {
		t.Fatal(err)
	}
	v := openKeys(t, path)
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := v.Refresh(); err == nil {
		t.Error("the file of before was taken")
	}
}
