package vault

import (
	"crypto/cipher"
	"hash"

	"github.com/emmansun/gmsm/sm4"
)

// SM4GCM is the suite's cipher with a key that is not derived.
func SM4GCM(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Hash is the suite's.
func (s Suite) Hash() hash.Hash { return s.hash()() }
