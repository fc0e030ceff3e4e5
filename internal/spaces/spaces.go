package spaces

import (
	"context"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/desk"
	"caotang/internal/guardians"
	"caotang/internal/looks"
	"caotang/internal/messages"
	"caotang/internal/recovery"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/support"
	"caotang/internal/transfers"
	"caotang/internal/verification"
)

// Service gathers from the other rooms.
type Service struct {
	db           *db.DB
	accounts     *accounts.Service
	roster       *roster.Service
	verification *verification.Service
	support      *support.Service
	transfers    *transfers.Service
	recovery     *recovery.Service
	guardians    *guardians.Service
	desk         *desk.Service
	looks        *looks.Service
}

// New makes the room.
func New(d *db.DB, a *accounts.Service, r *roster.Service, v *verification.Service, s *support.Service, t *transfers.Service, lost *recovery.Service,
	g *guardians.Service, requests *desk.Service, l *looks.Service,
) *Service {
	return &Service{
		db: d, accounts: a, roster: r, verification: v, support: s, transfers: t, recovery: lost, guardians: g, desk: requests, looks: l,
	}
}

// Me is who the caller is.
type Me struct {
	Account     accounts.Account       `json:"account"`
	Binding     *verification.Binding  `json:"binding" doc:"Null until the real name is verified"`
	Children    []verification.Binding `json:"children" doc:"A guardian's, in the order in which they were linked"`
	Roles       []string               `json:"roles" enum:"teacher,student,parent,public" doc:"What the person is, by their bindings; the account's role while there is none"`
	Must        []string               `json:"must" enum:"cancel_closing,replace_password,bind_phone,second_factor" doc:"What comes before anything else: cancel_closing, replace_password, bind_phone, second_factor"`
	AdminGrants []accounts.Grant       `json:"admin_grants"`
}

// me costs one query, and a second for administrators: every page begins with it.
func (s *Service) me(ctx context.Context) (*Me, error) {
	actor := access.ActorFrom(ctx)
	account := accounts.Own(ctx)
	bindings, err := s.verification.BindingsOf(s.db.Brief(ctx), s.db, actor.AccountID)
	if err != nil {
		return nil, err
	}
	me := &Me{Account: account, Roles: rolesOf(account.Role, bindings), Must: actor.Must, AdminGrants: []accounts.Grant{}, Children: []verification.Binding{}}
	for _, b := range bindings {
		if b.Guardian && b.EntryKind == roster.Student {
			me.Children = append(me.Children, b)
		}
	}
	if len(bindings) > 0 {
		me.Binding = &bindings[0]
	}
	if len(actor.Grants) > 0 {
		me.AdminGrants, err = s.accounts.Grants(ctx, actor.AccountID)
	}
	return me, err
}

// public is what everybody is who is no teacher or pupil.
const public = "public"

// rolesOf lists what a person is, the most their own first (F-31). Somebody who is nothing but children's guardian is a member
// of the public besides: a space of their own beside the children's.
func rolesOf(role string, bindings []verification.Binding) []string {
	roles := []string{}
	for _, b := range bindings {
		if !slices.Contains(roles, b.Kind) {
			roles = append(roles, b.Kind)
		}
	}
	switch {
	case len(roles) == 0:
		roles = append(roles, role)
	case bindings[0].Guardian:
		roles = append(roles, public)
	}
	return roles
}

// bindingAs is whom a person stands for in a role: nobody as a member of the public.
func bindingAs(role string, bindings []verification.Binding) *verification.Binding {
	i := slices.IndexFunc(bindings, func(b verification.Binding) bool { return b.Kind == role })
	if i < 0 {
		return nil
	}
	return &bindings[i]
}

func childrenOf(bindings []verification.Binding) (names []string) {
	for _, b := range bindings {
		if b.Guardian {
			names = append(names, b.Name)
		}
	}
	return names
}

