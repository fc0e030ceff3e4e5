package support

import (
	"context"
	"time"
	"unicode/utf8"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/roster"
	"caotang/internal/tally"
	"caotang/internal/verification"
)

const maxText = 500 // characters of a note or an answer

// Request is what a person asks for, as typed.
type Request struct {
	Kind     Kind
	SchoolID string // for NotMe the entry's own school counts
	Claim    verification.Claim
	Guardian verification.Guardian // missing_entry of a parent: who asks to be the child's guardian
	Class    roster.NewClass       // its school is SchoolID
	Note     string

	BindingID string // a correction or a missing class: whose; "" is the first whom the account stands for, at the school

	Right Right // a correction: what is right beside the claim's name; "" is right already

	held roster.Entry // not_me: the entry, which another account holds
}

// Ask files a ticket for the caller. Errors: those of formats, ticket_open, and by kind:
//
//   - missing_entry: already_bound when the caller is somebody already. Whether the registry has the number is not told, and
//     not looked for: the ticket ends by itself when the registry next changes (see [Service.MatchClaims]).
//   - missing_class: invalid when the caller, or their child, is not at the school; class_exists.
//   - correction: not_found when the caller is nobody's; invalid for what cannot be, or is so already. The entry's school counts.
//   - not_me: realname_no_match and too_many_attempts as for a binding, for only who knows the number and the name may
//     claim a held entry; entry_not_taken when nobody holds it; case_decided when an appeal has been decided against the caller.
func (s *Service) Ask(ctx context.Context, in Request) (Ticket, error) {
	begun := time.Now()
	var c content
	var err error
	if c.Note, err = noteOf(in.Note); err != nil {
		return Ticket{}, err
	}
	var ask func(ctx context.Context, tx *db.Tx, in *Request, c *content) (refused, err error)
	switch in.Kind {
	case MissingEntry:
		ask = s.askEntry
	case MissingClass:
		ask = s.askClass
	case NotMe:
		ask = s.askMine
	case Correction:
		ask = s.askCorrection
	default:
		return Ticket{}, fault.ErrInvalid.New(fault.Field("kind", "not_allowed"))
	}
	accountID := access.ActorFrom(ctx).AccountID
	if in.Kind == NotMe {
		if err := s.verification.Vigilance(ctx, accountID); err != nil {
			return Ticket{}, err
		}
	}
	var ticket Ticket
	var refused error
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		var err error
		if refused, err = ask(ctx, tx, &in, &c); err != nil || refused != nil {
			return err
		}
		school, err := s.roster.OpenSchool(ctx, tx, in.SchoolID)
		if fault.Is(err, fault.ErrNotFound) {
			return fault.ErrInvalid.New(fault.Field("school_id", "not_found"))
		}
		if err != nil {
			return err
		}
		id, err := s.insert(ctx, tx, accountID, school.ID, in.Kind, c)
		if err != nil {
			return err
		}
		switch in.Kind {
		case MissingEntry:
			err = s.await(ctx, tx, id, c)
		case NotMe:
			err = s.openCase(ctx, tx, id, in.held.AccountID, in.held)
		}
		if err != nil {
			return err
		}
		all, err := s.rows(ctx, tx, " WHERE t.id = $1", id)
		if err != nil {
			return err
		}
		if err := s.tellOf(ctx, tx, accountID, all); err != nil {
			return err
		}
		filed := all[0]
		if err := audit.Record(ctx, tx, audit.Event{
			Action: "ticket.open", Target: "ticket", TargetID: id, Place: school.Place(),
			Details: filed.about(),
		}); err != nil {
			return err
		}
		ticket = filed.Ticket
		reason := map[Kind]tally.Reason{MissingEntry: tally.AskedEntry, MissingClass: tally.AskedClass}[in.Kind]
		if reason != "" && (in.Kind != MissingClass || c.EntryKind != verification.Teacher) { // a teacher is in their space already
			return tally.Stick(ctx, tx, s.now(), reason, school.Place())
		}
		return nil
	})
	if err != nil {
		return Ticket{}, err
	}
	if refused != nil && in.Kind == NotMe {
		verification.Withhold(ctx, begun)
	}
	return ticket, refused
}

// AskAgain asks a school, the same or another, for what one's own declined request for a missing person asked for, with nothing typed
// twice. Errors: not_found for anybody else's, and for one that was not declined; those of [Service.Ask].
func (s *Service) AskAgain(ctx context.Context, id, schoolID, note string) (Ticket, error) {
	all, err := s.rows(ctx, s.db, ` WHERE t.id = $1 AND t.account_id = $2 AND t.kind = 'missing_entry' AND t.state = 'declined'`, id, access.ActorFrom(ctx).AccountID)
	if err == nil && len(all) == 0 {
		err = fault.ErrNotFound.New(fault.Next("my_tickets", "/me/tickets"))
	}
	if err != nil {
		return Ticket{}, err
	}
	c := all[0].content
	return s.Ask(ctx, Request{
		Kind: MissingEntry, SchoolID: schoolID, Note: note, Claim: c.claim(), Guardian: verification.Guardian{Name: c.GuardianName, Relation: c.Relation},
	})
}

func (s *Service) askEntry(ctx context.Context, tx *db.Tx, in *Request, c *content) (refused, err error) {
	if refused, err := s.askPerson(ctx, tx, in, c); err != nil || refused != nil {
		return refused, err
	}
	if err := s.verification.Check(in.Claim); err != nil {
		return err, nil
	}
	if c.EntryKind == verification.Parent {
		if err := in.Guardian.Check(); err != nil {
			return err, nil
		}
		c.GuardianName, c.Relation = in.Guardian.Name, in.Guardian.Relation
	}
	number, err := verification.ReadDocument(in.Claim.IDType, in.Claim.IDNumber, in.Claim.Name)
	c.IDType, c.IDNumber, c.SecondNumber = number.Type, number.Text, in.Claim.SecondNumber
	return err, nil
}

