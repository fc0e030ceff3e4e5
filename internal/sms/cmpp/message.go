package cmpp

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

// Formats of content.
const (
	FormatASCII = 0
	FormatUCS2  = 8
)

// Widths of a phone's field.
func phoneWidth(v Version) int {
	if v >= V30 {
		return 32
	}
	return 21
}

// SubmitBody hands over one message, or one part of a long one.
type SubmitBody struct {
	Total, Number byte // the part's place, from 1
	Report        bool // whether to report what becomes of it
	Service       string
	FeeUser       byte
	UDHI          bool // the content begins with a header
	Format        byte
	Source        string // the account
	FeeType       string
	FeeCode       string
	Sender        string // the number that the phone shows
	Phones        []string
	Content       []byte // 140 bytes at most
}

// Bytes is the body on the line.
func (s SubmitBody) Bytes(v Version) []byte {
	var w fields
	w.uint64(0) // the carrier's to fill
	w.byte(s.Total)
	w.byte(s.Number)
	w.byte(flag(s.Report))
	w.byte(1) // level
	w.text(s.Service, 10)
	w.byte(s.FeeUser)
	w.text("", phoneWidth(v)) // nobody but FeeUser pays
	if v >= V30 {
		w.byte(0)
	}
	w.byte(0) // TP_pId
	w.byte(flag(s.UDHI))
	w.byte(s.Format)
	w.text(s.Source, 6)
	w.text(s.FeeType, 2)
	w.text(s.FeeCode, 6)
	w.text("", 17) // valid as long as the carrier keeps messages
	w.text("", 17) // sent at once
	w.text(s.Sender, 21)
	w.byte(byte(len(s.Phones)))
	for _, phone := range s.Phones {
		w.text(phone, phoneWidth(v))
	}
	if v >= V30 {
		w.byte(0)
	}
	w.byte(byte(len(s.Content)))
	w.raw(s.Content)
	w.text("", reserved(v))
	return w.b
}

// ParseSubmit reads the body.
func ParseSubmit(v Version, body []byte) (SubmitBody, error) {
	r := fields{b: body}
	r.read(8)
	s := SubmitBody{Total: r.readByte(), Number: r.readByte(), Report: r.readByte() == 1}
	r.readByte()
	s.Service, s.FeeUser = r.readText(10), r.readByte()
	r.read(phoneWidth(v))
	if v >= V30 {
		r.readByte()
	}
	r.readByte()
	s.UDHI, s.Format, s.Source = r.readByte() == 1, r.readByte(), r.readText(6)
	s.FeeType, s.FeeCode = r.readText(2), r.readText(6)
	r.read(17 + 17)
	s.Sender = r.readText(21)
	for range r.readByte() {
		s.Phones = append(s.Phones, r.readText(phoneWidth(v)))
	}
	if v >= V30 {
		r.readByte()
	}
	s.Content = slices.Clone(r.read(int(r.readByte())))
	r.read(reserved(v))
	return s, r.err
}

// DeliverBody brings us a message from a phone, or a report.
type DeliverBody struct {
	ID       uint64
	Receiver string // our number
	Service  string
	Format   byte
	Phone    string
	IsReport bool
	Content  []byte
}

// Bytes is the body on the line.
func (d DeliverBody) Bytes(v Version) []byte {
	var w fields
	w.uint64(d.ID)
	w.text(d.Receiver, 21)
	w.text(d.Service, 10)
	w.byte(0)
	w.byte(0)
	w.byte(d.Format)
	w.text(d.Phone, phoneWidth(v))
	if v >= V30 {
		w.byte(0)
	}
	w.byte(flag(d.IsReport))
	w.byte(byte(len(d.Content)))
	w.raw(d.Content)
	w.text("", reserved(v))
	return w.b
}

// ParseDeliver reads the body.
func ParseDeliver(v Version, body []byte) (DeliverBody, error) {
	r := fields{b: body}
	d := DeliverBody{ID: r.readUint64(), Receiver: r.readText(21), Service: r.readText(10)}
	r.read(2)
	d.Format, d.Phone = r.readByte(), r.readText(phoneWidth(v))
	if v >= V30 {
		r.readByte()
	}
	d.IsReport = r.readByte() == 1
	d.Content = slices.Clone(r.read(int(r.readByte())))
	r.read(reserved(v))
	return d, r.err
}

// Status is a report: the content of a DELIVER.
type Status struct {
	ID    uint64 // the message's, from the answer to its SUBMIT
	State string // DELIVRD, or why not
	Phone string
}

// Bytes is the content on the line. Times are of no use to us, and written as zeros.
func (s Status) Bytes(v Version) []byte {
	var w fields
	w.uint64(s.ID)
	w.text(s.State, 7)
	w.text("0000000000", 10)
	w.text("0000000000", 10)
	w.text(s.Phone, phoneWidth(v))
	w.uint32(0)
	return w.b
}

// ParseStatus reads the content. Carriers differ in what follows the state, which is not read.
func ParseStatus(content []byte) (Status, error) {
	r := fields{b: content}
	return Status{ID: r.readUint64(), State: r.readText(7)}, r.err
}

// reserved is the width of the last field: Reserve in 2.0, LinkID in 3.0.
func reserved(v Version) int {
	if v >= V30 {
		return 20
	}
	return 8
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

const (
	single   = 140 // bytes of content in one message
	udhSize  = 6
	partSize = single - udhSize
)

// Split writes a text in UCS-2, and cuts it into parts where it is longer than one message, each with the header by which
// the phone puts them together; reference tells it from the sender's other messages. A character is never cut in two.
func Split(text string, reference byte) (parts [][]byte, udhi bool) {
	units := utf16.Encode([]rune(text))
	if 2*len(units) <= single {
		return [][]byte{bigEndian(nil, units)}, false
	}
	const most = partSize / 2
	for len(units) > 0 {
		n := min(most, len(units))
		if n < len(units) && utf16.IsSurrogate(rune(units[n])) && units[n] >= 0xDC00 {
			n-- // the first half of a pair goes with the second
		}
		parts = append(parts, bigEndian([]byte{5, 0, 3, reference, 0, byte(len(parts) + 1)}, units[:n]))
		units = units[n:]
	}
	for _, part := range parts {
		part[4] = byte(len(parts))
	}
	return parts, true
}

// Join is the text of parts in their order, headers taken off.
func Join(parts [][]byte, udhi bool) string {
	var units []uint16
	for _, part := range parts {
		if udhi && len(part) > 0 {
			part = part[min(int(part[0])+1, len(part)):]
		}
		for len(part) >= 2 {
			units = append(units, binary.BigEndian.Uint16(part))
			part = part[2:]
		}
	}
	return string(utf16.Decode(units))
}

func bigEndian(b []byte, units []uint16) []byte {
	for _, unit := range units {
		b = binary.BigEndian.AppendUint16(b, unit)
	}
	return b
}
