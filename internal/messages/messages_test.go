package messages_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caotang/internal/messages"
)

func TestBothCataloguesSayTheSameThings(t *testing.T) {
	if diff := cmp.Diff(messages.Keys(messages.Chinese), messages.Keys(messages.English)); diff != "" {
		t.Errorf("keys in zh-CN (-) and en (+):\n%s", diff)
	}
	placeholders := regexp.MustCompile(`\{\w+\}`)
	for _, key := range messages.Keys(messages.Chinese) {
		zh := placeholders.FindAllString(messages.Text(messages.Chinese, key, nil), -1)
		en := placeholders.FindAllString(messages.Text(messages.English, key, nil), -1)
		slices.Sort(zh)
		slices.Sort(en)
		if !slices.Equal(zh, en) {
			t.Errorf("%s: placeholders %v in zh-CN, %v in en", key, zh, en)
		}
	}
}

func TestNegotiate(t *testing.T) {
	for header, want := range map[string]string{
		"": "zh-CN", "fr": "zh-CN", "en": "en", "en-GB,en;q=0.9": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh-CN", "fr, en;q=0.5": "en", "EN": "en",
	} {
		if got := messages.Negotiate(header); got != want {
			t.Errorf("Accept-Language %q: %s, want %s", header, got, want)
		}
	}
}
