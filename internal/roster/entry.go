package roster

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/lookup"
	"caotang/internal/tally"
	"caotang/internal/vault"
)

// Entry is a person in the registry. Its numbers are sealed; Service opens them.
type Entry struct {
	ID        string
	Kind      string // Teacher or Student
	Name      string // as the registry spells it
	IDType    identity.Type
	School    School
	Class     *Class // nil for a teacher, and for a student whose class is not known yet
	AccountID string // of the account that is bound to it; "" for none
	CreatedAt db.Time
	UpdatedAt db.Time

	idNumber, student, certificate []byte // sealed
	username                       string // of the account
	phone                          []byte // of the account, sealed
}

// Place is where the entry lies.
func (e Entry) Place() access.Place { return e.School.Place() }

// IDNumber answers the entry's document number in full: mask it, unless the look has been recorded.
func (s *Service) IDNumber(e Entry) (string, error) { return s.vault.Open(purposeIDNumber, e.idNumber) }

// StudentNumber answers the entry's student number in full, "" when it has none.
func (s *Service) StudentNumber(e Entry) (string, error) { return s.open(purposeStudent, e.student) }

// CertificateNumber answers the entry's teacher certificate number in full, "" when it has none.
func (s *Service) CertificateNumber(e Entry) (string, error) {
	return s.open(purposeCertificate, e.certificate)
}

// OwnAge is from how many years on a pupil decides about their own data, as the law on personal information has it.
const OwnAge = 14

// OfOwnAge tells whether a person is known to have come of [OwnAge]; not so where their document tells no date of birth.
func (s *Service) OfOwnAge(e Entry) (bool, error) {
	number, err := s.IDNumber(e)
	if err != nil {
		return false, err
	}
	born, known := identity.Number{Type: e.IDType, Text: number}.Born()
	return known && !born.AddDate(OwnAge, 0, 0).After(s.now()), nil
}

func (s *Service) open(purpose string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	return s.vault.Open(purpose, sealed)
}

// seal answers the sealed value, nil for an empty one.
func (s *Service) seal(purpose, plain string) []byte {
	if plain == "" {
		return nil
	}
	return s.vault.Seal(purpose, plain)
}

// EntryByDocument answers the entry with this document; fault.ErrNotFound if there is none.
func (s *Service) EntryByDocument(ctx context.Context, q db.Querier, number identity.Number) (Entry, error) {
	now, before := s.vault.Asked(s.vault.Index(purposeIDNumber, number.Key()))
	return s.oneEntry(ctx, q, "e.id = (SELECT entry_id FROM documents WHERE document_index IN ($1, $2) LIMIT 1)", now, before)
}

// DocumentIndex is what a document is found by, here and wherever else somebody waits for it, as the transaction writes it.
func (s *Service) DocumentIndex(ctx context.Context, tx *db.Tx, number identity.Number) ([]byte, error) {
	return lookup.Claim(ctx, tx, s.vault, lookup.Documents, s.vault.Index(purposeIDNumber, number.Key()))
}

// EntryByID answers an entry; fault.ErrNotFound if there is none. Whoever asks must be bound to it or have checked their
// scope.
func (s *Service) EntryByID(ctx context.Context, q db.Querier, id string) (Entry, error) {
	return s.oneEntry(ctx, q, "e.id = $1", id)
}

// EntriesByID answers those of the entries that are there, by their id, at most as many as a query takes arguments.
func (s *Service) EntriesByID(ctx context.Context, q db.Querier, ids []string) (map[string]Entry, error) {
	byID := map[string]Entry{}
	if len(ids) == 0 {
		return byID, nil
	}
	args := db.Args(ids)
	all, err := s.entries(ctx, q, " WHERE e.id IN ("+db.Placeholders(len(args))+")", args...)
	for _, e := range all {
		byID[e.ID] = e
	}
	return byID, err
}

func (s *Service) oneEntry(ctx context.Context, q db.Querier, where string, args ...any) (Entry, error) {
	var row entryRow
	err := q.QueryRow(ctx, entrySelect+" WHERE "+where, args...).Scan(row.scan()...)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return Entry{}, err
	}
	return row.entry(SchoolYear(s.now())), nil
}

