package vault

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"sync"
	"time"
)

// LookUp is a key of the index. Each but the first wraps the value that the one before gives, so that whatever is stored moves to
// a newer key without anybody knowing what it was made of: codes that stand on paper alone, too. All of them make a value
// together, so that none leaves the key file; who knows the older ones alone looks nothing up.
type LookUp struct {
	Number byte // with which its values begin, but those of the first, which begin with no number
	Suite  Suite
	From   time.Time // the zero time for the first
	Alone  bool      // no value of an earlier key is stored any more, nor asked for

	key  []byte
	macs *sync.Pool // keyed hash.Hash
}

const (
	indexSize   = 16 // of the first key's values; every other's have its number before them
	wrapPurpose = "index"
)

func newLookUp(number byte, suite Suite, key []byte, from time.Time, alone bool) *LookUp {
	return &LookUp{number, suite, from, alone, key, &sync.Pool{New: func() any { return hmac.New(suite.hash(), key) }}}
}

func (l *LookUp) authenticate(purpose string, data []byte) []byte {
	mac := l.macs.Get().(hash.Hash)
	defer l.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write(data)
	return mac.Sum(make([]byte, 0, sha256.Size))
}

// wrap makes this key's value from one of the key before.
func (l *LookUp) wrap(index []byte) []byte {
	wrapped := make([]byte, 1, 1+sha256.Size)
	wrapped[0] = l.Number
	return append(wrapped, l.authenticate(wrapPurpose, index)...)[:1+indexSize]
}

// IndexKey is the number of the key of a stored index; 0 for what is none.
func IndexKey(index []byte) byte {
	switch {
	case len(index) == indexSize:
		return 1
	case len(index) == 1+indexSize && index[0] > 1:
		return index[0]
	}
	return 0
}

// IndexSize is how long the values of a key are.
func IndexSize(number byte) int {
	if number == 1 {
		return indexSize
	}
	return 1 + indexSize
}

// renew wraps an index until it is one of the key with the number.
func (r *ring) renew(index []byte, number byte) []byte {
	key := IndexKey(index)
	if key == 0 {
		return index
	}
	for _, l := range r.lookUps {
		if l.Number > key && l.Number <= number {
			index = l.wrap(index)
		}
	}
	return index
}

// newest is the last key of the index, whether its time has come or not.
func (r *ring) newest() *LookUp { return r.lookUps[len(r.lookUps)-1] }

// Index is what a value is looked up by: 16 bytes, or 17 since the key was changed, that say nothing of the value to whoever
// lacks the keys. The caller brings the value into its canonical form first, asks for it as [Vault.Asked] says, and has package
// lookup say how it is written.
func (v *Vault) Index(purpose, value string) []byte {
	r := v.keys.Load()
	index := r.lookUps[0].authenticate(purpose, []byte(value))[:indexSize]
	if r.alone > 1 {
		index = r.renew(index, r.alone)
	}
	return index
}

// Asked are the two values that an index may be stored as while the key of the index is changed: the newest key's, and its
// own. They are one and the same otherwise. Both are asked for as soon as a key stands in the key file, before anybody writes
// with it, until the one before is retired.
func (v *Vault) Asked(index []byte) (now, before []byte) {
	if !v.Moves(index) {
		return index, index
	}
	r := v.keys.Load()
	return r.renew(index, r.newest().Number), index
}

// Moves tells that an index may be stored as two values now: the key of the index is being changed.
func (v *Vault) Moves(index []byte) bool {
	key := IndexKey(index)
	return key > 0 && key < v.keys.Load().newest().Number
}

// Alone is the number of the key of the index whose values are the oldest that are asked for.
func (v *Vault) Alone() byte { return v.keys.Load().alone }

// LookUps are the keys of the index, the oldest first.
func (v *Vault) LookUps() (all []LookUp) {
	for _, l := range v.keys.Load().lookUps {
		all = append(all, *l)
	}
	return all
}

// Authenticate is a code that nobody makes for other data who lacks the keys: 32 bytes of the first key of the index, or the
// number of a later one and 32 bytes, from its time on.
func (v *Vault) Authenticate(purpose string, data []byte) []byte {
	r, now := v.keys.Load(), time.Time{}
	if len(r.lookUps) > 1 {
		now = time.Now()
	}
	return r.lookUpAt(now).code(purpose, data)
}

// Authentic reports whether a code is that of the data, by whichever key made it; none that was out of use at the time that
// the data is known to be later than.
func (v *Vault) Authentic(purpose string, data, code []byte, after time.Time) bool {
	r := v.keys.Load()
	for _, l := range r.lookUps[slices.Index(r.lookUps, r.lookUpAt(after)):] {
		if hmac.Equal(code, l.code(purpose, data)) {
			return true
		}
	}
	return false
}

