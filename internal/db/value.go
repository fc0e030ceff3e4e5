package db

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Time is an instant as the database keeps it: milliseconds since 1970, UTC. Times as text compare wrongly on SQLite.
type Time struct{ time.Time }

// Now is the present, to the millisecond.
func Now() Time { return At(time.Now()) }

// At is t to the millisecond, in UTC.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) { return t.UnixMilli(), nil }

// Scan implements sql.Scanner. Null is an error: scan it into a [NullTime].
func (t *Time) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("db: cannot read a time from %T", src)
	}
	t.Time = time.UnixMilli(ms).UTC()
	return nil
}

// NullTime is a [Time] that may be missing.
type NullTime struct {
	Time  Time
	Valid bool
}

// Value implements driver.Valuer.
func (n NullTime) Value() (driver.Value, error) {
	if !n.Valid {
		return nil, nil
	}
	return n.Time.Value()
}

// Scan implements sql.Scanner.
func (n *NullTime) Scan(src any) error {
	if src == nil {
		*n = NullTime{}
		return nil
	}
	n.Valid = true
	return n.Time.Scan(src)
}

// Ptr is the instant, or nil when it is missing: the form that JSON wants.
func (n NullTime) Ptr() *time.Time {
	if !n.Valid {
		return nil
	}
	return &n.Time.Time
}

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an id of 26 characters: 48 bits of time in milliseconds, so that new rows append to their index and lists
// by id are in order of creation, 16 bits of the millisecond's parts, since two things may be made within one, then 64
// random bits.
func NewID() string { return IDAt(time.Now()) }

// IDAt is [NewID] for a thing that was made at another time.
func IDAt(t time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[8:]) // never fails, by its contract
	part := uint64(t.Nanosecond()) % 1e6 << 16 / 1e6
	binary.BigEndian.PutUint64(b[:8], uint64(t.UnixMilli())<<16|part)
	return idEncoding.EncodeToString(b[:])
}

// IDTime is the time of an id that [NewID] made, to the millisecond; false for what is none.
func IDTime(id string) (time.Time, bool) {
	raw, err := idEncoding.DecodeString(id)
	if err != nil || len(raw) != 16 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw) >> 16)), true
}

// LastID is the largest id that [NewID] makes which begins so.
func LastID(begins string) string {
	const size, largest = 26, "z"
	return begins + strings.Repeat(largest, max(0, size-len(begins)))
}

// FirstID is the smallest that [NewID] makes at a time: it parts what was made before from what was made since.
func FirstID(t time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(max(t.UnixMilli(), 0))<<16)
	return idEncoding.EncodeToString(b[:])
}
