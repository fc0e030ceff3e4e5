package access_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
)

func TestAGrantCoversItsScopeAndNothingElse(t *testing.T) {
	here := access.Place{Region: "510104", School: "s1"}
	for _, c := range []struct {
		name  string
		grant access.Grant
		want  bool
	}{
		{"the province", access.Grant{Level: access.Province, ScopeID: "510000"}, true},
		{"another province", access.Grant{Level: access.Province, ScopeID: "110000"}, false},
		{"the city", access.Grant{Level: access.City, ScopeID: "510100"}, true},
		{"another city", access.Grant{Level: access.City, ScopeID: "510300"}, false},
		{"the county", access.Grant{Level: access.County, ScopeID: "510104"}, true},
		{"another county of the city", access.Grant{Level: access.County, ScopeID: "510105"}, false},
		{"the school", access.Grant{Level: access.School, ScopeID: "s1"}, true},
		{"another school", access.Grant{Level: access.School, ScopeID: "s2"}, false},
		{"a grant without a scope", access.Grant{Level: access.School}, false},
		{"a region that is no code", access.Grant{Level: access.City, ScopeID: "5"}, false},
	} {
		actor := access.Actor{AccountID: "a", Grants: []access.Grant{c.grant}}
		if got := actor.Can(access.RegistryWrite, here); got != c.want {
			t.Errorf("%s: Can = %v, want %v", c.name, got, c.want)
		}
	}
	if (access.Actor{AccountID: "a"}).Can(access.RegistryRead, here) {
		t.Error("an account without grants may read the registry")
	}
}

func TestNoOfficeIsItsOwnSecondPersonByASchoolsGrant(t *testing.T) {
	school, county := access.Grant{Level: access.School, ScopeID: "s1"}, access.Grant{Level: access.County, ScopeID: "510104"}
	here := access.Place{Region: "510104", School: "s1"}
	alone, both := access.Actor{Grants: []access.Grant{school}}, access.Actor{Grants: []access.Grant{school, county}}
	if !alone.Can(access.RegistryUnmaskOwn, here) || both.Can(access.RegistryUnmaskOwn, here) || !both.Reach(access.RegistryUnmaskOwn).Empty() || !both.Can(access.RegistryUnmask, here) {
		t.Error("a county that administers a school, too, sees its full numbers without a second person")
	}
}

func TestThePlaceAroundSomeIsTheSmallestThatHoldsThem(t *testing.T) {
	at := func(region, school string) access.Place { return access.Place{Region: region, School: school} }
	one, nextDoor, acrossTown, far := at("510104", "s1"), at("510104", "s2"), at("510105", "s3"), at("510302", "s4")
	for want, places := range map[access.Place][]access.Place{
		one:              {one, one},
		at("510104", ""): {one, nextDoor, one},
		at("510100", ""): {one, nextDoor, acrossTown, one},
		at("510000", ""): {acrossTown, far, one},
	} {
		if got := access.Around(places); got != want {
			t.Errorf("around %v: %v, want %v", places, got, want)
		}
	}
}

func TestASchoolAdministratorDoesNotManageSchools(t *testing.T) {
	actor := access.Actor{Grants: []access.Grant{{Level: access.School, ScopeID: "s1"}}}
	if actor.Can(access.SchoolsManage, access.Place{Region: "510104", School: "s1"}) {
		t.Error("a school administrator may manage schools")
	}
}

