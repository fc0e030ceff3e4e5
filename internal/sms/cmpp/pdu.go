package cmpp

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the protocol's own proof of the secret
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Version is the protocol's: what differs is the width of some fields.
type Version byte

// The versions, as CONNECT states them.
const (
	V20 Version = 0x20
	V30 Version = 0x30
)

// Command says what a PDU is. An answer's has the highest bit set.
type Command uint32

// The commands.
const (
	Connect    Command = 1
	Terminate  Command = 2
	Submit     Command = 4
	Deliver    Command = 5
	ActiveTest Command = 8

	answerBit Command = 1 << 31
)

// Answer is the command that answers c.
func (c Command) Answer() Command { return c | answerBit }

// PDU is one unit on the line.
type PDU struct {
	Command  Command
	Sequence uint32
	Body     []byte
}

const (
	headerSize = 12
	maxSize    = 8 << 10 // the longest, a SUBMIT to 100 phones, is shorter than half of this
)

// Bytes is the unit as it goes over the line, with its header.
func (p PDU) Bytes() []byte {
	b := make([]byte, 0, headerSize+len(p.Body))
	b = binary.BigEndian.AppendUint32(b, uint32(headerSize+len(p.Body)))
	b = binary.BigEndian.AppendUint32(b, uint32(p.Command))
	b = binary.BigEndian.AppendUint32(b, p.Sequence)
	return append(b, p.Body...)
}

// Read reads one unit. It refuses lengths that no unit has.
func Read(r io.Reader) (PDU, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return PDU{}, err
	}
	size := binary.BigEndian.Uint32(header[:])
	if size < headerSize || size > maxSize {
		return PDU{}, fmt.Errorf("cmpp: a unit of %d bytes", size)
	}
	p := PDU{Command: Command(binary.BigEndian.Uint32(header[4:])), Sequence: binary.BigEndian.Uint32(header[8:]), Body: make([]byte, size-headerSize)}
	if _, err := io.ReadFull(r, p.Body); err != nil {
		return PDU{}, fmt.Errorf("cmpp: a unit cut off: %w", err)
	}
	return p, nil
}

// ErrMalformed says that a body is shorter than its fields.
var ErrMalformed = errors.New("cmpp: malformed unit")

// ConnectBody asks for a line.
type ConnectBody struct {
	Source        string // the account, 6 characters
	Authenticator [16]byte
	Version       Version
	Timestamp     uint32 // MMDDHHMMSS as a number
}

// TimestampAt is t as CONNECT has it, in the carrier's time, which is China's.
func TimestampAt(t time.Time) uint32 {
	t = t.In(time.FixedZone("Asia/Shanghai", 8*60*60))
	return uint32(t.Month())*1e8 + uint32(t.Day())*1e6 + uint32(t.Hour())*1e4 + uint32(t.Minute())*100 + uint32(t.Second())
}

// Authenticate proves the secret for an account and a time.
func Authenticate(source, secret string, timestamp uint32) [16]byte {
	return md5.Sum(slices.Concat([]byte(source), make([]byte, 9), []byte(secret), fmt.Appendf(nil, "%010d", timestamp))) //nolint:gosec // see the import
}

// Bytes is the body on the line.
func (c ConnectBody) Bytes() []byte {
	var w fields
	w.text(c.Source, 6)
	w.raw(c.Authenticator[:])
	w.byte(byte(c.Version))
	w.uint32(c.Timestamp)
	return w.b
}

// ParseConnect reads the body.
func ParseConnect(body []byte) (ConnectBody, error) {
	r := fields{b: body}
	c := ConnectBody{Source: r.readText(6)}
	copy(c.Authenticator[:], r.read(16))
	c.Version, c.Timestamp = Version(r.readByte()), r.readUint32()
	return c, r.err
}

// ConnectAnswer answers a CONNECT.
type ConnectAnswer struct {
	Status        uint32 // 0 when the line stands
	Authenticator [16]byte
	Version       Version
}

// Bytes is the body on the line.
func (c ConnectAnswer) Bytes(v Version) []byte {
	var w fields
	w.status(v, c.Status)
	w.raw(c.Authenticator[:])
	w.byte(byte(c.Version))
	return w.b
}

// ParseConnectAnswer reads the body. Its length tells the version: a carrier that speaks another one answers in that.
func ParseConnectAnswer(body []byte) (ConnectAnswer, error) {
	r := fields{b: body}
	v := V30
	if len(body) < 21 {
		v = V20
	}
	c := ConnectAnswer{Status: r.readStatus(v)}
	copy(c.Authenticator[:], r.read(16))
	c.Version = Version(r.readByte())
	return c, r.err
}

// MessageAnswer answers a SUBMIT or a DELIVER.
type MessageAnswer struct {
	ID     uint64 // by which the carrier knows the message
	Result uint32 // 0 when it was taken
}

// Bytes is the body on the line.
func (m MessageAnswer) Bytes(v Version) []byte {
	var w fields
	w.uint64(m.ID)
	w.status(v, m.Result)
	return w.b
}

// ParseMessageAnswer reads the body.
func ParseMessageAnswer(v Version, body []byte) (MessageAnswer, error) {
	r := fields{b: body}
	return MessageAnswer{ID: r.readUint64(), Result: r.readStatus(v)}, r.err
}

// fields writes fields one after the other, or reads them; the first error stays.
type fields struct {
	b   []byte
	err error
}

func (f *fields) raw(b []byte)    { f.b = append(f.b, b...) }
func (f *fields) byte(b byte)     { f.b = append(f.b, b) }
func (f *fields) uint32(n uint32) { f.b = binary.BigEndian.AppendUint32(f.b, n) }
func (f *fields) uint64(n uint64) { f.b = binary.BigEndian.AppendUint64(f.b, n) }

// text fills its field with zeros, and is cut where it is too long.
func (f *fields) text(s string, size int) {
	s = s[:min(len(s), size)]
	f.raw(append([]byte(s), make([]byte, size-len(s))...))
}

func (f *fields) status(v Version, n uint32) {
	if v >= V30 {
		f.uint32(n)
	} else {
		f.byte(byte(n))
	}
}

func (f *fields) read(size int) []byte {
	if len(f.b) < size {
		f.err, f.b = ErrMalformed, nil
		return make([]byte, size)
	}
	field := f.b[:size]
	f.b = f.b[size:]
	return field
}

func (f *fields) readByte() byte     { return f.read(1)[0] }
func (f *fields) readUint32() uint32 { return binary.BigEndian.Uint32(f.read(4)) }
func (f *fields) readUint64() uint64 { return binary.BigEndian.Uint64(f.read(8)) }

func (f *fields) readText(size int) string {
	field, _, _ := bytes.Cut(f.read(size), []byte{0})
	return strings.TrimRight(string(field), " ")
}

func (f *fields) readStatus(v Version) uint32 {
	if v >= V30 {
		return f.readUint32()
	}
	return uint32(f.readByte())
}
