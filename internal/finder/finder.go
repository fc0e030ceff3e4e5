package finder

import (
	"context"
	"regexp"
	"strings"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/desk"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/roster"
)

// Way is what a text may be.
type Way string

// The ways. A text may be several: twelve letters are a tracking number, a ticket's and a username.
const (
	IDNumber Way = "id_number"
	Phone    Way = "phone"
	Username Way = "username"
	Tracking Way = "tracking_number"
	Ticket   Way = "ticket"
	Name     Way = "name" // of a person or a school
)

// Found is what a text leads to, within the caller's scope.
type Found struct {
	Ways      []Way            `json:"ways" enum:"id_number,phone,username,tracking_number,ticket,name" doc:"What the text was taken for, and looked for as"`
	Closed    []Way            `json:"closed" enum:"id_number,phone,username,tracking_number,ticket,name" doc:"What else it may be, by which the caller may not look"`
	People    []roster.Person  `json:"people"`
	Accounts  []accounts.Found `json:"accounts"`
	Requests  []desk.Request   `json:"requests"`
	Schools   []roster.School  `json:"schools"`
	Elsewhere bool             `json:"elsewhere" doc:"The ID number stands in the registry, beyond the caller's scope: the person or a pupil's guardian asks for a change of school"`
}

// needed is what a way of looking takes, beside that the caller is an administrator: whoever reads requests finds them.
var needed = map[Way]access.Action{
	IDNumber: access.RegistryRead, Name: access.RegistryRead, Phone: access.AccountsManage, Username: access.AccountsManage,
}

// most is how many of each sort are shown: whoever has more typed too little.
const most = 8

// Service finds.
type Service struct {
	accounts *accounts.Service
	roster   *roster.Service
	desk     *desk.Service
}

// New makes the room.
func New(a *accounts.Service, r *roster.Service, d *desk.Service) *Service { return &Service{a, r, d} }

var (
	documents = regexp.MustCompile(`^[A-Z]{0,3}[0-9]{7,}X?$`)
	usernames = regexp.MustCompile(`^[A-Z0-9]{6,16}$`)
	tickets   = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-?[0-9A-HJKMNP-TV-Z]{4}){2}$|^[0-9A-Z]{26}$`) // how an id begins, as screens show it, or all of it
	trackings = regexp.MustCompile(`^[2-9A-Z]{4}(-?[2-9A-Z]{4}){2}$`)
)

// waysOf tells what a text may be that is folded as codes are.
func waysOf(code string) (ways []Way) {
	if _, problem := identity.ParseMobile(code); problem == nil {
		return []Way{Phone}
	}
	for _, one := range []struct {
		way Way
		is  *regexp.Regexp
	}{{Ticket, tickets}, {IDNumber, documents}, {Tracking, trackings}, {Username, usernames}} {
		if one.is.MatchString(code) {
			ways = append(ways, one.way)
		}
	}
	if len(ways) == 0 {
		ways = []Way{Name}
	}
	return ways
}

// Find looks for a text as whatever it may be that the caller may look by. Errors: invalid for nothing, and for a number of 18 characters
// that is mistyped.
func (s *Service) Find(ctx context.Context, typed string) (found Found, err error) {
	code, name := identity.Fold(typed), identity.Clean(typed)
	if code == "" {
		return found, fault.ErrInvalid.New(fault.Field("text", "missing"))
	}
	found = Found{Ways: []Way{}, Closed: []Way{}, People: []roster.Person{}, Accounts: []accounts.Found{}, Requests: []desk.Request{}, Schools: []roster.School{}}
	for _, way := range waysOf(code) {
		if action, limited := needed[way]; limited && access.ActorFrom(ctx).Reach(action).Empty() {
			found.Closed = append(found.Closed, way)
			continue
		}
		found.Ways = append(found.Ways, way)
		text := code
		if way == Name {
			text = name
		}
		if err := s.find(ctx, way, text, &found); err != nil {
			return Found{}, err
		}
	}
	return found, nil
}

func (s *Service) find(ctx context.Context, way Way, text string, found *Found) (err error) {
	switch way {
	case IDNumber:
		if found.People, found.Elsewhere, err = s.roster.FindByNumber(ctx, text); err != nil {
			return err
		}
		return s.accountsBy(ctx, accounts.Search{IDNumber: text}, found)
	case Phone:
		return s.accountsBy(ctx, accounts.Search{Phone: text}, found)
	case Username:
		return s.accountsBy(ctx, accounts.Search{Username: text}, found)
	case Tracking:
		return s.requestsBy(ctx, s.desk.ByTracking, text, found)
	case Ticket:
		return s.requestsBy(ctx, s.desk.ByID, strings.ToLower(strings.ReplaceAll(text, "-", "")), found)
	case Name:
		if found.People, err = s.roster.FindByName(ctx, text, most); err == nil {
			schools, failed := s.roster.FindSchools(ctx, text, most)
			found.Schools, err = append(found.Schools, schools...), failed
		}
	}
	return err
}

func (s *Service) requestsBy(ctx context.Context, by func(context.Context, string) ([]desk.Request, error), text string, found *Found) error {
	some, err := by(ctx, text)
	found.Requests = append(found.Requests, some...)
	return err
}

// accountsBy adds accounts.
func (s *Service) accountsBy(ctx context.Context, by accounts.Search, found *Found) error {
	by.Limit = most
	page, err := s.accounts.Search(ctx, by)
	if err != nil {
		return err
	}
	for _, a := range page.Items { // one may be found in two ways
		known := false
		for _, b := range found.Accounts {
			known = known || a.ID == b.ID
		}
		if !known {
			found.Accounts = append(found.Accounts, a)
		}
	}
	return nil
}
