package roster

import (
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/sheet"
	"caotang/internal/vault"
)

// What numbers are sealed and indexed for.
const (
	purposeIDNumber    = "id_number"
	purposeStudent     = "student_number"
	purposeCertificate = "certificate_number"
	purposePhone       = "phone"
	purposeRejects     = "roster_rejects"
	purposeTraces      = "roster_traces"
)

// The kinds of people in the registry.
const (
	Teacher = "teacher"
	Student = "student"
)

// Codes of this room.
var (
	ErrEntryExistsHere      = fault.Define(fault.Conflict, "entry_exists_here")
	ErrEntryExistsElsewhere = fault.Define(fault.Conflict, "entry_exists_elsewhere")
	ErrAlreadyBound         = fault.Define(fault.Conflict, "already_bound")
	errContested            = fault.Define(fault.Conflict, "entry_contested")
	ErrIDNumberInvalid      = fault.Define(fault.Invalid, "id_number_invalid")
	ErrNumberUnchanged      = fault.Define(fault.Invalid, "number_unchanged")
	ErrFieldsSwapped        = fault.Define(fault.Invalid, "fields_swapped")
	ErrClassExists          = fault.Define(fault.Conflict, "class_exists")
	ErrClassInUse           = fault.Define(fault.Conflict, "class_in_use")
	ErrUnsupportedFile      = fault.Define(fault.UnsupportedMedia, "unsupported_file")
	ErrImportChangesMany    = fault.Define(fault.Conflict, "import_changes_many")
	ErrImportUndone         = fault.Define(fault.Conflict, "import_undone")
	ErrImportTooOld         = fault.Define(fault.Conflict, "import_too_old")
	ErrImportNotDone        = fault.Define(fault.Conflict, "import_not_done")
)

// Limits bound what an import may do.
type Limits struct {
	sheet.Limits
	// ChangePercent is the greatest part of a school's people whose class or name an import changes without being told to
	// knowingly.
	ChangePercent int
}

// DefaultLimits are those of a server that is not told otherwise.
func DefaultLimits() Limits { return Limits{sheet.DefaultLimits(), 30} }

// Service is the room. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	vault  *vault.Vault
	jobs   *jobs.Runner
	dir    string // where uploads wait, sealed
	limits Limits
	now    func() time.Time

	watcher Watcher
}

// New makes the room and registers its background work with the runner. dir is the folder of its own in which uploaded
// rosters wait, sealed, until they have been imported; limits bound them.
func New(d *db.DB, v *vault.Vault, runner *jobs.Runner, dir string, limits Limits) *Service {
	s := &Service{db: d, vault: v, jobs: runner, dir: dir, limits: limits, now: time.Now, watcher: unwatched{}}
	runner.Handle(importJob, 1, s.runImportJob)
	runner.Handle(undoJob, 1, s.runUndoJob)
	runner.Handle(duplicatesJob, 1, s.runDuplicatesJob)
	return s
}
