package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/server"
	"caotang/internal/sms"
	"caotang/internal/vault"
)

// Found is an account as an administrator of its scope sees it.
type Found struct {
	ID             string        `json:"id"`
	MaskedUsername string        `json:"masked_username"`
	MaskedPhone    *string       `json:"masked_phone"`
	Role           string        `json:"role" enum:"teacher,student,parent,public"`
	CreatedAt      time.Time     `json:"created_at"`
	SecondFactor   bool          `json:"second_factor" doc:"It signs in in two steps"`
	Binding        *FoundBinding `json:"binding" doc:"Null for an account that is not verified"`
	Freeze         *Freeze       `json:"freeze" doc:"Null for an account that is not frozen"`
	Children       []FoundChild  `json:"children" doc:"Whose guardian it is, of those in the reader's scope"`
}

// FoundChild is a pupil whose guardian the account is.
type FoundChild struct {
	ID       string      `json:"id" doc:"Of the link between the two"`
	Name     string      `json:"name"`
	Guardian string      `json:"guardian_name,omitempty" doc:"What the account's owner is called, as they told it"`
	Relation string      `json:"relation,omitempty" enum:"father,mother,other"`
	School   FoundSchool `json:"school"`
}

// FoundBinding is whom the account is bound to.
type FoundBinding struct {
	ID             string      `json:"id"`
	Kind           string      `json:"kind" enum:"teacher,student,parent"`
	Name           string      `json:"name"`
	School         FoundSchool `json:"school"`
	MaskedIDNumber string      `json:"masked_id_number"`
	BoundAt        time.Time   `json:"bound_at"`
}

// FoundSchool is the school where they are.
type FoundSchool struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Search says which accounts to list: those that fit everything that is given. All but the cursor are compared whole.
type Search struct {
	IDNumber string // of whom the account is bound to, or of a child whose guardian it is
	Name     string // likewise
	Username string // whatever its case
	Phone    string
	Frozen   bool // only those that are frozen
	Limit    int
	Cursor   string
}

// Search lists accounts of the actor's scope, by age, and everybody of a city, a county or a school by school and age (F-24). A search by ID
// number is recorded.
func (s *Service) Search(ctx context.Context, search Search) (server.Page[Found], error) {
	var none server.Page[Found]
	everybody := search.IDNumber+search.Name+search.Username+search.Phone == "" && !search.Frozen
	q, err := s.newSearch(ctx, !everybody)
	if err != nil {
		return none, err
	}
	if err := s.narrow(q, search); err != nil {
		return none, err
	}
	if everybody && q.join == "JOIN" {
		return s.bySchool(ctx, search)
	}
	if search.Cursor != "" {
		q.where("a.id > $%d", search.Cursor)
	}
	items, err := s.find(ctx, q, search.Limit+1)
	if err != nil {
		return none, err
	}
	if search.IDNumber != "" {
		if err := s.recordSearch(ctx, search.IDNumber, items); err != nil {
			return none, err
		}
	}
	return server.NewPage(items, search.Limit, func(f Found) string { return f.ID }), nil
}

// schoolsAtOnce is how many schools are looked up at a time.
const schoolsAtOnce = 50

// bySchool lists everybody of a scope below the province school by school: sorting all of a city for each page would cost what
// the city does.
func (s *Service) bySchool(ctx context.Context, search Search) (server.Page[Found], error) {
	return server.Grouped[Found]{
		AtOnce: schoolsAtOnce,
		Groups: func(at server.Bookmark) ([]server.Bookmark, error) {
			condition, args := access.ActorFrom(ctx).Reach(access.AccountsManage).SQL("s.region", "s.id", 3)
			return db.Collect(ctx, s.db, `SELECT s.id FROM schools s WHERE (s.id > $1 OR s.id = $1 AND $2 <> '') AND `+condition+`
				AND EXISTS (SELECT 1 FROM bindings b WHERE b.school_id = s.id) ORDER BY s.id`+fmt.Sprintf(" LIMIT %d", schoolsAtOnce),
				append([]any{at.ID, at.Item}, args...), func(b *server.Bookmark) []any { return []any{&b.ID} })
		},
		Items: func(at server.Bookmark, limit int) ([]Found, error) {
			q, err := s.newSearch(ctx, false)
			if err != nil {
				return nil, err
			}
			q.where("b.school_id = $%d AND a.id > $%d", at.ID, at.Item)
			return s.find(ctx, q, limit+1)
		},
		At: func(f Found) server.Bookmark { return server.Bookmark{ID: f.Binding.School.ID, Item: f.ID} },
	}.Page(search.Cursor, search.Limit)
}

// one gives one account of the actor's scope, or not_found.
func (s *Service) one(ctx context.Context, accountID string) (Found, error) {
	q, err := s.newSearch(ctx, true)
	if err != nil {
		return Found{}, err
	}
	q.where("a.id = $%d", accountID)
	items, err := s.find(ctx, q, 1)
	if err == nil && len(items) == 0 {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return Found{}, err
	}
	return items[0], nil
}

