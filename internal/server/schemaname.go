package server

import (
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

var packageOfType = regexp.MustCompile(`caotang/internal/(?:\w+/)*(\w+)\.`)

// schemaName names a type in the API's document by its room and its name, as in RosterSchool and VerificationSchool: each
// room names its own types without asking the others. The server's types and those without a name keep huma's.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if t.Name() == "" {
		return name
	}
	// A page belongs to the room of what it lists: RosterPageSchool.
	found := packageOfType.FindAllStringSubmatch(t.PkgPath()+"."+t.Name(), -1)
	if len(found) == 0 {
		return name
	}
	room := found[len(found)-1][1]
	if room == "server" || strings.HasPrefix(strings.ToLower(name), room) {
		return name
	}
	first, size := utf8.DecodeRuneInString(room)
	return strings.ToUpper(string(first)) + room[size:] + name
}
