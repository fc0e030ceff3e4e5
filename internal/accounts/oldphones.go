package accounts

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"slices"
	"strconv"
)

// sharedPhones are the phones of a file that stand on more than one account. They are found before anything is written,
// so that none of these accounts gets one, in whatever order they come: 20 bytes a row, for as long as it takes.
type sharedPhones map[string]struct{}

func (s sharedPhones) has(phone string) bool {
	_, shared := s[phone]
	return shared
}

// phoneUse is a phone and the account that it stands on. The same account twice is one account.
type phoneUse struct{ phone, account uint64 }

// survey reads the whole table: which phones are shared, and which usernames come twice, which known is told.
func (t *oldTable) survey(known *knownKeys) (sharedPhones, error) {
	var uses []phoneUse
	var names []uint32
	for {
		row, err := t.rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		username := t.username(row.Cells)
		if username == "" {
			continue
		}
		names = append(names, known.short(usernameKey(username)))
		phone, _ := t.phone(row.Cells)
		if phone == "" {
			continue
		}
		n, err := strconv.ParseUint(phone, 10, 64)
		if err != nil {
			return nil, err // eleven digits: cannot be
		}
		uses = append(uses, phoneUse{n, known.hash(username)})
	}
	known.addTwice(names)
	slices.SortFunc(uses, func(a, b phoneUse) int {
		return cmp.Or(cmp.Compare(a.phone, b.phone), cmp.Compare(a.account, b.account))
	})
	shared := sharedPhones{}
	for i := 1; i < len(uses); i++ {
		if uses[i].phone == uses[i-1].phone && uses[i].account != uses[i-1].account {
			shared[strconv.FormatUint(uses[i].phone, 10)] = struct{}{}
		}
	}
	return shared, nil
}

// knownKeys tells which keys of logins must be asked for, because an account had them when the import began, or because
// they come twice in the file. All others are free, unless somebody takes one meanwhile, which the unique key reports.
type knownKeys struct {
	seed   maphash.Seed
	hashes []uint32 // in order
	all    bool     // there are too many to remember
}

// mostKnownKeys takes 64 MB.
const mostKnownKeys = 16_000_000

func (s *Service) knownKeys(ctx context.Context) (*knownKeys, error) {
	known := &knownKeys{seed: maphash.MakeSeed()}
	rows, err := s.db.Query(ctx, `SELECT login_key FROM logins LIMIT $1`, mostKnownKeys)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		known.hashes = append(known.hashes, known.short(key))
	}
	slices.Sort(known.hashes)
	known.all = len(known.hashes) == mostKnownKeys
	return known, rows.Err()
}

func (k *knownKeys) hash(key string) uint64 { return maphash.String(k.seed, key) }

// short is enough of a hash: who has the same as another is asked for without need.
func (k *knownKeys) short(key string) uint32 { return uint32(k.hash(key)) }

func (k *knownKeys) has(key string) bool {
	if k.all || len(k.hashes) == 0 {
		return k.all
	}
	_, known := slices.BinarySearch(k.hashes, k.short(key))
	return known
}

// addTwice adds those hashes that come more than once.
func (k *knownKeys) addTwice(hashes []uint32) {
	slices.Sort(hashes)
	for i := 1; i < len(hashes); i++ {
		if hashes[i] == hashes[i-1] {
			k.hashes = append(k.hashes, hashes[i])
		}
	}
	slices.Sort(k.hashes)
}
