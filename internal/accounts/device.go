package accounts

import (
	"regexp"
	"strings"
)

// Device is what a session was begun on, as far as its User-Agent tells: names that screens translate, "" where it tells
// nothing.
type Device struct {
	Browser        string `json:"browser" doc:"wechat, dingtalk, qq, edge, chrome, …; empty when unknown"`
	BrowserVersion string `json:"browser_version" doc:"The first number alone"`
	System         string `json:"system" doc:"windows, android, ios, harmony, macos, chromeos, linux; empty when unknown"`
	SystemVersion  string `json:"system_version"`
}

type mark struct {
	name    string
	version *regexp.Regexp
}

// browsers in the order in which they are looked for: a browser names those that it descends from too.
var browsers = []mark{
	{"wechat", regexp.MustCompile(`MicroMessenger/(\d+)`)},
	{"dingtalk", regexp.MustCompile(`DingTalk/(\d+)`)},
	{"qq", regexp.MustCompile(`M?QQBrowser/(\d+)| QQ/(\d+)`)},
	{"huawei", regexp.MustCompile(`HuaweiBrowser/(\d+)|ArkWeb/(\d+)`)},
	{"xiaomi", regexp.MustCompile(`MiuiBrowser/(\d+)`)},
	{"vivo", regexp.MustCompile(`VivoBrowser/(\d+)`)},
	{"oppo", regexp.MustCompile(`HeyTapBrowser/(\d+)`)},
	{"uc", regexp.MustCompile(`UC ?Browser/(\d+)`)},
	{"quark", regexp.MustCompile(`Quark/(\d+)`)},
	{"sogou", regexp.MustCompile(`SogouMobileBrowser/(\d+)|MetaSr (\d+)`)},
	{"360", regexp.MustCompile(`(?:360SE|360EE|QihooBrowser|QHBrowser)/?(\d*)`)},
	{"edge", regexp.MustCompile(`Edg(?:e|A|iOS)?/(\d+)`)},
	{"opera", regexp.MustCompile(`(?:OPR|Opera)/(\d+)`)},
	{"firefox", regexp.MustCompile(`(?:Firefox|FxiOS)/(\d+)`)},
	{"samsung", regexp.MustCompile(`SamsungBrowser/(\d+)`)},
	{"chrome", regexp.MustCompile(`(?:Chrome|Chromium|CriOS)/(\d+)`)},
	{"safari", regexp.MustCompile(`Version/(\d+)[\d.]* (?:Mobile/\w+ )?Safari/`)},
	{"ie", regexp.MustCompile(`MSIE (\d+)|Trident/.*rv:(\d+)`)},
}

// Versions that browsers no longer tell truly are left out: macOS stands still at 10.15, Windows 11 calls itself 10.
var systems = []mark{
	{"harmony", regexp.MustCompile(`(?:OpenHarmony|HarmonyOS) ?(\d*)`)},
	{"android", regexp.MustCompile(`Android (\d+)`)},
	{"ios", regexp.MustCompile(`(?:iPhone OS|CPU OS) (\d+)`)},
	{"ios", regexp.MustCompile(`iPhone|iPad`)},
	{"windows", regexp.MustCompile(`Windows NT (\d+\.\d+)`)},
	{"windows", regexp.MustCompile(`Windows`)},
	{"macos", regexp.MustCompile(`Macintosh`)},
	{"chromeos", regexp.MustCompile(`CrOS`)},
	{"android", regexp.MustCompile(`Android`)},
	{"linux", regexp.MustCompile(`Linux|X11`)},
}

var windowsVersions = map[string]string{"6.1": "7", "6.2": "8", "6.3": "8.1", "10.0": "10/11", "5.1": "XP"}

// DeviceOf reads a User-Agent as far as a person can use it.
func DeviceOf(userAgent string) Device {
	var d Device
	d.Browser, d.BrowserVersion = first(browsers, userAgent)
	d.System, d.SystemVersion = first(systems, userAgent)
	switch {
	case d.System == "windows":
		d.SystemVersion = windowsVersions[d.SystemVersion]
	case d.System == "android" && strings.Contains(userAgent, "Android 10; K)"): // what Chrome says of every phone
		d.SystemVersion = ""
	}
	return d
}

func first(marks []mark, userAgent string) (name, version string) {
	for _, m := range marks {
		if found := m.version.FindStringSubmatch(userAgent); found != nil {
			return m.name, strings.Join(found[1:], "")
		}
	}
	return "", ""
}
