package accounts

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
)

// oldImport decides batches against the accounts that are here.
type oldImport struct {
	s        *Service
	shared   sharedPhones
	now      db.Time
	sum      Imported
	trusting bool // takes keys for free without asking: the unique key says otherwise soon enough
}

// oldOutcome is what a batch comes to.
type oldOutcome struct {
	accounts [][]any
	logins   []login
	findings []Finding
	evicted  []*holder // who lose their phone to nobody
	sum      Imported  // of this batch
	met      bool      // something of it was here already
}

// login is a row of logins.
type login struct{ key, account string }

// holder is an account that has one of the keys a batch asks for.
type holder struct {
	id, username, hash string
	phone              string
	imported           bool
	evicted            bool
	row                *oldAccount // in this batch; nil when it is in the database
}

// commit decides a batch and writes it. When a key that was taken for free is not, or somebody takes one meanwhile, it
// decides anew.
func (run *oldImport) commit(ctx context.Context, b *oldBatch) error {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		var o *oldOutcome
		err := run.s.db.InTx(ctx, func(tx *db.Tx) (err error) {
			if o, err = run.decide(ctx, tx, b); err != nil {
				return err
			}
			return run.write(ctx, tx, o)
		})
		if err == nil {
			run.trusting = !o.met
			run.sum.Taken += o.sum.Taken
			run.sum.Known += o.sum.Known
			run.sum.Rejected += o.sum.Rejected + b.rejected
			run.sum.Cleared += o.sum.Cleared
			b.findings = append(b.findings, o.findings...)
			slices.SortStableFunc(b.findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
			return nil
		}
		if !db.IsUnique(err) || attempt == attempts {
			return err
		}
		run.trusting = false
	}
}

func (run *oldImport) decide(ctx context.Context, tx *db.Tx, b *oldBatch) (*oldOutcome, error) {
	holders := map[string]*holder{}
	if !run.trusting {
		var err error
		if holders, err = run.find(ctx, tx, b); err != nil {
			return nil, err
		}
	}
	o := &oldOutcome{met: len(holders) > 0, accounts: make([][]any, 0, len(b.accounts)), logins: make([]login, 0, 2*len(b.accounts))}
	for i := range b.accounts {
		run.decideOne(o, holders, &b.accounts[i])
	}
	// In the order of the index, which is then written from one end to the other.
	slices.SortFunc(o.logins, func(a, b login) int { return strings.Compare(a.key, b.key) })
	return o, nil
}

func (run *oldImport) decideOne(o *oldOutcome, holders map[string]*holder, a *oldAccount) {
	tell := func(code string, rejected bool) { o.findings = append(o.findings, a.finding(code, rejected)) }
	hasPhone, key := a.phone != "", a.key
	if hasPhone && run.shared.has(a.phone) {
		tell("old_phone_shared", false)
		o.sum.Cleared++
		hasPhone = false
	}
	if there := holders[key]; there != nil && there.username != a.username {
		key = exactKey(a.username)
	}
	if there := holders[key]; there != nil {
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
		if there := holders[a.phoneKey]; there != nil {
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
	holders[key] = &holder{id: a.id, username: a.username, imported: true, row: a}
	o.sum.Taken++
}

// same tells that a row is the account that has its username, or the code of why it is not.
func (run *oldImport) same(there *holder, a *oldAccount) string {
	switch {
	case there.row != nil: // of this very batch
		if there.row.hash.plain() == a.hash.plain() {
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
	values, rows := make([]any, 0, 2*len(o.logins)), make([][]any, len(o.logins))
	for i, l := range o.logins {
		values = append(values, l.key, l.account)
		rows[i] = values[2*i : 2*i+2 : 2*i+2]
	}
	if err := tx.Insert(ctx, "logins", []string{"login_key", "account_id"}, rows); err != nil {
		return err
	}
	for _, h := range o.evicted {
		if _, err := tx.Exec(ctx, `DELETE FROM logins WHERE login_key = $1 AND account_id = $2`, run.s.phoneKey(h.phone), h.id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE accounts SET phone_sealed = NULL, updated_at = $1 WHERE id = $2`, run.now, h.id); err != nil {
			return err
		}
		if err := run.s.record(ctx, tx, h.id, audit.Event{Action: "account.clear_phone", Details: map[string]any{"masked_phone": masked(h.phone)}}); err != nil {
			return err
		}
	}
	if o.sum.Taken == 0 {
		return nil
	}
	var province string
	if err := tx.QueryRow(ctx, `SELECT coalesce(`+provinceSQL+`, '')`).Scan(&province); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{
		Action: "account.import", Target: "account", Place: access.Place{Region: province},
		Details: map[string]any{"taken": o.sum.Taken, "rejected": o.sum.Rejected, "cleared": o.sum.Cleared},
	})
}

// keysAtOnce is how many keys one query asks for.
const keysAtOnce = 200

// find answers who has the keys that a batch asks for.
func (run *oldImport) find(ctx context.Context, tx *db.Tx, b *oldBatch) (map[string]*holder, error) {
	keys := make([]string, 0, 3*len(b.accounts))
	for i := range b.accounts {
		a := &b.accounts[i]
		keys = append(keys, a.key, exactKey(a.username))
		if a.phone != "" {
			keys = append(keys, a.phoneKey)
		}
	}
	slices.Sort(keys) // neighbours lie on one page of the index
	holders, byID := map[string]*holder{}, map[string]*holder{}
	for part := range slices.Chunk(slices.Compact(keys), keysAtOnce) {
		if err := run.findSome(ctx, tx, part, holders, byID); err != nil {
			return nil, err
		}
	}
	return holders, nil
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
