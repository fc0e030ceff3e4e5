package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"slices"
	"time"
)

// Generation is a key for sealing. All are readable; what is sealed from now on is sealed with the newest whose time has
// come, so that every process that shares the key file knows a key before any of them uses it.
type Generation struct {
	Number byte // the first byte of everything that it sealed
	Suite  Suite
	From   time.Time // the zero time for the first

	secret []byte
	aead   cipher.AEAD
}

func newGeneration(number byte, suite Suite, secret []byte, from time.Time) (*Generation, error) {
	if len(secret) != secretSize {
		return nil, fmt.Errorf("vault: the secret has %d bytes, want %d", len(secret), secretSize)
	}
	aead, err := suite.seal(secret, nil, "caotang seal")
	return &Generation{number, suite, from, secret, aead}, err
}

// ring is what a key file holds. It is never changed, only replaced.
type ring struct {
	lookUps     []*LookUp     // the keys of the index, the oldest first
	alone       byte          // the number of the oldest whose values are asked for
	generations []*Generation // the oldest first
}

func (r *ring) find(number byte) *Generation {
	for _, g := range r.generations {
		if g.Number == number {
			return g
		}
	}
	return nil
}

// current is the newest generation whose time has come.
func (r *ring) current(now time.Time) *Generation {
	for i := len(r.generations) - 1; i > 0; i-- {
		if g := r.generations[i]; !g.From.After(now) {
			return g
		}
	}
	return r.generations[0]
}

func newSecret() []byte {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails, by its contract
	return secret
}

// with adds a generation of the suite that is used from a time on.
func (r *ring) with(suite Suite, from time.Time) (*ring, error) {
	newest := r.generations[len(r.generations)-1]
	if newest.Number == 255 {
		return nil, fmt.Errorf("there is no number left for another key")
	}
	g, err := newGeneration(newest.Number+1, suite, newSecret(), from)
	if err != nil {
		return nil, err
	}
	return &ring{r.lookUps, r.alone, append(slices.Clone(r.generations), g)}, nil
}

// without drops a generation.
func (r *ring) without(number byte) *ring {
	return &ring{r.lookUps, r.alone, slices.DeleteFunc(slices.Clone(r.generations), func(g *Generation) bool { return g.Number == number })}
}
