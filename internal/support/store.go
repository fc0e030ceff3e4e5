package support

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

var rowSelect = `SELECT t.id, t.kind, t.state, t.sealed, t.answer, t.canned, t.word, t.word_at, t.created_at, t.answered_at, t.level, ` + scopeSQL("t.level") + `, t.due_at, t.escalated_at,
	coalesce(t.taken_by, ''), coalesce(k.username, ''), t.taken_at, s.id, s.name, ` + regionSQL + `, a.id, a.username, a.phone_sealed,
	w.ticket_id IS NOT NULL, coalesce(w.held, false), coalesce(t.holder_id, ''), t.kept_at, t.kept_sealed, t.sides_sealed, coalesce(t.appeals, ''),
	EXISTS (SELECT 1 FROM tickets x WHERE x.appeals = t.id), t.answered_level, ` + scopeSQL("t.answered_level") + `
	FROM tickets t LEFT JOIN schools s ON s.id = t.school_id JOIN accounts a ON a.id = t.account_id LEFT JOIN waiting_claims w ON w.ticket_id = t.id
	LEFT JOIN accounts k ON k.id = t.taken_by`

// regionSQL is where a ticket lies: an appeal above those who decided, others at their school, else in the province at large.
const (
	regionSQL   = `coalesce(t.region, s.region, ` + provinceSQL + `, '')`
	provinceSQL = `(SELECT min(r.code) FROM regions r WHERE r.parent IS NULL)`
)

// scopeSQL is the name of the school or division of a level whose ticket it is.
func scopeSQL(level string) string {
	return `coalesce(CASE ` + level + ` WHEN '' THEN '' WHEN 'school' THEN s.name ELSE (SELECT r.name FROM regions r WHERE r.code = CASE ` + level + `
		WHEN 'county' THEN s.region WHEN 'city' THEN substr(s.region, 1, 4) || '00' ELSE ` + provinceSQL + ` END) END, '')`
}

