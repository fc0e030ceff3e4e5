package support

import (
	"context"
	"maps"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// A not_me ticket is a case between two accounts: whoever asks for the entry, and its holder. Both are told of its
// beginning and its end, the holder may answer, and the administrator sees both sides. Nothing is taken from the holder
// before it is decided. Whoever loses may take it once to the level above whoever decided, whose word is the last; what the
// province decided is final.

var (
	errAppealFinal = fault.Define(fault.Conflict, "appeal_final")
	errAppealed    = fault.Define(fault.Conflict, "appealed")
	errNotLost     = fault.Define(fault.Conflict, "case_not_lost")
	errCaseDecided = fault.Define(fault.Conflict, "case_decided")
	errUnheard     = fault.Define(fault.Conflict, "holder_unanswered") // and whoever decides has not said that they decide all the same
	errHeard       = fault.Define(fault.Conflict, "holder_answered")   // meanwhile
)

// What the holder of an entry is told when a case is opened and when it has ended without taking the entry away.
const (
	caseOpened   = "notice.case_opened"
	appealOpened = "notice.appeal_opened"
	caseEnded    = "notice.case_ended"

	// The same for a pupil's guardians, and that the entry has gone.
	childsCaseOpened   = "notice.childs_case_opened"
	childsAppealOpened = "notice.childs_appeal_opened"
	childsCaseEnded    = "notice.childs_case_ended"
	childHandedOver    = "notice.child_handed_over"
)

// Case is a not_me ticket as the account sees it that holds the entry, or lost it by the case.
type Case struct {
	ID         string            `json:"id"`
	State      State             `json:"state" enum:"open,done,declined,withdrawn" doc:"done: the entry went to whoever asked for it"`
	Summary    string            `json:"summary" doc:"Whose entry somebody asks for, the number masked"`
	School     *roster.SchoolRef `json:"school"`
	Appeal     bool              `json:"appeal" doc:"Decided before, and now above those who decided"`
	By         string            `json:"by" doc:"The name of the school or division that decides, or has decided; empty when it was withdrawn"`
	CreatedAt  time.Time         `json:"created_at"`
	KeptAt     *time.Time        `json:"kept_at" doc:"When one answered that the entry is one's own"`
	KeptBefore bool              `json:"kept_before" doc:"Of an appeal: one answered so in the case that it is against, and those who decide read it"`
	Answer     *string           `json:"answer" doc:"Why the entry was taken away"`
	AnsweredAt *time.Time        `json:"answered_at"`
	AppealTo   access.Level      `json:"appeal_to,omitempty" enum:"county,city,province" doc:"One has lost, and may still take it there"`
	Final      bool              `json:"final" doc:"One has lost, and there is no appeal"`
}

// openCase tells the holder that somebody asks for their entry, and who decides, and the guardians who must know.
func (s *Service) openCase(ctx context.Context, tx *db.Tx, ticketID, holderID string, entry roster.Entry) error {
	if _, err := tx.Exec(ctx, `UPDATE tickets SET holder_id = $1 WHERE id = $2`, holderID, ticketID); err != nil {
		return err
	}
	all, err := s.rows(ctx, tx, " WHERE t.id = $1", ticketID)
	if err != nil {
		return err
	}
	toHolder, toGuardians := caseOpened, childsCaseOpened
	if all[0].Appeal {
		toHolder, toGuardians = appealOpened, childsAppealOpened
	}
	by := map[string]any{"by": all[0].Waiting.Scope}
	telling := s.accounts.Telling() // guardians first, whose text names the child
	if err := s.tellGuardians(ctx, tx, telling, holderID, entry, toGuardians, by); err != nil {
		return err
	}
	return telling.Notify(ctx, tx, holderID, toHolder, by)
}

// tellGuardians tells the confirmed guardians of a pupil of what befalls the account that holds the pupil's entry, where the pupil
// cannot be left to hear of it alone: under [roster.OwnAge], and where the account has no phone of its own.
func (s *Service) tellGuardians(ctx context.Context, tx *db.Tx, telling *accounts.Telling, holderID string, entry roster.Entry, key string, args map[string]any) error {
	if entry.Kind != roster.Student {
		return nil
	}
	ofAge, err := s.roster.OfOwnAge(entry)
	if err != nil {
		return err
	}
	holder, err := s.accounts.MaskedOf(ctx, tx, holderID)
	if err != nil && !fault.Is(err, fault.ErrNotFound) {
		return err
	}
	if ofAge && holder.MaskedPhone != "" {
		return nil
	}
	told := map[string]any{"name": vault.MaskName(entry.Name), "school": entry.School.Name}
	maps.Copy(told, args)
	all, err := s.verification.GuardiansOf(ctx, tx, entry.ID)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.State != verification.Confirmed {
			continue
		}
		if err := telling.Notify(ctx, tx, r.AccountID, key, told); err != nil {
			return err
		}
	}
	return nil
}

