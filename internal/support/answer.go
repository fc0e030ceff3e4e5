package support

import (
	"context"
	"database/sql"
	"errors"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Completion is what an administrator adds to what was asked for.
type Completion struct {
	ClassID           string // missing_entry: the class of the new entry
	StudentNumber     string // missing_entry
	CertificateNumber string // missing_entry
	KnownGuardian     bool   // missing_entry of a parent: whoever asks is known to be the child's guardian, and confirmed at once
	SchoolingYears    int    // missing_class: 0 is the usual length of the stage
	Phone             string // frozen: which phone the account keeps, as for [accounts.Service.Unfreeze]
	Answer            string // a word to whoever asked
	Canned            string // a ready one, by its name
	Unheard           bool   // not_me: whoever decides knows that the holder has not answered, and decides all the same
}

// Complete does what a ticket asks for and ends it, all or nothing. Errors: not_found also outside the actor's scope;
// ticket_closed when it has been answered; ticket_moot when what it is about has gone; entry_exists_elsewhere (F-27),
// entry_exists_here when the school knows the number under another name, already_bound when another account holds the
// entry, asker_bound when whoever asks is verified as somebody else; invalid when an entry is handed over without a reason;
// holder_unanswered when its holder has not answered and the caller does not decide all the same, holder_answered when they have
// answered since the caller looked.
func (s *Service) Complete(ctx context.Context, id string, in Completion) (AdminTicket, error) {
	answer, err := audit.Words("answer", in.Answer, maxText)
	if err != nil {
		return AdminTicket{}, err
	}
	if t, err := s.answerable(ctx, s.db, id); err != nil {
		return AdminTicket{}, err
	} else if t.Kind == Frozen {
		return s.unfreeze(ctx, t, answer, in.Phone)
	}
	return s.answer(ctx, id, Done, answer, in.Canned, func(tx *db.Tx, t row, both *Sides) error {
		switch {
		case t.Kind != NotMe:
		case answer == "": // whoever loses by it must be able to read why
			return fault.ErrInvalid.New(fault.Field("answer", "missing"))
		case both.unheard() && !in.Unheard:
			return errUnheard.New()
		case in.Unheard && both.contested() && !both.unheard():
			return errHeard.New()
		}
		switch t.Kind {
		case MissingEntry:
			return s.addEntry(ctx, tx, t, in)
		case MissingClass:
			return s.addClass(ctx, tx, t, in)
		case Correction:
			return s.correct(ctx, tx, t)
		}
		return s.handOver(ctx, tx, t)
	})
}

// Decline ends a ticket without doing what it asks for, and tells why: by a ready answer, in the administrator's words, or
// both. Errors: not_found, ticket_closed, invalid without a reason; ticket_stays_open for a frozen account, which would be
// left without a way back.
func (s *Service) Decline(ctx context.Context, id, reason, canned string) (AdminTicket, error) {
	reason, err := audit.Words("reason", reason, maxText)
	if err == nil && reason == "" && canned == "" {
		err = fault.ErrInvalid.New(fault.Field("reason", "missing"))
	}
	if err != nil {
		return AdminTicket{}, err
	}
	return s.answer(ctx, id, Declined, reason, canned, func(_ *db.Tx, t row, _ *Sides) error {
		if t.Kind == Frozen {
			return errStaysOpen.New()
		}
		return nil
	})
}

func (s *Service) answer(ctx context.Context, id string, state State, words, canned string, do func(tx *db.Tx, t row, both *Sides) error) (answered AdminTicket, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		t, err := s.answerable(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := checkCanned(t, state, canned); err != nil {
			return err
		}
		if err := s.notDenied(ctx, tx, t); err != nil {
			return err
		}
		if err := settle(ctx, tx, id, state, words, canned, access.ActorFrom(ctx).Highest(access.TicketsAnswer, t.place)); err != nil {
			return err
		}
		if t, err = s.answerable(ctx, tx, id); err != nil { // who has decided stands on it by now
			return err
		}
		var both *Sides
		if t.Kind == NotMe {
			if both, err = s.weigh(ctx, tx, t); err != nil {
				return err
			}
		}
		if err := do(tx, t, both); err != nil {
			return s.forAdministrator(ctx, tx, t, err)
		}
		if t, err = s.answerable(ctx, tx, id); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Event{
			Action: "ticket." + string(state), Target: "ticket", TargetID: id, Place: t.place,
			Reason: withCanned(messages.Chinese, canned, words, t.content.ofChild()), Details: t.about(),
		}); err != nil {
			return err
		}
		if state == Done && both.unheard() {
			if err := audit.Record(ctx, tx, audit.Event{Action: "ticket.unheard", Target: "ticket", TargetID: id, Place: t.place, Details: t.about()}); err != nil {
				return err
			}
		}
		if err := s.tellBoth(ctx, tx, t, state); err != nil {
			return err
		}
		answered, err = s.forAdmin(t)
		return err
	})
	return answered, err
}

