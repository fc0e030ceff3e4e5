package sheet

import (
	"archive/zip"
	"errors"
	"io"
	"path"
	"strings"
)

const (
	maxParts     = 10_000
	maxPartBytes = 4 << 20 // of the small parts: the workbook's own, and those that say where others are
	bombRatio    = 300     // what deflate makes of a sheet stays under 100; of zeros it makes 1,032
	bombBytes    = 64 << 20
)

// workbook is an opened .xlsx.
type workbook struct {
	parts  map[string]*zip.File
	limits Limits
	shared string // the part with the shared strings, "" when there is none
	texts  *texts
	unzip  int64 // bytes unpacked so far, over all parts
}

func openWorkbook(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, refuse(CodeTruncated) // it begins as an archive and has no directory at its end
	}
	if len(archive.File) == 0 || len(archive.File) > maxParts {
		return nil, refuse(CodeNotATable)
	}
	w := &workbook{parts: make(map[string]*zip.File, len(archive.File)), limits: limits}
	for _, f := range archive.File {
		if f.UncompressedSize64 > uint64(limits.UnzipBytes) || isBomb(int64(f.CompressedSize64), int64(f.UncompressedSize64)) {
			return nil, refuse(CodeZipBomb)
		}
		w.parts[strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(f.Name, `\`, "/")), "/"))] = f
	}
	main := "xl/workbook.xml"
	if found, err := w.relations(""); err != nil {
		return nil, err
	} else if found["officeDocument"] != nil {
		main = found["officeDocument"][0].target
	}
	if w.parts[main] == nil {
		return nil, refuse(CodeNotATable)
	}
	names, parts, err := w.visibleSheets(main)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, refuse(CodeNotATable)
	}
	return &File{format: "xlsx", encoding: "UTF-8", sheets: names, rows: func(i int) (Rows, error) {
		return w.rows(parts[i])
	}, merges: func(i int) []Merge { return w.merges(parts[i]) }}, nil
}

func isBomb(packed, unpacked int64) bool {
	return unpacked > bombBytes && unpacked/bombRatio > packed
}

type relation struct{ id, target string }

// relations answers what the part refers to, by the last word of the relation's type. The part "" is the package.
func (w *workbook) relations(part string) (map[string][]relation, error) {
	dir, base := path.Split(part)
	name := dir + "_rels/" + base + ".rels"
	found := map[string][]relation{}
	if w.parts[name] == nil {
		return found, nil
	}
	err := w.each(name, func(s *scanner) {
		if string(s.name) != "Relationship" {
			return
		}
		target := s.attrText("Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", dir, target)
		}
		kind := path.Base(s.attrText("Type"))
		found[kind] = append(found[kind], relation{s.attrText("Id"), strings.ToLower(strings.TrimPrefix(path.Clean(target), "/"))})
	})
	return found, err
}

func (w *workbook) visibleSheets(main string) (names, parts []string, err error) {
	relations, err := w.relations(main)
	if err != nil {
		return nil, nil, err
	}
	if s := relations["sharedStrings"]; s != nil {
		w.shared = s[0].target
	}
	err = w.each(main, func(s *scanner) {
		if state := string(s.attr("state")); string(s.name) != "sheet" || state == "hidden" || state == "veryHidden" {
			return
		}
		id := s.attrText("id")
		for _, r := range relations["worksheet"] {
			if r.id == id && w.parts[r.target] != nil {
				names, parts = append(names, s.attrText("name")), append(parts, r.target)
			}
		}
	})
	return names, parts, err
}

// each calls f for every start tag of a small part.
func (w *workbook) each(part string, f func(*scanner)) error {
	in, err := w.open(part)
	if err != nil {
		return err
	}
	defer in.Close()
	s := newScanner(io.LimitReader(in, maxPartBytes))
	for {
		kind, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return w.explain(err)
		}
		if kind == startTag {
			f(s)
		}
	}
}

// open unpacks a part, and stops with zip_bomb where it becomes one: what an archive says of its sizes may be a lie.
func (w *workbook) open(part string) (io.ReadCloser, error) {
	f := w.parts[part]
	if f.Flags&1 != 0 {
		return nil, refuse(CodePasswordProtected)
	}
	in, err := f.Open()
	if err != nil {
		return nil, w.explain(err)
	}
	return &bounded{ReadCloser: in, w: w, packed: int64(f.CompressedSize64)}, nil
}

type bounded struct {
	io.ReadCloser
	w        *workbook
	packed   int64
	unpacked int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.unpacked += int64(n)
	b.w.unzip += int64(n)
	if b.w.unzip > b.w.limits.UnzipBytes || isBomb(b.packed, b.unpacked) {
		return n, refuse(CodeZipBomb)
	}
	return n, err
}

// explain turns what archive and XML readers say into a Problem.
func (w *workbook) explain(err error) error {
	var known *Problem
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, zip.ErrAlgorithm), errors.Is(err, errMalformed):
		return refuse(CodeNotATable)
	}
	return refuse(CodeTruncated) // broken off, or its checksum does not fit: damaged on the way
}