// reachableEntry answers an entry to which the actor may do the action; fault.ErrNotFound otherwise.
func (s *Service) reachableEntry(ctx context.Context, q db.Querier, action access.Action, id string) (Entry, error) {
	e, err := s.EntryByID(ctx, q, id)
	if err == nil && !access.ActorFrom(ctx).Can(action, e.Place()) {
		return Entry{}, fault.ErrNotFound.New()
	}
	return e, err
}

// NewEntry is what an entry is made from, as a person typed it.
type NewEntry struct {
	Kind              string
	Name              string
	IDType            identity.Type
	IDNumber          string
	SchoolID          string
	ClassID           string // "" for none
	StudentNumber     string // "" for none
	CertificateNumber string // "" for none
}

// CreateEntry adds an entry within the transaction and records it. The caller decides who may. It fails with
// id_number_invalid, fields_swapped, fault.ErrInvalid with fields, fault.ErrNotFound for an unknown school,
// entry_exists_here, or entry_exists_elsewhere, which names the other school only when the name is the entry's (F-27).
func (s *Service) CreateEntry(ctx context.Context, tx *db.Tx, n NewEntry) (Entry, error) {
	number, err := s.checkEntry(&n)
	if err != nil {
		return Entry{}, err
	}
	if err := holdSchool(ctx, tx, n.SchoolID); err != nil {
		return Entry{}, err
	}
	school, err := s.OpenSchool(ctx, tx, n.SchoolID)
	if err != nil {
		return Entry{}, err
	}
	if err := s.checkClassOf(ctx, tx, "class_id", n.ClassID, n.Kind, n.SchoolID); err != nil {
		return Entry{}, err
	}
	index, err := s.DocumentIndex(ctx, tx, number)
	if err != nil {
		return Entry{}, err
	}
	id, now := db.NewID(), db.At(s.now())
	added, err := db.Changed(tx.Exec(ctx, "INSERT INTO documents (document_index, entry_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", index, id))
	if err != nil {
		return Entry{}, err
	}
	if !added {
		return Entry{}, s.existing(ctx, tx, number, n)
	}
	if err := tx.Insert(ctx, "registry_entries", entryColumns, [][]any{{
		id, n.Kind, n.Name, identity.CompareKey(n.Name), string(n.IDType), s.vault.Seal(purposeIDNumber, number.Text), index,
		s.seal(purposeStudent, n.StudentNumber), s.seal(purposeCertificate, n.CertificateNumber),
		n.SchoolID, nullText(n.ClassID), now, now,
	}}); err != nil {
		return Entry{}, err
	}
	if err := tally.Enter(ctx, tx, now.Time, id); err != nil {
		return Entry{}, err
	}
	if err := audit.Record(ctx, tx, audit.Event{
		Action: "registry.create", Target: "entry", TargetID: id, Place: school.Place(),
		Details: map[string]any{
			"kind": n.Kind, "id_type": n.IDType, "masked_name": vault.MaskName(n.Name), "masked_id_number": vault.MaskIDNumber(number.Text),
		},
	}); err != nil {
		return Entry{}, err
	}
	if err := s.watcher.EntryChanged(ctx, tx, id); err != nil {
		return Entry{}, err
	}
	return s.EntryByID(ctx, tx, id)
}

// existing is the error for a document that stands in the registry already, told as here where that is at the same school.
func (s *Service) existing(ctx context.Context, tx *db.Tx, number identity.Number, n NewEntry, here ...fault.Option) error {
	other, err := s.EntryByDocument(ctx, tx, number)
	if err != nil {
		return err
	}
	if other.School.ID == n.SchoolID {
		return ErrEntryExistsHere.New(append(here, fault.Field("id_number", codeExistsHere), fault.Detail("entry_id", other.ID),
			fault.Next("show_entry", "/admin/registry?entry="+other.ID))...)
	}
	if !identity.SameName(other.Name, n.Name) {
		return ErrEntryExistsElsewhere.New(fault.Field("id_number", codeExistsElsewhere))
	}
	return ErrEntryExistsElsewhere.New(fault.Field("id_number", codeExistsElsewhere), fault.For("named"), fault.Arg("school", other.School.Name),
		fault.Detail("school", SchoolRef{other.School.ID, other.School.Name}))
}