// Space is the home of a person in one of their roles.
type Space struct {
	GreetingName  string            `json:"greeting_name"`
	Roles         []string          `json:"roles" enum:"teacher,student,parent,public"`
	Role          string            `json:"role" enum:"teacher,student,parent,public" doc:"The one whose space this is"`
	School        *roster.SchoolRef `json:"school"`
	Class         *roster.ClassRef  `json:"class"`
	Stage         roster.Stage      `json:"stage,omitempty" enum:"kindergarten,primary,junior,senior,vocational,special" doc:"Of the class; without one, what most classes of the school are"`
	ClassesTaught []ClassTaught     `json:"classes_taught"`
	NextSteps     []Suggestion      `json:"next_steps" doc:"What to do next, the most urgent first"`

	ClassesChoosable []string `json:"classes_choosable" doc:"The bindings to pupils whose class was one's own choice and may be chosen anew, in whatever role"`

	Waits string `json:"waits,omitempty" enum:"guardian,school" doc:"Of whoever is not verified: what they have asked for to be so, and waits: a guardian's request, or one to the school"`
}

// What somebody waits for to be verified.
const (
	waitsForGuardian = "guardian"
	waitsForSchool   = "school"
)

// ClassTaught is a class as its teachers see it.
type ClassTaught struct {
	ID     string       `json:"id"`
	Name   string       `json:"name"`
	Stage  roster.Stage `json:"stage"`
	Grade  string       `json:"grade"`
	Pupils int          `json:"pupils"`
	Head   bool         `json:"head" doc:"Whether one is its class teacher"`

	Subjects []roster.Subject `json:"subjects" enum:"chinese,maths,english,physics,chemistry,biology,politics,history,geography,science,technology,sports,music,art,labour,psychology,other" doc:"What one teaches it"`
}

// Suggestion is something to do, in the reader's language.
type Suggestion struct {
	Action string `json:"action" doc:"verify, appeal_case, see_lost_case, see_guardianship, answer_guardian, choose_class, answer_case, see_recovery, answer_childs_transfer, see_tickets, see_transfers, answer_tickets, answer_guardians, answer_transfers, answer_recoveries, manage_registry"`
	Title  string `json:"title"`
	Href   string `json:"href"`
}

// space is the caller's in a role, or in the most their own where as is none of theirs: what the person was a moment ago.
func (s *Service) space(ctx context.Context, as string) (*Space, error) {
	actor, language := access.ActorFrom(ctx), access.ClientFrom(ctx).Language
	bindings, err := s.verification.BindingsOf(ctx, s.db, actor.AccountID)
	if err != nil {
		return nil, err
	}
	space := &Space{GreetingName: actor.Username, Roles: rolesOf(actor.Role, bindings), ClassesTaught: []ClassTaught{}}
	if space.Role = as; !slices.Contains(space.Roles, as) {
		space.Role = space.Roles[0]
	}
	if b := bindingAs(space.Role, bindings); b != nil {
		space.School, space.Class, space.GreetingName = b.School, b.Class, b.Name
		if b.Class != nil {
			space.Stage = b.Class.Stage
		} else if space.Stage, err = s.roster.UsualStage(ctx, s.db, b.School.ID); err != nil {
			return nil, err
		}
		if b.Guardian {
			children := childrenOf(bindings)
			space.GreetingName = messages.Text(language, "space.parent_of", map[string]any{"name": strings.Join(children, messages.Text(language, "space.and", nil))})
			if len(children) > 1 { // each has their own
				space.School, space.Class = nil, nil
			}
		}
		if b.Kind == verification.Teacher {
			if space.ClassesTaught, err = s.classesTaught(ctx, b.EntryID); err != nil {
				return nil, err
			}
		}
	}
	if space.ClassesChoosable, err = s.classesChoosable(ctx, actor, bindings); err != nil {
		return nil, err
	}
	asks, err := s.guardians.AskedBy(ctx)
	if err != nil {
		return nil, err
	}
	if space.Waits, err = s.waits(ctx, actor, bindings, asks); err != nil {
		return nil, err
	}
	space.NextSteps, err = s.nextSteps(ctx, actor, bindings, asks, space.Waits)
	return space, err
}

// ticketsAtOnce are more than anybody has open: what waits is among the newest.
const ticketsAtOnce = 20

