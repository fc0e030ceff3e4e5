package finder_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/desk"
	"caotang/internal/finder"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

type object = map[string]any

func TestOneBoxFindsWhateverIsAtHandWithinTheScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		finder.New(w.Accounts, w.Roster, desk.New(w.Support, w.Recovery, w.Transfers)).Mount(w.Server)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		p, asker := w.Person(t, "student"), w.Person(t, "student")
		w.Bind(t, p, e, roster.Student)
		asked := w.Do(t, asker, "POST", "/api/v1/me/tickets", object{
			"kind": "missing_entry", "school_id": w.Here.ID, "entry_kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(2), "name": "李雷",
		})
		ticket, _ := asked.Get("id").(string)
		here, county := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		other, elsewhere := w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.County, "510302")

		service := w.Administrator(t, access.Service, "510000")
		for text, ways := range map[string]string{
			roomtest.IDNumber(1): " | id_number", "510104201203150012": " | id_number", p.Phone: " | phone", "韩梅梅": " | name",
			"ABCDEFGHJKMN": "tickettracking_number | username", ticket: "ticket | ",
		} {
			a := w.Do(t, service, "POST", "/api/v1/admin/find", object{"text": text})
			said := func(of string) (all string) {
				for _, way := range a.Body[of].([]any) {
					all += way.(string)
				}
				return all
			}
			if requests, _ := a.Body["requests"].([]any); a.Status != 200 || said("ways")+" | "+said("closed") != ways || a.Body["elsewhere"] == true || (len(requests) == 1) != (text == ticket) {
				t.Errorf("customer service looks for %q: %v", text, a)
			}
		}

		count := func(a roomtest.Answer, group string) int { list, _ := a.Body[group].([]any); return len(list) }
		for _, c := range []struct {
			text, way, group string
		}{
			{roomtest.IDNumber(1), "id_number", "people"},
			{" " + strings.ToLower(roomtest.IDNumber(1)) + " ", "id_number", "accounts"},
			{p.Phone, "phone", "accounts"},
			{strings.ToUpper(p.Username), "username", "accounts"},
			{"韩 梅梅", "name", "people"},
			{w.Here.Name[:6], "name", "schools"},
			{ticket, "ticket", "requests"},
			{strings.ToUpper(ticket[:4] + "-" + ticket[4:8] + "-" + ticket[8:12]), "ticket", "requests"},
		} {
			for _, who := range []struct {
				roomtest.Person
				finds int
			}{{here, 1}, {county, 1}, {other, 0}, {elsewhere, 0}} {
				a := w.Do(t, who.Person, "POST", "/api/v1/admin/find", object{"text": c.text})
				ways, _ := a.Body["ways"].([]any)
				if a.Status != 200 || len(ways) != 1 || ways[0] != c.way || count(a, c.group) != who.finds {
					t.Errorf("%q by %s: %v, want %d %s", c.text, who.Username, a, who.finds, c.group)
				}
				if told := a.Body["elsewhere"] == true; told != (c.way == "id_number" && who.finds == 0) {
					t.Errorf("%q by %s: elsewhere is %v", c.text, who.Username, told)
				}
				if strings.Contains(a.Text, roomtest.IDNumber(1)) || strings.Contains(a.Text, p.Phone) {
					t.Errorf("%q: the answer holds a full number", c.text)
				}
			}
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'account.search_id_number'`); n != 8 {
			t.Errorf("%d looks by number are on record, want 8", n)
		}
		if a := w.Do(t, here, "POST", "/api/v1/admin/find", object{"text": "510104201203150012"}); a.Status != 422 || a.Get("code") != "invalid" {
			t.Errorf("a mistyped number: %v", a)
		}
		if a := w.Do(t, here, "POST", "/api/v1/admin/find", object{"text": "ABCD-EFGH-JKMN"}); a.Status != 200 || count(a, "requests") != 0 {
			t.Errorf("an unknown tracking number: %v", a)
		}
	})
}