// addEntry puts the person into the registry, or finds them there, and binds whoever asked.
func (s *Service) addEntry(ctx context.Context, tx *db.Tx, t row, in Completion) error {
	entry, err := s.roster.CreateEntry(ctx, tx, roster.NewEntry{
		Kind: t.content.entryKind(), Name: t.content.Name, IDType: t.content.IDType, IDNumber: t.content.IDNumber, SchoolID: t.School.ID,
		ClassID: in.ClassID, StudentNumber: in.StudentNumber, CertificateNumber: in.CertificateNumber,
	})
	if fault.Is(err, roster.ErrEntryExistsHere) {
		there, found := s.roster.EntryByDocument(ctx, tx, t.content.document())
		if found != nil {
			return found
		}
		if !t.content.names(there) {
			return err // to be mended in the registry first
		}
		if entry, err = there, nil; in.ClassID != "" && there.Class == nil {
			err = s.roster.SetClass(ctx, tx, there.ID, in.ClassID)
		}
	}
	if err != nil {
		return err
	}
	if t.content.EntryKind == verification.Parent {
		waits, err := s.askGuardian(ctx, tx, t, entry, in.KnownGuardian)
		if err != nil || !waits {
			return err
		}
		return s.keepEnding(ctx, tx, t, GuardianAsked, entry.School)
	}
	return s.verification.Bind(ctx, tx, t.accountID, entry, t.content.EntryKind)
}

// askGuardian files that whoever asked for a missing child asks to be its guardian; who is known to be is confirmed at once, the others
// wait as if they had asked themselves (F-21).
func (s *Service) askGuardian(ctx context.Context, tx *db.Tx, t row, entry roster.Entry, known bool) (waits bool, err error) {
	r, err := s.verification.AskGuardian(ctx, tx, t.accountID, entry, t.content.claim(), verification.Guardian{Name: t.content.GuardianName, Relation: t.content.Relation})
	if err != nil || !known || r.State == verification.Confirmed {
		return r.State == verification.Asked, err
	}
	_, err = s.verification.ConfirmGuardian(ctx, tx, r.ID, verification.BySchool)
	return false, err
}

// names tells whether an entry is the person whom a ticket is about.
func (c content) names(e roster.Entry) bool {
	return e.Kind == c.entryKind() && identity.SameName(e.Name, c.Name)
}

// addClass adds the class, unless it is there by now, and puts the pupil into it, or the teacher at it, if they are still the school's.
func (s *Service) addClass(ctx context.Context, tx *db.Tx, t row, in Completion) error {
	class, err := s.roster.CreateClass(ctx, tx, roster.NewClass{
		SchoolID: t.School.ID, Stage: t.content.Stage, EntryYear: t.content.EntryYear, Number: t.content.Number, SchoolingYears: in.SchoolingYears,
	})
	classID := class.ID
	if fault.Is(err, roster.ErrClassExists) {
		classID, _, err = findClass(ctx, tx, t.School.ID, t.content)
	}
	if err != nil {
		return err
	}
	entry, err := s.roster.EntryByID(ctx, tx, t.content.EntryID)
	if fault.Is(err, fault.ErrNotFound) || err == nil && entry.School.ID != t.School.ID {
		return nil
	}
	if err != nil {
		return err
	}
	if entry.Kind == roster.Teacher {
		return s.roster.AddTeacher(ctx, tx, classID, entry.ID)
	}
	return s.roster.SetClass(ctx, tx, entry.ID, classID)
}

// findClass looks for the class that a ticket asks for.
func findClass(ctx context.Context, q db.Querier, schoolID string, c content) (id string, found bool, err error) {
	err = q.QueryRow(ctx, `SELECT id FROM classes WHERE school_id = $1 AND stage = $2 AND entry_year = $3 AND number = $4`,
		schoolID, string(c.Stage), c.EntryYear, c.Number).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return id, err == nil, err
}