// checkEntry brings what was typed into canonical form, or says all that is wrong with it.
func (s *Service) checkEntry(n *NewEntry) (identity.Number, error) {
	if identity.Swapped(n.IDNumber, n.Name) {
		return identity.Number{}, ErrFieldsSwapped.New(fault.Field("id_number", identity.CodeIDLooksAsName), fault.Field("name", identity.CodeNameIsNumber))
	}
	var bad []fault.Option
	var p *identity.Problem
	if n.Kind != Teacher && n.Kind != Student {
		bad = append(bad, fault.Field("kind", "not_allowed"))
	}
	if n.Name, p = identity.ParseName(n.Name); p != nil {
		bad = append(bad, fault.FieldWith("name", p.Code, p.Args))
	}
	if n.StudentNumber, p = optional(n.StudentNumber, identity.ParseStudentNumber); p != nil {
		bad = append(bad, fault.FieldWith("student_number", p.Code, p.Args))
	}
	if n.CertificateNumber, p = optional(n.CertificateNumber, identity.ParseCertificateNumber); p != nil {
		bad = append(bad, fault.FieldWith("certificate_number", p.Code, p.Args))
	}
	number, p := identity.ParseOn(n.IDType, n.IDNumber, s.now())
	switch {
	case p != nil && p.Code == identity.CodeTypeUnknown:
		bad = append(bad, fault.Field("id_type", p.Code))
	case p != nil && len(bad) == 0:
		return number, ErrIDNumberInvalid.New(fault.FieldWith("id_number", p.Code, p.Args))
	case p != nil:
		bad = append(bad, fault.FieldWith("id_number", p.Code, p.Args))
	}
	if len(bad) > 0 {
		return number, fault.ErrInvalid.New(bad...)
	}
	return number, nil
}

func optional(text string, parse func(string) (string, *identity.Problem)) (string, *identity.Problem) {
	if identity.Fold(text) == "" {
		return "", nil
	}
	return parse(text)
}

// checkClassOf says whether an entry of this kind and school may be in the class that the input's field names; "" is no class.
func (s *Service) checkClassOf(ctx context.Context, q db.Querier, field, classID, kind, schoolID string) error {
	if classID == "" {
		return nil
	}
	class, err := s.ClassByID(ctx, q, classID)
	if fault.Is(err, fault.ErrNotFound) || err == nil && class.School.ID != schoolID {
		return fault.ErrInvalid.New(fault.Field(field, "not_found"))
	}
	switch {
	case err != nil:
		return err
	case kind != Student:
		return fault.ErrInvalid.New(fault.Field(field, "class_of_teacher"))
	case class.GraduatedAt != nil:
		return fault.ErrInvalid.New(fault.Field(field, "class_graduated"))
	}
	return nil
}

// SetClass puts a student into a class of their own school within the transaction, and records it: fault.ErrInvalid with
// field class_id for any other class. The caller decides who may.
func (s *Service) SetClass(ctx context.Context, tx *db.Tx, entryID, classID string) error {
	// Held before it is read: who moves to another school meanwhile does not take a class of the one before along.
	if err := tx.Hold(ctx, "registry_entries", entryID); err != nil {
		return err
	}
	e, err := s.EntryByID(ctx, tx, entryID)
	if err != nil {
		return err
	}
	if err := s.checkClassOf(ctx, tx, "class_id", classID, e.Kind, e.School.ID); err != nil {
		return err
	}
	details := map[string]any{"class_id": classID}
	if classID != "" {
		class, err := s.ClassByID(ctx, tx, classID)
		if err != nil {
			return err
		}
		details["class"] = class.DisplayName
	}
	if err := s.recounting(ctx, tx, entryID, func() error {
		_, err := tx.Exec(ctx, "UPDATE registry_entries SET class_id = $1, updated_at = $2 WHERE id = $3", nullText(classID), db.At(s.now()), entryID)
		return err
	}); err != nil {
		return err
	}
	return s.record(ctx, tx, "registry.set_class", e, "", details)
}

// ClassSetBy answers whose account put a student into their class last; "" where no single act did, as for an import.
func (s *Service) ClassSetBy(ctx context.Context, q db.Querier, e Entry) (accountID string, err error) {
	return audit.LastActor(ctx, q, e.Place(), "entry", e.ID, "class", "registry.set_class", "registry.change")
}

