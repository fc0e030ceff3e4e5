package guardians_test

import (
	"net/url"
	"testing"

	"caotang/internal/access"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// A parent stands at the school's desk: they are nobody in the registry, and their children are.
func TestTheAccountOfAParentIsHelpedByWhoeverReachesAllTheirChildren(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		father := f.Person(t, "parent")
		nearby, county := f.Administrator(t, access.School, f.Nearby.ID), f.Administrator(t, access.County, f.Here.Region)
		city, elsewhere := f.Administrator(t, access.City, "510100"), f.Administrator(t, access.School, f.Elsewhere.ID)
		everybody := map[string]roomtest.Person{"school": f.school, "nearby": nearby, "county": county, "city": city, "elsewhere": elsewhere}
		var number string // of a child
		help := func(when string, may ...string) {
			t.Helper()
			for name, by := range everybody {
				want := 404
				for _, one := range may {
					if one == name {
						want = 200
					}
				}
				for _, query := range []string{"phone=" + father.Phone, "username=" + father.Username, "name=" + url.QueryEscape("韩梅梅"), "id_number=" + number} {
					if n := len(f.ok(t, by, 200, "GET", "/admin/accounts?"+query, nil).Items()); (n == 1) != (want == 200) {
						t.Errorf("%s: the administrator of %s finds %d by %s", when, name, n, query)
					}
				}
				f.ok(t, by, want, "POST", "/admin/accounts/"+father.ID+"/reveal", object{"reason": "本人忘了用户名"})
			}
		}
		_, number = f.pupil(t)
		help("a stranger")
		first := f.ask(t, father, number)
		help("one whom nobody has confirmed")
		f.decide(t, f.school, true, first)
		help("the father of a pupil here", "school", "county", "city")
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'account.reveal_username' AND school_id = $1`, f.Here.ID); n != 3 {
			t.Errorf("of 3 looks at its parent's username the school's record has %d", n)
		}

		number = f.next()
		f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: number, SchoolID: f.Nearby.ID})
		f.decide(t, nearby, true, f.ask(t, father, number))
		help("with a child in two schools of the county", "county", "city")

		f.ok(t, f.school, 204, "POST", "/admin/guardianships/"+first+"/end", object{"reason": "监护权已变更"})
		help("when the first has ended", "nearby", "county", "city")

		number = f.next()
		f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: number, SchoolID: f.Elsewhere.ID})
		f.decide(t, elsewhere, true, f.ask(t, father, number))
		help("with children in two cities")
	})
}