// waits is what somebody without a binding has asked for to be verified.
func (s *Service) waits(ctx context.Context, actor access.Actor, bindings []verification.Binding, asks bool) (string, error) {
	switch {
	case len(bindings) > 0:
		return "", nil
	case asks:
		return waitsForGuardian, nil
	}
	tickets, err := s.support.AllOf(ctx, s.db, actor.AccountID, ticketsAtOnce)
	if err != nil {
		return "", err
	}
	for _, t := range tickets {
		if t.State == support.Open && (t.Kind == support.MissingEntry || t.Kind == support.NotMe) {
			return waitsForSchool, nil
		}
	}
	return "", nil
}

// classesChoosable are the bindings to pupils whose class was put there by the caller, whom verification then lets choose again (F-18).
func (s *Service) classesChoosable(ctx context.Context, actor access.Actor, bindings []verification.Binding) ([]string, error) {
	choosable := []string{}
	for _, b := range bindings {
		if b.EntryKind != roster.Student || b.Class == nil {
			continue
		}
		entry, err := s.roster.EntryByID(ctx, s.db, b.EntryID)
		if err != nil {
			return nil, err
		}
		by, err := s.roster.ClassSetBy(ctx, s.db, entry)
		if err != nil {
			return nil, err
		}
		if by == actor.AccountID {
			choosable = append(choosable, b.ID)
		}
	}
	return choosable, nil
}

func (s *Service) classesTaught(ctx context.Context, entryID string) ([]ClassTaught, error) {
	classes, err := s.roster.ClassesTaught(ctx, entryID)
	if err != nil {
		return nil, err
	}
	headed, err := s.roster.ClassesHeaded(ctx, s.db, entryID)
	if err != nil {
		return nil, err
	}
	subjects, err := s.roster.SubjectsTaught(ctx, s.db, entryID)
	if err != nil {
		return nil, err
	}
	taught := make([]ClassTaught, len(classes))
	for i, c := range classes {
		taught[i] = ClassTaught{c.ID, c.DisplayName, c.Stage, c.Grade, c.Pupils, slices.Contains(headed, c.ID), subjects[c.ID]}
	}
	return taught, nil
}

