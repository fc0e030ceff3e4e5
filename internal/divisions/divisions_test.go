package divisions

import "testing"

func TestSichuanHas21PrefecturesAnd183Counties(t *testing.T) {
	count := map[string]int{}
	levels := map[string]string{}
	names := map[string]string{}
	for _, d := range Sichuan() {
		if len(d.Code) != 6 || d.Name == "" {
			t.Errorf("malformed division %+v", d)
		}
		if _, twice := levels[d.Code]; twice {
			t.Errorf("code %s stands twice", d.Code)
		}
		above := map[string]string{LevelProvince: "", LevelCity: LevelProvince, LevelCounty: LevelCity}[d.Level]
		if levels[d.Parent] != above {
			t.Errorf("%s %s (%s) lies in %q, a %q", d.Code, d.Name, d.Level, d.Parent, levels[d.Parent])
		}
		levels[d.Code], names[d.Code] = d.Level, d.Name
		count[d.Level]++
	}
	if count[LevelProvince] != 1 || count[LevelCity] != 21 || count[LevelCounty] != 183 {
		t.Errorf("got %v, want 1 province, 21 cities, 183 counties", count)
	}
	for code, name := range map[string]string{
		Province: "四川省", "510100": "成都市", "510104": "锦江区", "510700": "绵阳市", "511132": "峨边彝族自治县", "513436": "美姑县",
	} {
		if names[code] != name {
			t.Errorf("%s is %q, want %q", code, names[code], name)
		}
	}
}
