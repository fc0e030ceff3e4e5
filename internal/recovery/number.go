package recovery

import (
	"crypto/rand"
	"strings"

	"caotang/internal/identity"
)

// A tracking number has twelve letters and digits that nobody mistakes for each other, in groups of four: 59 random bits.
const (
	alphabet    = "23456789ABCDEFGHJKMNPQRSTUVWXYZ" // without 0 1 I L O
	numberSize  = 12
	numberGroup = 4
)

func newNumber() string {
	var number strings.Builder
	for number.Len() < numberSize {
		var b [1]byte
		_, _ = rand.Read(b[:]) // never fails, by its contract
		if n := int(b[0] & 31); n < len(alphabet) {
			number.WriteByte(alphabet[n])
		}
	}
	return grouped(number.String())
}

func grouped(number string) string {
	var groups []string
	for at := 0; at < len(number); at += numberGroup {
		groups = append(groups, number[at:min(at+numberGroup, len(number))])
	}
	return strings.Join(groups, "-")
}

// readNumber brings a tracking number as people type it, whatever the case and the marks between, into its one form.
func readNumber(typed string) (number string, ok bool) {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(identity.Fold(typed)))
	if len(plain) != numberSize || strings.Trim(plain, alphabet) != "" {
		return "", false
	}
	return grouped(plain), true
}