// rows reads tickets, their summaries in the reader's language.
func (s *Service) rows(ctx context.Context, q db.Querier, tail string, args ...any) ([]row, error) {
	found, err := q.Query(ctx, rowSelect+tail, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	language := access.ClientFrom(ctx).Language
	var all []row
	for found.Next() {
		var r row
		var sealed []byte
		var answer, canned, word string
		var waiting Waiting
		var createdAt, dueAt db.Time
		var answeredAt, keptAt, escalatedAt, takenAt, wordAt db.NullTime
		var schoolID, schoolName *string
		if err := found.Scan(&r.ID, &r.Kind, &r.State, &sealed, &answer, &canned, &word, &wordAt, &createdAt, &answeredAt,
			&waiting.Level, &waiting.Scope, &dueAt, &escalatedAt, &r.takenBy, &r.takerName, &takenAt, &schoolID, &schoolName, &r.place.Region, &r.accountID, &r.username, &r.phone, &r.Waits, &r.Held, &r.holderID, &keptAt, &r.kept, &r.sides, &r.appeals, &r.appealed,
			&r.answeredLevel, &r.DecidedBy); err != nil {
			return nil, err
		}
		if r.content, err = s.open(sealed); err != nil {
			return nil, err
		}
		if r.Ending = r.content.Ending; r.Ending != "" {
			answer = strings.TrimSpace(r.content.ending(ctx) + " " + answer)
		}
		answer = withCanned(language, canned, answer, r.content.ofChild())
		if answer != "" {
			r.Answer = &answer
		}
		if word != "" {
			r.Word = &Word{word, wordAt.Time.Time}
		}
		if schoolID != nil {
			r.School = &roster.SchoolRef{ID: *schoolID, Name: *schoolName}
			if r.appeals == "" { // an appeal lies above those who decided, beyond their reach
				r.place.School = *schoolID
			}
		}
		r.CreatedAt, r.AnsweredAt, r.keptAt = createdAt.Time, answeredAt.Ptr(), keptAt.Ptr()
		if r.State == Open {
			if waiting.Since, waiting.Until = r.CreatedAt, dueAt.Time; escalatedAt.Valid {
				waiting.Since = escalatedAt.Time.Time
			}
			waiting.EscalatedAt, waiting.TakenAt = escalatedAt.Ptr(), takenAt.Ptr()
			waiting.Overdue = escalatedAt.Valid || dueAt.Before(s.now())
			r.Waiting = &waiting
		}
		r.Appeal = r.appeals != ""
		r.Summary = r.content.summary(r.Kind, language)
		all = append(all, r)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := s.nameCorrections(ctx, q, language, all); err != nil {
		return nil, err
	}
	for i := range all {
		if r := &all[i]; r.lostBy(r.accountID) && r.State == Declined {
			if r.AppealTo, r.Final, err = s.appealTo(ctx, q, *r); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// nameCorrections sums the corrections up with the name of whom each is about, for all but whoever asked: they may be that person's
// guardian no more.
func (s *Service) nameCorrections(ctx context.Context, q db.Querier, language string, all []row) error {
	reader := access.ActorFrom(ctx).AccountID
	corrects := func(r row) bool { return r.Kind == Correction && r.content != (content{}) }
	var ids []string
	for _, r := range all {
		if corrects(r) {
			ids = append(ids, r.content.EntryID)
		}
	}
	entries, err := s.roster.EntriesByID(ctx, q, ids)
	if err != nil {
		return err
	}
	for i := range all {
		if r := &all[i]; corrects(*r) {
			if r.accountID != reader {
				r.entryName = entries[r.content.EntryID].Name
			}
			r.Summary = r.correction(language, "")
		}
	}
	return nil
}

// answerable is a ticket that the actor may answer; fault.ErrNotFound otherwise.
func (s *Service) answerable(ctx context.Context, q db.Querier, id string) (row, error) {
	return s.reached(ctx, q, id, access.TicketsAnswer)
}

// reached is a ticket that the actor may do something to; fault.ErrNotFound otherwise.
func (s *Service) reached(ctx context.Context, q db.Querier, id string, to access.Action) (row, error) {
	all, err := s.rows(ctx, q, " WHERE t.id = $1", id)
	if err != nil {
		return row{}, err
	}
	if len(all) == 0 || !access.ActorFrom(ctx).Can(to, all[0].place) {
		return row{}, fault.ErrNotFound.New()
	}
	return all[0], nil
}

// forAdmin is a ticket as an administrator sees it.
func (s *Service) forAdmin(r row) (AdminTicket, error) {
	t := AdminTicket{
		Ticket: r.Ticket, Asked: r.content.asked(),
		Account: roster.Holder{ID: r.accountID, MaskedUsername: vault.MaskUsername(r.username)},
	}
	if r.takenBy != "" {
		t.TakenBy = vault.MaskUsername(r.takerName)
	}
	if len(r.phone) == 0 {
		return t, nil
	}
	phone, err := s.vault.Open("phone", r.phone)
	masked := vault.MaskPhone(phone)
	t.Account.MaskedPhone = &masked
	return t, err
}

// holder is an account that an entry is bound to.
func (s *Service) holder(ctx context.Context, accountID string) (*roster.Holder, error) {
	masked, err := s.accounts.MaskedOf(ctx, s.db, accountID)
	if err != nil {
		return nil, err
	}
	h := &roster.Holder{ID: accountID, MaskedUsername: masked.MaskedUsername}
	if masked.MaskedPhone != "" {
		h.MaskedPhone = &masked.MaskedPhone
	}
	return h, nil
}

// mine lists an account's tickets, the newest first.
func (s *Service) mine(ctx context.Context, accountID string, page server.PageInput) (server.Page[Ticket], error) {
	args, condition := []any{accountID}, " WHERE t.account_id = $1"
	if page.Cursor != "" {
		args, condition = append(args, page.Cursor), condition+" AND t.id < $2"
	}
	args = append(args, page.Limit+1)
	all, err := s.rows(ctx, s.db, fmt.Sprintf("%s ORDER BY t.id DESC LIMIT $%d", condition, len(args)), args...)
	if err != nil {
		return server.Page[Ticket]{}, err
	}
	tickets := make([]Ticket, len(all))
	if err := s.tellOf(ctx, s.db, accountID, all); err != nil {
		return server.Page[Ticket]{}, err
	}
	ways := make([]*Ticket, len(all))
	for i, r := range all {
		tickets[i] = r.Ticket
		ways[i] = &tickets[i]
	}
	if err := waysOf(ctx, s.db, ways); err != nil {
		return server.Page[Ticket]{}, err
	}
	return server.NewPage(tickets, page.Limit, func(t Ticket) string { return t.ID }), nil
}

// Kept is a ticket with all that its author may know of it.
type Kept struct {
	Ticket
	Asked Asked `json:"asked"`
}

// AllOf lists an account's tickets, the newest first, up to limit, for their author alone.
func (s *Service) AllOf(ctx context.Context, q db.Querier, accountID string, limit int) ([]Kept, error) {
	all, err := s.rows(ctx, q, " WHERE t.account_id = $1 ORDER BY t.id DESC LIMIT $2", accountID, limit)
	if err != nil {
		return nil, err
	}
	kept, tickets := make([]Kept, len(all)), make([]*Ticket, len(all))
	for i, r := range all {
		kept[i] = Kept{r.Ticket, r.content.asked()}
		tickets[i] = &kept[i].Ticket
	}
	return kept, waysOf(ctx, q, tickets)
}

// IDsOf are the ids of an account's newest tickets, up to limit.
func (s *Service) IDsOf(ctx context.Context, q db.Querier, accountID string, limit int) ([]string, error) {
	return db.Collect(ctx, q, `SELECT id FROM tickets WHERE account_id = $1 ORDER BY id DESC LIMIT $2`, []any{accountID, limit}, func(id *string) []any { return []any{id} })
}

// HoldAll makes whoever answers the open tickets that an account is a side of wait until the transaction ends; before entries and
// accounts are held, as whoever answers does.
func (s *Service) HoldAll(ctx context.Context, tx *db.Tx, accountID string) error {
	ids, err := db.Collect(ctx, tx, `SELECT id FROM tickets WHERE state = 'open' AND (account_id = $1 OR holder_id = $1)`, []any{accountID}, func(id *string) []any { return []any{id} })
	if err != nil {
		return err
	}
	return tx.Hold(ctx, "tickets", ids...)
}

// Anonymise removes from an account's tickets all that is personal, and ends those that are open. That there were tickets,
// and of which kind, stays for the school.
func (s *Service) Anonymise(ctx context.Context, tx *db.Tx, accountID string) error {
	sealed, err := s.seal(content{})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM waiting_claims WHERE ticket_id IN (SELECT id FROM tickets WHERE account_id = $1)`, accountID); err != nil {
		return err
	}
	for _, personal := range []string{
		`UPDATE tickets SET kept_sealed = NULL, kept_at = NULL WHERE holder_id = $1`,
		`UPDATE tickets SET sides_sealed = NULL, sides_holder_id = NULL WHERE account_id = $1 OR sides_holder_id = $1`,
		`UPDATE ticket_steps SET words = '' WHERE ticket_id IN (SELECT id FROM tickets WHERE account_id = $1)`,
	} {
		if _, err := tx.Exec(ctx, personal, accountID); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE tickets SET sealed = $1, answer = '', canned = '', word = '', word_at = NULL, answered_at = coalesce(answered_at, $2),
		state = CASE WHEN state = 'open' THEN 'withdrawn' ELSE state END WHERE account_id = $3`, sealed, db.Now(), accountID)
	return err
}

// tellOf adds to an account's own tickets which child each is about, and to a correction of a class which one was asked for.
func (s *Service) tellOf(ctx context.Context, q db.Querier, accountID string, all []row) error {
	var bindings []verification.Binding
	if slices.ContainsFunc(all, func(r row) bool { return r.content.EntryID != "" }) {
		var err error
		if bindings, err = s.verification.BindingsOf(ctx, q, accountID); err != nil {
			return err
		}
	}
	language := access.ClientFrom(ctx).Language
	for i := range all {
		r := &all[i]
		if r.content.EntryKind == verification.Parent {
			r.Of = r.content.Name
		}
		for _, b := range bindings {
			if b.Guardian && b.EntryID == r.content.EntryID {
				r.Of = b.Name
			}
		}
		if r.content.ClassID == "" {
			continue
		}
		class, err := s.roster.ClassByID(ctx, q, r.content.ClassID)
		if fault.Is(err, fault.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		r.Summary = r.correction(language, class.DisplayName)
	}
	return nil
}

// Succeed lets the open tickets of the accounts that stand for an entry go on for it where they were about the entry whose
// place it took, in the caller's transaction.
func (s *Service) Succeed(ctx context.Context, tx *db.Tx, oldID, newID string) error {
	open, err := s.rows(ctx, tx, ` WHERE t.state = 'open' AND t.account_id IN (SELECT account_id FROM bindings WHERE entry_id = $1
		UNION SELECT account_id FROM guardian_links WHERE entry_id = $1)`, newID)
	if err != nil {
		return err
	}
	for _, r := range open {
		if r.content.EntryID != oldID {
			continue
		}
		r.content.EntryID = newID
		sealed, err := s.seal(r.content)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE tickets SET sealed = $1 WHERE id = $2`, sealed, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// queue lists the tickets within the actor's scope, the newest first; an empty filter does not narrow it.
func (s *Service) queue(ctx context.Context, state State, schoolID string, page server.PageInput) (server.Page[AdminTicket], error) {
	var none server.Page[AdminTicket]
	condition, args := reachSQL(access.ActorFrom(ctx).Reach(access.TicketsRead), regionSQL)
	for _, filter := range []struct{ sql, value string }{
		{" AND t.state = $%d", string(state)}, {" AND t.school_id = $%d", schoolID}, {" AND t.id < $%d", page.Cursor},
	} {
		if filter.value != "" {
			args = append(args, filter.value)
			condition += fmt.Sprintf(filter.sql, len(args))
		}
	}
	args = append(args, page.Limit+1)
	all, err := s.rows(ctx, s.db, fmt.Sprintf(" WHERE %s ORDER BY t.id DESC LIMIT $%d", condition, len(args)), args...)
	if err != nil {
		return none, err
	}
	tickets := make([]AdminTicket, len(all))
	for i, r := range all {
		if tickets[i], err = s.forAdmin(r); err != nil {
			return none, err
		}
	}
	return server.NewPage(tickets, page.Limit, func(t AdminTicket) string { return t.ID }), nil
}

// OpenOf counts an account's open tickets.
func (s *Service) OpenOf(ctx context.Context, q db.Querier, accountID string) (open int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM tickets WHERE account_id = $1 AND state = 'open'`, accountID).Scan(&open)
	return open, err
}

// CasesAgainst counts the open cases that the holder of an entry has yet to answer.
func (s *Service) CasesAgainst(ctx context.Context, q db.Querier, accountID string) (open int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM tickets WHERE holder_id = $1 AND kind = 'not_me' AND state = 'open' AND kept_at IS NULL`, accountID).Scan(&open)
	return open, err
}

// reachSQL is a reach as a condition over tickets. Neither a school nor a division reaches an appeal against what it decided;
// the condition on the school itself stays as it is, for the index.
func reachSQL(reach access.Reach, region string) (condition string, args []any) {
	condition, args = reach.SQL(region, "t.school_id", 1)
	above, more := reach.SQL(regionSQL, "''", len(args)+1)
	return condition + " AND (t.appeals IS NULL OR " + above + ")", append(args, more...)
}

// OpenIn counts the open tickets within a reach.
func (s *Service) OpenIn(ctx context.Context, reach access.Reach) (open int, err error) {
	condition, args := reachSQL(reach, "s.region")
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM schools s JOIN tickets t ON t.school_id = s.id AND t.state = 'open' WHERE `+condition, args...).Scan(&open)
	if err != nil {
		return 0, err
	}
	var ofNoSchool int
	condition, args = reach.SQL(provinceSQL, "t.school_id", 1)
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM tickets t WHERE t.school_id IS NULL AND t.state = 'open' AND `+condition, args...).Scan(&ofNoSchool)
	return open + ofNoSchool, err
}

// insert adds an open ticket, unless the account has one like it, or enough.
func (s *Service) insert(ctx context.Context, tx *db.Tx, accountID, schoolID string, kind Kind, c content) (id string, err error) {
	sealed, err := s.seal(c)
	if err != nil {
		return "", err
	}
	// Whoever files at the same moment waits here: their count below then holds this ticket.
	if err := s.accounts.Hold(ctx, tx, accountID); err != nil {
		return "", err
	}
	open, err := s.openOf(ctx, tx, accountID)
	if err != nil {
		return "", err
	}
	if len(open) >= maxOpen || slices.ContainsFunc(open, alike(schoolID, kind, c)) {
		return "", errTicketOpen.New(fault.Next("my_tickets", "/me/tickets"))
	}
	id = db.NewID()
	return id, s.put(ctx, tx, filing{id: id, kind: kind, due: deadlines.Kind(kind), accountID: accountID, schoolID: schoolID, sealed: sealed, from: access.School})
}

// openOf lists an account's open tickets, of which there are never more than maxOpen.
func (s *Service) openOf(ctx context.Context, q db.Querier, accountID string) ([]row, error) {
	return s.rows(ctx, q, ` WHERE t.account_id = $1 AND t.state = 'open'`, accountID)
}

// alike tells whether a ticket asks the same of a school, about the same person where it names one: a guardian asks for each child, also
// for those whom the registry lacks, and a teacher for each class.
func alike(schoolID string, kind Kind, c content) func(row) bool {
	return func(r row) bool {
		same := c.EntryKind != verification.Parent || r.content.IDNumber == c.IDNumber
		if c.EntryKind == verification.Teacher && kind == MissingClass {
			same = r.content.className() == c.className()
		}
		return r.Kind == kind && r.School != nil && r.School.ID == schoolID && r.content.EntryID == c.EntryID && r.content.GuardianID == c.GuardianID && same
	}
}

// filing is a ticket that is to be filed: with whom, and for how long.
type filing struct {
	id                  string
	kind                Kind
	due                 deadlines.Kind
	accountID, schoolID string // no school: the province's
	sealed              []byte
	from                access.Level // the lowest level that may answer
	appeals             string       // it lies at that level, which those who decided do not reach
}

// put writes an open ticket. Its owner is the lowest level that somebody administers: a school without an administrator
// leaves nobody waiting.
func (s *Service) put(ctx context.Context, tx *db.Tx, f filing) error {
	level, region := access.Province, ""
	if f.schoolID != "" {
		school, err := s.roster.SchoolByID(ctx, tx, f.schoolID)
		if err != nil {
			return err
		}
		if level, err = s.accounts.Owning(ctx, tx, f.from, school.Place()); err != nil {
			return err
		}
		if f.appeals != "" {
			region = f.from.Division(school.Region)
		}
	}
	now := s.now()
	added, err := tx.Exec(ctx, `INSERT INTO tickets (id, kind, state, account_id, school_id, sealed, answer, created_at, appeals, region, level, due_at)
		VALUES ($1, $2, 'open', $3, $4, $5, '', $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`, f.id, string(f.kind), f.accountID,
		sql.NullString{String: f.schoolID, Valid: f.schoolID != ""}, f.sealed, db.At(now), sql.NullString{String: f.appeals, Valid: f.appeals != ""},
		sql.NullString{String: region, Valid: region != ""}, string(level), db.At(s.deadlines.After(now, f.due)))
	if err != nil {
		return err
	}
	if n, err := added.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return errAppealed.New(fault.Next("my_tickets", "/me/tickets"))
	}
	all, err := s.rows(ctx, tx, " WHERE t.id = $1", f.id)
	if err != nil {
		return err
	}
	return pass(ctx, tx, f.id, Step{What: Filed, At: now, To: all[0].Waiting.Scope})
}

// settle ends an open ticket, and its waiting; ticket_closed when somebody has been faster. By is the level of whoever answered
// it; without an actor it has ended by itself.
func settle(ctx context.Context, tx *db.Tx, id string, state State, answer, canned string, by access.Level) error {
	var is string
	actor := access.ActorFrom(ctx).AccountID
	err := tx.QueryRow(ctx, `UPDATE tickets SET state = $1, answer = $2, answered_by = $3, answered_at = $4, canned = $5, answered_level = $6
		WHERE id = $7 AND state = 'open' RETURNING state`,
		string(state), answer, sql.NullString{String: actor, Valid: actor != ""}, db.Now(), canned, string(by), id).Scan(&is)
	if errors.Is(err, sql.ErrNoRows) {
		return errTicketClosed.New(fault.Next("tickets", "/admin/tickets"))
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM waiting_claims WHERE ticket_id = $1`, id)
	return err
}
