package support

import (
	"encoding/json"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/jobs"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Kind is what a ticket asks for.
type Kind string

// The kinds.
const (
	MissingEntry Kind = "missing_entry" // add me, or my child, to the registry and bind me
	MissingClass Kind = "missing_class" // add my class and put me in
	NotMe        Kind = "not_me"        // another account holds my entry: give it to me
	Correction   Kind = "correction"    // the registry says something wrong about me, or my child
	Frozen       Kind = "frozen"        // I have frozen my account: make sure that it is me, and let me in
)

// handedOver is what the holder of an entry is told who loses it.
const handedOver accounts.Notice = "handed_over"

// State is how far a ticket has come.
type State string

// The states. Only an open ticket changes.
const (
	Open      State = "open"
	Done      State = "done"
	Declined  State = "declined"
	Withdrawn State = "withdrawn" // by whoever asked
)

var (
	errTicketOpen     = fault.Define(fault.Conflict, "ticket_open")
	errTicketClosed   = fault.Define(fault.Conflict, "ticket_closed")
	errTicketAnswered = fault.Define(fault.Conflict, "ticket_answered")
	errTicketMoot     = fault.Define(fault.Conflict, "ticket_moot")
	errEntryNotTaken  = fault.Define(fault.Conflict, "entry_not_taken")
	errAskerBound     = fault.Define(fault.Conflict, "asker_bound")
	errTicketAlike    = fault.Define(fault.Conflict, "ticket_alike")
	errStaysOpen      = fault.Define(fault.Conflict, "ticket_stays_open")
	errFrozenBeyond   = fault.Define(fault.Forbidden, "frozen_beyond")
)

// maxOpen is how many tickets of one account may wait at once: enough for a family, too few to flood a school.
const maxOpen = 3

// Ticket is a request as the person who made it sees it.
type Ticket struct {
	ID         string            `json:"id"`
	Kind       Kind              `json:"kind" enum:"missing_entry,missing_class,not_me,correction,frozen"`
	State      State             `json:"state" enum:"open,done,declined,withdrawn"`
	School     *roster.SchoolRef `json:"school" doc:"Whose administrator answers; null where the province's does"`
	CreatedAt  time.Time         `json:"created_at"`
	Answer     *string           `json:"answer" doc:"What the administrator wrote, if anything, or how it ended by itself"`
	AnsweredAt *time.Time        `json:"answered_at"`
	Summary    string            `json:"summary" doc:"What was asked for, in the reader's language, numbers masked"`
	Ending     Ending            `json:"ending,omitempty" enum:"verified,guardian_asked,account_taken" doc:"Why it ended by itself: verified when the registry got the person, account_taken when the account has become somebody else. guardian_asked when the registry has the child, entered by the school or not, whose guardian is yet to be confirmed. The answer says so in words"`
	Waits      bool              `json:"waits,omitempty" doc:"The person is verified by itself once the registry gets them"`
	Appeal     bool              `json:"appeal,omitempty" doc:"Of a not_me: decided before, and now above those who decided"`
	AppealTo   access.Level      `json:"appeal_to,omitempty" enum:"county,city,province" doc:"Of a not_me decided against whoever asked: who takes their appeal. For an administrator who reads an open one: who would take an appeal against their decision"`
	Final      bool              `json:"final,omitempty" doc:"There is no appeal against the decision, in the same sense"`
	Of         string            `json:"of,omitempty" doc:"To whoever asked: the child whom it is about"`
	DecidedBy  string            `json:"decided_by,omitempty" doc:"The name of the school or division whose administrator answered"`
	Held       bool              `json:"held,omitempty" doc:"The registry has got the person, but another account holds the entry"`
	Word       *Word             `json:"word,omitempty" doc:"What customer service wrote meanwhile, the latest"`
	Waiting    *Waiting          `json:"waiting,omitempty" doc:"Of an open one: who must act, since when and until when"`
	Way        []Step            `json:"way,omitempty" doc:"In one's own list, and of one ticket: whose it was, one after the other, as far as that is known"`
}

// Word is something written to whoever asked while they wait.
type Word struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// Waiting is whom an open ticket waits for.
type Waiting struct {
	Level       access.Level `json:"level" enum:"school,county,city,province" doc:"Whose administrators must act; those above may"`
	Scope       string       `json:"scope" doc:"The name of the school or division"`
	Since       time.Time    `json:"since"`
	Until       time.Time    `json:"until" doc:"When it is handed up to those above, if nobody has acted"`
	Overdue     bool         `json:"overdue" doc:"Until has passed, or somebody below has let theirs pass"`
	EscalatedAt *time.Time   `json:"escalated_at" doc:"When it was handed up because nobody had answered"`
	TakenAt     *time.Time   `json:"taken_at" doc:"When an administrator took it on"`
}

// AdminTicket is a request as those see it who may answer it, or help with it.
type AdminTicket struct {
	Ticket
	MayAnswer bool                  `json:"may_answer" doc:"Of one ticket: whether the caller may; else they see it masked and may help"`
	Account   roster.Holder         `json:"account" doc:"Of whoever asked"`
	Asked     Asked                 `json:"asked"`
	Registry  string                `json:"registry,omitempty" enum:"absent,here,here_differs,elsewhere" doc:"For one open ticket: where the registry has the number. here_differs: at this school, under another name or kind"`
	EntryID   string                `json:"entry_id,omitempty" doc:"The registry's entry, where it is the school's own"`
	Holder    *roster.Holder        `json:"holder,omitempty" doc:"For one open ticket: the account that the entry is bound to"`
	Sides     *Sides                `json:"sides,omitempty" doc:"For one not_me: what speaks for whoever asks and for the holder; once it is decided, as it was then"`
	InTheWay  *Asker                `json:"in_the_way,omitempty" doc:"For one open ticket: who the account that asked is verified as, where that keeps it from becoming the person asked for"`
	Wrong     []WrongFact           `json:"wrong,omitempty" doc:"For one open correction: what the registry says, and what it should"`
	Freeze    *accounts.Freeze      `json:"freeze,omitempty" doc:"For one open ticket of an account that is frozen"`
	TakenBy   string                `json:"taken_by,omitempty" doc:"The username of the administrator who sees to it, masked"`
	TakenMe   bool                  `json:"taken_by_me,omitempty"`
	NumberFor string                `json:"number_for,omitempty" doc:"For one open ticket that the caller may answer: the school or division that sees its number in full, where the caller does not"`
	Ready     []ReadyAnswer         `json:"ready,omitempty" doc:"For one open ticket: answers that need no typing; whoever asked reads them in their own language"`
	Code      *accounts.OneTimeCode `json:"code,omitempty" doc:"In the answer that unfreezes an account: what lets its owner in, shown once"`
}

// Asked is what was asked for, its number masked.
type Asked struct {
	GuardianName   string        `json:"guardian_name,omitempty" doc:"parent: who asks to be the child's guardian, as they told it"`
	Relation       string        `json:"relation,omitempty" enum:"father,mother,other" doc:"parent"`
	EntryKind      string        `json:"entry_kind,omitempty" doc:"teacher, student, or parent of a student"`
	IDType         identity.Type `json:"id_type,omitempty"`
	MaskedIDNumber string        `json:"masked_id_number,omitempty"`
	Name           string        `json:"name,omitempty"`
	Stage          roster.Stage  `json:"stage,omitempty"`
	EntryYear      int           `json:"entry_year,omitempty"`
	Number         int           `json:"number,omitempty"`
	ClassName      string        `json:"class_name,omitempty"`
	Note           string        `json:"note,omitempty"`
}

// Service is the room.
type Service struct {
	db           *db.DB
	vault        *vault.Vault
	jobs         *jobs.Runner
	accounts     *accounts.Service
	roster       *roster.Service
	verification *verification.Service
	deadlines    deadlines.Deadlines
	now          func() time.Time
}

// New makes the room and registers its background work with the runner; now is nil for the clock.
func New(d *db.DB, v *vault.Vault, runner *jobs.Runner, a *accounts.Service, r *roster.Service, verify *verification.Service,
	due deadlines.Deadlines, now func() time.Time,
) *Service {
	if now == nil {
		now = time.Now
	}
	s := &Service{db: d, vault: v, jobs: runner, accounts: a, roster: r, verification: verify, deadlines: due, now: now}
	a.Watch(s)
	r.Watch(s)
	runner.Handle(matchJob, 1, s.runMatch)
	runner.Handle(gatherJob, 1, s.runGather)
	return s
}

// content is what a ticket asks for, as it is sealed.
type content struct {
	EntryKind string        `json:"entry_kind,omitempty"`
	IDType    identity.Type `json:"id_type,omitempty"`
	IDNumber  string        `json:"id_number,omitempty"` // canonical
	Name      string        `json:"name,omitempty"`
	EntryID   string        `json:"entry_id,omitempty"` // the pupil whose class is missing; whose entry is to be corrected
	Stage     roster.Stage  `json:"stage,omitempty"`
	EntryYear int           `json:"entry_year,omitempty"`
	Number    int           `json:"number,omitempty"`
	Note      string        `json:"note,omitempty"`
	Event     string        `json:"event,omitempty"` // what its owner froze the account for

	GuardianName string                `json:"guardian_name,omitempty"` // whoever asks to be the guardian of a missing child
	Relation     verification.Relation `json:"relation,omitempty"`

	SecondNumber string `json:"second_number,omitempty"` // as typed, where the policy asks for two numbers
	Ending       Ending `json:"ending,omitempty"`        // how it ended by itself
	EndedAt      string `json:"ended_at,omitempty"`      // the school whose entry ended it

	// What a correction asks for beside the name; "" leaves a fact as it is.
	ClassID           string `json:"class_id,omitempty"`
	StudentNumber     string `json:"student_number,omitempty"`
	CertificateNumber string `json:"certificate_number,omitempty"`
	GuardianID        string `json:"guardian_id,omitempty"` // whose link is to end

	OfChild bool `json:"of_child,omitempty"` // a guardian asks for a child's class or correction
}

// ofChild tells whether whoever asks does so as a child's guardian.
func (c content) ofChild() bool { return c.OfChild || c.EntryKind == verification.Parent }

// document is the number that a ticket is about.
func (c content) document() identity.Number { return identity.Number{Type: c.IDType, Text: c.IDNumber} }

// entryKind is the kind of the entry that a ticket is about: a parent asks for a student.
func (c content) entryKind() string {
	if c.EntryKind == verification.Parent {
		return roster.Student
	}
	return c.EntryKind
}

func (c content) className() string {
	if c.Stage == "" {
		return ""
	}
	return roster.ClassName(c.Stage, c.EntryYear, c.Stage.Years(), c.Number, roster.SchoolYear(time.Now()))
}

func (c content) asked() Asked {
	a := Asked{
		EntryKind: c.EntryKind, IDType: c.IDType, Name: c.Name, Stage: c.Stage, EntryYear: c.EntryYear,
		Number: c.Number, ClassName: c.className(), Note: c.Note, GuardianName: c.GuardianName, Relation: string(c.Relation),
	}
	if c.IDNumber != "" {
		a.MaskedIDNumber = vault.MaskIDNumber(c.IDNumber)
	}
	return a
}

// caseSummary is what a case says to the holder of the entry.
func (c content) caseSummary(language string) string {
	if c == (content{}) {
		return messages.Text(language, "ticket.anonymised", nil)
	}
	return messages.Text(language, "ticket.case", map[string]any{"name": c.Name, "number": vault.MaskIDNumber(c.IDNumber)})
}

func (c content) summary(kind Kind, language string) string {
	if c == (content{}) {
		return messages.Text(language, "ticket.anonymised", nil)
	}
	if kind == MissingEntry && c.EntryKind == verification.Parent {
		return messages.Text(language, "ticket.missing_child", map[string]any{"who": c.who(language), "name": c.Name, "number": vault.MaskIDNumber(c.IDNumber)})
	}
	key := "ticket." + string(kind)
	if kind == MissingClass && c.EntryKind == verification.Teacher {
		key = "ticket.taught_class"
	}
	return messages.Text(language, key, map[string]any{
		"name": c.Name, "number": vault.MaskIDNumber(c.IDNumber), "class": c.className(), "event": messages.Text(language, "event."+c.Event, nil),
	})
}

// correction tells whose facts a correction is about, where that is known, and which.
func (r row) correction(language, class string) string {
	key := "ticket.correction"
	if r.entryName == "" {
		key = "ticket.correction_of_nobody"
	}
	return messages.Text(language, key, map[string]any{"name": r.entryName, "parts": r.content.parts(language, class)})
}

// who is whoever asks to be a missing child's guardian, as they told it.
func (c content) who(language string) string {
	name := c.GuardianName
	if name == "" {
		name = messages.Text(language, "ticket.nameless_guardian", nil)
	}
	if c.Relation == "" {
		return name
	}
	return messages.Text(language, "ticket.guardian", map[string]any{"name": name, "relation": messages.Text(language, "relation."+string(c.Relation), nil)})
}

const sealPurpose = "ticket"

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

// row is a ticket with all that is kept of it.
type row struct {
	Ticket
	accountID, username string
	phone               []byte
	place               access.Place
	content             content
	takenBy, takerName  string
	entryName           string // whose facts a correction is about; "" for whoever asked, and once they are in the registry no more

	// Of a case.
	holderID string
	keptAt   *time.Time
	kept     []byte // what the holder said, sealed
	sides    []byte // what was weighed when it was decided, sealed
	appeals  string // the case that this one appeals
	appealed bool

	answeredLevel access.Level // whose administrator answered; "" where nobody did
}
