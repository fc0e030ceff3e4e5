//go:build ignore

// Segments extracts the mobile number segments of mainland China from the offline geocoder of libphonenumber
// (Apache-2.0, © The Libphonenumber Authors), as packed by the Go module github.com/nyaruka/phonenumbers (MIT), into
// internal/sms/segments.gz:
//
//	go run scripts/segments.go
//
// The module is not a dependency of the program: loading it costs 25 MB of memory and 150 ms, the extract half a MB and
// 6 ms. Run it again only to take up a newer release.
//
// The output, gzipped: lines "province TAB city" (city empty for a municipality), an empty line, then pairs of uvarints
// (distance from the previous start, place) in ascending order. Every seven-digit segment from a start up to the next
// start belongs to that place, counted from 1; place 0 means that nothing is known.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	release = "github.com/nyaruka/phonenumbers@v1.8.1"
	source  = "data/prefix_to_geocodings/zh.txt.gz"
	target  = "internal/sms/segments.gz"
)

// full gives the provinces that the source shortens their full names.
var full = map[string]string{
	"内蒙古": "内蒙古自治区", "广西": "广西壮族自治区", "西藏": "西藏自治区", "宁夏": "宁夏回族自治区", "新疆": "新疆维吾尔自治区",
}

var municipalities = []string{"北京市", "天津市", "上海市", "重庆市"}

func main() {
	names, places := read()
	var table, runs bytes.Buffer
	number := map[string]int{"": 0}
	last, start := 0, 0
	for segment := 1000000; segment <= 1999999; segment++ {
		name := names[places[segment]]
		if _, known := number[name]; !known {
			province, city := split(name)
			fmt.Fprintf(&table, "%s\t%s\n", province, city)
			number[name] = len(number)
		}
		if place := number[name]; place != last {
			runs.Write(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(segment-start)), uint64(place)))
			last, start = place, segment
		}
	}
	table.WriteByte('\n')
	table.Write(runs.Bytes())

	var packed bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, err := zip.Write(table.Bytes())
	check(err)
	check(zip.Close())
	check(os.WriteFile(target, packed.Bytes(), 0o644))
	fmt.Printf("%s: %d places, %d bytes\n", target, len(number)-1, packed.Len())
}

// read returns the source's names, and for each seven-digit segment the index of its name: 0, the empty name, when the
// source knows none. A longer prefix overrules the shorter one that holds it: as the greater number it comes later.
func read() ([]string, map[int]int) {
	var module struct{ Dir string }
	out, err := exec.Command("go", "mod", "download", "-json", release).Output()
	check(err)
	check(json.Unmarshal(out, &module))
	packed, err := os.Open(filepath.Join(module.Dir, filepath.FromSlash(source)))
	check(err)
	zip, err := gzip.NewReader(packed)
	check(err)
	data, err := io.ReadAll(zip)
	check(err)

	size := binary.LittleEndian.Uint32(data)
	names := append([]string{""}, strings.Split(string(data[4:4+size]), "\n")...)
	r := bytes.NewReader(data[4+size:])
	var count uint32
	check(binary.Read(r, binary.LittleEndian, &count))
	places := map[int]int{}
	prefix := uint64(0)
	for range count {
		step, err := binary.ReadUvarint(r)
		check(err)
		prefix += step
		var name uint16
		check(binary.Read(r, binary.LittleEndian, &name))
		// A mobile number is 86, then a segment that begins with 13 to 19: 10 is Beijing's landlines, 11 and 12
		// are services.
		digits, mainland := strings.CutPrefix(strconv.FormatUint(prefix, 10), "86")
		if !mainland || len(digits) < 3 || len(digits) > 7 || digits[0] != '1' || digits[1] < '3' {
			continue
		}
		first, width := atoi(digits), 1
		for range 7 - len(digits) {
			first, width = first*10, width*10
		}
		for segment := first; segment < first+width; segment++ {
			places[segment] = int(name) + 1
		}
	}
	return names, places
}

// split parts "四川省成都市" into province and city.
func split(name string) (province, city string) {
	if name == "天津" {
		name = "天津市"
	}
	for _, m := range municipalities {
		if name == m {
			return m, ""
		}
	}
	for short, long := range full {
		if rest, found := strings.CutPrefix(name, short); found {
			return long, rest
		}
	}
	province, city, found := strings.Cut(name, "省")
	if !found {
		log.Fatalf("no province in %q", name)
	}
	return province + "省", city
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
