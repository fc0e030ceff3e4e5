package demo

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"caotang/internal/db"
	"caotang/internal/roster"
	"caotang/internal/vault"
)

// Print writes, for the terminal that demo mode was started from, what a visitor needs: the demo accounts, some people
// to verify as, and where the texts are shown.
func Print(ctx context.Context, d *db.DB, v *vault.Vault, w io.Writer) error {
	list, err := Accounts(ctx, d)
	if err != nil {
		return err
	}
	people, err := Entries(ctx, d, v, "", "")
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // Flush answers the error
	line("\n短信在 /demo 页查看 · SMS texts are shown on page /demo\n")
	line("\n演示账号 Demo accounts\n")
	for _, a := range list {
		scope := ""
		if a.Scope != nil {
			scope = a.Scope.Name
		}
		line("  %s\t%s\t%s\t%s\n", a.Username, a.Password, a.Role, scope)
	}
	line("\n可用于实名验证的人员 People to verify as\n")
	shown := map[string]int{}
	for _, e := range people {
		note := ""
		if e.Kind == roster.Student && !e.HasClass {
			note = "未分班 no class yet"
		}
		if shown[e.Kind+note] >= 3 {
			continue
		}
		shown[e.Kind+note]++
		line("  %s\t%s\t%s\t%s\t%s\n", e.IDNumber, e.Kind, e.Name, e.School.Name, note)
	}
	line("\n")
	return t.Flush()
}
