package roster

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/server"
	"caotang/internal/sheet"
	"caotang/internal/vault"
)

// maxExport is how many people one file holds: the largest county's, several times over.
const maxExport = 300_000

// ErrExportTooMany says that the filters leave more people than one file holds.
var ErrExportTooMany = fault.Define(fault.Invalid, "export_too_many")

type registryExportInput struct {
	Body struct {
		SchoolID  string `json:"school_id,omitempty" maxLength:"64"`
		Region    string `json:"region,omitempty" maxLength:"6" doc:"A division's code: the entries within it"`
		ClassID   string `json:"class_id,omitempty" maxLength:"64" doc:"none: the pupils without a class"`
		Kind      string `json:"kind,omitempty" enum:"teacher,student"`
		Bound     string `json:"bound,omitempty" enum:"true,false"`
		Graduated string `json:"graduated,omitempty" enum:"true" doc:"Those who have graduated, instead of those who have not"`
		Name      string `json:"name,omitempty" maxLength:"200" doc:"Part of the name"`
		IDNumber  string `json:"id_number,omitempty" maxLength:"100" doc:"The whole number, on whatever kind of document"`
		Full      bool   `json:"full,omitempty" doc:"With full numbers, for which a reason is asked: of one's own school alone"`
		Reason    string `json:"reason,omitempty" maxLength:"1000" doc:"What the file is for: it stands in the file and on record"`
	}
}

// export is a file of the registry's entries that somebody takes along.
type export struct {
	s        *Service
	filter   filter
	full     bool
	language string
	mark     string // who takes it, when and for what
	day      string
	schools  []School
}

// exportEntries records who takes which entries along, and answers the file. Errors: invalid without a reason for full numbers;
// export_too_many.
func (s *Service) exportEntries(ctx context.Context, in *registryExportInput) (file *huma.StreamResponse, err error) {
	b := in.Body
	reason := identity.Clean(b.Reason)
	if b.Full || reason != "" {
		if reason, err = audit.Reason(reason); err != nil {
			return nil, err
		}
	}
	actor := access.ActorFrom(ctx)
	if b.Full && actor.Reach(access.RegistryUnmaskOwn).Empty() {
		return nil, fault.ErrInvalid.New(fault.Field("full", "own_school_only"))
	}
	e := &export{s: s, filter: filter{b.SchoolID, b.Region, b.ClassID, b.Kind, b.Bound, b.Graduated, b.Name, b.IDNumber}, full: b.Full, language: access.ClientFrom(ctx).Language}
	if e.language == "" {
		e.language = messages.Chinese
	}
	now := s.now().In(calendar.Shanghai)
	e.day = now.Format("20060102")
	purpose := reason
	if purpose == "" {
		purpose = e.text("export.for_administration", nil)
	}
	e.mark = e.text("export.mark", map[string]any{"by": actor.Username, "at": now.Format("2006-01-02 15:04"), "for": purpose})

	c, err := s.conditionsOf(ctx, e.filter, e.may())
	if err != nil {
		return nil, err
	}
	var people int
	if err := s.db.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+entryFrom+c.where()+c.limit(maxExport)+`) few`, c.args...).Scan(&people); err != nil {
		return nil, err
	}
	if people > maxExport {
		return nil, ErrExportTooMany.New(fault.Arg("max", maxExport))
	}
	if err := e.find(ctx); err != nil {
		return nil, err
	}
	action := "registry.export"
	if b.Full {
		action = "registry.export_full"
	}
	if err := s.db.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{
			Action: action, Target: "registry", Place: e.place(actor), Reason: reason,
			Details: map[string]any{"rows": people, "filters": e.filter.names(), "kind": b.Kind, "school_id": b.SchoolID, "class_id": b.ClassID, "region": b.Region},
		})
	}); err != nil {
		return nil, err
	}
	return server.Download(server.Workbook, e.name(), "registry.xlsx", func(w io.Writer) error { return e.write(ctx, w) }), nil
}

// may is what the actor must be allowed to do.
func (e *export) may() access.Action {
	if e.full {
		return access.RegistryUnmaskOwn
	}
	return access.RegistryRead
}

func (e *export) text(key string, args map[string]any) string {
	return messages.Text(e.language, key, args)
}

// names are those of the parts that narrow, without what they say: that may be a person's name or number.
func (f filter) names() string {
	var all []string
	for _, part := range []struct{ name, value string }{
		{"school_id", f.SchoolID}, {"region", f.Region}, {"class_id", f.ClassID}, {"kind", f.Kind}, {"bound", f.Bound}, {"graduated", f.Graduated}, {"name", f.Name}, {"id_number", f.IDNumber},
	} {
		if part.value != "" {
			all = append(all, part.name)
		}
	}
	return strings.Join(all, " ")
}

