// Package messages holds every sentence that the server says to people, one catalogue per language: a folder of flat
// JSON files by subject. Keys: "<code>.title" and "<code>.detail" for an error, "field.<code>" for an unmet part of an
// input, "step.<action>" for the label of a way out; rooms add their own.
package messages

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed zh-CN/*.json en/*.json
var files embed.FS

// The languages, the default first.
const (
	Chinese = "zh-CN"
	English = "en"
)

var catalogues = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, language := range []string{Chinese, English} {
		catalogue, err := load(language)
		if err != nil {
			panic("messages: " + err.Error()) // embedded at build time and checked by the tests
		}
		all[language] = catalogue
	}
	return all
})

func load(language string) (map[string]string, error) {
	names, err := fs.Glob(files, language+"/*.json")
	if err != nil {
		return nil, err
	}
	catalogue := map[string]string{}
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var subject map[string]string
		if err := json.Unmarshal(content, &subject); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for key, text := range subject {
			if _, twice := catalogue[key]; twice {
				return nil, fmt.Errorf("%s: %s stands in another file too", name, key)
			}
			catalogue[key] = text
		}
	}
	return catalogue, nil
}

// Words is a value for a placeholder that differs by language.
type Words interface{ In(language string) string }

// Text gives the sentence for a key with its {placeholders} filled, or the key itself when there is none.
func Text(language, key string, args map[string]any) string {
	text, ok := catalogues()[language][key]
	if !ok {
		return key
	}
	for name, value := range args {
		if words, ok := value.(Words); ok {
			value = words.In(language)
		}
		text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(value))
	}
	return text
}

// Has reports whether a catalogue holds the key.
func Has(language, key string) bool {
	_, ok := catalogues()[language][key]
	return ok
}

// Keys lists a catalogue's keys in order.
func Keys(language string) []string { return slices.Sorted(maps.Keys(catalogues()[language])) }

// Negotiate picks the language for an Accept-Language header: the first listed of ours, else Chinese.
func Negotiate(acceptLanguage string) string {
	for tag := range strings.SplitSeq(acceptLanguage, ",") {
		tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), ";")
		switch {
		case tag == "en" || strings.HasPrefix(tag, "en-"):
			return English
		case tag == "zh" || strings.HasPrefix(tag, "zh-"):
			return Chinese
		}
	}
	return Chinese
}
