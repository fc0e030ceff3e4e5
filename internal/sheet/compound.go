package sheet

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// compoundMagic begins the container that Excel 97–2003 and encrypted workbooks come in.
const compoundMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// compoundProblem tells what such a container holds by the names in its directory.
func compoundProblem(r io.ReaderAt, size int64) string {
	header := make([]byte, 512)
	if _, err := r.ReadAt(header, 0); err != nil {
		return CodeTruncated
	}
	shift := binary.LittleEndian.Uint16(header[30:])
	if shift != 9 && shift != 12 {
		return CodeNotATable
	}
	sectorBytes := int64(1) << shift
	at := func(sector uint32) int64 { return (int64(sector) + 1) * sectorBytes }
	sector := binary.LittleEndian.Uint32(header[48:])
	buf := make([]byte, sectorBytes)
	found := CodeNotATable
	for range 1000 { // far more sectors than any workbook's directory has
		if at(sector) >= size {
			break
		}
		if _, err := r.ReadAt(buf, at(sector)); err != nil {
			return CodeTruncated
		}
		for entry := buf; len(entry) >= 128; entry = entry[128:] {
			switch entryName(entry) {
			case "EncryptedPackage", "EncryptionInfo":
				return CodePasswordProtected
			case "Workbook", "Book":
				found = CodeLegacyXLS
			}
		}
		next, ok := nextSector(r, header, sector, sectorBytes)
		if !ok {
			break
		}
		sector = next
	}
	return found
}

func entryName(entry []byte) string {
	n := int(binary.LittleEndian.Uint16(entry[64:]))/2 - 1
	if n < 1 || n > 31 {
		return ""
	}
	units := make([]uint16, n)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(entry[2*i:])
	}
	return string(utf16.Decode(units))
}

// nextSector follows the allocation table, as far as the header alone lists its sectors: 7 MB at the least.
func nextSector(r io.ReaderAt, header []byte, sector uint32, sectorBytes int64) (uint32, bool) {
	perSector := uint32(sectorBytes / 4)
	table := sector / perSector
	if table >= 109 {
		return 0, false
	}
	where := binary.LittleEndian.Uint32(header[76+4*table:])
	var next [4]byte
	if _, err := r.ReadAt(next[:], (int64(where)+1)*sectorBytes+4*int64(sector%perSector)); err != nil {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(next[:])
	return n, n < 0xfffffffa
}
