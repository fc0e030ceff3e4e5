package support

import (
	"context"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/vault"
)

// Right is what the registry should say of a person, beside their name; "" where it says so already.
type Right struct {
	ClassID           string
	StudentNumber     string
	CertificateNumber string
	GuardianID        string // by a pupil: the link of somebody who is not their guardian
}

// WrongFact is what the registry says of a person and what they say is right. Of numbers the characters that differ are
// shown, and the rest is masked: enough to compare, and no number.
type WrongFact struct {
	Field string `json:"field" enum:"name,class,student_number,certificate_number,guardian"`
	Now   string `json:"now" doc:"Empty where the registry says nothing"`
	Right string `json:"right"`
}

// askCorrection takes over what is to be corrected, of the caller's own entry or a child's. A document number is not among
// it: it is the entry's own, and cannot change (F-29).
func (s *Service) askCorrection(ctx context.Context, tx *db.Tx, in *Request, c *content) (refused, err error) {
	if in.Claim.IDNumber != "" {
		return fault.ErrInvalid.New(fault.Field("id_number", "id_number_fixed"), fault.Next("my_binding", "/me")), nil
	}
	own, err := s.verification.BindingNamed(ctx, tx, access.ActorFrom(ctx).AccountID, in.BindingID)
	if err != nil {
		return nil, err
	}
	entry, err := s.roster.EntryByID(ctx, tx, own.EntryID)
	if err != nil {
		return nil, err
	}
	c.EntryID, c.OfChild, in.SchoolID = entry.ID, own.Guardian, entry.School.ID
	bad := s.readRight(in, entry, c)
	if c.GuardianID = in.Right.GuardianID; c.GuardianID != "" && own.Guardian {
		bad = append(bad, fault.Field("guardian_id", "not_allowed"))
	}
	if c.ClassID != "" {
		class, err := s.roster.ClassByID(ctx, tx, c.ClassID)
		switch {
		case fault.Is(err, fault.ErrNotFound), err == nil && (class.School.ID != entry.School.ID || entry.Kind != roster.Student):
			bad = append(bad, fault.Field("class_id", "not_found"))
		case err != nil:
			return nil, err
		}
	}
	if len(bad) > 0 {
		return fault.ErrInvalid.New(bad...), nil
	}
	wrong, err := s.wrong(ctx, tx, entry, *c, messages.Chinese)
	if err != nil {
		return nil, err
	}
	if len(wrong) == 0 {
		return fault.ErrInvalid.New(fault.Field("correction", "nothing_to_correct")), nil
	}
	c.keep(wrong)
	return nil, nil
}

// keep leaves out what the registry says already.
func (c *content) keep(wrong []WrongFact) {
	for _, part := range []struct {
		field string
		right *string
	}{{"name", &c.Name}, {"class", &c.ClassID}, {"student_number", &c.StudentNumber}, {"certificate_number", &c.CertificateNumber}, {"guardian", &c.GuardianID}} {
		if !slices.ContainsFunc(wrong, func(f WrongFact) bool { return f.Field == part.field }) {
			*part.right = ""
		}
	}
}

// readRight brings what was typed into canonical form, or says what is wrong with it.
func (s *Service) readRight(in *Request, entry roster.Entry, c *content) (bad []fault.Option) {
	read := func(field, typed string, allowed bool, parse func(string) (string, *identity.Problem), to *string) {
		if identity.Clean(typed) == "" {
			return
		}
		if !allowed {
			bad = append(bad, fault.Field(field, "not_allowed"))
			return
		}
		var p *identity.Problem
		if *to, p = parse(typed); p != nil {
			bad = append(bad, fault.FieldWith(field, p.Code, p.Args))
		}
	}
	read("name", in.Claim.Name, true, identity.ParseName, &c.Name)
	read("student_number", in.Right.StudentNumber, entry.Kind == roster.Student, identity.ParseStudentNumber, &c.StudentNumber)
	read("certificate_number", in.Right.CertificateNumber, entry.Kind == roster.Teacher, identity.ParseCertificateNumber, &c.CertificateNumber)
	c.ClassID = in.Right.ClassID
	return bad
}

