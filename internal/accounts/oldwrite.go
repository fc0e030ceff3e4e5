package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/lookup"
	"caotang/internal/sheet"
)

// oldImport decides a file against the accounts that are here.
type oldImport struct {
	s        *Service
	source   OldAccounts
	limits   sheet.Limits
	shared   sharedPhones
	known    *knownKeys
	now      db.Time
	found    func(Finding) error
	progress func(Imported)

	asking bool // for every key: the part at hand failed for one that was taken for free
	rows   int  // committed
	sum    Imported
}

// mostHolders bounds what a part remembers of accounts that have a key asked for.
const mostHolders = 20_000

// oldPart is what a transaction decides. Its logins are held back to its end, and then written in the order of the index,
// from one end to the other.
type oldPart struct {
	rows     int
	holders  map[string]*holder // of the keys that were asked for
	logins   []login
	findings []Finding
	sum      Imported
}

// login is a row of logins.
type login struct{ key, account string }

// holder is an account that has one of the keys asked for.
type holder struct {
	id, username, hash string
	phone              string
	imported           bool
	evicted            bool
	plain              string // its hash, when the file brought it in this part
}

// commit decides a part and writes it; io.EOF says that it was the last.
func (run *oldImport) commit(ctx context.Context, batches <-chan *oldBatch) error {
	part := &oldPart{holders: map[string]*holder{}}
	b, more := <-batches // before the database is held
	err := run.s.db.InBatch(ctx, func(tx *db.Tx) error {
		for ; ; b, more = <-batches {
			if !more { // the context has ended
				return context.Cause(ctx)
			}
			if err := run.decide(ctx, tx, part, b); err != nil {
				return err
			}
			if b.err != nil || part.rows >= run.source.partRows || len(part.holders) >= mostHolders {
				return run.finish(ctx, tx, part)
			}
		}
	})
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	run.asking = false
	run.rows += part.rows
	run.sum.Taken += part.sum.Taken
	run.sum.Known += part.sum.Known
	run.sum.Rejected += part.sum.Rejected
	run.sum.Cleared += part.sum.Cleared
	run.sum.Done = min(b.read, 1)
	slices.SortStableFunc(part.findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	for _, f := range part.findings {
		if err := run.found(f); err != nil {
			return err
		}
	}
	run.progress(run.sum)
	return b.err
}

// decide says of each row of a batch what comes of it, and writes the accounts, but not yet their logins.
func (run *oldImport) decide(ctx context.Context, tx *db.Tx, part *oldPart, b *oldBatch) error {
	if err := run.claim(ctx, tx, b); err != nil {
		return err
	}
	if err := run.find(ctx, tx, part, b); err != nil {
		return err
	}
	o := &oldOutcome{oldPart: part, accounts: make([][]any, 0, len(b.accounts))}
	for i := range b.accounts {
		run.decideOne(o, &b.accounts[i])
	}
	part.rows += b.rows
	part.findings = append(part.findings, b.findings...)
	part.sum.Rejected += int64(len(b.findings))
	return run.write(ctx, tx, o)
}

// claim says how the phones' keys are written while the key of the index is changed. All are asked for then: what was known when
// the import began was known by other keys.
func (run *oldImport) claim(ctx context.Context, tx *db.Tx, b *oldBatch) error {
	var moving []*oldAccount
	var indexes [][]byte
	for i := range b.accounts {
		if a := &b.accounts[i]; a.phone != "" && run.s.vault.Moves(a.phoneIndex) {
			moving, indexes = append(moving, a), append(indexes, a.phoneIndex)
		}
	}
	if len(moving) == 0 {
		return nil
	}
	run.asking = true
	claimed, err := lookup.ClaimAll(ctx, tx, run.s.vault, lookup.Logins, indexes)
	if err != nil {
		return err
	}
	for i, a := range moving {
		a.phoneKey = phoneKeyOf(claimed[i])
	}
	return nil
}

// oldOutcome is what a batch comes to.
type oldOutcome struct {
	*oldPart
	accounts [][]any
	evicted  []*holder // who lose their phone to nobody
}

func (run *oldImport) decideOne(o *oldOutcome, a *oldAccount) {
	tell := func(code string, rejected bool) { o.findings = append(o.findings, a.finding(code, rejected)) }
	hasPhone, key := a.phone != "", a.key
	if hasPhone && run.shared.has(a.phone) {
		tell("old_phone_shared", false)
		o.sum.Cleared++
		hasPhone = false
	}
	if there := o.holders[key]; there != nil && there.username != a.username {
		key = exactKey(a.username)
	}
	if there := o.holders[key]; there != nil {
		switch code := run.same(there, a); code {
		case "":
			o.sum.Known++
		default:
			tell(code, true)
			o.sum.Rejected++
		}
		return
	}
	if hasPhone {
		if there := o.holders[a.phoneKey]; there != nil {
			code := "old_phone_held"
			if there.imported && isOld(there.hash) {
				code = "old_phone_unproven"
				if !there.evicted {
					there.evicted = true
					o.evicted = append(o.evicted, there)
					o.sum.Cleared++
				}
			}
			tell(code, false)
			o.sum.Cleared++
			hasPhone = false
		}
	}
	for _, code := range a.notes {
		tell(code, false)
	}
	var phone any
	if hasPhone {
		phone = a.sealedPhone
		o.logins = append(o.logins, login{a.phoneKey, a.id})
	}
	created := run.now
	if !a.created.IsZero() {
		created = db.At(a.created)
	}
	o.accounts = append(o.accounts, []any{a.id, a.username, a.sealedHash, a.role, phone, false, created, run.now, run.now})
	o.logins = append(o.logins, login{key, a.id})
	if run.asks(a.key) {
		o.holders[key] = &holder{id: a.id, username: a.username, imported: true, plain: a.hash.plain()}
	}
	o.sum.Taken++
}

// same tells that a row is the account that has its username, or the code of why it is not.
func (run *oldImport) same(there *holder, a *oldAccount) string {
	switch {
	case there.plain != "": // of this very part
		if there.plain == a.hash.plain() {
			return ""
		}
		return "old_username_twice"
	case !there.imported:
		if there.phone != "" && there.phone == a.phone { // the same person has registered
			return ""
		}
		return "username_taken"
	case !isOld(there.hash): // its owner has signed in since
		return ""
	}
	if h, err := openOldHash(run.s.vault, there.hash); err == nil && h.plain() == a.hash.plain() {
		return ""
	}
	return "old_username_twice"
}

func (run *oldImport) write(ctx context.Context, tx *db.Tx, o *oldOutcome) error {
	if err := tx.Insert(ctx, "accounts", []string{
		"id", "username", "password_hash", "role", "phone_sealed", "replace_password", "created_at", "updated_at", "imported_at",
	}, o.accounts); err != nil {
		return err
	}
	for _, h := range o.evicted {
		if err := run.s.dropPhoneLogin(ctx, tx, h.phone, h.id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE accounts SET phone_sealed = NULL, updated_at = $1 WHERE id = $2`, run.now, h.id); err != nil {
			return err
		}
		if err := run.s.record(ctx, tx, h.id, audit.Event{Action: "account.clear_phone", Details: map[string]any{"masked_phone": masked(h.phone)}}); err != nil {
			return err
		}
	}
	return nil
}

// finish writes the logins of a part's accounts, and records what came of it.
func (run *oldImport) finish(ctx context.Context, tx *db.Tx, part *oldPart) error {
	slices.SortFunc(part.logins, func(a, b login) int { return strings.Compare(a.key, b.key) })
	values, rows := make([]any, 0, 2*len(part.logins)), make([][]any, len(part.logins))
	for i, l := range part.logins {
		values = append(values, l.key, l.account)
		rows[i] = values[2*i : 2*i+2 : 2*i+2]
	}
	if err := tx.Insert(ctx, "logins", []string{"login_key", "account_id"}, rows); err != nil {
		return err
	}
	if part.sum.Taken == 0 {
		return nil
	}
	var province string
	if err := tx.QueryRow(ctx, `SELECT coalesce(`+provinceSQL+`, '')`).Scan(&province); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{
		Action: "account.import", Target: "account", Place: access.Place{Region: province},
		Details: map[string]any{"taken": part.sum.Taken, "rejected": part.sum.Rejected, "cleared": part.sum.Cleared},
	})
}

// keysAtOnce is how many keys one query asks for.
const keysAtOnce = 200

// asks tells that a key may be somebody's.
func (run *oldImport) asks(key string) bool { return run.asking || run.known.has(key) }

// find adds who has those keys of a batch that may be somebody's.
func (run *oldImport) find(ctx context.Context, tx *db.Tx, part *oldPart, b *oldBatch) error {
	var keys []string
	for i := range b.accounts {
		a := &b.accounts[i]
		if run.asks(a.key) {
			keys = append(keys, a.key, exactKey(a.username))
		}
		if a.phone != "" && run.asks(a.phoneKey) {
			keys = append(keys, a.phoneKey)
		}
	}
	slices.Sort(keys) // neighbours lie on one page of the index
	byID := map[string]*holder{}
	for some := range slices.Chunk(slices.Compact(keys), keysAtOnce) {
		if err := run.findSome(ctx, tx, some, part.holders, byID); err != nil {
			return err
		}
	}
	return nil
}

func (run *oldImport) findSome(ctx context.Context, tx *db.Tx, keys []string, holders, byID map[string]*holder) (err error) {
	args := make([]any, len(keys))
	for i, key := range keys {
		args[i] = key
	}
	rows, err := tx.Query(ctx, `SELECT l.login_key, a.id, a.username, a.password_hash, a.phone_sealed, a.imported_at IS NOT NULL
		FROM logins l JOIN accounts a ON a.id = l.account_id WHERE l.login_key IN (`+db.Placeholders(len(args))+`)`, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key string
		var h holder
		var phone []byte
		if err := rows.Scan(&key, &h.id, &h.username, &h.hash, &phone, &h.imported); err != nil {
			return err
		}
		if phone != nil {
			if h.phone, err = run.s.vault.Open(phonePurpose, phone); err != nil {
				return err
			}
		}
		if byID[h.id] == nil { // one account, however many of its keys are asked for
			byID[h.id] = &h
		}
		holders[key] = byID[h.id]
	}
	return rows.Err()
}