// tellHolder tells the holder of a case that it has ended and taken nothing away.
func (s *Service) tellHolder(ctx context.Context, tx *db.Tx, t row) error {
	if t.Kind != NotMe || t.holderID == "" {
		return nil
	}
	telling := s.accounts.Telling()
	entry, err := s.roster.EntryByDocument(ctx, tx, t.content.document())
	if err == nil {
		err = s.tellGuardians(ctx, tx, telling, t.holderID, entry, childsCaseEnded, nil)
	}
	if err != nil && !fault.Is(err, fault.ErrNotFound) { // gone since
		return err
	}
	return telling.Notify(ctx, tx, t.holderID, caseEnded, map[string]any{"school": t.School.Name})
}

// LostCase tells whether the newest case against an account took its entry away, and whether that may still be appealed; whoever has
// appealed follows the appeal as a request of their own.
func (s *Service) LostCase(ctx context.Context, q db.Querier, accountID string) (lost, appealable bool, err error) {
	all, err := s.rows(ctx, q, ` WHERE t.holder_id = $1 AND t.kind = 'not_me' AND t.state = 'done' ORDER BY t.id DESC LIMIT 1`, accountID)
	if err != nil || len(all) == 0 || all[0].appealed {
		return false, false, err
	}
	to, _, err := s.appealTo(ctx, q, all[0])
	return true, to != "", err
}

// decidedFinally tells whether an appeal, or the province, has decided about the same document against the account.
func (s *Service) decidedFinally(ctx context.Context, tx *db.Tx, accountID string, about content) (bool, error) {
	all, err := s.rows(ctx, tx, ` WHERE t.kind = 'not_me' AND (t.account_id = $1 AND t.state = 'declined' OR t.holder_id = $1 AND t.state = 'done')`, accountID)
	for _, t := range all {
		if t.final() && t.content.document() == about.document() {
			return true, err
		}
	}
	return false, err
}

// lostBy tells whether an account has lost a case and may still appeal.
func (r row) lostBy(accountID string) bool {
	return r.Kind == NotMe && (r.accountID == accountID && r.State == Declined && r.Ending == "" || r.holderID == accountID && r.State == Done)
}

// final tells whether there is no appeal against the decision of a case: of an appeal, or the province's.
func (r row) final() bool { return r.appeals != "" || r.answeredLevel == access.Province }

// appealTo is who takes an appeal against the decision of a case: the lowest level above whoever decided that somebody
// administers. "" where there is none: once an appeal has been made, and where the decision is final.
func (s *Service) appealTo(ctx context.Context, q db.Querier, r row) (to access.Level, final bool, err error) {
	if r.final() {
		return "", true, nil
	}
	if r.appealed || r.answeredLevel == "" {
		return "", false, nil
	}
	to, err = s.accounts.Owning(ctx, q, r.answeredLevel.Above(), r.place)
	return to, false, err
}

// Appeal takes a case that the caller has lost to the level above whoever decided, once. Errors: not_found for anybody
// else's; case_not_lost; appealed when it has been; appeal_final after an appeal, or when the province has decided;
// entry_not_taken when the entry is free by now, or the caller's.
func (s *Service) Appeal(ctx context.Context, id, note string) (filed Ticket, err error) {
	if note, err = noteOf(note); err != nil {
		return filed, err
	}
	caller := access.ActorFrom(ctx).AccountID
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		first, err := s.caseOf(ctx, tx, id, caller)
		if err != nil {
			return err
		}
		switch {
		case !first.lostBy(caller):
			return errNotLost.New(fault.Next("my_tickets", "/me/tickets"))
		case first.final():
			return errAppealFinal.New(fault.Next("my_tickets", "/me/tickets"))
		}
		entry, err := s.roster.EntryByDocument(ctx, tx, first.content.document())
		if err == nil {
			entry, err = s.heldEntry(ctx, tx, entry)
		}
		if err != nil && !fault.Is(err, fault.ErrNotFound) {
			return err
		}
		if err != nil || entry.AccountID == "" || entry.AccountID == caller {
			return errEntryNotTaken.New(fault.Next("verify", "/verify"))
		}
		filed, err = s.fileAppeal(ctx, tx, first, caller, entry, note)
		return err
	})
	return filed, err
}

