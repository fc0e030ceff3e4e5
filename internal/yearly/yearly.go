package yearly

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/calendar"
	"caotang/internal/consent"
	"caotang/internal/db"
	"caotang/internal/desk"
	"caotang/internal/fault"
	"caotang/internal/guardians"
	"caotang/internal/messages"
	"caotang/internal/retention"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/vault"
)

// maxRecords is how many records one pack lists, those of a large county; of more it holds the counts alone.
const maxRecords = 300_000

// recordsChecked is how many of the newest records are held against their seals while one waits.
const recordsChecked = 20_000

// Rooms are those that the pack reads. Retention are the rules of all that delete something by themselves.
type Rooms struct {
	Audit     *audit.Service
	Accounts  *accounts.Service
	Roster    *roster.Service
	Consent   *consent.Service
	Guardians *guardians.Service
	Desk      *desk.Service
	Retention []func(context.Context) ([]retention.Rule, error)
}

// Service is the room.
type Service struct {
	db    *db.DB
	vault *vault.Vault
	Rooms
	now  func() time.Time
	most int
}

// New makes the room; now nil means [time.Now].
func New(d *db.DB, v *vault.Vault, rooms Rooms, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{d, v, rooms, now, maxRecords}
}

// groups are what administrators do with people's data, and the lists of the pack.
var groups = []struct {
	name    string
	actions []string
}{
	{"looked", []string{
		"registry.reveal", "registry.export_full", "registry.found_elsewhere", "registry.preview_found_elsewhere", "ticket.reveal", "ticket.reveal_contact", "account.reveal_username", "account.search_id_number", "recovery.look", "look.ask", "look.allow", "look.refuse",
	}},
	{"changed", []string{
		"registry.create", "registry.change", "registry.set_class", "registry.move", "registry.replace", "registry.delete", "registry.two_people",
		"registry.import", "registry.imported", "registry.undo_import", "registry.import_undone",
		"class.create", "class.change", "class.delete", "class.teachers", "school_year.done", "school_year.taken_back", "binding.unbind", "account.issue_code", "account.replace_phone",
		"account.reset_factors", "account.unfreeze", "account.create_administrator", "account.appoint", "account.dismiss",
		"slip.end", "ticket.done", "ticket.declined", "recovery.approve", "recovery.reject", "guardian.link", "guardian.decline", "guardian.end",
	}},
	{"exported", []string{
		"registry.export", "registry.export_full", "registry.download_rejected", "registry.download_kept", "slip.print", "statistics.export", "statistics.export_stuck", "audit.export", "audit.pack",
	}},
}

type packInput struct {
	Body struct {
		Year   int    `json:"year" minimum:"2000" maximum:"9999" doc:"A calendar year, of this one what there is"`
		Region string `json:"region,omitempty" maxLength:"6" doc:"One division of the reader's scope; all of it when absent"`
	}
}

// Mount adds the room's operation.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/audit/pack", ID: "take-yearly-pack", Tag: "audit", Rule: server.Administrator,
		Summary: "A year's figures and lists for the audit of how minors' data is protected, as a .zip",
	}, s.take)
}

// take gathers the figures, records who takes them, and answers the pack. Errors: not_found for a division beyond the reader's
// scope.
func (s *Service) take(ctx context.Context, in *packInput) (*huma.StreamResponse, error) {
	actor := access.ActorFrom(ctx)
	if in.Body.Region != "" {
		narrowed, ok := actor.Narrowed(access.AuditRead, in.Body.Region)
		if !ok {
			return nil, fault.ErrNotFound.New()
		}
		actor, ctx = narrowed, access.WithActor(ctx, narrowed)
	}
	if actor.Reach(access.AuditRead).Empty() {
		return nil, fault.ErrForbidden.New()
	}
	p, err := s.gather(ctx, in.Body.Year)
	if err != nil {
		return nil, err
	}
	if err := audit.RecordTaken(ctx, s.db, "audit.pack", map[string]any{"year": p.Year, "rows": p.records}); err != nil {
		return nil, err
	}
	return server.Download("application/zip", p.text("file.pack", map[string]any{"year": p.Year, "scope": p.Scope}), "yearly-pack.zip", p.write), nil
}

