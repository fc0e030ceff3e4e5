package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"caotang/internal/blob"
	"caotang/internal/vault/vaulttest"
)

func TestAFileIsSealedReadBackAndRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	s := blob.New(dir, vaulttest.New(t))
	content := strings.Repeat("一张证件的照片", 20_000)
	id, err := s.Put(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	onDisk, err := os.ReadFile(filepath.Join(dir, id))
	if err != nil || bytes.Contains(onDisk, []byte("证件")) {
		t.Errorf("the file lies open on disk: %v", err)
	}
	f, err := s.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err != nil || string(got) != content {
		t.Errorf("read back %d bytes: %v", len(got), err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.Remove(id); err != nil {
			t.Errorf("removing: %v", err)
		}
	}
	if _, err := s.Open(id); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a removed file opens: %v", err)
	}
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := blob.New(dir, vaulttest.New(t))
	broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := s.Put(broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWhatIsNoIDTouchesNoFile(t *testing.T) {
	root := t.TempDir()
	outside := filepath.Join(root, "caotang.key")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := blob.New(filepath.Join(root, "files"), vaulttest.New(t))
	if _, err := s.Open("../caotang.key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opened: %v", err)
	}
	if err := s.Remove("../caotang.key"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("a file outside was removed: %v", err)
	}
}

func TestSweepRemovesOldFilesThatNobodyWants(t *testing.T) {
	s := blob.New(t.TempDir(), vaulttest.New(t))
	wanted, _ := s.Put(strings.NewReader("wanted"))
	orphan, _ := s.Put(strings.NewReader("orphan"))
	ask := func(_ context.Context, id string) (bool, error) { return id == wanted, nil }
	exists := func(id string) bool {
		f, err := s.Open(id)
		if err == nil {
			_ = f.Close()
		}
		return err == nil
	}
	if err := s.Sweep(t.Context(), time.Now().Add(-time.Hour), ask); err != nil || !exists(orphan) {
		t.Errorf("a file that may still arrive was removed: %v", err)
	}
	if err := s.Sweep(t.Context(), time.Now().Add(time.Hour), ask); err != nil || exists(orphan) || !exists(wanted) {
		t.Errorf("orphan there: %v, wanted there: %v, %v", exists(orphan), exists(wanted), err)
	}
}
