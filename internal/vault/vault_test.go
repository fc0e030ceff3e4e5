package vault_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"caotang/internal/vault"
	"caotang/internal/vault/vaulttest"
)

const number = "11010519491231002X"

func TestSealedDataOpensOnlyForItsPurpose(t *testing.T) {
	v := vaulttest.New(t)
	sealed := v.Seal("id_number", number)
	if bytes.Contains(sealed, []byte(number)) || bytes.Equal(sealed, v.Seal("id_number", number)) {
		t.Error("the number shows through its seal")
	}
	if plain, err := v.Open("id_number", sealed); err != nil || plain != number {
		t.Errorf("opened %q: %v", plain, err)
	}
	if _, err := v.Open("phone", sealed); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("opened for another purpose: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := v.Open("id_number", sealed); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("damaged data opened: %v", err)
	}
	if _, err := v.Open("id_number", nil); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("no data opened: %v", err)
	}
}

func TestTheIndexDependsOnPurposeAndKeys(t *testing.T) {
	v := vaulttest.New(t)
	other, err := vault.New(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	index := v.Index("id_number", number)
	if !bytes.Equal(index, v.Index("id_number", number)) {
		t.Error("one number has two indexes")
	}
	if bytes.Equal(index, v.Index("phone", number)) || bytes.Equal(index, other.Index("id_number", number)) {
		t.Error("another purpose or key gives the same index")
	}
}

func TestTheKeyFileIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "caotang.key")
	if _, err := vault.OpenFile(path, false); err == nil {
		t.Error("a missing key file was accepted")
	}
	first, err := vault.OpenFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	second, err := vault.OpenFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := second.Open("phone", first.Seal("phone", "13800000000")); err != nil || plain != "13800000000" {
		t.Errorf("after a restart: %q, %v", plain, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("the key file's mode is %v", info.Mode())
	}
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.OpenFile(path, true); err == nil {
		t.Error("a file of something else was taken for keys, or overwritten")
	}
}

func TestASealedFileReadsBackAtAnyPlaceAndOnlyWhole(t *testing.T) {
	v := vaulttest.New(t)
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 200_000} {
		content := bytes.Repeat([]byte("草堂"), size/6+1)[:size]
		path := filepath.Join(t.TempDir(), "roster")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := v.SealStream(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		s, err := v.OpenStream(f)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		got, err := io.ReadAll(io.NewSectionReader(s, 0, s.Size()))
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes: read back %d: %v", size, len(got), err)
		}
		if size > 64<<10 {
			p := make([]byte, 10)
			if _, err := s.ReadAt(p, 64<<10-5); err != nil && !errors.Is(err, io.EOF) || size > 64<<10+5 && !bytes.Equal(p, content[64<<10-5:64<<10+5]) {
				t.Errorf("across chunks: %q, %v", p, err)
			}
		}
		info, _ := f.Stat()
		if err := f.Truncate(info.Size() - 1); err != nil {
			t.Fatal(err)
		}
		if _, err := v.OpenStream(f); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("%d bytes: a file cut short opened: %v", size, err)
		}
		_ = f.Close()
	}
}

func TestWhatSomebodyWroteIsShownWithoutNumbersOfPeople(t *testing.T) {
	for text, shown := range map[string]string{
		"张三519901199206072187 13880012345.xlsx": "张三519901********2187 138****2345.xlsx",
		"11010519491231002X.csv":                "110105********002X.csv",
		"名册11010519491231002xlsx":               "名册110105********002xlsx",
		"G510104201203150012":                   "G510104********0012",
		"８６１３８８００１２３４５":                         "８６１********４５",
		"１３８８００１２３４５":                           "１３８****２３４５",
		"七年级名单.xlsx":                            "七年级名单.xlsx",
		"2026级.xlsx":                            "2026级.xlsx",
		"20260901 名册（2）.xlsx":                   "20260901 名册（2）.xlsx",
		"2151000001.csv":                        "2151000001.csv",
		"":                                      "",
	} {
		if got := vault.MaskNumbers(text); got != shown {
			t.Errorf("%q is shown as %q, want %q", text, got, shown)
		}
	}
}

func TestMasks(t *testing.T) {
	for got, want := range map[string]string{
		vault.MaskIDNumber(number):      "110105********002X",
		vault.MaskIDNumber("H01234589"): "H01****89",
		vault.MaskPhone("13812345678"):  "138****5678",
		vault.MaskUsername("zhang01"):   "zh***01",
		vault.MaskName("张三"):            "张*",
		vault.MaskName("欧阳娜娜"):          "欧**娜",
		vault.MaskPhone("138"):          "***",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
