// Package vault keeps personal data unreadable at rest. It seals ID numbers, phones and uploads with AES-256-GCM or SM4-GCM,
// finds them again by a keyed index (HMAC-SHA-256 or HMAC-SM3), and masks them for screens, logs and exports.
//
// The keys live in one file, made at the first start or named by CAOTANG_KEY_FILE. Whoever loses it loses the data. Keys are
// changed while the platform runs: the file holds a new one beside the old, which [AddKey] puts there for sealing, and
// [AddLookUp] for the index.
package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Vault holds the keys. It is safe for concurrent use.
type Vault struct {
	keys atomic.Pointer[ring]

	path    string        // of the key file; "" when the keys are of none
	sealed  atomic.Uint64 // how often
	reading sync.Mutex
	read    os.FileInfo // the key file as it was last read
}

// lookEvery is how often something is sealed until the vault looks whether the key file has changed: no import that takes
// hours goes on with keys that others have replaced. Looking at the clock each time would take a third of the sealing.
const lookEvery = 256

// ErrSealed says that sealed data cannot be opened: other keys, another purpose, or damage.
var ErrSealed = errors.New("vault: sealed data cannot be opened with these keys")

// New makes a vault from 32 bytes of secret; the keys for sealing and for the index are derived from it.
func New(secret []byte) (*Vault, error) {
	keys, err := single(AES, secret)
	if err != nil {
		return nil, err
	}
	return open(keys), nil
}

// single is the first key, and the key of the index, from one secret.
func single(suite Suite, secret []byte) (*ring, error) {
	g, err := newGeneration(1, suite, secret, time.Time{})
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(suite.hash(), secret, nil, "caotang index", secretSize)
	return &ring{[]*LookUp{newLookUp(1, suite, key, time.Time{}, false)}, 1, []*Generation{g}}, err
}

func open(keys *ring) *Vault {
	v := &Vault{}
	v.keys.Store(keys)
	return v
}

// Refresh reads the key file again where it has changed. Call it every few seconds; sealing much does so by itself, and
// opening what an unknown key has sealed.
func (v *Vault) Refresh() error {
	if v.path == "" {
		return nil
	}
	v.reading.Lock()
	defer v.reading.Unlock()
	info, err := os.Stat(v.path)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if v.read != nil && os.SameFile(info, v.read) && info.ModTime().Equal(v.read.ModTime()) {
		return nil
	}
	keys, err := readFile(v.path)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if !keys.goesOn(v.keys.Load()) {
		return errors.New("key file: it holds another key of the index, or lacks one; it is not used")
	}
	v.keys.Store(keys)
	v.read = info
	return nil
}

// Generations are the keys for sealing, the oldest first, and the number of the one in use.
func (v *Vault) Generations() (all []Generation, current byte) {
	keys := v.keys.Load()
	for _, g := range keys.generations {
		all = append(all, *g)
	}
	return all, keys.current(time.Now()).Number
}

// generation finds the key that sealed something, in the file when another process has just begun to use it.
func (v *Vault) generation(number byte) *Generation {
	if g := v.keys.Load().find(number); g != nil {
		return g
	}
	if err := v.Refresh(); err != nil {
		return nil
	}
	return v.keys.Load().find(number)
}

// current is the key in use.
func (v *Vault) current() *Generation {
	if v.path != "" && v.sealed.Add(1)%lookEvery == 0 {
		_ = v.Refresh() // the keys at hand go on; whoever calls it openly is told
	}
	keys := v.keys.Load()
	if len(keys.generations) == 1 {
		return keys.generations[0]
	}
	return keys.current(time.Now())
}

// Seal encrypts a value. The purpose ("id_number", "phone", …) is bound to it: sealed for one, it does not open for
// another. Two seals of one value differ. The first byte is the number of the key.
func (v *Vault) Seal(purpose, plain string) []byte {
	g := v.current()
	nonceSize := g.aead.NonceSize()
	sealed := make([]byte, 1+nonceSize, 1+nonceSize+len(plain)+g.aead.Overhead())
	sealed[0] = g.Number
	_, _ = rand.Read(sealed[1:]) // never fails, by its contract
	return g.aead.Seal(sealed, sealed[1:1+nonceSize], []byte(plain), []byte(purpose))
}

// Open gives the value back, or [ErrSealed].
func (v *Vault) Open(purpose string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", ErrSealed
	}
	g := v.generation(sealed[0])
	if g == nil || len(sealed) < 1+g.aead.NonceSize() {
		return "", ErrSealed
	}
	nonceSize := g.aead.NonceSize()
	plain, err := g.aead.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], []byte(purpose))
	if err != nil {
		return "", ErrSealed
	}
	return string(plain), nil
}
