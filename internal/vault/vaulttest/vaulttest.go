// Package vaulttest gives tests a vault.
package vaulttest

import (
	"bytes"
	"testing"

	"caotang/internal/vault"
)

// New makes a vault whose keys are the same in every test.
func New(t testing.TB) *vault.Vault {
	t.Helper()
	v, err := vault.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
