package accounts

import (
	"context"
	"crypto/md5" //nolint:gosec // the old system's hashes are what they are: each is replaced when its owner signs in
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"caotang/internal/vault"
)

// Schemes of the old system's password hashes (F-06).
const (
	schemeMD5           = "md5"
	schemeMD5SaltFirst  = "md5_salt_first" // of the salt followed by the password
	schemeMD5SaltLast   = "md5_salt_last"  // of the password followed by the salt
	schemeSHA1          = "sha1"
	schemeSHA1SaltFirst = "sha1_salt_first"
	schemeSHA1SaltLast  = "sha1_salt_last"
	schemeBcrypt        = "bcrypt"
	schemePBKDF2SHA1    = "pbkdf2_sha1"
	schemePBKDF2SHA256  = "pbkdf2_sha256"
)

// OldSchemes are the schemes that accounts can be imported with.
var OldSchemes = []string{
	schemeMD5, schemeMD5SaltFirst, schemeMD5SaltLast, schemeSHA1, schemeSHA1SaltFirst, schemeSHA1SaltLast,
	schemeBcrypt, schemePBKDF2SHA1, schemePBKDF2SHA256,
}

// What an old hash may ask of this server at a sign-in.
const (
	maxBcryptCost = 14
	maxRounds     = 1_000_000
	maxDigest     = 64
)

// oldHash is a password hash of the old system.
type oldHash struct {
	scheme string
	rounds int
	salt   []byte
	digest []byte // of bcrypt, its whole text
}

// hashSource is what a row says of a password hash.
type hashSource struct{ scheme, hash, salt, rounds string }

// read understands a hash, or answers the code of what is wrong with it. A hash may bring its salt before a $, one of
// PBKDF2 its rounds and salt, and its scheme before them.
func (x hashSource) read() (h oldHash, code string) {
	h.scheme = strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(strings.TrimSpace(x.scheme)))
	text, salt, rounds := strings.TrimSpace(x.hash), x.salt, strings.TrimSpace(x.rounds)
	if text == "" {
		return h, "missing"
	}
	if strings.HasPrefix(text, "$2") {
		return readBcrypt(h, text)
	}
	parts := strings.Split(text, "$")
	if slices.Contains(OldSchemes, parts[0]) {
		h.scheme, parts = parts[0], parts[1:]
	}
	switch {
	case h.scheme == "":
		return h, "old_scheme_missing"
	case !slices.Contains(OldSchemes, h.scheme):
		return h, "old_scheme_unknown"
	case h.scheme == schemeBcrypt:
		return h, "old_hash_format"
	}
	slow := strings.HasPrefix(h.scheme, "pbkdf2")
	switch {
	case len(parts) == 1:
	case len(parts) == 2:
		salt, parts = parts[0], parts[1:]
	case len(parts) == 3 && slow:
		rounds, salt, parts = parts[0], parts[1], parts[2:]
	default:
		return h, "old_hash_format"
	}
	salted := slow || strings.Contains(h.scheme, "salt")
	if salted && salt == "" {
		return h, "old_salt_missing"
	}
	if !salted && salt != "" { // before or after the password? A guess would lock the person out
		return h, "old_salt_where"
	}
	if slow {
		n, err := strconv.Atoi(rounds)
		if err != nil || n < 1 || n > maxRounds {
			return h, "old_rounds"
		}
		h.rounds = n
	}
	var ok bool
	if h.salt, ok = readSalt(salt); !ok {
		return h, "old_salt_format"
	}
	h.digest = readDigest(parts[0])
	if want := digestLength(h.scheme); len(h.digest) == 0 || len(h.digest) > maxDigest || want > 0 && len(h.digest) != want {
		return h, "old_hash_format"
	}
	return h, ""
}

func readBcrypt(h oldHash, text string) (oldHash, string) {
	if h.scheme != "" && h.scheme != schemeBcrypt {
		return h, "old_hash_format"
	}
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil || len(text) != 60 {
		return h, "old_hash_format"
	}
	if cost > maxBcryptCost {
		return h, "old_rounds"
	}
	h.scheme, h.digest = schemeBcrypt, []byte(text)
	return h, ""
}

func digestLength(scheme string) int {
	switch {
	case strings.HasPrefix(scheme, "md5"):
		return md5.Size
	case strings.HasPrefix(scheme, "sha1"):
		return sha1.Size
	}
	return 0
}

// readSalt takes a salt as it stands, or its bytes after hex: or base64:.
func readSalt(text string) (salt []byte, ok bool) {
	if digits, is := strings.CutPrefix(text, "hex:"); is {
		salt, err := hex.DecodeString(digits)
		return salt, err == nil
	}
	if coded, is := strings.CutPrefix(text, "base64:"); is {
		salt, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(coded, "="))
		return salt, err == nil
	}
	return []byte(text), true
}

