package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"hash"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

// Suite is the set of algorithms of a key.
type Suite string

// The suites: AES-256-GCM and HMAC-SHA-256, or those of the Chinese standards GB/T 32907 and GB/T 32905.
const (
	AES Suite = "aes"
	SM  Suite = "sm"
)

// Suites are those that keys can be made for.
var Suites = []Suite{AES, SM}

// hash is SHA-256 or SM3; both give 32 bytes.
func (s Suite) hash() func() hash.Hash {
	if s == SM {
		return sm3.New
	}
	return sha256.New
}

// Keyed names the algorithm of a look-up key.
func (s Suite) Keyed() string {
	if s == SM {
		return "HMAC-SM3"
	}
	return "HMAC-SHA-256"
}

// seal makes the cipher of a key that is derived from a secret.
func (s Suite) seal(secret, salt []byte, info string) (cipher.AEAD, error) {
	size, newBlock := 32, aes.NewCipher
	if s == SM {
		size, newBlock = 16, sm4.NewCipher
	}
	key, err := hkdf.Key(s.hash(), secret, salt, info, size)
	if err != nil {
		return nil, err
	}
	block, err := newBlock(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
