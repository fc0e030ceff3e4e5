package accounts_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/messages"
)

func TestDeviceOf(t *testing.T) {
	for userAgent, want := range map[string]accounts.Device{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                                                            {Browser: "chrome", BrowserVersion: "126", System: "windows", SystemVersion: "10/11"},
		"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 360SE":                                                        {Browser: "360", System: "windows", SystemVersion: "7"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":                                              {Browser: "edge", BrowserVersion: "126", System: "windows", SystemVersion: "10/11"},
		"Mozilla/5.0 (Linux; Android 13; V2243A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 MMWEBID/1 MicroMessenger/8.0.49.2600(0x1)": {Browser: "wechat", BrowserVersion: "8", System: "android", SystemVersion: "13"},
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36":                                                            {Browser: "chrome", BrowserVersion: "126", System: "android"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":                                    {Browser: "safari", BrowserVersion: "17", System: "ios", SystemVersion: "17"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                                                      {Browser: "safari", BrowserVersion: "17", System: "macos"},
		"Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300":                   {Browser: "huawei", BrowserVersion: "4", System: "harmony", SystemVersion: "5"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0":                                                                                                     {Browser: "firefox", BrowserVersion: "127", System: "linux"},
		"Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko":                                                                                                              {Browser: "ie", BrowserVersion: "11", System: "windows", SystemVersion: "7"},
		"curl/8.5.0": {},
		"":           {},
	} {
		if got := accounts.DeviceOf(userAgent); got != want {
			t.Errorf("%s\n got %+v\nwant %+v", userAgent, got, want)
		}
	}
}

// The server words a device in the file of one's own data, the screen wherever else it is shown.
func TestEveryDeviceHasTheSameWordsOnTheScreenAndInTheFile(t *testing.T) {
	browser, system := accounts.DeviceNames()
	for _, language := range []string{messages.Chinese, messages.English} {
		content, err := os.ReadFile("../../ui/src/locales/" + language + "/devices.json")
		if err != nil {
			t.Fatal(err)
		}
		var screen struct{ Browser, System map[string]string }
		if err := json.Unmarshal(content, &screen); err != nil {
			t.Fatal(err)
		}
		compare := func(kind string, names []string, words map[string]string) {
			for _, name := range names {
				if got := messages.Text(language, "device."+kind+"."+name, nil); words[name] == "" || got != words[name] {
					t.Errorf("%s %s in %s: %q in the file, %q on the screen", kind, name, language, got, words[name])
				}
			}
		}
		compare("browser", browser, screen.Browser)
		compare("system", system, screen.System)
	}
}

func TestATableOfAddressesNamesTheLineThatIsWrong(t *testing.T) {
	for table, wrong := range map[string]string{
		"# ours\n\n203.0.113.0/24,成都\n2001:db8::/32,绵阳\n198.51.100.3-198.51.100.9 , 自贡": "",
		"203.0.113.0/24":                         "line 1",
		"# x\n203.0.113/24,成都":                   "line 2",
		"203.0.113.9-203.0.113.1,成都":             "line 1",
		"203.0.113.1-2001:db8::1,成都":             "line 1",
		"203.0.113.0/24,成都\n203.0.113.128/25,四川": "lines 1 and 2",
	} {
		_, err := accounts.ReadAddresses(strings.NewReader(table))
		if (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v, want %q", table, err, wrong)
		}
	}
}

func TestPlaces(t *testing.T) {
	table, err := accounts.ReadAddresses(strings.NewReader("203.0.113.0/24,成都\n2001:db8::/32,绵阳\n198.51.100.3-198.51.100.9,自贡\n10.9.0.0/16,机房"))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]accounts.Place{
		"203.0.113.255":      {Kind: "known", Name: "成都", MaskedAddress: "203.0.*.*"},
		"::ffff:203.0.113.1": {Kind: "known", Name: "成都", MaskedAddress: "203.0.*.*"},
		"203.0.114.0":        {Kind: "unknown", MaskedAddress: "203.0.*.*"},
		"198.51.100.9":       {Kind: "known", Name: "自贡", MaskedAddress: "198.51.*.*"},
		"198.51.100.10":      {Kind: "unknown", MaskedAddress: "198.51.*.*"},
		"2001:db8:1::7":      {Kind: "known", Name: "绵阳", MaskedAddress: "2001:db8:1:*"},
		"2002::7":            {Kind: "unknown", MaskedAddress: "2002:0:0:*"},
		"192.168.1.7":        {Kind: "local", MaskedAddress: "192.168.*.*"},
		"10.9.1.7":           {Kind: "known", Name: "机房", MaskedAddress: "10.9.*.*"},
		"fe80::1%eth0":       {Kind: "local", MaskedAddress: "fe80:0:0:*"},
		"":                   {Kind: "unknown"},
	} {
		if got := accounts.PlaceOf(table, address); got != want {
			t.Errorf("%s: %+v, want %+v", address, got, want)
		}
	}
}

// signInOn signs in as the web pages do.
func (c caller) signInOn(t *testing.T, login string, trusted bool, userAgent string) (caller, *http.Cookie) {
	t.Helper()
	r := c.call(t, "POST", "/api/v1/sessions", map[string]any{"login": login, "password": password, "trusted": trusted}, "User-Agent", userAgent).want(t, 201, "")
	cookies := (&http.Response{Header: r.header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	return caller{c.fixture, c.address, r.token()}, cookies[0]
}

func TestASessionLastsAsLongAsItsComputerIsTrusted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.register(t, "Zhang01")
		shared, cookie := f.anyone().signInOn(t, "Zhang01", false, "")
		if !cookie.Expires.IsZero() || cookie.MaxAge != 0 {
			t.Errorf("an untrusted computer keeps the cookie: %v", cookie)
		}
		own, cookie := f.anyone().signInOn(t, "Zhang01", true, "")
		if left := cookie.Expires.Sub(f.now()); left < 89*24*time.Hour || left > 91*24*time.Hour {
			t.Errorf("a trusted computer keeps the cookie for %s", left)
		}
		program := f.holding(f.anyone().signIn(t, "Zhang01", password).token())
		// In use, a session on an untrusted computer lasts for its twelve hours, and no longer.
		for range 11 {
			f.forward(time.Hour)
			if !shared.signedIn(t) {
				t.Fatal("a session in use has ended")
			}
		}
		f.forward(time.Hour)
		if shared.signedIn(t) {
			t.Error("a session on an untrusted computer outlived its twelve hours")
		}
		idle, _ := f.anyone().signInOn(t, "Zhang01", false, "")
		f.forward(2 * time.Hour)
		if idle.signedIn(t) || !own.signedIn(t) || !program.signedIn(t) {
			t.Error("unused for two hours, the untrusted computer's session alone must end")
		}
		f.forward(14 * 24 * time.Hour)
		if own.signedIn(t) || program.signedIn(t) {
			t.Error("a session outlived two weeks without use")
		}
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM sessions`); n != 0 {
			t.Errorf("%d sessions are kept that have ended", n)
		}
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p, rival := f.register(t, "Zhang01"), f.register(t, "Rival01")
		f.forward(time.Minute)
		phone, _ := f.from("203.0.113.9").signInOn(t, "Zhang01", true, "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1")
		list := func(c caller) []map[string]any {
			var items []map[string]any
			for _, each := range c.call(t, "GET", "/api/v1/me/sessions", nil).want(t, 200, "").body["items"].([]any) {
				items = append(items, each.(map[string]any))
			}
			return items
		}
		items := list(p.caller)
		if len(items) != 2 || items[0]["current"] != false || items[1]["current"] != true {
			t.Fatalf("sessions %v", items)
		}
		if got := fmt.Sprint(items[0]["device"], items[0]["place"], items[0]["trusted"], items[0]["face"]); got !=
			"map[browser:safari browser_version:17 system:ios system_version:17] map[kind:unknown masked_address:203.0.*.* name:] trueweb" {
			t.Errorf("the other session is shown as %s", got)
		}
		if items[0]["begun_at"] != "2026-09-01T02:01:00Z" || items[0]["expires_at"] != "2026-09-15T02:01:00Z" {
			t.Errorf("times %v", items[0])
		}
		theirs := fmt.Sprint("/api/v1/me/sessions/", items[0]["id"])
		rival.call(t, "DELETE", theirs, nil).want(t, 404, "not_found")
		f.anyone().call(t, "DELETE", theirs, nil).want(t, 401, "unauthenticated")
		p.call(t, "DELETE", theirs, nil).want(t, 204, "")
		p.call(t, "DELETE", theirs, nil).want(t, 404, "not_found")
		if phone.signedIn(t) || !p.signedIn(t) {
			t.Error("the wrong session ended")
		}
		others := []string{}
		for range 3 {
			others = append(others, f.anyone().signIn(t, "Zhang01", password).token())
		}
		if r := p.call(t, "DELETE", "/api/v1/me/sessions", nil).want(t, 200, ""); r.body["ended"] != 3.0 {
			t.Errorf("ended %v", r.body)
		}
		for _, token := range others {
			if f.holding(token).signedIn(t) {
				t.Error("a session outlived the end of all others")
			}
		}
		if !p.signedIn(t) || !rival.signedIn(t) || len(list(p.caller)) != 1 {
			t.Error("a session ended that should not")
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM audit_records WHERE target_id = $1 AND action IN ('account.end_session', 'account.end_sessions')`, p.id); n != 2 {
			t.Errorf("%d records, want 2", n)
		}
	})
}

func TestSessionsAreListedInPages(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	p := f.register(t, "Zhang01")
	for range 2 {
		f.anyone().signIn(t, "Zhang01", password)
	}
	first := p.call(t, "GET", "/api/v1/me/sessions?limit=2", nil).want(t, 200, "")
	second := p.call(t, "GET", fmt.Sprint("/api/v1/me/sessions?limit=2&cursor=", first.body["next_cursor"]), nil).want(t, 200, "")
	if len(first.body["items"].([]any)) != 2 || len(second.body["items"].([]any)) != 1 || second.body["next_cursor"] != nil {
		t.Errorf("pages %v and %v", first.body, second.body)
	}
}