// find answers the schools whose entries the file holds, by code: it is written school by school.
func (e *export) find(ctx context.Context) (err error) {
	var c conditions
	c.reach(access.ActorFrom(ctx).Reach(e.may()), "s.region", "s.id")
	if e.filter.SchoolID != "" {
		c.add("s.id = $%d", e.filter.SchoolID)
	}
	if e.filter.Region != "" {
		c.region(e.filter.Region)
	}
	e.schools, err = db.Collect(ctx, e.s.db, "SELECT "+schoolColumns+" FROM schools s"+c.where()+" ORDER BY s.code", c.args, (*School).scan)
	return err
}

// place is where the record of the file belongs: to its school, else to the widest of what the actor administers.
func (e *export) place(actor access.Actor) access.Place {
	if len(e.schools) == 1 {
		return e.schools[0].Place()
	}
	if e.filter.Region != "" {
		return access.Place{Region: e.filter.Region}
	}
	for _, g := range actor.GrantsFor(e.may()) {
		if g.Level != access.School {
			return access.Place{Region: g.ScopeID}
		}
	}
	if len(e.schools) > 0 {
		return e.schools[0].Place()
	}
	return access.Place{}
}

func (e *export) name() string {
	where := e.text("file.several_schools", nil)
	if len(e.schools) == 1 {
		where = e.schools[0].Name
	}
	return e.text("export.file", map[string]any{"school": where, "day": e.day})
}

// What the cells call kinds of people and of documents, as an import reads them.
var (
	kindWords   = map[string]string{Student: "学生", Teacher: "教师"}
	idTypeWords = map[identity.Type]string{
		identity.ResidentID: "居民身份证", identity.ResidencePermit: "港澳台居民居住证", identity.HomeReturnPermit: "回乡证",
		identity.PermanentResidence: "外国人永久居留身份证", identity.Passport: "护照", identity.OtherDocument: "其他",
	}
)

// Headings of the file. They are those that an import recognises, so that a file with full numbers can be mended and imported; what
// it has not is a running number and whether somebody is activated. A file of both kinds is a list of either kind's people.
func (e *export) head() (head []string, widths []float64) {
	add := func(heading string, width float64) { head, widths = append(head, heading), append(widths, width) }
	add("序号", 8)
	add("姓名", 14)
	if e.filter.Kind == "" {
		add("类别", 8)
	}
	add("证件类型", 20)
	add("证件号码", 24)
	switch e.filter.Kind {
	case Student:
		add("全国学籍号", 24)
	case Teacher:
		add("教师资格证编号", 24)
	default:
		add("学籍号或资格证编号", 24)
	}
	if e.filter.Kind != Teacher {
		add("年级", 12)
		add("班级", 16)
	}
	add("学校名称", 28)
	add("学校标识码", 14)
	add("激活状态", 12)
	return head, widths
}

// write writes the people school by school, each by class and name: no more than one school's are in memory.
func (e *export) write(ctx context.Context, w io.Writer) error {
	head, widths := e.head()
	x, err := sheet.NewWriter(w, "校验库", head, widths)
	if err != nil {
		return err
	}
	x.Footer(e.mark)
	n := 0
	for _, school := range e.schools {
		one := e.filter
		one.SchoolID = school.ID
		c, err := e.s.conditionsOf(ctx, one, e.may())
		if err != nil {
			return err
		}
		people, err := e.s.entries(ctx, e.s.db, c.where()+" ORDER BY e.kind, c.id IS NULL, c.stage, c.entry_year DESC, c.number, e.name_key, e.id", c.args...)
		if err != nil {
			return err
		}
		for _, p := range people {
			n++
			cells, err := e.row(n, p)
			if err != nil {
				return err
			}
			if err := x.Row(cells); err != nil {
				return err
			}
		}
	}
	// In the column that no import reads, so that it is nobody's row.
	if err := x.Row([]string{e.mark}); err != nil {
		return err
	}
	return x.Close()
}

func (e *export) row(n int, p Entry) ([]string, error) {
	numbers, err := e.s.NumbersOf(p)
	if err != nil {
		return nil, err
	}
	show := func(number string) string {
		if e.full || number == "" {
			return number
		}
		return vault.MaskIDNumber(number)
	}
	cells := []string{fmt.Sprint(n), p.Name}
	if e.filter.Kind == "" {
		cells = append(cells, kindWords[p.Kind])
	}
	cells = append(cells, idTypeWords[p.IDType], show(numbers.IDNumber))
	further := numbers.StudentNumber
	if p.Kind == Teacher {
		further = numbers.CertificateNumber
	}
	cells = append(cells, show(further))
	if e.filter.Kind != Teacher {
		grade, class := "", ""
		if p.Class != nil {
			grade, class = p.Class.Grade, p.Class.DisplayName
		}
		cells = append(cells, grade, class)
	}
	bound := "export.bound_no"
	if p.AccountID != "" {
		bound = "export.bound_yes"
	}
	return append(cells, p.School.Name, p.School.Code, e.text(bound, nil)), nil
}

// mountExport adds the operation.
func (s *Service) mountExport(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/registry/export", ID: "export-registry", Tag: "registry", Rule: server.Administrator,
		Summary: "The registry's entries in one's scope as a workbook, numbers masked unless a reason is given; it says who took it, and so does the record",
	}, s.exportEntries)
}