func TestCustomerServiceDecidesByCopiesAndHelpsInItsRegionAndDoesNothingElse(t *testing.T) {
	here := access.Place{Region: "510104", School: "s1"}
	for region, covered := range map[string]bool{"510000": true, "510100": true, "510104": true, "510105": false, "510300": false, "": false} {
		actor := access.Actor{Grants: []access.Grant{{Level: access.Service, ScopeID: region}}}
		for _, action := range []access.Action{access.RecoveryCopies, access.TicketsRead, access.TicketsHelp} {
			if got := actor.Can(action, here); got != covered {
				t.Errorf("%s in region %q: Can = %v, want %v", action, region, got, covered)
			}
		}
	}
	actor := access.Actor{Grants: []access.Grant{{Level: access.Service, ScopeID: "510000"}}}
	for _, action := range []access.Action{
		access.RegistryRead, access.RegistryWrite, access.RegistryUnmask, access.ClassesManage, access.AccountsManage,
		access.TicketsAnswer, access.AuditRead, access.SchoolsManage, access.RecoveryVouch, access.GuardiansDecide, access.TransfersDecide,
		access.AdministratorsManage, access.TargetsSet, access.MessagesWatch,
	} {
		if actor.Can(action, here) || !actor.Reach(action).Empty() {
			t.Errorf("customer service may do %s", action)
		}
	}
}

func TestTheProvinceAloneAppointsCustomerService(t *testing.T) {
	for _, grant := range []access.Grant{{Level: access.Province, ScopeID: "510000"}, {Level: access.City, ScopeID: "510100"}, {Level: access.Service, ScopeID: "510000"}} {
		actor := access.Actor{Grants: []access.Grant{grant}}
		if may := actor.MayGrant(access.Service, access.Place{Region: "510100"}); may != (grant.Level == access.Province) {
			t.Errorf("%s may appoint customer service: %v", grant.Level, may)
		}
	}
}

func TestReachWithoutGrantsSelectsNothing(t *testing.T) {
	condition, args := access.Actor{}.Reach(access.RegistryRead).SQL("region", "school_id", 1)
	if condition != "1 = 0" || args != nil {
		t.Errorf("condition %q, args %v", condition, args)
	}
}

func TestReachNumbersItsArguments(t *testing.T) {
	actor := access.Actor{Grants: []access.Grant{
		{Level: access.County, ScopeID: "510104"}, {Level: access.School, ScopeID: "s1"},
	}}
	if condition, args := (access.Actor{Grants: []access.Grant{{Level: access.City, ScopeID: "510100"}}}).Reach(access.RegistryRead).SQL("s.region", "e.school_id", 3); len(args) != 2 || !strings.Contains(condition, "BETWEEN $3 AND $4") {
		t.Errorf("a city: condition %q, args %v", condition, args)
	}
	condition, args := actor.Reach(access.RegistryRead).SQL("s.region", "e.school_id", 3)
	if len(args) != 2 || !strings.Contains(condition, "s.region = $3") || !strings.Contains(condition, "e.school_id = $4") {
		t.Errorf("condition %q, args %v", condition, args)
	}
}

func TestAReachNamesItsDivisionsWithoutThoseWithinAnother(t *testing.T) {
	actor := access.Actor{Grants: []access.Grant{
		{Level: access.County, ScopeID: "510104"},
		{Level: access.City, ScopeID: "510100"},
		{Level: access.County, ScopeID: "510302"},
		{Level: access.County, ScopeID: "510302"},
		{Level: access.School, ScopeID: "s2"},
		{Level: access.School, ScopeID: "s1"},
	}}
	reach := actor.Reach(access.RegistryRead)
	if got := strings.Join(reach.Divisions(), " "); got != "510100 510302" {
		t.Errorf("divisions %s", got)
	}
	if got := strings.Join(reach.Schools(), " "); got != "s1 s2" {
		t.Errorf("schools %s", got)
	}
}

func TestAnActorIsNarrowedToADivisionOfTheirsAlone(t *testing.T) {
	city := access.Actor{AccountID: "a", Grants: []access.Grant{{Level: access.City, ScopeID: "510100"}, {Level: access.School, ScopeID: "s1"}}}
	for division, mine := range map[string]bool{"510100": true, "510104": true, "510300": false, "510000": false, "51": false, "": false} {
		narrow, ok := city.Narrowed(access.AuditRead, division)
		if ok != mine {
			t.Errorf("%q: %v", division, ok)
		}
		if ok && (narrow.Can(access.AuditRead, access.Place{Region: "510399", School: "s1"}) || narrow.Can(access.AuditRead, access.Place{Region: "510105"}) != (division == "510100")) {
			t.Errorf("%q reaches beyond", division)
		}
	}
}
