package vault

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	secretSize    = 32
	keyFileHeader = "caotang-key-1 "
)

// OpenFile reads the key file. When it is missing and create is true, it makes one that only its owner can read.
func OpenFile(path string, create bool) (*Vault, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		return createFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	encoded, ok := strings.CutPrefix(strings.TrimSpace(string(content)), keyFileHeader)
	if !ok {
		return nil, fmt.Errorf("key file %s: not a key file of Caotang", path)
	}
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("key file %s: damaged", path)
	}
	return New(secret)
}

func createFile(path string) (*Vault, error) {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails, by its contract
	content := keyFileHeader + base64.StdEncoding.EncodeToString(secret) + "\n"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if _, err := f.WriteString(content); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("key file: %w", err)
	}
	// Data sealed with a key that a power cut loses would be lost with it.
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return New(secret)
}