// askPerson takes over who it is about, for a caller who may still become that person.
func (s *Service) askPerson(ctx context.Context, tx *db.Tx, in *Request, c *content) (refused, err error) {
	c.EntryKind, c.Name = in.Claim.Kind, identity.Clean(in.Claim.Name)
	if k := c.EntryKind; k != verification.Teacher && k != verification.Student && k != verification.Parent {
		return fault.ErrInvalid.New(fault.Field("entry_kind", "not_allowed")), nil
	}
	own, err := s.verification.BindingOf(ctx, tx, access.ActorFrom(ctx).AccountID)
	if err == nil && own != nil && !own.Guardian && c.EntryKind != verification.Parent {
		refused = verification.AccountBound()
	}
	return refused, err
}

func (s *Service) askClass(ctx context.Context, tx *db.Tx, in *Request, c *content) (refused, err error) {
	bindings, err := s.verification.BindingsOf(ctx, tx, access.ActorFrom(ctx).AccountID)
	if err != nil {
		return nil, err
	}
	for _, b := range bindings {
		if b.School.ID == in.SchoolID && c.EntryID == "" && (in.BindingID == "" || b.ID == in.BindingID) {
			c.EntryID, c.OfChild = b.EntryID, b.Guardian
			if b.EntryKind == roster.Teacher {
				c.EntryKind = verification.Teacher
			}
		}
	}
	if c.EntryID == "" {
		return fault.ErrInvalid.New(fault.Field("school_id", "not_own_school")), nil
	}
	in.Class.SchoolID = in.SchoolID
	c.Stage, c.EntryYear, c.Number = in.Class.Stage, in.Class.EntryYear, in.Class.Number
	if err := s.roster.CheckClass(in.Class); err != nil {
		return err, nil
	}
	id, exists, err := findClass(ctx, tx, in.SchoolID, *c)
	if err != nil {
		return nil, err
	}
	if c.EntryKind == verification.Teacher { // who may lack nothing but their name on it
		return s.askTaught(ctx, tx, c.EntryID, id, exists)
	}
	if exists {
		refused = roster.ErrClassExists.New(fault.Field("number", "class_exists"), fault.Next("choose_class", "/verify?step=class"))
	}
	return refused, err
}

// askTaught refuses a class that has graduated, and one that the teacher teaches already.
func (s *Service) askTaught(ctx context.Context, tx *db.Tx, entryID, classID string, exists bool) (refused, err error) {
	if !exists {
		return nil, nil
	}
	class, err := s.roster.ClassByID(ctx, tx, classID)
	if err != nil {
		return nil, err
	}
	if class.GraduatedAt != nil {
		return fault.ErrInvalid.New(fault.Field("number", "class_graduated")), nil
	}
	taught, err := s.roster.Teaches(ctx, tx, entryID, classID)
	if taught {
		refused = roster.ErrClassExists.New(fault.Field("number", "class_taught"), fault.Next("my_classes", "/space"))
	}
	return refused, err
}

// heldEntry is an entry that a case is to be about, as it is once nobody else changes it: whoever unbinds or removes it goes first, or sees
// the case. Its school is taken before it, as by whoever adds people.
func (s *Service) heldEntry(ctx context.Context, tx *db.Tx, entry roster.Entry) (roster.Entry, error) {
	if _, err := s.roster.OpenSchool(ctx, tx, entry.School.ID); err != nil {
		return entry, err
	}
	if _, err := verification.Hold(ctx, tx, entry.ID); err != nil {
		return entry, err
	}
	return s.roster.EntryByID(ctx, tx, entry.ID)
}

func (s *Service) askMine(ctx context.Context, tx *db.Tx, in *Request, c *content) (refused, err error) {
	if refused, err := s.askPerson(ctx, tx, in, c); err != nil || refused != nil {
		return refused, err
	}
	caller := access.ActorFrom(ctx).AccountID
	entry, refused, err := s.verification.Match(ctx, tx, caller, in.Claim)
	if err != nil || refused != nil {
		return refused, err
	}
	if entry, err = s.heldEntry(ctx, tx, entry); err != nil {
		return nil, err
	}
	if entry.AccountID == "" || entry.AccountID == caller || c.EntryKind == verification.Parent && entry.Kind == roster.Student {
		return errEntryNotTaken.New(fault.Next("verify", "/verify")), nil
	}
	number, err := verification.ReadDocument(in.Claim.IDType, in.Claim.IDNumber, in.Claim.Name)
	if err != nil {
		return err, nil
	}
	c.IDType, c.IDNumber, in.SchoolID, in.held = number.Type, number.Text, entry.School.ID, entry
	if final, err := s.decidedFinally(ctx, tx, caller, *c); err != nil || !final {
		return nil, err
	}
	return errCaseDecided.New(fault.Next("my_tickets", "/me/tickets")), nil
}

// noteOf tidies a note, which is sealed: what whoever asks writes of themselves stays as it is, numbers and all.
func noteOf(typed string) (string, error) {
	note := identity.Clean(typed)
	if utf8.RuneCountInString(note) > maxText {
		return "", fault.ErrInvalid.New(fault.FieldWith("note", "too_long", map[string]any{"max": maxText}))
	}
	return note, nil
}
