package sheet

import (
	"errors"
	"io"
)

const (
	textChunk  = 1 << 20
	indexChunk = 1 << 16
)

// texts are a workbook's shared strings, packed: a million of them cost their bytes and little more.
type texts struct {
	chunks [][]byte
	index  [][]place
	count  int
}

type place struct {
	chunk, from, to uint32
}

func (t *texts) add(p []byte) {
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last])+len(p) > cap(t.chunks[last]) {
		t.chunks = append(t.chunks, make([]byte, 0, max(textChunk, len(p))))
		last++
	}
	from := len(t.chunks[last])
	t.chunks[last] = append(t.chunks[last], p...)
	if t.count%indexChunk == 0 {
		t.index = append(t.index, make([]place, 0, indexChunk))
	}
	i := &t.index[len(t.index)-1]
	*i = append(*i, place{uint32(last), uint32(from), uint32(from + len(p))})
	t.count++
}

// at answers the n-th string; nothing for one that does not exist.
func (t *texts) at(n int) []byte {
	if n < 0 || n >= t.count {
		return nil
	}
	p := t.index[n/indexChunk][n%indexChunk]
	return t.chunks[p.chunk][p.from:p.to]
}

// loadTexts reads the shared strings once, when the first sheet is read.
func (w *workbook) loadTexts() error {
	if w.texts != nil {
		return nil
	}
	t := &texts{}
	if w.shared == "" || w.parts[w.shared] == nil {
		w.texts = t
		return nil
	}
	in, err := w.open(w.shared)
	if err != nil {
		return err
	}
	defer in.Close()
	s := newScanner(in)
	var item []byte
	var bytes int64
	within, phonetic := false, false
	for {
		kind, err := s.next()
		if errors.Is(err, io.EOF) {
			w.texts = t
			return nil
		}
		if err != nil {
			return w.explain(err)
		}
		switch kind {
		case charData:
			if within && !phonetic {
				if item = append(item, s.text...); len(item) > w.limits.RowBytes {
					return refuse(CodeTextTooLong)
				}
			}
		case startTag, endTag:
			switch string(s.name) {
			case "t":
				within = kind == startTag
			case "rPh": // how a text is read aloud
				phonetic = kind == startTag
			case "si":
				if kind == startTag {
					item = item[:0]
					continue
				}
				item = unescape(item)
				if bytes += int64(len(item)) + 12; bytes > w.limits.TextBytes {
					return refuseWith(CodeTooBig, "max_mb", w.limits.TextBytes>>20)
				}
				t.add(item)
			}
		}
	}
}
