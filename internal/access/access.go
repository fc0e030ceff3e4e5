// Package access decides who may do what to things that lie where. It is pure: rooms ask it, on the server, for every
// operation; no path goes around it.
//
// Administrators hold grants on a scope: the province, a city, a county or one school; customer service holds one on a
// region. A thing lies in a [Place]. An actor may do an action there when one of their grants covers the place and its
// level permits the action.
package access

import (
	"slices"
	"strings"
	"time"
)

// Level is the height of an administrator's scope.
type Level string

// The four levels of administration, from the widest down, and customer service, which administers nothing: it looks at
// the copies with which people prove who they are, and decides (F-08), and it helps those who wait for an answer.
const (
	Province Level = "province"
	City     Level = "city"
	County   Level = "county"
	School   Level = "school"
	Service  Level = "service"
)

// Grant is the right to administer one scope. ScopeID is a division code of GB/T 2260 (province 510000, city 510100,
// county 510104; at level Service any of these) or, at level School, a school's id.
type Grant struct {
	Level   Level
	ScopeID string
}

// Place is where a thing lies: the county's division code and, when it belongs to one, the school's id.
type Place struct {
	Region string
	School string
}

// Around is the smallest place that holds all of some: a school, or the code of a county, a city or the province. At least one is given.
func Around(places []Place) Place {
	around := places[0]
	for _, p := range places[1:] {
		if p.School != around.School {
			around.School = ""
		}
		for _, level := range []Level{County, City, Province} {
			if division := level.Division(p.Region); division == level.Division(around.Region) {
				around.Region = division
				break
			}
		}
	}
	return around
}

// Actor is whoever makes a request. The zero Actor is anonymous.
type Actor struct {
	AccountID     string
	SessionID     string
	Username      string
	Role          string
	MaskedPhone   string // "" when none is bound
	MaskedContact string // the recovery contact's phone, "" when there is none
	RegisteredAt  time.Time
	Grants        []Grant
	Verified      bool     // has a binding to a registry entry
	Must          []string // what the account must do before anything else: cancel_closing, replace_password, bind_phone, second_factor
	Ended         *Ended   // of nobody: what ended the session whose token was sent, when that was a new password or a freeze
}

// Ended says how a session was ended from elsewhere.
type Ended struct {
	Way string // how the new password came about: reset_password, recover, issue_code …; freeze
	At  string // China's time
}

// Anonymous reports whether nobody is signed in.
func (a Actor) Anonymous() bool { return a.AccountID == "" }

// Action is something an administrator may do.
type Action string

// The actions of administrators.
const (
	RegistryRead         Action = "registry.read"
	RegistryWrite        Action = "registry.write"
	RegistryUnmask       Action = "registry.unmask"
	RegistryUnmaskOwn    Action = "registry.unmask_own" // without a second person's leave
	ClassesManage        Action = "classes.manage"
	AccountsManage       Action = "accounts.manage"
	TicketsRead          Action = "tickets.read" // what people ask, masked
	TicketsHelp          Action = "tickets.help" // write to whoever asked, and hand on
	TicketsAnswer        Action = "tickets.answer"
	GuardiansDecide      Action = "guardians.decide" // say who is a pupil's guardian, and who no longer
	AuditRead            Action = "audit.read"
	SchoolsManage        Action = "schools.manage"
	TransfersRead        Action = "transfers.read" // who asks to change school, and how far that has come
	TransfersDecide      Action = "transfers.decide"
	AdministratorsManage Action = "administrators.manage"
	TargetsSet           Action = "targets.set"     // what share of a division's people should have activated their space
	RecoveryVouch        Action = "recovery.vouch"  // say of one's own people who they are
	RecoveryCopies       Action = "recovery.copies" // look at copies of documents, and decide by them
	MessagesWatch        Action = "messages.watch"
)

// permitted is the permission table: the levels that may do each action within their scope.
var permitted = map[Action][]Level{
	RegistryRead:         {Province, City, County, School},
	RegistryWrite:        {Province, City, County, School},
	RegistryUnmask:       {Province, City, County, School},
	RegistryUnmaskOwn:    {School},
	ClassesManage:        {Province, City, County, School},
	AccountsManage:       {Province, City, County, School},
	TicketsRead:          {Province, City, County, School, Service},
	TicketsHelp:          {Service},
	TicketsAnswer:        {Province, City, County, School},
	GuardiansDecide:      {Province, City, County, School},
	AuditRead:            {Province, City, County, School},
	SchoolsManage:        {Province, City, County},
	TransfersRead:        {Province, City, County, School, Service},
	TransfersDecide:      {Province, City, County, School},
	AdministratorsManage: {Province, City, County},
	TargetsSet:           {Province, City},
	RecoveryVouch:        {Province, City, County, School},
	RecoveryCopies:       {Province, Service}, // the province stands in where it has no customer service
	MessagesWatch:        {Province},          // gateways serve the whole province
}

