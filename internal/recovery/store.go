package recovery

import (
	"context"
	"database/sql"
	"errors"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
)

// row is a request with all that is kept of it.
type row struct {
	id          string
	state       State
	proof       Proof
	content     content
	entryID     string // of the entry that fitted when it was filed, "" for none
	accountID   string
	askedEvent  string // by which the account's owner was told that somebody asks, "" for none
	warnedEvent string // and that it was approved
	reason      string
	createdAt   db.Time
	submittedAt db.NullTime
	dueAt       db.NullTime
	escalatedAt db.NullTime
	decidedAt   db.NullTime
	endedAt     db.NullTime
	school      *roster.SchoolRef // where it lies; nil for the province at large
	named       string            // the school that the person named
	place       access.Place
	copies      []copyRow
}

type copyRow struct {
	name      Copy
	blobID    string
	mediaType string
	createdAt db.Time
}

// A request lies at the school of the entry that fitted, wherever that has moved; else at the school that was named.
const (
	rowTables = ` FROM recoveries r LEFT JOIN registry_entries e ON e.id = r.entry_id LEFT JOIN schools s ON s.id = coalesce(e.school_id, r.school_id)
		LEFT JOIN schools n ON n.id = r.school_id`
	rowSelect = `SELECT r.id, r.state, r.proof, r.sealed, coalesce(r.entry_id, ''), coalesce(r.account_id, ''), r.asked_event, r.warned_event, r.reason, r.created_at, r.submitted_at, r.due_at, r.escalated_at, r.decided_at, r.ended_at,
		coalesce(s.id, ''), coalesce(s.name, ''), ` + regionColumn + `, coalesce(n.name, '')` + rowTables
	regionColumn = "coalesce(s.region, r.region)"
)

// rows reads requests, each with its copies.
func (s *Service) rows(ctx context.Context, q db.Querier, tail string, args ...any) ([]row, error) {
	all, err := s.scan(ctx, q, tail, args)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].proof == ByCopies {
			if all[i].copies, err = copiesOf(ctx, q, all[i].id); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func (s *Service) scan(ctx context.Context, q db.Querier, tail string, args []any) ([]row, error) {
	found, err := q.Query(ctx, rowSelect+tail, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var all []row
	for found.Next() {
		var r row
		var sealed []byte
		var school roster.SchoolRef
		if err := found.Scan(&r.id, &r.state, &r.proof, &sealed, &r.entryID, &r.accountID, &r.askedEvent, &r.warnedEvent, &r.reason, &r.createdAt, &r.submittedAt, &r.dueAt, &r.escalatedAt, &r.decidedAt, &r.endedAt,
			&school.ID, &school.Name, &r.place.Region, &r.named); err != nil {
			return nil, err
		}
		if r.content, err = s.open(sealed); err != nil {
			return nil, err
		}
		if r.place.School = school.ID; school.ID != "" {
			r.school = &school
		}
		all = append(all, r)
	}
	return all, found.Err()
}

func copiesOf(ctx context.Context, q db.Querier, id string) ([]copyRow, error) {
	found, err := q.Query(ctx, `SELECT copy, blob_id, media_type, created_at FROM recovery_copies WHERE recovery_id = $1 ORDER BY copy DESC`, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var all []copyRow
	for found.Next() {
		var c copyRow
		if err := found.Scan(&c.name, &c.blobID, &c.mediaType, &c.createdAt); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, found.Err()
}

// one answers sql.ErrNoRows when there is none.
func (s *Service) one(ctx context.Context, q db.Querier, tail string, args ...any) (row, error) {
	all, err := s.rows(ctx, q, tail, args...)
	if err == nil && len(all) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return row{}, err
	}
	return all[0], nil
}

func (s *Service) byID(ctx context.Context, q db.Querier, id string) (row, error) {
	return s.one(ctx, q, " WHERE r.id = $1", id)
}

// byNumber answers the request with a tracking number, as typed; fault.ErrNotFound if there is none.
func (s *Service) byNumber(ctx context.Context, q db.Querier, typed string) (row, error) {
	number, ok := readNumber(typed)
	if !ok {
		return row{}, unknownNumber()
	}
	now, before := s.vault.Asked(s.vault.Index(numberPurpose, number))
	r, err := s.one(ctx, q, " WHERE r.number_index IN ($1, $2)", now, before)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, unknownNumber()
	}
	return r, err
}

func unknownNumber() error { return fault.ErrNotFound.New(fault.Next("recover", "/recover")) }

// move takes a request from one of the states to another; recovery_closed when somebody has been faster.
func (s *Service) move(ctx context.Context, tx *db.Tx, id string, to State, from ...State) error {
	query, args := `UPDATE recoveries SET state = $1 WHERE id = $2 AND state IN ($3`, []any{string(to), id, string(from[0])}
	for _, also := range from[1:] {
		args = append(args, string(also))
		query += ", $" + string(rune('0'+len(args)))
	}
	var is string
	err := tx.QueryRow(ctx, query+`) RETURNING state`, args...).Scan(&is)
	if errors.Is(err, sql.ErrNoRows) {
		return errClosed.New()
	}
	return err
}

// free lets the phone of an ended request file another.
func free(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM open_recoveries WHERE recovery_id = $1`, id)
	return err
}