// handOver takes the entry from its holder, gives it to whoever asked, and tells the holder.
func (s *Service) handOver(ctx context.Context, tx *db.Tx, t row) error {
	entry, err := s.roster.EntryByDocument(ctx, tx, t.content.document())
	if fault.Is(err, fault.ErrNotFound) || err == nil && entry.School.ID != t.School.ID {
		return errTicketMoot.New(fault.Next("decline", ""))
	}
	if err != nil {
		return err
	}
	if _, err := verification.Hold(ctx, tx, entry.ID); err != nil {
		return err
	}
	if entry, err = s.roster.EntryByID(ctx, tx, entry.ID); err != nil {
		return err
	}
	// Two people who change places by two cases at once would else wait for each other.
	if err := s.accounts.Hold(ctx, tx, entry.AccountID, t.accountID); err != nil {
		return err
	}
	loser := sql.NullString{}
	if entry.AccountID != t.accountID {
		holder, err := s.verification.Unbind(ctx, tx, entry, messages.Text(messages.Chinese, "ticket.handed_over", nil))
		if err != nil {
			return err
		}
		if holder != "" && holder != t.accountID {
			loser = sql.NullString{String: holder, Valid: true}
			telling := s.accounts.Telling() // the account's first: its text has the link by which one says that it is wrong
			if err := telling.Tell(ctx, tx, holder, handedOver, map[string]any{"by": t.DecidedBy, "name": vault.MaskName(entry.Name)}); err != nil {
				return err
			}
			if err := s.tellGuardians(ctx, tx, telling, holder, entry, childHandedOver, map[string]any{"by": t.DecidedBy}); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE tickets SET holder_id = $1 WHERE id = $2`, loser, t.ID); err != nil {
		return err
	}
	return s.verification.Bind(ctx, tx, t.accountID, entry, t.content.EntryKind)
}

// tellBoth tells whoever asked how it was decided and by whom, and the holder of an entry that stays theirs.
func (s *Service) tellBoth(ctx context.Context, tx *db.Tx, t row, state State) error {
	if t.content.Ending == GuardianAsked {
		return s.accounts.Notify(ctx, tx, t.accountID, childEntered, nil)
	}
	about := "notice.ticket_"
	if t.Appeal {
		about = "notice.appeal_"
	}
	if err := s.accounts.Notify(ctx, tx, t.accountID, about+string(state), map[string]any{"school": t.School.Name, "by": t.DecidedBy}); err != nil {
		return err
	}
	if state != Declined {
		return nil
	}
	return s.tellHolder(ctx, tx, t)
}

// forAdministrator turns a person's way out of a failure into an administrator's: to decline, and say why.
func (s *Service) forAdministrator(ctx context.Context, q db.Querier, t row, err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Details["bound"] == "account" { // the asker's, not the administrator's
		asker, found := s.inTheWay(ctx, q, t)
		if found != nil {
			return found
		}
		if asker != nil {
			return askerBound(asker)
		}
	}
	if errors.As(err, &f) && (f.Code == roster.ErrAlreadyBound.Name() || f.Code == roster.ErrEntryExistsElsewhere.Name()) {
		f.Next = &fault.Step{Action: "decline"}
	}
	return err
}

// Read is one ticket in the actor's scope; for who may answer it with what the registry says while it is open, and with both sides of a
// case also once it is decided. Errors: not_found.
func (s *Service) Read(ctx context.Context, id string) (AdminTicket, error) {
	r, err := s.reached(ctx, s.db, id, access.TicketsRead)
	if err != nil {
		return AdminTicket{}, err
	}
	t, err := s.forAdmin(r)
	if err != nil {
		return t, err
	}
	if err := waysOf(ctx, s.db, []*Ticket{&t.Ticket}); err != nil {
		return t, err
	}
	if t.MayAnswer = access.ActorFrom(ctx).Can(access.TicketsAnswer, r.place); !t.MayAnswer {
		return t, nil
	}
	if r.State != Open {
		t.Sides, err = s.weighed(ctx, s.db, r)
		return t, err
	}
	t.TakenMe, t.NumberFor = r.takenBy == access.ActorFrom(ctx).AccountID, r.numberFor(access.ActorFrom(ctx))
	t.Ready = readyAnswers(access.ClientFrom(ctx).Language, r.Kind, r.content)
	switch r.Kind {
	case Frozen:
		if t.Freeze, err = s.accounts.FreezeOf(ctx, s.db, r.accountID); err != nil {
			return t, err
		}
		t.Asked, err = s.whoIsFrozen(ctx, r.accountID)
		return t, err
	case Correction:
		return t, s.compare(ctx, r, &t)
	case MissingClass:
		_, _, err = s.subject(ctx, r, &t)
		return t, err
	}
	if r.content.IDNumber == "" {
		return t, err
	}
	if t.InTheWay, err = s.inTheWay(ctx, s.db, r); err != nil {
		return t, err
	}
	entry, err := s.roster.EntryByDocument(ctx, s.db, r.content.document())
	switch {
	case fault.Is(err, fault.ErrNotFound):
		t.Registry = "absent"
		return t, nil
	case err != nil:
		return t, err
	case entry.School.ID != r.School.ID:
		t.Registry = "elsewhere"
		return t, nil
	case r.content.names(entry):
		t.Registry = "here"
	default:
		t.Registry = "here_differs"
	}
	t.EntryID = entry.ID
	if r.Kind == NotMe {
		if t.Sides, err = s.sides(ctx, s.db, r, entry); err != nil {
			return t, err
		}
		r.answeredLevel = access.ActorFrom(ctx).Highest(access.TicketsAnswer, r.place)
		if t.AppealTo, t.Final, err = s.appealTo(ctx, s.db, r); err != nil {
			return t, err
		}
	}
	if entry.AccountID == "" || !access.ActorFrom(ctx).Can(access.RegistryRead, entry.Place()) {
		return t, nil
	}
	t.Holder, err = s.holder(ctx, entry.AccountID)
	return t, err
}
