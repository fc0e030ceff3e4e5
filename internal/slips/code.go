package slips

import (
	"crypto/rand"
	"strings"

	"caotang/internal/identity"
)

// alphabet is capital letters and digits that nobody mistakes for each other: none of 0 1 I L O. Its length is a prime,
// which lets the last character of a code tell every single wrong character and every two that changed places.
const (
	alphabet   = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
	codeLength = 12 // 11 at random, 54 bits, and the check character
	groupSize  = 4
)

// newCode makes a code that nobody guesses.
func newCode() string {
	code := make([]byte, 0, codeLength)
	for len(code) < codeLength-1 {
		var b [1]byte
		_, _ = rand.Read(b[:]) // never fails, by its contract
		if n := int(b[0] & 31); n < len(alphabet) {
			code = append(code, alphabet[n])
		}
	}
	return string(append(code, checkCharacter(code)))
}

// checkCharacter brings the sum of the characters' places in the alphabet, each times its place in the code, to nought.
func checkCharacter(code []byte) byte {
	sum := 0
	for i, c := range code {
		sum += (i + 1) * strings.IndexByte(alphabet, c)
	}
	n := len(alphabet)
	for last := range n {
		if (sum+(len(code)+1)*last)%n == 0 {
			return alphabet[last]
		}
	}
	panic("slips: the alphabet's length is no prime")
}

// readCode takes a code as somebody typed it: in any letter case, full-width, with any spaces, dashes and other marks. It
// reports false for what can be no code.
func readCode(typed string) (string, bool) {
	var code []byte
	for _, r := range identity.Fold(typed) {
		if r < 128 && strings.IndexByte(alphabet, byte(r)) >= 0 {
			code = append(code, byte(r))
		} else if strings.ContainsRune("01ILO", r) {
			return "", false
		}
	}
	if len(code) != codeLength || checkCharacter(code[:codeLength-1]) != code[codeLength-1] {
		return "", false
	}
	return string(code), true
}

// grouped is the code as it is printed: K7MP-3FQA-9TZX.
func grouped(code string) string {
	var groups []string
	for ; len(code) > groupSize; code = code[groupSize:] {
		groups = append(groups, code[:groupSize])
	}
	return strings.Join(append(groups, code), "-")
}
