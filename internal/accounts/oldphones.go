package accounts

import (
	"cmp"
	"errors"
	"hash/maphash"
	"io"
	"slices"
	"strconv"
)

// sharedPhones are the phones of a file that stand on more than one account. They are found before anything is written,
// so that none of these accounts gets one, in whatever order they come: sixteen bytes a row, for as long as it takes.
type sharedPhones map[string]struct{}

func (s sharedPhones) has(phone string) bool {
	_, shared := s[phone]
	return shared
}

// phoneUse is a phone and the account that it stands on. The same account twice is one account.
type phoneUse struct{ phone, account uint64 }

func findShared(t *oldTable) (sharedPhones, error) {
	var uses []phoneUse
	seed := maphash.MakeSeed()
	for {
		row, err := t.rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		phone, _ := t.phone(row.Cells)
		username := t.username(row.Cells)
		if phone == "" || username == "" {
			continue
		}
		n, err := strconv.ParseUint(phone, 10, 64)
		if err != nil {
			return nil, err // eleven digits: cannot be
		}
		uses = append(uses, phoneUse{n, maphash.String(seed, username)})
	}
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
