package accounts_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"caotang/internal/accounts"
	"caotang/internal/db/dbtest"
)

func TestHashes(t *testing.T) {
	hash := accounts.HashPassword(password)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || hash == accounts.HashPassword(password) {
		t.Errorf("hash %s", hash)
	}
	for secret, want := range map[string]bool{password: true, another: false, strings.ToLower(password): false, "": false} {
		if ok, err := accounts.Verify(hash, secret); ok != want || err != nil {
			t.Errorf("%q: %t, %v", secret, ok, err)
		}
	}
	// As the reference implementation prints it: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32 -e
	reference := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := accounts.Verify(reference, "password"); !ok || err != nil {
		t.Errorf("the reference's hash: %t, %v", ok, err)
	}
	for _, malformed := range []string{"", "plain", "$argon2id$", "$argon2id$v=19$m=1$c2FsdA$a2V5", "$argon2id$v=19$m=99999999,t=2,p=1$c2FsdA$a2V5", "$2a$10$abcdefghijklmnopqrstuv"} {
		if ok, err := accounts.Verify(malformed, password); ok || err == nil {
			t.Errorf("%q: %t, %v", malformed, ok, err)
		}
	}
}

func TestWaitingForAHashEndsWithTheRequest(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	defer f.Occupy()()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.HashInTurn(ctx, password); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