func (s *Service) fileAppeal(ctx context.Context, tx *db.Tx, first row, caller string, entry roster.Entry, note string) (Ticket, error) {
	c := first.content
	c.Note = note
	sealed, err := s.seal(c)
	if err != nil {
		return Ticket{}, err
	}
	id := db.NewID()
	if err := s.put(ctx, tx, filing{
		id: id, kind: NotMe, due: deadlines.Appeal, accountID: caller, schoolID: entry.School.ID, sealed: sealed, from: first.answeredLevel.Above(), appeals: first.ID,
	}); err != nil {
		return Ticket{}, err
	}
	if err := s.openCase(ctx, tx, id, entry.AccountID, entry); err != nil {
		return Ticket{}, err
	}
	all, err := s.rows(ctx, tx, " WHERE t.id = $1", id)
	if err != nil {
		return Ticket{}, err
	}
	about := all[0].about()
	about["appeals"] = first.ID
	return all[0].Ticket, audit.Record(ctx, tx, audit.Event{Action: "ticket.appeal", Target: "ticket", TargetID: id, Place: all[0].place, Details: about})
}

// Keep answers an open case as its holder: this is me. Answering again replaces the note. Errors: not_found for anybody
// else's case, ticket_answered when it has ended.
func (s *Service) Keep(ctx context.Context, id, note string) (kept Case, err error) {
	if note, err = noteOf(note); err != nil {
		return kept, err
	}
	caller := access.ActorFrom(ctx).AccountID
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		t, err := s.caseOf(ctx, tx, id, caller)
		if err != nil {
			return err
		}
		if t.holderID != caller {
			return fault.ErrNotFound.New(fault.Next("my_tickets", "/me/tickets"))
		}
		answered, err := tx.Exec(ctx, `UPDATE tickets SET kept_at = $1, kept_sealed = $2 WHERE id = $3 AND holder_id = $4 AND state = 'open'`,
			db.Now(), s.vault.Seal(sealPurpose, note), id, caller)
		if err != nil {
			return err
		}
		if n, err := answered.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errTicketAnswered.New(fault.Next("my_tickets", "/me/tickets"))
		}
		if err := audit.Record(ctx, tx, audit.Event{Action: "ticket.keep", Target: "ticket", TargetID: id, Place: t.place, Details: t.about()}); err != nil {
			return err
		}
		t, err = s.caseOf(ctx, tx, id, caller)
		if err != nil {
			return err
		}
		kept, err = s.asCase(ctx, tx, t, caller)
		return err
	})
	return kept, err
}

// caseOf is a case that the account is a side of; fault.ErrNotFound otherwise.
func (s *Service) caseOf(ctx context.Context, q db.Querier, id, accountID string) (row, error) {
	all, err := s.rows(ctx, q, ` WHERE t.id = $1 AND t.kind = 'not_me' AND (t.account_id = $2 OR t.holder_id = $2)`, id, accountID)
	if err == nil && len(all) == 0 {
		err = fault.ErrNotFound.New(fault.Next("my_tickets", "/me/tickets"))
	}
	if err != nil {
		return row{}, err
	}
	return all[0], nil
}

// cases lists those in which others ask, or have asked, for the account's entry, the newest first.
func (s *Service) cases(ctx context.Context, accountID string, page server.PageInput) (server.Page[Case], error) {
	args, condition := []any{accountID, page.Limit + 1}, ` WHERE t.holder_id = $1`
	if page.Cursor != "" {
		args, condition = append(args, page.Cursor), condition+` AND t.id < $3`
	}
	all, err := s.rows(ctx, s.db, condition+` ORDER BY t.id DESC LIMIT $2`, args...)
	if err != nil {
		return server.Page[Case]{}, err
	}
	cases := make([]Case, len(all))
	for i, r := range all {
		if cases[i], err = s.asCase(ctx, s.db, r, accountID); err != nil {
			return server.Page[Case]{}, err
		}
	}
	return server.NewPage(cases, page.Limit, func(c Case) string { return c.ID }), nil
}

// asCase is a case for its holder. What was written to whoever asked is theirs; why the entry was taken is the holder's.
func (s *Service) asCase(ctx context.Context, q db.Querier, r row, holderID string) (c Case, err error) {
	c = Case{
		ID: r.ID, State: r.State, Summary: r.content.caseSummary(access.ClientFrom(ctx).Language), School: r.School, Appeal: r.Appeal, By: r.DecidedBy, CreatedAt: r.CreatedAt,
		KeptAt: r.keptAt, AnsweredAt: r.AnsweredAt,
	}
	if r.Waiting != nil {
		c.By = r.Waiting.Scope
	}
	if r.State == Done {
		c.Answer = r.Answer
	}
	if r.appeals != "" {
		first, err := s.firstOf(ctx, q, r)
		if err != nil {
			return c, err
		}
		c.KeptBefore = first.holderID == holderID && first.keptAt != nil
	}
	if r.lostBy(holderID) {
		c.AppealTo, c.Final, err = s.appealTo(ctx, q, r)
	}
	return c, err
}