// query is a search being put together.
type query struct {
	join       string
	conditions []string
	args       []any
}

func (q *query) where(condition string, args ...any) {
	numbers := make([]any, len(args))
	for i := range args {
		numbers[i] = len(q.args) + i + 1
	}
	q.conditions = append(q.conditions, fmt.Sprintf(condition, numbers...))
	q.args = append(q.args, args...)
}

// whose narrows to the accounts of people whom a condition finds, and of their guardians. From the person to the account: the database
// would else go through all accounts, in the order of the answer.
func (q *query) whose(table, entry, condition string, args ...any) {
	by := func(links string) string {
		return "SELECT h.account_id FROM " + table + " JOIN " + links + " h ON h.entry_id = " + entry + " WHERE " + condition
	}
	q.where("a.id IN ("+by("bindings")+" UNION "+by("guardian_links")+")", slices.Concat(args, args)...)
}

// newSearch begins with the actor's scope. Accounts without a binding lie in the province at large; whoever does not
// reach them gets inner joins, which let the database begin with the school. A search for few finds those too who are nobody in the
// registry: guardians, all of whose children the actor reaches, and administrators, who lie where they administer.
func (s *Service) newSearch(ctx context.Context, few bool) (*query, error) {
	actor := access.ActorFrom(ctx)
	reach := actor.Reach(access.AccountsManage)
	if reach.Empty() {
		return nil, fault.ErrForbidden.New()
	}
	var province string
	if err := s.db.QueryRow(ctx, `SELECT coalesce(`+provinceSQL+`, '')`).Scan(&province); err != nil {
		return nil, err
	}
	condition, args := reach.SQL("s.region", "e.school_id", 1)
	q := &query{join: "JOIN", args: args}
	if actor.Can(access.AccountsManage, access.Place{Region: province}) {
		q.join = "LEFT JOIN"
		condition = "(b.id IS NULL OR " + condition + ")"
	} else if few {
		children := `SELECT 1 FROM guardian_links l JOIN registry_entries c ON c.id = l.entry_id JOIN schools cs ON cs.id = c.school_id WHERE l.account_id = a.id`
		reached, more := reach.SQL("cs.region", "cs.id", len(q.args)+1)
		q.args = append(q.args, more...)
		granted, more := reach.SQL("coalesce(gs.region, g.scope_id)", "gs.id", len(q.args)+1)
		q.join, q.args = "LEFT JOIN", append(q.args, more...)
		condition = "(" + condition + ` OR b.id IS NULL AND (EXISTS (SELECT 1 FROM grants g
			LEFT JOIN schools gs ON g.level = 'school' AND gs.id = g.scope_id WHERE g.account_id = a.id AND ` + granted + `)
			OR EXISTS (` + children + `) AND NOT EXISTS (` + children + " AND NOT " + reached + ")))"
	}
	q.conditions = []string{condition, "a.closed_at IS NULL"}
	return q, nil
}

// narrow adds what was asked for, or says which part of it cannot be.
func (s *Service) narrow(q *query, search Search) error {
	if search.IDNumber != "" {
		indexes, err := s.documentIndexes(search.IDNumber)
		if err != nil {
			return err
		}
		q.whose("documents n", "n.entry_id", "n.document_index IN ("+strings.TrimSuffix(strings.Repeat("$%d, ", len(indexes)), ", ")+")", indexes...)
	}
	if search.Name != "" {
		q.whose("registry_entries n", "n.id", "n.name_key = $%d", identity.CompareKey(search.Name))
	}
	if search.Username != "" {
		username := strings.TrimSpace(search.Username)
		q.where("a.id IN (SELECT l.account_id FROM logins l WHERE l.login_key IN ($%d, $%d))", usernameKey(username), exactKey(username))
	}
	if search.Phone != "" {
		phone, err := sms.ParsePhone("phone", search.Phone)
		if err != nil {
			return err
		}
		now, before := s.phoneKeys(phone)
		q.where("a.id IN (SELECT l.account_id FROM logins l WHERE l.login_key IN ($%d, $%d))", now, before)
	}
	if search.Frozen {
		q.where("a.id IN (SELECT z.account_id FROM freezes z)")
	}
	return nil
}

// documentIndexes gives what the number may be indexed by: it does not say which document it stands on. A number of 18
// digits that is mistyped is told, rather than looked for as some other document's.
func (s *Service) documentIndexes(number string) ([]any, error) {
	_, problem := identity.ParseOn(identity.ResidentID, number, s.now())
	mistyped := problem != nil && slices.Contains([]string{identity.CodeIDChecksum, identity.CodeIDDate, identity.CodeIDFutureDate}, problem.Code)
	var keys []string
	for _, t := range identity.Types() {
		if n, problem := identity.ParseOn(t, number, s.now()); problem == nil && !slices.Contains(keys, n.Key()) {
			keys = append(keys, n.Key())
		}
	}
	if mistyped || len(keys) == 0 {
		return nil, fault.ErrInvalid.New(fault.FieldWith("id_number", problem.Code, problem.Args))
	}
	var indexes []any
	for _, key := range keys {
		now, before := s.vault.Asked(s.vault.Index("id_number", key))
		indexes = append(indexes, now, before)
	}
	return indexes, nil
}

