package roster

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"caotang/internal/calendar"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/server"
	"caotang/internal/sheet"
	"caotang/internal/vault"
)

// Import is an import as its administrators see it.
type Import struct {
	ID           string     `json:"id"`
	Kind         string     `json:"kind" enum:"teacher,student"`
	School       *SchoolRef `json:"school" doc:"Null when the file names the schools"`
	Filename     string     `json:"filename"`
	State        string     `json:"state" enum:"queued,running,done,failed"`
	Total        int64      `json:"total" doc:"Rows decided so far: all of them once it is done"`
	Accepted     int64      `json:"accepted"`
	Rejected     int64      `json:"rejected"`
	RejectedKept bool       `json:"rejected_kept" doc:"Whether the rejected rows can be downloaded: not after a month, nor once they were dismissed"`
	Progress     float64    `json:"progress" doc:"0 to 1"`
	CreatedAt    time.Time  `json:"created_at"`
	FinishedAt   *time.Time `json:"finished_at"`
	Update       bool       `json:"update" doc:"Whether it might move people to the class that the file names"`
	Rename       bool       `json:"rename" doc:"Whether it might give people the name that the file has"`
	Changes
	UndoUntil     *time.Time `json:"undo_until" doc:"Until when it can be undone; null when it cannot"`
	UndoState     string     `json:"undo_state,omitempty" enum:"queued,running,done,failed" doc:"Where it was asked for"`
	Undone        Undo       `json:"undone" doc:"What has been undone so far"`
	Failure       string     `json:"failure,omitempty" doc:"A code, once it has failed"`
	FailureReason string     `json:"failure_reason,omitempty"`
}

func (r *importRecord) public(language string, now time.Time) Import {
	x := Import{
		UndoUntil: r.undoUntil(now), UndoState: r.undo, Undone: r.undone,
		ID: r.id, Kind: r.kind, Filename: r.filename, State: r.state, Total: r.rowsDone, Accepted: r.accepted, Rejected: r.rejected, RejectedKept: r.rejectedKept,
		Update: r.choice.Updates, Rename: r.choice.Renames, Changes: r.changes, Progress: progressOf(r), CreatedAt: r.createdAt.Time, FinishedAt: r.finishedAt.Ptr(),
	}
	if r.school != "" {
		x.School = &SchoolRef{r.school, r.schoolName}
	}
	if r.failure != "" {
		code, encoded, _ := strings.Cut(r.failure, " ")
		var args map[string]any
		_ = json.Unmarshal([]byte(encoded), &args) // none for most
		x.Failure, x.FailureReason = code, messages.Text(language, "field."+code, args)
	}
	return x
}

// RecentImports answers the last imports that the actor began, or into a school of theirs, the newest first: whoever stands above a
// school leaves its imports to it.
func (s *Service) RecentImports(ctx context.Context, limit int) ([]Import, error) {
	actor := access.ActorFrom(ctx)
	actor.Grants = slices.DeleteFunc(slices.Clone(actor.Grants), func(g access.Grant) bool { return g.Level != access.School })
	page, err := s.listImports(access.WithActor(ctx, actor), server.PageInput{Limit: limit})
	return page.Items, err
}

// importReach limits to the imports that the actor may see: those into schools of their scope; one whose file named the
// schools belongs to the division that it was allowed to reach, and to who began it when that was more than one.
func importReach(ctx context.Context, c *conditions) {
	actor := access.ActorFrom(ctx)
	c.reach(actor.Reach(access.RegistryWrite), "coalesce(s.region, CASE WHEN i.scopes LIKE '%,%' THEN '' ELSE i.scopes END)", "i.school_id")
	c.parts[0] = "(" + c.parts[0]
	c.add("i.account_id = $%d)", actor.AccountID)
	c.parts = []string{strings.Join(c.parts, " OR ")}
}

func (s *Service) listImports(ctx context.Context, in server.PageInput) (server.Page[Import], error) {
	var c conditions
	importReach(ctx, &c)
	if in.Cursor != "" {
		c.add("i.id < $%d", in.Cursor)
	}
	found, err := db.Collect(ctx, s.db, importSelect+c.where()+" ORDER BY i.id DESC"+c.limit(in.Limit), c.args, (*importRecord).scan)
	all := make([]Import, len(found))
	for i := range found {
		all[i] = found[i].public(access.ClientFrom(ctx).Language, s.now())
	}
	return server.NewPage(all, in.Limit, func(x Import) string { return x.ID }), err
}

