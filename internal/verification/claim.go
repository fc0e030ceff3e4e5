package verification

import (
	"context"
	"crypto/subtle"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/identity"
	"caotang/internal/roster"
)

// Claim is what a person says of themselves, as typed.
type Claim struct {
	Kind         string // teacher, student, parent
	IDType       identity.Type
	IDNumber     string
	Name         string
	SecondNumber string // student or certificate number, where the policy asks for two numbers

	StudentNumber string // of a guardian's child, instead of the document's number; "" where that is named
}

// number is what the claim names somebody by.
func (in Claim) number() string {
	if in.StudentNumber != "" {
		return in.StudentNumber
	}
	return in.IDNumber
}

// claim is a Claim whose formats hold.
type claim struct {
	kind    string
	number  identity.Number
	student string // instead of the document's number
	nameKey string
	second  string
}

// read checks all that the registry is not needed for (F-17): fields_swapped, id_number_invalid with the reason, invalid
// for the rest.
func (s *Service) read(in Claim) (claim, error) {
	c := claim{kind: in.Kind}
	if in.Kind != Teacher && in.Kind != Student && in.Kind != Parent {
		return c, fault.ErrInvalid.New(fault.Field("kind", "not_allowed"))
	}
	if in.StudentNumber != "" {
		return s.readByStudentNumber(in)
	}
	number, err := ReadDocument(in.IDType, in.IDNumber, in.Name)
	if err != nil {
		return c, err
	}
	c.number, c.nameKey = number, identity.CompareKey(identity.Clean(in.Name))
	if s.config.Proof == TwoNumbers {
		var p *identity.Problem
		if c.second, p = readSecond(in.Kind, in.SecondNumber); p != nil {
			return c, fault.ErrInvalid.New(fault.FieldWith("second_number", p.Code, p.Args))
		}
	}
	return c, nil
}

// ReadDocument reads a document number and the name beside it without asking the registry. Errors: fields_swapped,
// id_number_invalid (with the name's problem too, if it has one), invalid for a name alone.
func ReadDocument(idType identity.Type, idNumber, name string) (identity.Number, error) {
	if identity.Swapped(idNumber, name) {
		return identity.Number{}, roster.ErrFieldsSwapped.New(fault.Field("id_number", identity.CodeIDLooksAsName),
			fault.Field("name", identity.CodeNameIsNumber), fault.Next("swap_fields", ""))
	}
	var bad []fault.Option
	number, p := identity.Parse(idType, idNumber)
	code := fault.ErrInvalid
	switch {
	case p == nil:
	case p.Code == identity.CodeTypeUnknown:
		bad = append(bad, fault.Field("id_type", p.Code))
	default:
		code = roster.ErrIDNumberInvalid
		bad = append(bad, fault.FieldWith("id_number", p.Code, p.Args))
	}
	if _, p := identity.ParseName(name); p != nil {
		bad = append(bad, fault.FieldWith("name", p.Code, p.Args))
	}
	if bad != nil {
		return number, code.New(bad...)
	}
	return number, nil
}

// readByStudentNumber reads a guardian's claim that names the child by its student number. Where two numbers are asked for, that
// is one of them and not enough.
func (s *Service) readByStudentNumber(in Claim) (c claim, err error) {
	if in.Kind != Parent || s.config.Proof == TwoNumbers {
		return c, fault.ErrInvalid.New(fault.Field("student_number", "not_allowed"))
	}
	if identity.Swapped(in.StudentNumber, in.Name) {
		return c, roster.ErrFieldsSwapped.New(fault.Field("student_number", identity.CodeIDLooksAsName),
			fault.Field("name", identity.CodeNameIsNumber), fault.Next("swap_fields", ""))
	}
	var bad []fault.Option
	student, p := identity.ParseStudentNumber(in.StudentNumber)
	if p != nil {
		bad = append(bad, fault.FieldWith("student_number", p.Code, p.Args))
	}
	if _, p := identity.ParseName(in.Name); p != nil {
		bad = append(bad, fault.FieldWith("name", p.Code, p.Args))
	}
	if bad != nil {
		return c, fault.ErrInvalid.New(bad...)
	}
	return claim{kind: in.Kind, student: student, nameKey: identity.CompareKey(identity.Clean(in.Name))}, nil
}

