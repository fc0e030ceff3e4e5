package vault

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	secretSize = 32
	// A first line that begins so is the whole of a file of before there were several keys: one secret, from which the keys
	// of both purposes are derived.
	singleKeyHeader = "caotang-key-1 "
	keyFileHeader   = "caotang-keys-2"
)

// OpenFile reads the key file. When it is missing and create is true, it makes one that only its owner can read.
func OpenFile(path string, create bool) (*Vault, error) {
	keys, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		if err := CreateFile(path, AES); err != nil {
			return nil, err
		}
		keys, err = readFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	v := open(keys)
	v.path = path
	return v, nil
}

// CreateFile makes a key file of a suite; there must be none yet.
func CreateFile(path string, suite Suite) error {
	secret := newSecret()
	keys, err := single(suite, secret)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := writeNew(path, keys.encode()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}

// AddKey adds a key of the suite to the key file, for all that is sealed from a time on, and answers its number.
func AddKey(path string, suite Suite, from time.Time) (number byte, err error) {
	err = changeFile(path, func(keys *ring) (*ring, error) {
		if newest := keys.generations[len(keys.generations)-1]; newest.From.After(time.Now()) {
			return nil, fmt.Errorf("key %d waits for its time: %s", newest.Number, newest.From.Format(time.RFC3339))
		}
		if keys, err = keys.with(suite, from.UTC().Truncate(time.Second)); err == nil {
			number = keys.generations[len(keys.generations)-1].Number
		}
		return keys, err
	})
	return number, err
}

// DropKey takes a key out of the key file. What it sealed is lost then, so that its caller has made sure that there is
// nothing. The key in use stays.
func DropKey(path string, number byte) error {
	return changeFile(path, func(keys *ring) (*ring, error) {
		if keys.find(number) == nil {
			return nil, fmt.Errorf("there is no key %d", number)
		}
		if now := time.Now(); keys.current(now).Number <= number {
			return nil, fmt.Errorf("key %d is in use", number)
		}
		return keys.without(number), nil
	})
}

// changeFile replaces the file whole. The new one, which nobody else can make meanwhile, is on disk before it takes the
// old one's place.
func changeFile(path string, change func(*ring) (*ring, error)) error {
	next := path + ".new"
	if _, err := os.Stat(next); err == nil {
		return fmt.Errorf("key file: %s is there: another change is under way, or one was cut off; remove it then", next)
	}
	keys, err := readFile(path)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if keys, err = change(keys); err != nil {
		return err
	}
	if err := writeNew(next, keys.encode()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := errors.Join(os.Rename(next, path), syncFolder(filepath.Dir(path))); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}

// writeNew writes a file that is not there yet. Data sealed with a key that a power cut loses would be lost with it.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		_ = f.Close()
		return err
	}
	return errors.Join(f.Sync(), f.Close(), syncFolder(filepath.Dir(path)))
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

var errNoKeyFile = errors.New("not a key file of Caotang, or a damaged one")

func readFile(path string) (*ring, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	keys, err := decode(string(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// encode writes a line for each key: those of the index, and seal NUMBER SUITE SECRET TIME, where the first has no time.
func (r *ring) encode() []byte {
	var b bytes.Buffer
	b.WriteString(keyFileHeader + "\n")
	r.encodeLookUps(&b)
	for _, g := range r.generations {
		fmt.Fprintf(&b, "seal %d %s %s", g.Number, g.Suite, base64.StdEncoding.EncodeToString(g.secret))
		if !g.From.IsZero() {
			fmt.Fprintf(&b, " %s", g.From.Format(time.RFC3339))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func decode(content string) (*ring, error) {
	lines := strings.Split(strings.TrimSpace(content), "\n")
	if encoded, is := strings.CutPrefix(lines[0], singleKeyHeader); is && len(lines) == 1 {
		secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil {
			return nil, errNoKeyFile
		}
		return single(AES, secret)
	}
	if strings.TrimSpace(lines[0]) != keyFileHeader {
		return nil, errNoKeyFile
	}
	keys := &ring{}
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		if err := keys.decodeLine(fields); err != nil {
			return nil, err
		}
	}
	if len(keys.lookUps) == 0 || len(keys.generations) == 0 {
		return nil, errNoKeyFile
	}
	keys.alone = aloneOf(keys.lookUps)
	return keys, nil
}

func (r *ring) decodeLine(fields []string) error {
	switch {
	case len(fields) > 0 && fields[0] == "lookup":
		return r.decodeLookUp(fields[1:])
	case len(fields) >= 4 && len(fields) <= 5 && fields[0] == "seal":
		number, err := strconv.ParseUint(fields[1], 10, 8)
		if err != nil || number == 0 || !slices.Contains(Suites, Suite(fields[2])) {
			return errNoKeyFile
		}
		if n := len(r.generations); n > 0 && r.generations[n-1].Number >= byte(number) {
			return errNoKeyFile
		}
		secret, err := base64.StdEncoding.DecodeString(fields[3])
		if err != nil {
			return errNoKeyFile
		}
		var from time.Time
		if len(fields) == 5 {
			if from, err = time.Parse(time.RFC3339, fields[4]); err != nil {
				return errNoKeyFile
			}
		}
		g, err := newGeneration(byte(number), Suite(fields[2]), secret, from)
		if err != nil {
			return errNoKeyFile
		}
		r.generations = append(r.generations, g)
		return nil
	}
	return errNoKeyFile
}
