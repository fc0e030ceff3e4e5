// Package vault keeps personal data unreadable at rest. It seals ID numbers, phones and uploads with AES-256-GCM, finds
// them again by a keyed index (HMAC-SHA-256), and masks them for screens, logs and exports.
//
// The keys live in one file, made at the first start or named by CAOTANG_KEY_FILE. Whoever loses it loses the data.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"sync"
)

// Vault holds the keys. It is safe for concurrent use.
type Vault struct {
	aead   cipher.AEAD
	macs   sync.Pool // keyed hash.Hash
	secret []byte
}

// version is the first byte of everything sealed, so that another suite or key can stand beside this one later.
const version = 1

// ErrSealed says that sealed data cannot be opened: other keys, another purpose, or damage.
var ErrSealed = errors.New("vault: sealed data cannot be opened with these keys")

// New makes a vault from 32 bytes of secret; the keys for sealing and for the index are derived from it.
func New(secret []byte) (*Vault, error) {
	if len(secret) != secretSize {
		return nil, fmt.Errorf("vault: the secret has %d bytes, want %d", len(secret), secretSize)
	}
	sealKey, err := hkdf.Key(sha256.New, secret, nil, "caotang seal", 32)
	if err != nil {
		return nil, err
	}
	indexKey, err := hkdf.Key(sha256.New, secret, nil, "caotang index", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	v := &Vault{aead: aead, secret: secret}
	v.macs.New = func() any { return hmac.New(sha256.New, indexKey) }
	return v, nil
}

// Seal encrypts a value. The purpose ("id_number", "phone", …) is bound to it: sealed for one, it does not open for
// another. Two seals of one value differ.
func (v *Vault) Seal(purpose, plain string) []byte {
	nonceSize := v.aead.NonceSize()
	sealed := make([]byte, 1+nonceSize, 1+nonceSize+len(plain)+v.aead.Overhead())
	sealed[0] = version
	_, _ = rand.Read(sealed[1:]) // never fails, by its contract
	return v.aead.Seal(sealed, sealed[1:1+nonceSize], []byte(plain), []byte(purpose))
}

// Open gives the value back, or [ErrSealed].
func (v *Vault) Open(purpose string, sealed []byte) (string, error) {
	nonceSize := v.aead.NonceSize()
	if len(sealed) < 1+nonceSize || sealed[0] != version {
		return "", ErrSealed
	}
	plain, err := v.aead.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], []byte(purpose))
	if err != nil {
		return "", ErrSealed
	}
	return string(plain), nil
}

// Index is what a value is looked up by: 16 bytes that say nothing of the value to whoever lacks the keys. The caller
// brings the value into its canonical form first.
func (v *Vault) Index(purpose, value string) []byte {
	return v.Authenticate(purpose, []byte(value))[:16]
}

// Authenticate is a code of 32 bytes that nobody makes for other data who lacks the keys.
func (v *Vault) Authenticate(purpose string, data []byte) []byte {
	mac := v.macs.Get().(hash.Hash)
	defer v.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write(data)
	return mac.Sum(make([]byte, 0, sha256.Size))
}