// readSecond reads the second number of the kind. A parent may name their child's student number or, being in the
// registry as a teacher, their own certificate's.
func readSecond(kind, text string) (string, *identity.Problem) {
	if identity.Fold(text) == "" {
		return "", &identity.Problem{Code: "missing"}
	}
	student, problem := identity.ParseStudentNumber(text)
	if kind == Student || kind == Parent && problem == nil {
		return student, problem
	}
	return identity.ParseCertificateNumber(text)
}

// answerAfter is how long a failed match takes at least, so that its time does not tell how far it got.
const answerAfter = 100 * time.Millisecond

// Withhold waits, after [Service.Match] refused a claim and outside its transaction, until no answer tells how far the
// match got. begun is when the claim arrived.
func Withhold(ctx context.Context, begun time.Time) {
	timer := time.NewTimer(time.Until(begun.Add(answerAfter)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Vigilance refuses a claim while the account waits, with too_many_attempts, and asks for a captcha where many have failed from the
// caller's address or network. Ask before [Service.Match], outside its transaction.
func (s *Service) Vigilance(ctx context.Context, accountID string) error {
	_, err := s.guard.Check(ctx, append(s.guard.FromWith(ctx, attemptKind, 0), guard.Limit{Key: accountAttempts(accountID)})...)
	return err
}

// Match finds the registry entry that a claim by this account proves, and counts the attempt when there is none. The
// transaction must be committed whatever the answer, for the count to stand: the outcome is the second value, and an
// error means that the transaction failed. Outcomes: too_many_attempts with the time to wait; realname_no_match, the
// same whichever part is wrong; [Withhold] the answer then.
func (s *Service) Match(ctx context.Context, tx *db.Tx, accountID string, in Claim) (entry roster.Entry, outcome, err error) {
	c, err := s.read(in)
	if err != nil {
		return entry, err, nil
	}
	found, err := s.seek(ctx, tx, c)
	if err != nil {
		return entry, nil, err
	}
	return s.disclose(ctx, tx, accountID, found)
}

// sought is whom a claim names, and whether it proves that. Nobody is told before [Service.disclose] has counted it.
type sought struct {
	entry  roster.Entry
	proven bool
}

// seek looks for whom a claim names.
func (s *Service) seek(ctx context.Context, q db.Querier, c claim) (found sought, err error) {
	if c.student == "" {
		found.entry, err = s.roster.EntryByDocument(ctx, q, c.number)
	} else {
		var id string
		if id, err = s.roster.PupilByStudentNumber(ctx, q, c.nameKey, c.student); err == nil {
			found.entry, err = s.roster.EntryByID(ctx, q, id)
		}
	}
	if fault.Is(err, fault.ErrNotFound) {
		return sought{}, nil
	}
	if err == nil {
		found.proven, err = s.proves(c, found.entry)
	}
	return found, err
}

// disclose answers as [Service.Match] does what was found for an account, unless it has to wait.
func (s *Service) disclose(ctx context.Context, tx *db.Tx, accountID string, found sought) (entry roster.Entry, outcome, err error) {
	wait, err := s.attempt(ctx, tx, accountID, !found.proven)
	switch {
	case err != nil:
		return entry, nil, err
	case wait > 0:
		return entry, guard.ErrTooManyAttempts.New(fault.RetryAfter(wait), fault.Next("request_entry", "/verify?step=request")), nil
	case !found.proven:
		return entry, noMatch(), nil
	}
	return found.entry, nil, nil
}

// Check tells what is wrong with a claim before the registry is asked: fields_swapped, id_number_invalid, invalid.
func (s *Service) Check(in Claim) error {
	_, err := s.read(in)
	return err
}

func (s *Service) wellFormed(in Claim) bool { return s.Check(in) == nil }

// Proves tells whether a claim that was made before holds everything that the policy asks for the entry now. It counts no
// attempt: whoever asks makes sure that it is no way to guess.
func (s *Service) Proves(in Claim, e roster.Entry) (bool, error) {
	if !s.wellFormed(in) { // made before the policy asked for more
		return false, nil
	}
	c, err := s.read(in)
	if err != nil {
		return false, err
	}
	return s.proves(c, e)
}

// proves tells whether a claim holds everything that the policy asks for the entry.
func (s *Service) proves(c claim, e roster.Entry) (bool, error) {
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	proven := same(c.nameKey, identity.CompareKey(e.Name)) && (c.kind == e.Kind || c.kind == Parent)
	if s.config.Proof != TwoNumbers {
		return proven, nil
	}
	numberOf := s.roster.CertificateNumber
	if e.Kind == Student {
		numberOf = s.roster.StudentNumber
	}
	second, err := numberOf(e)
	return proven && second != "" && same(c.second, second), err
}

// BindSelf binds the caller to the entry that their claim proves, and into a class where the entry has none and one was
// chosen (F-15 to F-19); a pupil's parent asks to be their guardian by it, as for [Service.AskGuardian]. Claiming again what one
// holds, or has asked for, answers the same binding. Errors: those of formats, then too_many_attempts, realname_no_match,
// already_bound, children_full, guardians_full.
func (s *Service) BindSelf(ctx context.Context, in Claim, classID string, as Guardian) (*Binding, error) {
	begun := time.Now()
	accountID := access.ActorFrom(ctx).AccountID
	c, err := s.read(in)
	if err != nil {
		if failed := s.countStuck(ctx, err, access.Place{}); failed != nil {
			return nil, failed
		}
		return nil, err
	}
	if err := as.Check(); err != nil {
		return nil, err
	}
	if err := s.Vigilance(ctx, accountID); err != nil {
		return nil, err
	}
	var found sought
	if c.student != "" { // all of a name are read for it: before the transaction, which others wait for
		if found, err = s.seek(ctx, s.db, c); err != nil {
			return nil, err
		}
	}
	var binding *Binding
	var outcome error
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if c.student == "" {
			if found, err = s.seek(ctx, tx, c); err != nil {
				return err
			}
		}
		entry, refused, err := s.disclose(ctx, tx, accountID, found)
		if outcome = refused; err != nil {
			return err
		}
		if refused != nil {
			return stick(ctx, tx, refused, access.Place{})
		}
		if in.Kind == Parent && entry.Kind == Student {
			binding, err = s.askAndShow(ctx, tx, accountID, entry, in, as)
		} else {
			binding, err = s.bindAndShow(ctx, tx, accountID, entry, in.Kind, classID)
		}
		if fault.Is(err, fault.ErrNotFound) { // removed, or replaced by one with another number, since it was found
			outcome = noMatch()
			return nil
		}
		return err
	})
	if err != nil {
		if failed := s.countStuck(ctx, err, found.entry.Place()); failed != nil {
			return nil, failed
		}
		return nil, err
	}
	if outcome != nil {
		Withhold(ctx, begun)
		return nil, outcome
	}
	return binding, nil
}

// bindAndShow binds, puts the entry into the class that was chosen where it has none, and answers the binding while nobody can change it.
func (s *Service) bindAndShow(ctx context.Context, tx *db.Tx, accountID string, entry roster.Entry, kind, classID string) (*Binding, error) {
	if err := s.Bind(ctx, tx, accountID, entry, kind); err != nil {
		return nil, err
	}
	if classID != "" && entry.Class == nil {
		if err := s.fillClass(ctx, tx, entry.ID, classID); err != nil {
			return nil, err
		}
	}
	return s.bindingTo(ctx, tx, accountID, entry.ID)
}