// visibleImport answers an import of the actor's scope; fault.ErrNotFound otherwise.
func (s *Service) visibleImport(ctx context.Context, id string) (*importRecord, error) {
	var c conditions
	importReach(ctx, &c)
	c.add("i.id = $%d", id)
	found, err := db.Collect(ctx, s.db, importSelect+c.where(), c.args, (*importRecord).scan)
	if err == nil && len(found) == 0 {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

type importInput struct {
	server.Upload
	DryRun bool `query:"dry_run" doc:"Answer what the import would do, and do nothing"`
}

type importOutput struct {
	Status int
	Body   any
}

func (s *Service) mountImports(srv *server.Server) {
	op := func(method, path, id, summary string) server.Op {
		return server.Op{Method: method, Path: "/api/v1/admin/registry" + path, ID: id, Summary: summary, Tag: "registry", Rule: server.Administrator}
	}
	start := op("POST", "/imports", "import-roster", "Import a roster, or with dry_run see what that would do (answers 200)")
	start.Status, start.MaxBody, start.Form = 202, s.limits.FileBytes+1<<20, map[string]bool{"kind": true, "school_id": false, "update": false, "rename": false, "confirm_changes": false, "columns": false, "all_sheets": false}
	server.Register(srv, start, s.receiveImport)
	server.Register(srv, op("GET", "/imports", "list-imports", "The imports in one's scope, the newest first"),
		func(ctx context.Context, in *server.PageInput) (*body[server.Page[Import]], error) {
			page, err := s.listImports(ctx, *in)
			return &body[server.Page[Import]]{page}, err
		})
	server.Register(srv, op("GET", "/imports/{id}", "get-import", "How far an import is"),
		func(ctx context.Context, in *ByID) (*body[*ImportReport], error) {
			r, err := s.visibleImport(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			report, err := s.report(ctx, r)
			return &body[*ImportReport]{report}, err
		})
	server.Register(srv, op("GET", "/imports/{id}/rejected.xlsx", "download-rejected-rows", "The rejected rows with their reasons, to correct and upload again"),
		func(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
			return s.downloadRejected(ctx, in.ID)
		})
	dismiss := op("DELETE", "/imports/{id}/rejected", "dismiss-rejected-rows", "Remove the rejected rows, mended or not wanted: nobody is reminded of them again")
	dismiss.Status = 204
	server.Register(srv, dismiss,
		func(ctx context.Context, in *ByID) (*struct{}, error) { return nil, s.dismissRejected(ctx, in.ID) })
	s.mountUndo(srv, op)
	server.Register(srv, op("GET", "/template.xlsx", "download-roster-template", "An empty roster with the right headings"),
		func(ctx context.Context, in *struct {
			Kind string `query:"kind" enum:"teacher,student" default:"student"`
		},
		) (*huma.StreamResponse, error) {
			name := messages.Text(access.ClientFrom(ctx).Language, "file.template_"+in.Kind, nil)
			return server.Download(server.Workbook, name, "roster-"+in.Kind+".xlsx", func(w io.Writer) error {
				headings := templateHeadings[in.Kind]
				x, err := sheet.NewWriter(w, "花名册", headings, templateWidths[:len(headings)])
				if err != nil {
					return err
				}
				return x.Close()
			}), nil
		})
}

const maxFilename = 200 // characters

// receiveImport takes the parts in whatever order they come, and keeps the file sealed from its first byte.
func (s *Service) receiveImport(ctx context.Context, in *importInput) (out *importOutput, err error) {
	r := &importRecord{account: access.ActorFrom(ctx).AccountID, state: stateQueued, createdAt: db.At(s.now())}
	var file *upload
	confirmed, columns := false, ""
	defer func() {
		if file != nil && (err != nil || in.DryRun) {
			file.remove()
		}
	}()
	for {
		part, err := in.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch name := part.FormName(); {
		case name == "file" && file == nil:
			if file, err = s.receive(part); err != nil {
				return nil, s.refused(err)
			}
			r.filename = shortened(part.FileName())
		case name == "kind":
			r.kind, err = server.PartText(part, maxPart)
		case name == "school_id":
			r.school, err = server.PartText(part, maxPart)
		case name == "update":
			r.choice.Updates, err = yesPart(part)
		case name == "rename":
			r.choice.Renames, err = yesPart(part)
		case name == "confirm_changes":
			confirmed, err = yesPart(part)
		case name == "columns":
			columns, err = server.PartText(part, maxColumnsText)
		case name == "all_sheets":
			r.allSheets, err = yesPart(part)
		}
		if err != nil {
			return nil, err
		}
	}
	if file == nil {
		return nil, fault.ErrInvalid.New(fault.Field("file", "missing"))
	}
	r.id = file.id
	if err := s.scopeOf(ctx, r); err != nil {
		return nil, err
	}
	r.choice.Renames = r.choice.Renames && r.choice.Updates
	if r.columns, err = parseColumns(columns); err != nil {
		return nil, err
	}
	remembered, err := s.recall(ctx, r)
	if err != nil {
		return nil, err
	}
	if r.choice.Updates && !confirmed && !in.DryRun {
		if err := s.measure(ctx, r, remembered); err != nil {
			return nil, err
		}
	}
	return s.beginImport(ctx, r, remembered, in.DryRun)
}

// shortened answers a file's name as it is kept and shown: without the folders that some browsers send along, and with the numbers of
// people masked that somebody called the file by.
func shortened(name string) string {
	name = vault.MaskNumbers(identity.Clean(name[strings.LastIndexAny(name, `/\`)+1:]))
	if utf8.RuneCountInString(name) > maxFilename {
		return string([]rune(name)[:maxFilename])
	}
	return name
}

// maxPart is how long a part may be that is no file, in bytes, but for the columns.
const maxPart = 200

// yesPart reads a part that is a yes or a no: fault.ErrInvalid, of its name, for anything else.
func yesPart(part *multipart.Part) (bool, error) {
	text, err := server.PartText(part, maxPart)
	if err != nil {
		return false, err
	}
	switch text {
	case "true", "on", "1":
		return true, nil
	case "false", "off", "0", "":
		return false, nil
	}
	return false, fault.ErrInvalid.New(fault.Field(part.FormName(), "not_allowed"))
}

// scopeOf finds out which schools the actor's import may reach: the one it names, the only one they administer, or those
// of their divisions.
func (s *Service) scopeOf(ctx context.Context, r *importRecord) error {
	if r.kind != Teacher && r.kind != Student {
		return fault.ErrInvalid.New(fault.Field("kind", "not_allowed"))
	}
	var divisions, schools []string
	for _, g := range access.ActorFrom(ctx).GrantsFor(access.RegistryWrite) {
		if g.Level == access.School {
			schools = append(schools, g.ScopeID)
		} else {
			divisions = append(divisions, g.ScopeID)
		}
	}
	if len(divisions)+len(schools) == 0 {
		return fault.ErrForbidden.New()
	}
	if r.school == "" && len(divisions) == 0 {
		if len(schools) != 1 {
			return fault.ErrInvalid.New(fault.Field("school_id", "missing"))
		}
		r.school = schools[0]
	}
	if r.school == "" {
		r.scopes = strings.Join(divisions, ",")
		return nil
	}
	school, err := s.reachable(ctx, s.db, access.RegistryWrite, r.school)
	if err == nil {
		err = school.Open()
	}
	r.schoolName, r.schoolRegion = school.Name, school.Region
	return err
}

// beginImport refuses a file that is no roster, and previews any other or puts it to work.
func (s *Service) beginImport(ctx context.Context, r *importRecord, remembered map[string][]string, dryRun bool) (*importOutput, error) {
	f, content, size, err := s.openUpload(r.id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r.size = size
	run, err := s.openRun(ctx, r, content, s.limits.Limits, remembered)
	if err != nil {
		return nil, s.refused(err)
	}
	if dryRun {
		preview, err := run.preview(ctx, access.ClientFrom(ctx).Language)
		if err == nil {
			err = s.recordPreview(ctx, r, preview)
		}
		return &importOutput{200, preview}, s.refused(err)
	}
	r.columns = run.table.chosen
	err = run.somebody()
	_ = run.table.rows.Close()
	if err != nil {
		return nil, s.refused(err)
	}
	return &importOutput{202, struct {
		ID string `json:"id"`
	}{r.id}}, s.enqueue(ctx, r, run.table.headings)
}

// refused turns what is wrong with a file into what the person is told.
func (s *Service) refused(err error) error {
	var p *sheet.Problem
	var unknown *unknownHeadings
	switch {
	case errors.As(err, &unknown):
		return ErrUnsupportedFile.New(fault.Field("file", codeNoHeader), fault.Detail("first_rows", unknown.sheets), fault.Next("roster_template", "/api/v1/admin/registry/template.xlsx"))
	case !errors.As(err, &p):
		return err
	case p.Code == sheet.CodeTooBig:
		return fault.ErrTooLarge.New(fault.Arg("limit", fmt.Sprintf("%d MB", s.limits.FileBytes>>20)), fault.FieldWith("file", p.Code, p.Args))
	}
	return ErrUnsupportedFile.New(fault.FieldWith("file", p.Code, p.Args), fault.Next("roster_template", "/api/v1/admin/registry/template.xlsx"))
}

// ended answers [ErrImportNotDone] while an import goes on.
func (r *importRecord) ended() error {
	if r.state != stateDone && r.state != stateFailed {
		return ErrImportNotDone.New(fault.RetryAfter(5 * time.Second))
	}
	return nil
}

func (s *Service) downloadRejected(ctx context.Context, id string) (*huma.StreamResponse, error) {
	r, err := s.visibleImport(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := r.ended(); err != nil {
		return nil, err
	}
	if r.rejected > 0 && !r.rejectedKept || r.finishedAt.Valid && r.finishedAt.Time.Before(s.now().Add(-keepRejects)) {
		return nil, fault.ErrNotFound.New(fault.Next("import_again", "/admin/registry/import"))
	}
	if err := s.db.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{
			Action: "registry.download_rejected", Target: "import", TargetID: id, Place: r.place(),
			Details: map[string]any{"rows": r.rejected},
		})
	}); err != nil {
		return nil, err
	}
	language := access.ClientFrom(ctx).Language
	return server.Download(server.Workbook, r.rejectedName(language), "rejected.xlsx", func(w io.Writer) error {
		return s.writeRejected(ctx, r, language, w)
	}), nil
}

// rejectedName tells one file of rejected rows from another: whose, what, and of which day.
func (r *importRecord) rejectedName(language string) string {
	school := r.schoolName
	if school == "" {
		school = messages.Text(language, "file.several_schools", nil)
	}
	return messages.Text(language, "file.rejected_"+r.kind, map[string]any{"school": school, "day": r.createdAt.In(calendar.Shanghai).Format(time.DateOnly)})
}

// WriteRejected writes the rejected rows of an import as .xlsx, with a reason each in Chinese: fault.ErrNotFound if there
// is no such import. The caller decides who may see them.
func (s *Service) WriteRejected(ctx context.Context, importID string, w io.Writer) error {
	r, err := s.importByID(ctx, importID)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.ErrNotFound.New()
	}
	if err != nil {
		return err
	}
	return s.writeRejected(ctx, r, messages.Chinese, w)
}

func (s *Service) writeRejected(ctx context.Context, r *importRecord, language string, w io.Writer) error {
	if language == "" {
		language = messages.Chinese
	}
	var headings []string
	if r.headings != "" {
		if err := json.Unmarshal([]byte(r.headings), &headings); err != nil {
			return err
		}
	}
	headings = append(rejectHeadings(language), headings...)
	widths := make([]float64, len(headings))
	for i := range widths {
		widths[i] = 20
	}
	widths[0], widths[1] = 8, 44
	x, err := sheet.NewWriter(w, messages.Text(language, "column.rejected_sheet", nil), headings, widths)
	if err != nil {
		return err
	}
	for after := int64(-1); ; {
		var sealed []byte
		err := s.db.QueryRow(ctx, "SELECT first_line, sealed FROM roster_rejects WHERE import_id = $1 AND first_line > $2 ORDER BY first_line LIMIT 1",
			r.id, after).Scan(&after, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return x.Close()
		}
		if err != nil {
			return err
		}
		plain, err := s.vault.Open(purposeRejects, sealed)
		if err != nil {
			return err
		}
		var rejects []reject
		if err := json.Unmarshal([]byte(plain), &rejects); err != nil {
			return err
		}
		for _, reject := range rejects {
			if err := x.Row(append([]string{strings.TrimSpace(fmt.Sprint(reject.Sheet, " ", reject.Line)), reject.reason(language)}, reject.Cells...)); err != nil {
				return err
			}
		}
	}
}
