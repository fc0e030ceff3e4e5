package accounts

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// Place is where a request came from, as its owner may read it: never a whole address.
type Place struct {
	Kind          string `json:"kind" enum:"known,local,unknown" doc:"known: by the operator's table; local: a network of one's own"`
	Name          string `json:"name" doc:"Of a known place, as the operator's table has it"`
	MaskedAddress string `json:"masked_address" doc:"Empty when there is none"`
}

// Addresses tells where address ranges are. The nil Addresses knows none.
type Addresses struct{ ranges []addressRange }

type addressRange struct {
	from, to netip.Addr
	place    string
	line     int
}

// ReadAddresses reads an operator's table: UTF-8 text, a range a line, then a comma and the name of the place. A range is
// 203.0.113.0/24 or 203.0.113.0-203.0.113.255, of IPv4 or IPv6. Lines that begin with # and empty ones do not count. The
// error names the line that is wrong, or two that overlap.
func ReadAddresses(r io.Reader) (*Addresses, error) {
	var table Addresses
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		span, place, _ := strings.Cut(line, ",")
		if place = strings.TrimSpace(place); place == "" {
			return nil, fmt.Errorf("line %d: no place after the range", number)
		}
		one := addressRange{place: place, line: number}
		var err error
		if one.from, one.to, err = readRange(strings.TrimSpace(span)); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		table.ranges = append(table.ranges, one)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(table.ranges, func(a, b addressRange) int { return a.from.Compare(b.from) })
	for i := 1; i < len(table.ranges); i++ {
		if before, one := table.ranges[i-1], table.ranges[i]; one.from.Compare(before.to) <= 0 {
			return nil, fmt.Errorf("the ranges of lines %d and %d overlap", min(before.line, one.line), max(before.line, one.line))
		}
	}
	return &table, nil
}

func readRange(text string) (from, to netip.Addr, err error) {
	if first, last, isSpan := strings.Cut(text, "-"); isSpan {
		if from, err = netip.ParseAddr(strings.TrimSpace(first)); err != nil {
			return from, to, err
		}
		if to, err = netip.ParseAddr(strings.TrimSpace(last)); err != nil {
			return from, to, err
		}
		if from.BitLen() != to.BitLen() || to.Less(from) {
			err = fmt.Errorf("%q does not run from a lower address to a higher one", text)
		}
		return from, to, err
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return from, to, err
	}
	from = prefix.Masked().Addr()
	end := from.AsSlice()
	for bit := prefix.Bits(); bit < from.BitLen(); bit++ {
		end[bit/8] |= 0x80 >> (bit % 8)
	}
	to, _ = netip.AddrFromSlice(end)
	return from, to, nil
}

// placeOf says where an address is.
func (t *Addresses) placeOf(address string) Place {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return Place{Kind: "unknown"}
	}
	a = a.Unmap().WithZone("")
	p := Place{Kind: "unknown", MaskedAddress: maskAddress(a)}
	if t != nil {
		at, exact := slices.BinarySearchFunc(t.ranges, a, func(r addressRange, a netip.Addr) int { return r.from.Compare(a) })
		if !exact {
			at--
		}
		if at >= 0 && a.Compare(t.ranges[at].to) <= 0 && a.BitLen() == t.ranges[at].from.BitLen() {
			p.Kind, p.Name = "known", t.ranges[at].place
			return p
		}
	}
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() {
		p.Kind = "local"
	}
	return p
}

// maskAddress keeps the part of an address that says which network it is of: 203.0.*.*, 2001:db8:1:*.
func maskAddress(a netip.Addr) string {
	if a.Is4() {
		parts := strings.Split(a.String(), ".")
		return parts[0] + "." + parts[1] + ".*.*"
	}
	b := a.As16()
	groups := make([]string, 0, 3)
	for i := 0; i < 6; i += 2 {
		groups = append(groups, cmp.Or(strings.TrimLeft(fmt.Sprintf("%02x%02x", b[i], b[i+1]), "0"), "0"))
	}
	return strings.Join(groups, ":") + ":*"
}