// nextSteps are what to do next. Verifying is no step while something waits that leads there.
func (s *Service) nextSteps(ctx context.Context, actor access.Actor, bindings []verification.Binding, asks bool, waits string) ([]Suggestion, error) {
	steps := []Suggestion{}
	add := func(action, href string) {
		steps = append(steps, Suggestion{action, messages.Text(access.ClientFrom(ctx).Language, "next."+action, nil), href})
	}
	if len(bindings) == 0 && actor.Role != public {
		lost, appealable, err := s.support.LostCase(ctx, s.db, actor.AccountID)
		if err != nil {
			return nil, err
		}
		switch {
		case appealable:
			add("appeal_case", "/me/tickets")
		case lost:
			add("see_lost_case", "/me/tickets")
		}
		if waits == "" {
			add("verify", "/verify")
		}
	}
	if asks {
		add("see_guardianship", "/space#children")
	}
	if own := bindingAs(verification.Student, bindings); own != nil {
		if asked, err := s.askedGuardian(ctx); err != nil {
			return nil, err
		} else if asked {
			add("answer_guardian", "/space#guardians")
		}
	}
	for _, b := range bindings {
		switch {
		case b.EntryKind != roster.Student || b.Class != nil:
		case b.Guardian:
			steps = append(steps, Suggestion{"choose_class", messages.Text(access.ClientFrom(ctx).Language, "next.choose_childs_class",
				map[string]any{"name": b.Name, "school": b.School.Name}), "/verify?of=" + b.ID})
		default:
			add("choose_class", "/verify")
		}
	}
	open, err := s.support.CasesAgainst(ctx, s.db, actor.AccountID)
	if err != nil {
		return nil, err
	}
	if open > 0 {
		add("answer_case", "/me/tickets")
	}
	wanted, err := s.recovery.Wanted(ctx, s.db, actor.AccountID, bindings)
	if err != nil {
		return nil, err
	}
	if len(wanted) > 0 {
		words := "next.see_recovery"
		if !slices.ContainsFunc(wanted, func(a recovery.Asking) bool { return !a.Among }) {
			words = "next.see_recovery_among"
		}
		steps = append(steps, Suggestion{"see_recovery", messages.Text(access.ClientFrom(ctx).Language, words, nil), "/me/security#recovery"})
	}
	if slices.ContainsFunc(bindings, func(b verification.Binding) bool { return b.Guardian }) {
		moving, err := s.transfers.OfChildren(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range moving {
			if !m.Own && m.Objection == nil {
				steps = append(steps, Suggestion{"answer_childs_transfer", messages.Text(access.ClientFrom(ctx).Language, "next.answer_childs_transfer",
					map[string]any{"name": m.Name, "school": m.ToSchool.Name}), "/me#child-" + m.BindingID})
			}
		}
	}
	if open, err = s.support.OpenOf(ctx, s.db, actor.AccountID); err != nil {
		return nil, err
	}
	if open > 0 {
		add("see_tickets", "/me/tickets")
	}
	latest, err := s.transfers.Latest(ctx, bindings)
	if err != nil {
		return nil, err
	}
	if open, err = s.transfers.OpenOf(ctx, s.db, actor.AccountID); err != nil {
		return nil, err
	}
	switch {
	case latest.News != "":
		steps = append(steps, Suggestion{"see_transfers", messages.Text(access.ClientFrom(ctx).Language, "next.see_transfer_"+latest.News,
			map[string]any{"name": latest.Name, "school": latest.School}), "/me/transfers"})
	case open > 0:
		add("see_transfers", "/me/transfers")
	}
	guardiansAt := "/space#guardians"
	if !actor.Reach(access.GuardiansDecide).Empty() {
		guardiansAt = "/admin/guardians"
	}
	if open, err = s.guardians.Waiting(ctx); err != nil {
		return nil, err
	}
	if open > 0 {
		add("answer_guardians", guardiansAt)
	}
	if len(actor.Grants) == 0 {
		return steps, nil
	}
	if open, err = s.support.OpenIn(ctx, actor.Reach(access.TicketsAnswer)); err != nil {
		return nil, err
	}
	if open > 0 {
		add("answer_tickets", "/admin/tickets")
	}
	if open, err = s.transfers.WaitingIn(ctx, actor); err != nil {
		return nil, err
	}
	if open > 0 {
		add("answer_transfers", "/admin/transfers")
	}
	if open, err = s.recovery.OpenFor(ctx); err != nil {
		return nil, err
	}
	if open > 0 {
		add("answer_recoveries", "/admin/recoveries")
	}
	if !actor.Reach(access.RegistryWrite).Empty() {
		add("manage_registry", "/admin/registry")
	}
	return steps, nil
}

// askedGuardian tells whether somebody asks a pupil of their own age to be their guardian, and the pupil may say.
func (s *Service) askedGuardian(ctx context.Context) (bool, error) {
	own, err := s.guardians.OfPupil(ctx)
	return slices.ContainsFunc(own.Items, func(g guardians.OwnGuardian) bool { return g.State == verification.Asked && !g.SchoolOnly }), err
}

// Classmate is somebody of one's class.
type Classmate struct {
	Name string `json:"name"`
	Me   bool   `json:"me"`
}

// classmates lists the caller's class, themselves among it; nobody for whoever is no pupil.
func (s *Service) classmates(ctx context.Context, page server.PageInput) (server.Page[Classmate], error) {
	var none server.Page[Classmate]
	own, err := s.verification.BindingOf(ctx, s.db, access.ActorFrom(ctx).AccountID)
	if err != nil {
		return none, err
	}
	if own == nil || own.Kind != verification.Student {
		return server.NewPage[Classmate](nil, page.Limit, nil), nil
	}
	found, err := s.roster.Classmates(ctx, own.EntryID, page.Cursor, page.Limit)
	if err != nil {
		return none, err
	}
	entries := server.NewPage(found, page.Limit, func(c roster.Classmate) string { return c.EntryID })
	class := server.Page[Classmate]{Items: make([]Classmate, len(entries.Items)), NextCursor: entries.NextCursor}
	for i, c := range entries.Items {
		class.Items[i] = Classmate{c.Name, c.EntryID == own.EntryID}
	}
	return class, nil
}