// Can reports whether the actor may do the action to something that lies at the place.
func (a Actor) Can(action Action, at Place) bool {
	for _, g := range a.GrantsFor(action) {
		if g.covers(at) {
			return true
		}
	}
	return false
}

// Above is the actor with those grants alone that stand higher than a level.
func (a Actor) Above(level Level) Actor {
	a.Grants = slices.DeleteFunc(slices.Clone(a.Grants), func(g Grant) bool { return height[g.Level] <= height[level] })
	return a
}

// At is the actor with those grants alone that stand at a level.
func (a Actor) At(level Level) Actor {
	a.Grants = slices.DeleteFunc(slices.Clone(a.Grants), func(g Grant) bool { return g.Level != level })
	return a
}

// Narrowed is the actor with nothing but one division of those that they may do an action in; false where it is not theirs.
func (a Actor) Narrowed(action Action, division string) (Actor, bool) {
	g := Grant{Level: County, ScopeID: division}
	switch {
	case strings.HasSuffix(division, "0000"):
		g.Level = Province
	case strings.HasSuffix(division, "00"):
		g.Level = City
	}
	if _, ok := g.regionPrefix(); !ok || !a.Can(action, Place{Region: division}) {
		return a, false
	}
	a.Grants = []Grant{g}
	return a, true
}

// Customer service is as high as a city, so that the province alone stands above it.
var height = map[Level]int{School: 1, County: 2, City: 3, Service: 3, Province: 4}

// Above is the next level above; the province, which stands below none, is above itself.
func (l Level) Above() Level {
	switch l {
	case School:
		return County
	case County:
		return City
	default:
		return Province
	}
}

// Division is the scope of a level that a county lies in; "" for a level that has no divisions.
func (l Level) Division(county string) string {
	digits := map[Level]int{County: 6, City: 4, Province: 2}[l]
	if digits == 0 || len(county) != 6 {
		return ""
	}
	return county[:digits] + "000000"[digits:]
}

// Highest is the highest level at which the actor may do the action to something that lies at the place; "" where they may not.
func (a Actor) Highest(action Action, at Place) (highest Level) {
	for _, g := range a.GrantsFor(action) {
		if g.covers(at) && height[g.Level] > height[highest] {
			highest = g.Level
		}
	}
	return highest
}

// MayGrant reports whether the actor may give, and take away, a grant of the level on the place: they stand above it, so that
// nobody grants as much as they have.
func (a Actor) MayGrant(level Level, at Place) bool {
	return height[level] > 0 && a.Above(level).Can(AdministratorsManage, at)
}

// GrantsFor lists the actor's grants whose level permits the action. Whoever administers more than schools has none for
// [RegistryUnmaskOwn]: no office becomes its own second person by a school's grant beside its own.
func (a Actor) GrantsFor(action Action) []Grant {
	if action == RegistryUnmaskOwn && len(a.Above(School).Grants) > 0 {
		return nil
	}
	var all []Grant
	for _, g := range a.Grants {
		if g.permits(action) {
			all = append(all, g)
		}
	}
	return all
}

func (g Grant) permits(action Action) bool {
	for _, level := range permitted[action] {
		if g.Level == level {
			return true
		}
	}
	return false
}

func (g Grant) covers(at Place) bool {
	if g.Level == School {
		return g.ScopeID != "" && at.School == g.ScopeID
	}
	prefix, ok := g.regionPrefix()
	return ok && strings.HasPrefix(at.Region, prefix)
}

// regionPrefix is the part of a county's code that tells that it lies within the grant: GB/T 2260 gives two digits to
// the province, two to the city and two to the county.
func (g Grant) regionPrefix() (string, bool) {
	digits := map[Level]int{Province: 2, City: 4, County: 6, Service: len(strings.TrimSuffix(strings.TrimSuffix(g.ScopeID, "00"), "00"))}[g.Level]
	if digits == 0 || len(g.ScopeID) != 6 {
		return "", false
	}
	return g.ScopeID[:digits], true
}