// Move takes an entry from one school to another within the transaction and records it; it answers whether the entry stood
// where it was to leave. Its class, and the classes that a teacher had, stay behind; classID is its class there, "" for none. The
// caller decides who may and that the class is one of the school's, and moves the binding with it.
func (s *Service) Move(ctx context.Context, tx *db.Tx, entryID, fromSchoolID, toSchoolID, classID string) (moved bool, err error) {
	there, err := db.Changed(tx.Exec(ctx, `UPDATE registry_entries SET updated_at = $1 WHERE id = $2 AND school_id = $3`, db.At(s.now()), entryID, fromSchoolID))
	if err != nil || !there {
		return false, err
	}
	left, err := s.EntryByID(ctx, tx, entryID)
	if err != nil {
		return false, err
	}
	to, err := s.OpenSchool(ctx, tx, toSchoolID)
	if err != nil {
		return false, err
	}
	if err := s.recounting(ctx, tx, entryID, func() error {
		_, err := tx.Exec(ctx, `UPDATE registry_entries SET school_id = $1, class_id = $2 WHERE id = $3`, toSchoolID, nullText(classID), entryID)
		return err
	}); err != nil {
		return false, err
	}
	if err := s.leaveClasses(ctx, tx, entryID); err != nil {
		return false, err
	}
	class := ""
	if left.Class != nil {
		class = left.Class.ID
	}
	return true, s.record(ctx, tx, "registry.move", left, "", map[string]any{"to_school_id": toSchoolID, "school": to.Name, "from_class_id": class})
}

// recounting counts an entry where it stands after a change of its school or class, and no longer where it stood before.
func (s *Service) recounting(ctx context.Context, tx *db.Tx, entryID string, change func() error) error {
	now := s.now()
	if err := tally.Leave(ctx, tx, now, entryID); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return tally.Enter(ctx, tx, now, entryID)
}

// Change is what may be changed of an entry; nil leaves a part as it is, "" removes it. There is no document number (F-29).
type Change struct {
	Name, ClassID, StudentNumber, CertificateNumber *string
}

func (s *Service) changeEntry(ctx context.Context, id string, c Change) (e Entry, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		e, err = s.ChangeEntry(ctx, tx, id, c)
		return err
	})
	return e, err
}

// ChangeEntry changes an entry of the actor's scope within the transaction, and records it: fault.ErrNotFound outside the
// scope; fault.ErrInvalid with the fields that cannot be.
func (s *Service) ChangeEntry(ctx context.Context, tx *db.Tx, id string, c Change) (Entry, error) {
	if err := tx.Hold(ctx, "registry_entries", id); err != nil { // as whoever sets a class does
		return Entry{}, err
	}
	e, err := s.reachableEntry(ctx, tx, access.RegistryWrite, id)
	if err != nil {
		return Entry{}, err
	}
	set, parts, bad := s.assignments(c)
	if len(bad) > 0 {
		return Entry{}, fault.ErrInvalid.New(bad...)
	}
	if c.ClassID != nil {
		if err := s.checkClassOf(ctx, tx, "class_id", *c.ClassID, e.Kind, e.School.ID); err != nil {
			return Entry{}, err
		}
		set.add("class_id = $%d", nullText(*c.ClassID))
		parts = append(parts, "class")
	}
	if len(parts) == 0 {
		return e, nil
	}
	if err := s.assign(ctx, tx, e, set, parts, map[string]any{}); err != nil {
		return Entry{}, err
	}
	if err := s.watcher.EntryChanged(ctx, tx, id); err != nil {
		return Entry{}, err
	}
	return s.EntryByID(ctx, tx, id)
}

// assign sets parts of an entry, counts it anew where its class is among them, and records which they are.
func (s *Service) assign(ctx context.Context, tx *db.Tx, e Entry, set conditions, parts []string, record map[string]any) error {
	set.add("updated_at = $%d", db.At(s.now()))
	assigned := strings.Join(set.parts, ", ")
	set.parts = nil
	set.add("id = $%d", e.ID)
	write := func() error {
		_, err := tx.Exec(ctx, "UPDATE registry_entries SET "+assigned+set.where(), set.args...)
		return err
	}
	var err error
	if slices.Contains(parts, "class") {
		err = s.recounting(ctx, tx, e.ID, write)
	} else {
		err = write()
	}
	if err != nil {
		return err
	}
	record["changed"] = strings.Join(parts, " ")
	return s.record(ctx, tx, "registry.change", e, "", record)
}