// readDigest reads hexadecimal digits, or else base64; nil when it is neither.
func readDigest(text string) []byte {
	if digest, err := hex.DecodeString(text); err == nil {
		return digest
	}
	digest, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil
	}
	return digest
}

// matches compares in constant time.
func (h oldHash) matches(password string) bool {
	p := []byte(password)
	var got []byte
	switch h.scheme {
	case schemeMD5, schemeMD5SaltFirst:
		sum := md5.Sum(slices.Concat(h.salt, p)) //nolint:gosec // the old system's
		got = sum[:]
	case schemeMD5SaltLast:
		sum := md5.Sum(slices.Concat(p, h.salt)) //nolint:gosec // the old system's
		got = sum[:]
	case schemeSHA1, schemeSHA1SaltFirst:
		sum := sha1.Sum(slices.Concat(h.salt, p)) //nolint:gosec // the old system's
		got = sum[:]
	case schemeSHA1SaltLast:
		sum := sha1.Sum(slices.Concat(p, h.salt)) //nolint:gosec // the old system's
		got = sum[:]
	case schemeBcrypt:
		return bcrypt.CompareHashAndPassword(h.digest, p) == nil
	case schemePBKDF2SHA1:
		got = h.pbkdf2(sha1.New, password)
	case schemePBKDF2SHA256:
		got = h.pbkdf2(sha256.New, password)
	}
	return subtle.ConstantTimeCompare(got, h.digest) == 1
}

func (h oldHash) pbkdf2(of func() hash.Hash, password string) []byte {
	key, err := pbkdf2.Key(of, password, h.salt, h.rounds, len(h.digest))
	if err != nil { // it takes no time then, and matches nothing
		return nil
	}
	return key
}

// quick tells that comparing takes no time to speak of.
func (h oldHash) quick() bool { return h.scheme != schemeBcrypt && h.rounds == 0 }

const (
	oldHashPrefix  = "$old$"
	oldHashPurpose = "old_hash"
)

func isOld(stored string) bool { return strings.HasPrefix(stored, oldHashPrefix) }

// plain is the hash as it is sealed.
func (h oldHash) plain() string {
	coded := base64.RawStdEncoding.EncodeToString
	return strings.Join([]string{h.scheme, strconv.Itoa(h.rounds), coded(h.salt), coded(h.digest)}, "$")
}

// seal gives the text that the hash is stored as. Old hashes are quick to guess: they do not lie open in a database whose
// copy may get lost.
func (h oldHash) seal(v *vault.Vault) string {
	return oldHashPrefix + base64.RawStdEncoding.EncodeToString(v.Seal(oldHashPurpose, h.plain()))
}

// SealOldHash gives the text that a hash of the old system is stored as.
func SealOldHash(v *vault.Vault, scheme, hash, salt string) (string, error) {
	h, code := hashSource{scheme: scheme, hash: hash, salt: salt}.read()
	if code != "" {
		return "", errors.New("accounts: " + code)
	}
	return h.seal(v), nil
}

func openOldHash(v *vault.Vault, stored string) (h oldHash, err error) {
	sealed, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(stored, oldHashPrefix))
	if err != nil {
		return h, errHash
	}
	plain, err := v.Open(oldHashPurpose, sealed)
	if err != nil {
		return h, err
	}
	parts := strings.Split(plain, "$")
	if len(parts) != 4 {
		return h, errHash
	}
	rounds, err1 := strconv.Atoi(parts[1])
	salt, err2 := base64.RawStdEncoding.DecodeString(parts[2])
	digest, err3 := base64.RawStdEncoding.DecodeString(parts[3])
	if err := errors.Join(err1, err2, err3); err != nil {
		return h, errHash
	}
	return oldHash{parts[0], rounds, salt, digest}, nil
}

// check compares a password with an account's. A one-time code may be typed in any letter case, with spaces or dashes. For a hash of the old system whose password is right it also answers what
// the password is to be stored as from now on. A wrong password costs the same work whatever it is compared with, a slow
// hash of the old system excepted, which costs its own.
func (s *Service) check(ctx context.Context, account *record, password string) (ok bool, renewed string, err error) {
	stored := account.passwordHash
	if account.passwordExpires.Valid { // as one-time codes alone do
		password = asOneTimeCode(password)
	}
	if !isOld(stored) {
		ok, err = s.hasher.verify(ctx, stored, password)
		return ok, "", err
	}
	old, err := openOldHash(s.vault, stored)
	if err != nil {
		return false, "", err
	}
	err = s.hasher.inTurn(ctx, func() error {
		if ok = old.matches(password); ok {
			renewed = HashPassword(password)
		} else if old.quick() {
			_, err := verifyPassword(nobodysHash, password)
			return err
		}
		return nil
	})
	return ok, renewed, err
}
