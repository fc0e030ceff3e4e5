package recovery

import (
	"encoding/json"
	"time"

	"caotang/internal/accounts"
	"caotang/internal/blob"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/roster"
	"caotang/internal/sms"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Proof is what shows who somebody is.
type Proof string

// The two ways.
const (
	BySchool Proof = "school" // the school vouches
	ByCopies Proof = "copies" // copies of two documents
)

// State is how far a request has come.
type State string

// The states. Only collecting, open and approved change.
const (
	Collecting State = "collecting" // the copies are still to come
	Open       State = "open"       // somebody must decide
	Approved   State = "approved"   // the person may set a new password
	Completed  State = "completed"
	Rejected   State = "rejected"
	Withdrawn  State = "withdrawn" // by the person
	Expired    State = "expired"   // the person did not go on in time
)

// How long each step may take.
const (
	collectWithin = 48 * time.Hour
	finishWithin  = 14 * 24 * time.Hour
	keepCopies    = 30 * 24 * time.Hour
)

// perAddress is how many requests come from one address in a day: a school's computer room stands behind one.
const perAddress = 20

const maxText = 200 // characters of a note

var (
	errOpen          = fault.Define(fault.Conflict, "recovery_open")
	errClosed        = fault.Define(fault.Conflict, "recovery_closed")
	errMoot          = fault.Define(fault.Conflict, "recovery_moot")
	errObjected      = fault.Define(fault.Conflict, "recovery_objected")
	errPhoneInUse    = fault.Define(fault.Conflict, "recovery_phone_in_use")
	errUnopened      = fault.Define(fault.Conflict, "recovery_unopened")
	errIncomplete    = fault.Define(fault.Conflict, "recovery_incomplete")
	errAdministrator = fault.Define(fault.Forbidden, "recovery_of_administrator")
	errBeyond        = fault.Define(fault.Forbidden, "recovery_beyond")
	errTooMany       = fault.Define(fault.TooMany, "recovery_too_many")
	errCopy          = fault.Define(fault.UnsupportedMedia, "copy_unsupported")
)

// Service is the room. It is safe for concurrent use.
type Service struct {
	db           *db.DB
	vault        *vault.Vault
	sms          *sms.Service
	accounts     *accounts.Service
	roster       *roster.Service
	verification *verification.Service
	files        *blob.Store
	publicURL    string
	deadlines    deadlines.Deadlines
	decoding     chan struct{} // whose turn it is to decode a picture, which takes much memory
	now          func() time.Time
}

// New makes the room. Copies lie in files, which is the room's own; publicURL is where people reach the platform, told in
// messages when it is known; now is the clock, time.Now when nil.
func New(d *db.DB, v *vault.Vault, texts *sms.Service, a *accounts.Service, r *roster.Service, verify *verification.Service,
	files *blob.Store, publicURL string, due deadlines.Deadlines, now func() time.Time,
) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{
		db: d, vault: v, sms: texts, accounts: a, roster: r, verification: verify, files: files, publicURL: publicURL, deadlines: due,
		decoding: make(chan struct{}, 1), now: now,
	}
}

// content is what was asked for, as it is sealed.
type content struct {
	Number   string        `json:"number"` // the tracking number
	Kind     string        `json:"kind"`   // teacher, student or parent
	IDType   identity.Type `json:"id_type"`
	IDNumber string        `json:"id_number"` // canonical; a parent's child's
	Name     string        `json:"name"`
	Phone    string        `json:"phone"`
	Note     string        `json:"note,omitempty"`
}

func (c content) document() identity.Number { return identity.Number{Type: c.IDType, Text: c.IDNumber} }

// fits reports whether an entry is who the person says they are, or whose parent.
func (c content) fits(e roster.Entry) bool {
	return identity.SameName(e.Name, c.Name) && (c.Kind == e.Kind || c.Kind == verification.Parent)
}

const (
	sealPurpose   = "recovery"
	numberPurpose = "recovery_number"
	personPurpose = "id_number"
	phonePurpose  = "phone"
)

func (s *Service) seal(c content) ([]byte, error) {
	plain, err := json.Marshal(c)
	return s.vault.Seal(sealPurpose, string(plain)), err
}

func (s *Service) open(sealed []byte) (c content, err error) {
	plain, err := s.vault.Open(sealPurpose, sealed)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(plain), &c)
}