// assignments reads the parts of a change that the rest of the registry is not needed for, and says what is wrong with them.
func (s *Service) assignments(c Change) (set conditions, parts []string, bad []fault.Option) {
	if c.Name != nil {
		name, p := identity.ParseName(*c.Name)
		if p != nil {
			bad = append(bad, fault.FieldWith("name", p.Code, p.Args))
		}
		set.add("name = $%d", name)
		set.add("name_key = $%d", identity.CompareKey(name))
		parts = append(parts, "name")
	}
	if c.StudentNumber != nil {
		number, p := optional(*c.StudentNumber, identity.ParseStudentNumber)
		if p != nil {
			bad = append(bad, fault.FieldWith("student_number", p.Code, p.Args))
		}
		set.add("student_number_sealed = $%d", s.seal(purposeStudent, number))
		parts = append(parts, "student_number")
	}
	if c.CertificateNumber != nil {
		number, p := optional(*c.CertificateNumber, identity.ParseCertificateNumber)
		if p != nil {
			bad = append(bad, fault.FieldWith("certificate_number", p.Code, p.Args))
		}
		set.add("certificate_number_sealed = $%d", s.seal(purposeCertificate, number))
		parts = append(parts, "certificate_number")
	}
	return set, parts, bad
}

// Uncontested answers entry_contested while somebody else's case asks for the entry that an account holds (F-15): whoever administers
// the registry does not forestall whoever decides it. A case from before the account was bound is about another entry.
func (s *Service) Uncontested(ctx context.Context, q db.Querier, accountID string) error {
	var id string
	var appeal bool
	err := q.QueryRow(ctx, `SELECT t.id, t.appeals IS NOT NULL FROM tickets t JOIN bindings b ON b.account_id = t.holder_id AND b.bound_at <= t.created_at
		WHERE t.holder_id = $1 AND t.kind = 'not_me' AND t.state = 'open' ORDER BY t.id LIMIT 1`, accountID).Scan(&id, &appeal)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case appeal: // whoever decided before does not read it
		return errContested.New()
	}
	return errContested.New(fault.Next("show_case", "/admin/tickets?ticket="+id))
}

// deleteEntry removes an entry, for a reason where one is given. Errors: already_bound while an account is bound to it, unless it is to be
// unbound with that; those of [Service.Uncontested].
func (s *Service) deleteEntry(ctx context.Context, id string, unbind bool, reason string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		// Holds the entry before its binding, as whoever binds it does: else each would wait for the other.
		if err := tally.Leave(ctx, tx, s.now(), id); err != nil {
			return err
		}
		e, err := s.reachableEntry(ctx, tx, access.RegistryWrite, id)
		if err != nil {
			return err
		}
		if e.AccountID != "" && !unbind {
			return ErrAlreadyBound.New(fault.Next("unbind_and_delete", "/admin/registry?entry="+id))
		}
		if err := s.Uncontested(ctx, tx, e.AccountID); err != nil {
			return err
		}
		for _, table := range []string{"bindings", "guardian_links", "guardian_requests", "consent_records"} {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE entry_id = $1", id); err != nil {
				return err
			}
		}
		if err := s.leaveClasses(ctx, tx, id); err != nil {
			return err
		}
		if err := s.end(ctx, tx, id); err != nil {
			return err
		}
		return s.record(ctx, tx, "registry.delete", e, reason, map[string]any{"unbound_account": e.AccountID})
	})
}

// Subject is what a record says of whom it is about, masked.
func (s *Service) Subject(e Entry) (map[string]any, error) {
	number, err := s.IDNumber(e)
	return map[string]any{"kind": e.Kind, "masked_name": vault.MaskName(e.Name), "masked_id_number": vault.MaskIDNumber(number)}, err
}

// record adds an event about an entry as it was when it happened.
func (s *Service) record(ctx context.Context, tx *db.Tx, action string, e Entry, reason string, more map[string]any) error {
	details, err := s.Subject(e)
	if err != nil {
		return err
	}
	maps.Copy(details, more)
	return audit.Record(ctx, tx, audit.Event{
		Action: action, Target: "entry", TargetID: e.ID, Place: e.Place(), Reason: reason, Details: details,
	})
}

func nullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