// pack is what is gathered before the first byte goes out; the lists are read while they are written.
type pack struct {
	s        *Service
	ctx      context.Context //nolint:containedctx // of the request that the pack answers
	language string
	filter   audit.Filter // the year
	records  int          // that are listed
	mark     string

	Year      int
	Scope     string
	At        time.Time
	Until     time.Time // the last day that the pack holds
	Groups    []group
	Unlisted  bool // there are more records than a pack lists, so that it lists none
	Consents  []consent.Said
	Retention []retention.Rule
	Late      int // of all rules
	Requests  []request
	Overdue   int
	ByKind    []ofKind
	More      bool // there are more requests than are listed
	Chain     audit.Verified
	First     int64 // the first block that was checked
}

// group is one of groups, counted.
type group struct {
	Name   string
	Total  int
	Times  []audit.Times // by action and who did it
	Action []audit.Times // by action
}

func (p *pack) text(key string, args map[string]any) string {
	return messages.Text(p.language, "yearly."+key, args)
}

func (s *Service) gather(ctx context.Context, year int) (*pack, error) {
	now := s.now()
	p := &pack{s: s, ctx: ctx, language: cmp.Or(access.ClientFrom(ctx).Language, messages.Chinese), Year: year, At: now, mark: audit.Mark(ctx, now)}
	begins := time.Date(year, 1, 1, 0, 0, 0, 0, calendar.Shanghai)
	ends := begins.AddDate(1, 0, 0)
	if begins.After(now) {
		return nil, fault.ErrInvalid.New(fault.Field("year", "out_of_range"))
	}
	if ends.After(now) {
		ends = now
	}
	p.filter, p.Until = audit.Filter{From: begins, To: ends}, ends.Add(-time.Millisecond)
	for _, part := range []func() error{p.scope, p.count, p.consents, p.kept, p.requests, p.chain} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// scope names what the pack is of.
func (p *pack) scope() error {
	reach := access.ActorFrom(p.ctx).Reach(access.AuditRead)
	var names []string
	for _, code := range reach.Divisions() {
		region, err := p.s.Roster.RegionByCode(p.ctx, code)
		if err != nil {
			return err
		}
		names = append(names, region.Name)
	}
	for _, id := range reach.Schools() {
		school, err := p.s.Roster.SchoolByID(p.ctx, p.s.db, id)
		if err != nil {
			return err
		}
		names = append(names, school.Name)
	}
	p.Scope = strings.Join(names, messages.Text(p.language, "part.and", nil))
	return nil
}

// count counts what administrators did, and whether that is too much to list.
func (p *pack) count() error {
	filter := p.filter
	for _, g := range groups {
		filter.Actions = append(filter.Actions, g.actions...)
	}
	var err error
	if p.records, err = p.s.Audit.Count(p.ctx, filter, p.s.most+1); err != nil {
		return err
	}
	if p.Unlisted = p.records > p.s.most; p.Unlisted {
		p.records = 0
	}
	times, err := p.s.Audit.Times(p.ctx, filter)
	if err != nil {
		return err
	}
	for _, g := range groups {
		p.Groups = append(p.Groups, counted(g.name, g.actions, times))
	}
	return nil
}

// counted takes a group's part of all counts.
func counted(name string, actions []string, times []audit.Times) group {
	one, at := group{Name: name}, map[string]int{}
	for _, t := range times {
		if !slices.Contains(actions, t.Action) {
			continue
		}
		i, known := at[t.Action]
		if !known {
			i = len(one.Action)
			at[t.Action], one.Action = i, append(one.Action, audit.Times{Action: t.Action, What: t.What})
		}
		one.Action[i].Times += t.Times
		one.Total += t.Times
		one.Times = append(one.Times, t)
	}
	return one
}

func (p *pack) consents() (err error) {
	p.Consents, err = p.s.Consent.SaidWithin(p.ctx, db.At(p.filter.From), db.At(p.filter.To))
	return err
}

func (p *pack) kept() (err error) {
	p.Retention, err = retention.All(p.ctx, p.s.Retention...)
	for _, r := range p.Retention {
		p.Late += r.Late
	}
	return err
}

func (p *pack) chain() (err error) {
	p.First, p.Chain, err = audit.VerifyLast(p.ctx, p.s.db, p.s.vault, recordsChecked, 10)
	return err
}
