package owndata

import (
	"context"
	"errors"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/consent"
	"caotang/internal/db"
	"caotang/internal/factors"
	"caotang/internal/guardians"
	"caotang/internal/identity"
	"caotang/internal/recovery"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/slips"
	"caotang/internal/support"
	"caotang/internal/transfers"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Rooms are those that hold something about a person.
type Rooms struct {
	Accounts     *accounts.Service
	Roster       *roster.Service
	Verification *verification.Service
	Support      *support.Service
	Transfers    *transfers.Service
	Factors      *factors.Service
	Recovery     *recovery.Service
	Slips        *slips.Service
	Consent      *consent.Service
	Guardians    *guardians.Service
}

// Service is the room.
type Service struct {
	db *db.DB
	Rooms
}

// New makes the room.
func New(d *db.DB, rooms Rooms) *Service { return &Service{d, rooms} }

// Data is what the platform holds about a person, but for the records, which are a list of their own.
type Data struct {
	Account     accounts.Account   `json:"account"`
	AdminGrants []accounts.Grant   `json:"admin_grants"`
	People      []Person           `json:"people" doc:"Whom the account stands for: its owner first, then their children"`
	Factors     factors.Factors    `json:"factors"`
	Sessions    []accounts.Session `json:"sessions"`
	Recoveries  []recovery.Kept    `json:"recoveries" doc:"Requests of somebody who had lost this account"`
	Closing     accounts.Closing   `json:"closing"`

	Guardians     []guardians.OwnGuardian  `json:"guardians" doc:"Who is a guardian of the account's owner; from fourteen on, also who asks to be one"`
	Guardianships []guardians.Guardianship `json:"guardianships" doc:"Whose guardian the owner is, was or asked to be, the newest first"`
}

// mostSessions is more than anybody has, and no more than a screen can show.
const mostSessions = 100

// mostLinks is likewise of a guardian's requests and links, and mostConsents of what was said for one person.
const (
	mostLinks    = 200
	mostConsents = 200
)

// Person is a registry entry as the school keeps it.
type Person struct {
	BindingID         string            `json:"binding_id"`
	Kind              string            `json:"kind" enum:"teacher,student,parent" doc:"What the account is to the entry"`
	EntryKind         string            `json:"entry_kind" enum:"teacher,student"`
	Name              string            `json:"name"`
	IDType            identity.Type     `json:"id_type"`
	IDNumber          string            `json:"id_number" doc:"Masked; in full in one's own file alone, and never a child's"`
	StudentNumber     string            `json:"student_number,omitempty" doc:"Likewise"`
	CertificateNumber string            `json:"certificate_number,omitempty" doc:"Likewise"`
	School            *roster.SchoolRef `json:"school"`
	Class             *roster.ClassRef  `json:"class"`
	BoundAt           time.Time         `json:"bound_at"`
	EnteredAt         time.Time         `json:"entered_at" doc:"When the school added the entry"`
	ChangedAt         time.Time         `json:"changed_at" doc:"When the entry was last changed"`
	Consents          []consent.Record  `json:"consents" doc:"What guardians said for them to what goes beyond schooling, the newest first"`

	entryID string
	child   bool
	ward    bool // a child who is not of their own age yet
}

// Read gathers the actor's data, numbers masked.
func (s *Service) Read(ctx context.Context) (Data, error) { return s.gather(ctx, false) }

// gather shows the actor's own numbers in full when it is told to.
func (s *Service) gather(ctx context.Context, full bool) (d Data, err error) {
	accountID := access.ActorFrom(ctx).AccountID
	d.Account = accounts.Own(ctx)
	if d.AdminGrants, err = s.Accounts.Grants(ctx, accountID); err != nil {
		return d, err
	}
	if d.People, err = s.people(ctx, accountID, full); err != nil {
		return d, err
	}
	if d.Factors, err = s.Factors.Own(ctx); err != nil {
		return d, err
	}
	sessions, err := s.Accounts.Sessions(ctx, server.PageInput{Limit: mostSessions})
	if err != nil {
		return d, err
	}
	d.Sessions = sessions.Items
	if d.Recoveries, err = s.Recovery.AllOf(ctx, s.db, accountID); err != nil {
		return d, err
	}
	if d.Closing, err = s.Accounts.ClosingOf(ctx); err != nil {
		return d, err
	}
	own, err := s.Guardians.OfPupil(ctx)
	if err != nil {
		return d, err
	}
	d.Guardians = own.Items
	ships, err := s.Guardians.Own(ctx, server.PageInput{Limit: mostLinks})
	d.Guardianships = ships.Items
	return d, err
}

func (s *Service) people(ctx context.Context, accountID string, full bool) ([]Person, error) {
	bindings, err := s.Verification.BindingsOf(ctx, s.db, accountID)
	if err != nil {
		return nil, err
	}
	people := make([]Person, 0, len(bindings))
	for _, b := range bindings {
		e, err := s.Roster.EntryByID(ctx, s.db, b.EntryID)
		if err != nil {
			return nil, err
		}
		p := Person{
			BindingID: b.ID, Kind: b.Kind, EntryKind: e.Kind, Name: e.Name, IDType: e.IDType, School: b.School, Class: b.Class,
			BoundAt: b.BoundAt, EnteredAt: e.CreatedAt.Time, ChangedAt: e.UpdatedAt.Time, entryID: e.ID, child: b.Guardian,
		}
		for _, number := range []struct {
			of func(roster.Entry) (string, error)
			to *string
		}{{s.Roster.IDNumber, &p.IDNumber}, {s.Roster.StudentNumber, &p.StudentNumber}, {s.Roster.CertificateNumber, &p.CertificateNumber}} {
			if *number.to, err = number.of(e); err != nil {
				return nil, err
			}
			if !full || b.Guardian {
				*number.to = vault.MaskIDNumber(*number.to)
			}
		}
		if b.Guardian {
			ofAge, err := s.Roster.OfOwnAge(e)
			if err != nil {
				return nil, err
			}
			p.ward = !ofAge
		}
		if p.Consents, err = s.Consent.Of(ctx, s.db, e.ID, "", mostConsents); err != nil {
			return nil, err
		}
		people = append(people, p)
	}
	return people, nil
}

// dueAtOnce is how many accounts are looked up at once to be closed.
const dueAtOnce = 100

// CloseDue closes the accounts whose wait is over, each in a transaction of its own. Call it now and then: what fails, or is
// cut off, is due again the next time.
func (s *Service) CloseDue(ctx context.Context) error {
	for {
		due, err := s.Accounts.DueClosings(ctx, dueAtOnce)
		if err != nil {
			return err
		}
		var failed []error
		for _, id := range due {
			if err := s.db.InTx(ctx, func(tx *db.Tx) error { return s.close(ctx, tx, id) }); err != nil {
				failed = append(failed, err)
			}
		}
		if len(due) < dueAtOnce || len(failed) > 0 {
			return errors.Join(failed...)
		}
	}
}

func (s *Service) close(ctx context.Context, tx *db.Tx, accountID string) error {
	if err := s.Support.HoldAll(ctx, tx, accountID); err != nil {
		return err
	}
	if err := s.Verification.HoldAll(ctx, tx, accountID); err != nil {
		return err
	}
	erased, err := s.Accounts.Erase(ctx, tx, accountID)
	if err != nil || !erased {
		return err
	}
	for _, forsake := range []func(context.Context, *db.Tx, string) error{
		s.Factors.Forsake, s.Slips.Forsake, s.Consent.Forsake, s.Transfers.Forsake, s.Verification.PartAll, s.Recovery.Forsake, s.Support.Anonymise,
	} {
		if err := forsake(ctx, tx, accountID); err != nil {
			return err
		}
	}
	return nil
}