func (s *Service) find(ctx context.Context, q *query, limit int) ([]Found, error) {
	rows, err := s.db.Query(ctx, fmt.Sprintf(`SELECT a.id, a.username, a.phone_sealed, a.role, a.created_at, a.factors,
			b.id, b.kind, b.bound_at, e.name, e.id_number_sealed, s.id, s.name, f.account_id IS NOT NULL
		FROM accounts a LEFT JOIN freezes f ON f.account_id = a.id %[1]s bindings b ON b.account_id = a.id %[1]s registry_entries e ON e.id = b.entry_id
		%[1]s schools s ON s.id = e.school_id WHERE %[2]s ORDER BY a.id LIMIT %[3]d`,
		q.join, strings.Join(q.conditions, " AND "), limit), q.args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var items []Found
	var frozen []int
	for rows.Next() {
		var f Found
		var username, factors string
		var isFrozen bool
		var phone, number []byte
		var created db.Time
		var bound db.NullTime
		var binding struct{ id, kind, name, school, schoolName *string }
		if err := rows.Scan(&f.ID, &username, &phone, &f.Role, &created, &factors, &binding.id, &binding.kind, &bound,
			&binding.name, &number, &binding.school, &binding.schoolName, &isFrozen); err != nil {
			return nil, err
		}
		f.MaskedUsername, f.CreatedAt = vault.MaskUsername(username), created.Time
		f.SecondFactor = factors != ""
		if phone != nil {
			plain, err := s.vault.Open(phonePurpose, phone)
			if err != nil {
				return nil, err
			}
			f.MaskedPhone = masked(plain)
		}
		if binding.id != nil {
			plain, err := s.vault.Open("id_number", number)
			if err != nil {
				return nil, err
			}
			f.Binding = &FoundBinding{
				ID: *binding.id, Kind: *binding.kind, Name: *binding.name, School: FoundSchool{*binding.school, *binding.schoolName},
				MaskedIDNumber: vault.MaskIDNumber(plain), BoundAt: bound.Time.Time,
			}
		}
		if isFrozen {
			frozen = append(frozen, len(items))
		}
		items = append(items, f)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, at := range frozen { // they are few
		if items[at].Freeze, err = s.FreezeOf(ctx, s.db, items[at].ID); err != nil {
			return nil, err
		}
	}
	return items, s.addChildren(ctx, items)
}

// addChildren says whose guardians the accounts are, as far as the actor's scope reaches.
func (s *Service) addChildren(ctx context.Context, items []Found) error {
	if len(items) == 0 {
		return nil
	}
	condition, args := access.ActorFrom(ctx).Reach(access.AccountsManage).SQL("s.region", "s.id", 1)
	at, places := map[string]int{}, make([]string, len(items))
	for i := range items {
		items[i].Children = []FoundChild{}
		args = append(args, items[i].ID)
		at[items[i].ID], places[i] = i, fmt.Sprintf("$%d", len(args))
	}
	type row struct {
		FoundChild
		account string
	}
	rows, err := db.Collect(ctx, s.db, `SELECT l.id, l.account_id, e.name, coalesce(g.guardian_name, ''), coalesce(g.relation, ''), s.id, s.name FROM guardian_links l
		JOIN registry_entries e ON e.id = l.entry_id JOIN schools s ON s.id = e.school_id LEFT JOIN guardian_requests g ON g.id = l.id
		WHERE l.account_id IN (`+strings.Join(places, ", ")+`) AND `+condition+` ORDER BY l.id`, args, func(r *row) []any {
		return []any{&r.ID, &r.account, &r.Name, &r.Guardian, &r.Relation, &r.School.ID, &r.School.Name}
	})
	for _, r := range rows {
		items[at[r.account]].Children = append(items[at[r.account]].Children, r.FoundChild)
	}
	return err
}

// recordSearch records that somebody looked for an ID number, where the account lies that was found; where none was, in
// the seeker's own scope.
func (s *Service) recordSearch(ctx context.Context, number string, found []Found) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		event := audit.Event{
			Action:  "account.search_id_number",
			Details: map[string]any{"masked_id_number": vault.MaskIDNumber(identity.Fold(number)), "found": len(found)},
		}
		if len(found) > 0 {
			return s.record(ctx, tx, found[0].ID, event)
		}
		event.Target = "account"
		grant := access.ActorFrom(ctx).Grants[0]
		event.Place = access.Place{Region: grant.ScopeID}
		if grant.Level == access.School {
			event.Place = access.Place{School: grant.ScopeID}
			if err := tx.QueryRow(ctx, `SELECT region FROM schools WHERE id = $1`, grant.ScopeID).Scan(&event.Place.Region); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, event)
	})
}
