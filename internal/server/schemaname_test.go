package server

import (
	"reflect"
	"testing"

	"caotang/internal/access"
)

func TestSchemaNamesTellRoomsApart(t *testing.T) {
	for want, of := range map[string]reflect.Type{
		"PageInput":       reflect.TypeFor[PageInput](),
		"AccessGrant":     reflect.TypeFor[*access.Grant](),
		"AccessPageGrant": reflect.TypeFor[Page[access.Grant]](),
		"String":          reflect.TypeFor[string](),
		"Hint":            reflect.TypeFor[struct{ A int }](),
	} {
		if got := schemaName(of, "Hint"); got != want {
			t.Errorf("%v is named %s, want %s", of, got, want)
		}
	}
}
