package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A sealed file is a header (the number of a key and a 16-byte salt, from which the file's own key is derived) and chunks of 64 KiB,
// each sealed with its number and with whether it is the last, so that a file cut short or rearranged does not open.
const (
	chunkSize  = 64 << 10
	saltSize   = 16
	headerSize = 1 + saltSize
	overhead   = 16 // of GCM
)

func (g *Generation) fileAEAD(salt []byte) (cipher.AEAD, error) {
	return g.Suite.seal(g.secret, salt, "caotang file")
}

func chunkNonce(n uint64, last bool) []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint64(nonce[3:11], n)
	if last {
		nonce[11] = 1
	}
	return nonce
}

// SealStream writes what it is given to w, sealed. Nothing is complete before Close; w stays open.
func (v *Vault) SealStream(w io.Writer) (io.WriteCloser, error) {
	header := make([]byte, headerSize)
	g := v.current()
	header[0] = g.Number
	_, _ = rand.Read(header[1:]) // never fails, by its contract
	aead, err := g.fileAEAD(header[1:])
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(header); err != nil {
		return nil, err
	}
	return &sealer{w: w, aead: aead, buffer: make([]byte, 0, chunkSize)}, nil
}

type sealer struct {
	w      io.Writer
	aead   cipher.AEAD
	buffer []byte
	chunk  uint64
	out    []byte
}

func (s *sealer) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if len(s.buffer) == chunkSize { // more follows, so this one is not the last
			if err := s.flush(false); err != nil {
				return written, err
			}
		}
		n := copy(s.buffer[len(s.buffer):chunkSize], p)
		s.buffer = s.buffer[:len(s.buffer)+n]
		p = p[n:]
		written += n
	}
	return written, nil
}

func (s *sealer) flush(last bool) error {
	s.out = s.aead.Seal(s.out[:0], chunkNonce(s.chunk, last), s.buffer, nil)
	s.chunk++
	s.buffer = s.buffer[:0]
	_, err := s.w.Write(s.out)
	return err
}

func (s *sealer) Close() error { return s.flush(true) }

// SealedFile reads a sealed file at any place.
type SealedFile struct {
	file *os.File
	aead cipher.AEAD
	size int64
	last uint64 // number of the last chunk
	// The chunk read last: readers mostly go forward.
	number uint64
	plain  []byte
	sealed []byte
}

// OpenStream opens a file that SealStream wrote. It is for one reader at a time. The caller closes f.
func (v *Vault) OpenStream(f *os.File) (*SealedFile, error) {
	header := make([]byte, headerSize)
	if _, err := f.ReadAt(header, 0); err != nil {
		return nil, ErrSealed
	}
	g := v.generation(header[0])
	if g == nil {
		return nil, ErrSealed
	}
	aead, err := g.fileAEAD(header[1:])
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	body := info.Size() - headerSize
	if body < overhead {
		return nil, ErrSealed
	}
	chunks := (body + chunkSize + overhead - 1) / (chunkSize + overhead)
	s := &SealedFile{file: f, aead: aead, size: body - chunks*overhead, last: uint64(chunks - 1)}
	if err := s.load(s.last); err != nil { // proves that the file is whole
		return nil, err
	}
	return s, nil
}

// KeyOfFile is the number of the key that sealed a file; 0 for an empty one.
func KeyOfFile(path string) (byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	first := make([]byte, 1)
	if _, err := f.Read(first); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return first[0], nil
}

// ResealFile seals a file with the key in use, unless it is; its age stays. The new one is made under another name first.
// Errors: [ErrSealed] for a file that is damaged, or still being written.
func (v *Vault) ResealFile(path, unfinished string) error {
	if key, err := KeyOfFile(path); err != nil || key == v.current().Number {
		return err
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	opened, err := v.OpenStream(from)
	if err != nil {
		return err
	}
	info, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(v.copySealed(to, opened), to.Close()); err == nil {
		if err = os.Chtimes(unfinished, info.ModTime(), info.ModTime()); err == nil {
			err = os.Rename(unfinished, path)
		}
	}
	if err != nil {
		_ = os.Remove(unfinished)
	}
	return err
}

func (v *Vault) copySealed(to *os.File, from *SealedFile) error {
	w, err := v.SealStream(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, io.NewSectionReader(from, 0, from.Size())); err != nil {
		return err
	}
	return errors.Join(w.Close(), to.Sync())
}

// Size is the length of the content in bytes.
func (s *SealedFile) Size() int64 { return s.size }

func (s *SealedFile) load(chunk uint64) error {
	if s.plain != nil && s.number == chunk {
		return nil
	}
	if s.sealed == nil {
		s.sealed = make([]byte, chunkSize+overhead)
	}
	n, err := s.file.ReadAt(s.sealed, headerSize+int64(chunk)*(chunkSize+overhead))
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("vault: %w", err)
	}
	plain, err := s.aead.Open(s.plain[:0], chunkNonce(chunk, chunk == s.last), s.sealed[:n], nil)
	if err != nil {
		s.plain = nil
		return ErrSealed
	}
	s.plain, s.number = plain, chunk
	return nil
}

// ReadAt implements io.ReaderAt, for one caller at a time.
func (s *SealedFile) ReadAt(p []byte, offset int64) (int, error) {
	read := 0
	for read < len(p) {
		at := offset + int64(read)
		if at >= s.size {
			return read, io.EOF
		}
		if err := s.load(uint64(at / chunkSize)); err != nil {
			return read, err
		}
		read += copy(p[read:], s.plain[at%chunkSize:])
	}
	return read, nil
}