func (r *ring) lookUpAt(t time.Time) *LookUp {
	for _, l := range slices.Backward(r.lookUps) {
		if !l.From.After(t) {
			return l
		}
	}
	return r.lookUps[0]
}

func (l *LookUp) code(purpose string, data []byte) []byte {
	if l.Number == 1 {
		return l.authenticate(purpose, data)
	}
	return append([]byte{l.Number}, l.authenticate(purpose, data)...)
}

// AddLookUp adds a key of the index to the key file, to be used from a time on, and answers its number. There is none to add
// while values of the one before the last may be stored.
func AddLookUp(path string, suite Suite, from time.Time) (number byte, err error) {
	err = changeFile(path, func(keys *ring) (*ring, error) {
		newest := keys.newest()
		switch {
		case newest.Number > 1 && !newest.Alone:
			return nil, fmt.Errorf("look-up key %d is not retired yet", newest.Number-1)
		case newest.Number == 255:
			return nil, fmt.Errorf("there is no number left for another key")
		}
		number = newest.Number + 1
		return keys.withLookUps(append(slices.Clone(keys.lookUps), newLookUp(number, suite, newSecret(), from.UTC().Truncate(time.Second), false))), nil
	})
	return number, err
}

// SettleLookUp has nobody ask any more for values of the keys before the newest. Its caller has made sure that none is stored.
func SettleLookUp(path string) error {
	return changeFile(path, func(keys *ring) (*ring, error) {
		newest := keys.newest()
		switch {
		case newest.Number == 1 || newest.Alone:
			return nil, fmt.Errorf("look-up key %d is the only one that is asked for", newest.Number)
		case newest.From.After(time.Now()):
			return nil, fmt.Errorf("look-up key %d waits for its time: %s", newest.Number, newest.From.Format(time.RFC3339))
		}
		all := slices.Clone(keys.lookUps)
		all[len(all)-1] = newLookUp(newest.Number, newest.Suite, newest.key, newest.From, true)
		return keys.withLookUps(all), nil
	})
}

func (r *ring) withLookUps(all []*LookUp) *ring { return &ring{all, aloneOf(all), r.generations} }

// aloneOf is the number of the key whose values are the oldest that are asked for.
func aloneOf(all []*LookUp) byte {
	for _, l := range slices.Backward(all) {
		if l.Alone {
			return l.Number
		}
	}
	return 1
}

// goesOn tells that a ring has the keys of the index that another has, and perhaps more.
func (r *ring) goesOn(from *ring) bool {
	if len(r.lookUps) < len(from.lookUps) {
		return false
	}
	for i, l := range from.lookUps {
		if !hmac.Equal(l.key, r.lookUps[i].key) {
			return false
		}
	}
	return true
}

const aloneMark = "alone"

// encodeLookUps writes a line for each key: lookup SUITE KEY for the first, as before there were several, and lookup NUMBER
// SUITE KEY TIME for each other, with a mark once its values are the only ones.
func (r *ring) encodeLookUps(b *bytes.Buffer) {
	for _, l := range r.lookUps {
		key := base64.StdEncoding.EncodeToString(l.key)
		if l.Number == 1 {
			fmt.Fprintf(b, "lookup %s %s\n", l.Suite, key)
			continue
		}
		fmt.Fprintf(b, "lookup %d %s %s %s", l.Number, l.Suite, key, l.From.Format(time.RFC3339))
		if l.Alone {
			b.WriteString(" " + aloneMark)
		}
		b.WriteByte('\n')
	}
}

// decodeLookUp reads what follows the word lookup in a line.
func (r *ring) decodeLookUp(fields []string) error {
	number, from, alone := byte(1), time.Time{}, false
	if len(r.lookUps) > 0 {
		number = r.newest().Number + 1
		if len(fields) == 5 && fields[4] == aloneMark {
			fields, alone = fields[:4], true
		}
		if len(fields) != 4 || fields[0] != strconv.Itoa(int(number)) {
			return errNoKeyFile
		}
		var err error
		if from, err = time.Parse(time.RFC3339, fields[3]); err != nil {
			return errNoKeyFile
		}
		fields = fields[1:3]
	}
	if len(fields) != 2 || !slices.Contains(Suites, Suite(fields[0])) {
		return errNoKeyFile
	}
	key, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(key) != secretSize {
		return errNoKeyFile
	}
	r.lookUps = append(r.lookUps, newLookUp(number, Suite(fields[0]), key, from, alone))
	return nil
}
