package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"caotang/internal/fault"
)

// The parameters of new password hashes: argon2id, as OWASP advises. One hash takes 19 MiB while it runs.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashLength  = 32
	saltLength  = 16
)

// hashesMade is what this process has spent on passwords: tests hold against each other what answers cost.
var hashesMade atomic.Int64

var errHash = errors.New("accounts: the stored password hash is malformed")

// HashPassword makes the text that a password is stored as, with a salt of its own. It takes some 20 ms and waits for
// nobody: requests go through the service, which bounds how many run at once.
func HashPassword(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails, by its contract
	hashesMade.Add(1)
	key := argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashLength)
	return hashText(salt, key)
}

func hashText(salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// verifyPassword compares in constant time. It reads the parameters from the hash, so that they may change for new ones.
func verifyPassword(stored, password string) (bool, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHash
	}
	var version, memory, passes, threads int
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 || version != argon2.Version || passes < 1 || threads < 1 || threads > 255 || memory > 1<<20 {
		return false, errHash
	}
	hashesMade.Add(1)
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), uint8(threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// nobodysHash is what a password is compared with when there is no account, so that the answer takes as long. It is the
// hash of nothing: its key is random.
var nobodysHash = hashText([]byte(rand.Text())[:saltLength], []byte(rand.Text() + rand.Text())[:hashLength])

// hasher lets as many hashes run at once as there are cores, which bounds their memory too. The rest wait their turn.
type hasher struct {
	turns chan struct{}
	wait  time.Duration
}

func newHasher(wait time.Duration) *hasher {
	return &hasher{make(chan struct{}, runtime.GOMAXPROCS(0)), wait}
}

func (h *hasher) hash(ctx context.Context, password string) (hash string, err error) {
	err = h.inTurn(ctx, func() error { hash = HashPassword(password); return nil })
	return hash, err
}

func (h *hasher) verify(ctx context.Context, stored, password string) (ok bool, err error) {
	err = h.inTurn(ctx, func() error { ok, err = verifyPassword(stored, password); return err })
	return ok, err
}

// patience bounds how long a request waits for turns, all together: its context ends with server_busy.
func (h *hasher) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, h.wait, fault.ErrBusy.New(fault.RetryAfter(h.wait)))
}

func (h *hasher) inTurn(ctx context.Context, work func() error) error {
	ctx, cancel := h.patience(ctx)
	defer cancel()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case h.turns <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-h.turns }()
	return work()
}