// wrong lists where the registry does not say what a correction asks for.
func (s *Service) wrong(ctx context.Context, q db.Querier, entry roster.Entry, c content, language string) ([]WrongFact, error) {
	var facts []WrongFact
	if c.Name != "" && c.Name != entry.Name {
		facts = append(facts, WrongFact{"name", entry.Name, c.Name})
	}
	if c.ClassID != "" && (entry.Class == nil || entry.Class.ID != c.ClassID) {
		fact := WrongFact{Field: "class"}
		if entry.Class != nil {
			fact.Now = entry.Class.DisplayName
		}
		class, err := s.roster.ClassByID(ctx, q, c.ClassID)
		if fact.Right = class.DisplayName; fault.Is(err, fault.ErrNotFound) {
			fact.Right, err = messages.Text(language, "ticket.class_gone", nil), nil
		}
		if err != nil {
			return nil, err
		}
		facts = append(facts, fact)
	}
	for _, number := range []struct {
		field, right string
		now          func(roster.Entry) (string, error)
	}{{"student_number", c.StudentNumber, s.roster.StudentNumber}, {"certificate_number", c.CertificateNumber, s.roster.CertificateNumber}} {
		now, err := number.now(entry)
		if err != nil {
			return nil, err
		}
		if number.right != "" && number.right != now {
			shownNow, shownRight := vault.MaskAlike(now, number.right)
			facts = append(facts, WrongFact{number.field, shownNow, shownRight})
		}
	}
	if c.GuardianID != "" {
		guardian, is, err := s.confirmedGuardian(ctx, q, entry, c.GuardianID)
		if err != nil {
			return nil, err
		}
		if is {
			said := content{GuardianName: guardian.Guardian.Name, Relation: guardian.Guardian.Relation}
			facts = append(facts, WrongFact{Field: "guardian", Now: said.who(language)})
		}
	}
	return facts, nil
}

// subject adds to a ticket about an entry who it is, while the entry is still the school's.
func (s *Service) subject(ctx context.Context, r row, t *AdminTicket) (entry roster.Entry, here bool, err error) {
	entry, err = s.roster.EntryByID(ctx, s.db, r.content.EntryID)
	if fault.Is(err, fault.ErrNotFound) || err == nil && entry.School.ID != r.School.ID {
		t.Registry = "elsewhere"
		return entry, false, nil
	}
	if err != nil {
		return entry, false, err
	}
	number, err := s.roster.IDNumber(entry)
	t.Registry, t.EntryID, t.Asked.EntryKind = "here", entry.ID, entry.Kind
	t.Asked.Name, t.Asked.IDType, t.Asked.MaskedIDNumber = entry.Name, entry.IDType, vault.MaskIDNumber(number)
	return entry, true, err
}

// compare adds to an open correction what the registry says now.
func (s *Service) compare(ctx context.Context, r row, t *AdminTicket) error {
	entry, here, err := s.subject(ctx, r, t)
	if err != nil || !here {
		return err
	}
	t.Wrong, err = s.wrong(ctx, s.db, entry, r.content, access.ClientFrom(ctx).Language)
	return err
}

// correct changes the entry as the person asked, while it is still theirs and the school's.
func (s *Service) correct(ctx context.Context, tx *db.Tx, t row) error {
	bindings, err := s.verification.BindingsOf(ctx, tx, t.accountID)
	if err != nil {
		return err
	}
	theirs := false
	for _, b := range bindings {
		theirs = theirs || b.EntryID == t.content.EntryID && b.School.ID == t.School.ID
	}
	if !theirs {
		return errTicketMoot.New(fault.Next("decline", ""))
	}
	if t.content.GuardianID != "" {
		if err := s.endDenied(ctx, tx, t); err != nil {
			return err
		}
	}
	var change roster.Change
	for _, part := range []struct {
		right string
		to    **string
	}{
		{t.content.Name, &change.Name},
		{t.content.ClassID, &change.ClassID},
		{t.content.StudentNumber, &change.StudentNumber},
		{t.content.CertificateNumber, &change.CertificateNumber},
	} {
		if part.right != "" {
			*part.to = &part.right
		}
	}
	if change == (roster.Change{}) {
		return nil
	}
	_, err = s.roster.ChangeEntry(ctx, tx, t.content.EntryID, change)
	return err
}

// parts names what a correction is about, in the reader's language; the class that was asked for with its name, where it is known.
func (c content) parts(language, class string) string {
	var parts []string
	for _, part := range []struct{ name, right string }{
		{"name", c.Name},
		{"class", c.ClassID},
		{"student_number", c.StudentNumber},
		{"certificate_number", c.CertificateNumber},
		{"guardian", c.GuardianID},
	} {
		switch {
		case part.name == "class" && part.right != "" && class != "":
			parts = append(parts, messages.Text(language, "part.class_named", map[string]any{"class": class}))
		case part.right != "":
			parts = append(parts, messages.Text(language, "part."+part.name, nil))
		}
	}
	return strings.Join(parts, messages.Text(language, "part.and", nil))
}
