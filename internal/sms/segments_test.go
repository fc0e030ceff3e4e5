package sms

import (
	"strconv"
	"testing"
)

func TestLocate(t *testing.T) {
	tests := []struct {
		phone, province, city string
		known                 bool
	}{
		// inside
		{"13880001234", "四川省", "成都市", true},
		{"13981101234", "四川省", "绵阳市", true},
		{"18080001234", "四川省", "成都市", true},
		{"13550001234", "四川省", "成都市", true},
		// outside
		{"13910001234", "北京市", "", true},
		{"13010101234", "北京市", "", true},
		{"13916001234", "上海市", "", true},
		{"13602001234", "天津市", "", true},
		{"13805311234", "山东省", "济南市", true},
		{"13804711234", "内蒙古自治区", "呼和浩特市", true},
		{"13807711234", "广西壮族自治区", "南宁市", true},
		// unknown: segments that the data does not hold
		{"19912345678", "", "", false},
		{"17300001234", "", "", false},
		{"16612345678", "", "", false},
		{"19999999999", "", "", false},
		// not numbers at all
		{"", "", "", false},
		{"1388000", "", "", false},
		{"1388x001234", "", "", false},
		{"00000000000", "", "", false},
		{"02885551234", "", "", false},
		{"99999999999", "", "", false},
	}
	for _, test := range tests {
		province, city, known := Locate(test.phone)
		if province != test.province || city != test.city || known != test.known {
			t.Errorf("Locate(%q) = %q, %q, %v; want %q, %q, %v",
				test.phone, province, city, known, test.province, test.city, test.known)
		}
	}
}

// The rule allows provinces by name, so the names must be the official ones, each written in one way.
func TestLocateUsesOfficialProvinceNames(t *testing.T) {
	official := map[string]bool{}
	for _, name := range []string{
		"北京市", "天津市", "河北省", "山西省", "内蒙古自治区", "辽宁省", "吉林省", "黑龙江省", "上海市", "江苏省", "浙江省", "安徽省", "福建省", "江西省",
		"山东省", "河南省", "湖北省", "湖南省", "广东省", "广西壮族自治区", "海南省", "重庆市", "四川省", "贵州省", "云南省", "西藏自治区", "陕西省", "甘肃省",
		"青海省", "宁夏回族自治区", "新疆维吾尔自治区",
	} {
		official[name] = true
		if EnglishProvince(name) == name {
			t.Errorf("%s has no name in English", name)
		}
	}
	seen := map[string]bool{}
	table := segments()
	for _, p := range table.places[1:] {
		if !official[p.province] {
			t.Errorf("%q is no province", p.province)
		}
		seen[p.province] = true
	}
	if len(seen) != len(official) {
		t.Errorf("segments of %d provinces, want %d", len(seen), len(official))
	}
	for i := 1; i < len(table.runs); i++ {
		if table.runs[i]>>placeBits <= table.runs[i-1]>>placeBits {
			t.Fatalf("run %d does not follow the one before it", i)
		}
	}
}

// The older segments are what most people have: the data must know nearly all of them.
func TestLocateKnowsTheCommonSegments(t *testing.T) {
	digits := func(segment int) string { return strconv.Itoa(segment) + "0000" }
	for _, prefix := range []int{130, 133, 135, 138, 139, 151, 158, 159, 180, 186, 189} {
		known := 0
		for rest := range 10000 {
			if _, _, ok := Locate(digits(prefix*10000 + rest)); ok {
				known++
			}
		}
		if known < 9000 {
			t.Errorf("%d: %d of 10000 segments known", prefix, known)
		}
	}
}

func BenchmarkReadSegments(b *testing.B) {
	for b.Loop() {
		readSegments(segmentsFile)
	}
}
