package consent

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"caotang/internal/messages"
)

//go:embed texts/*.txt
var files embed.FS

// Purpose is something beyond schooling that a guardian's consent is asked for.
type Purpose string

// The purposes. A new one takes its text in texts/.
const (
	SpaceBeyondClass Purpose = "space_beyond_class"
	ThirdPartyApps   Purpose = "third_party_apps"
)

// Purposes lists all, in the order in which they are asked for.
func Purposes() []Purpose { return []Purpose{SpaceBeyondClass, ThirdPartyApps} }

// words are a purpose's current text: files texts/PURPOSE.VERSION.LANGUAGE.txt, the title on the first line.
type words struct {
	version int
	hash    string
	texts   map[string]string // by language
}

// current is read once; the tests read every version.
var current = func() map[Purpose]words {
	all := map[Purpose]words{}
	for _, p := range Purposes() {
		w, ok := read(p, 1)
		for next := w; ok; next, ok = read(p, w.version+1) {
			w = next
		}
		all[p] = w
	}
	return all
}()

// read gives one version of a purpose's text, or false.
func read(p Purpose, version int) (words, bool) {
	w, sum := words{version: version, texts: map[string]string{}}, sha256.New()
	for _, language := range []string{messages.Chinese, messages.English} {
		content, err := fs.ReadFile(files, fmt.Sprintf("texts/%s.%d.%s.txt", p, version, language))
		if err != nil {
			return words{}, false
		}
		w.texts[language] = strings.TrimSpace(string(content))
		_, _ = sum.Write(content) // never fails, by its contract
	}
	w.hash = hex.EncodeToString(sum.Sum(nil))
	return w, true
}

// in gives title and body in a language, Chinese for any that there is none in.
func (w words) in(language string) (title, body string) {
	text, ok := w.texts[language]
	if !ok {
		text = w.texts[messages.Chinese]
	}
	title, body, _ = strings.Cut(text, "\n")
	return title, strings.TrimSpace(body)
}

// TextOf answers the version of a purpose's text and its hash.
func TextOf(p Purpose) (version int, hash string) { return current[p].version, current[p].hash }
