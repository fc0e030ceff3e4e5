// Package internal holds no code of its own: its test keeps the arrows between the packages below it few and one-way.
package internal

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "caotang/"

// Every package of the program and the packages of the program that it may import. A new package or a new arrow is a
// decision: it is made by a line here, which a reviewer sees. docs/architecture.md draws the same.
var (
	// Leaves import nothing of the program.
	leaves = []string{
		"internal/fault", "internal/messages", "internal/access", "internal/db", "internal/vault",
		"internal/identity", "internal/sheet", "internal/divisions", "internal/calendar", "ui",
	}

	// The kernel knows nothing of the business.
	kernel = map[string][]string{
		"internal/jobs":      {"internal/db"},
		"internal/retention": {"internal/db"},
		"internal/lookup":    {"internal/db", "internal/vault"},
		"internal/guard":     {"internal/fault", "internal/access", "internal/db", "internal/vault"},
		"internal/server":    {"internal/lookup", "internal/retention", "internal/fault", "internal/messages", "internal/access", "internal/db", "internal/vault", "ui"},
		"internal/audit":     {"internal/identity", "internal/sheet", "internal/calendar", "internal/messages", "internal/fault", "internal/access", "internal/db", "internal/vault", "internal/server"},
	}

	// Rooms hold the business, one subject each. They import the leaves and the kernel freely, and beyond those:
	rooms = map[string][]string{
		"internal/sms":          {"internal/tally"},
		"internal/blob":         {},
		"internal/deadlines":    {},
		"internal/accounts":     {"internal/sms"},
		"internal/factors":      {"internal/accounts"},
		"internal/tally":        {},
		"internal/resealing":    {},
		"internal/roster":       {"internal/tally"},
		"internal/verification": {"internal/accounts", "internal/roster", "internal/tally"},
		"internal/slips":        {"internal/accounts", "internal/roster", "internal/verification"},
		"internal/consent":      {"internal/accounts", "internal/roster", "internal/verification", "internal/slips"},
		"internal/guardians":    {"internal/accounts", "internal/roster", "internal/verification", "internal/slips"},
		"internal/support":      {"internal/tally", "internal/deadlines", "internal/accounts", "internal/roster", "internal/verification"},
		"internal/transfers":    {"internal/deadlines", "internal/accounts", "internal/roster", "internal/verification"},
		"internal/looks":        {"internal/roster"},
		"internal/schoolyear":   {"internal/roster", "internal/tally"},
		"internal/moves":        {"internal/accounts", "internal/roster", "internal/verification", "internal/transfers"},
		"internal/statistics":   {"internal/roster", "internal/tally"},
		"internal/recovery":     {"internal/sms", "internal/blob", "internal/deadlines", "internal/accounts", "internal/roster", "internal/verification"},
		"internal/desk":         {"internal/deadlines", "internal/support", "internal/transfers", "internal/recovery"},
		"internal/finder":       {"internal/accounts", "internal/roster", "internal/desk"},
		"internal/replacement":  {"internal/accounts", "internal/roster", "internal/verification", "internal/support", "internal/transfers", "internal/recovery", "internal/moves"},
		"internal/spaces":       {"internal/deadlines", "internal/desk", "internal/accounts", "internal/roster", "internal/verification", "internal/support", "internal/transfers", "internal/recovery", "internal/guardians", "internal/looks", "internal/tally"},
		"internal/yearly":       {"internal/deadlines", "internal/accounts", "internal/roster", "internal/consent", "internal/guardians", "internal/desk"},
		"internal/owndata":      {"internal/accounts", "internal/roster", "internal/verification", "internal/support", "internal/transfers", "internal/factors", "internal/recovery", "internal/slips", "internal/consent", "internal/guardians"},
	}

	// Gateways to carriers, put together by the commands. The simulator speaks the carriers' side.
	gateways = map[string][]string{
		"internal/sms/aliyun":    {"internal/sms"},
		"internal/sms/tencent":   {"internal/sms"},
		"internal/sms/cmpp":      {"internal/sms"},
		"internal/sms/failover":  {"internal/sms"},
		"internal/sms/simulator": {"internal/sms/aliyun", "internal/sms/tencent", "internal/sms/cmpp"},
	}

	// Helpers of tests, which no program imports.
	helpers = map[string][]string{
		"internal/db/dbtest":       {"internal/db"},
		"internal/vault/vaulttest": {"internal/vault"},
		"internal/guard/guardtest": {},
		"internal/roomtest": {
			"internal/access", "internal/accounts", "internal/blob", "internal/calendar", "internal/consent", "internal/db", "internal/deadlines", "internal/guardians", "internal/identity", "internal/jobs", "internal/lookup", "internal/recovery",
			"internal/roster", "internal/server", "internal/sheet", "internal/slips", "internal/sms", "internal/support", "internal/transfers", "internal/vault",
			"internal/vault/vaulttest", "internal/verification",
		},
		"internal/sms/smstest": {"internal/sms"},
	}

	// These stand above the rooms and may import anything: the demo's data and the commands.
	tops = []string{"internal/demo", "cmd/caotang", "bench", "scripts/"}
)

func TestImportsFollowTheArchitecture(t *testing.T) {
	for name, imports := range packages(t) {
		allowed, known := allowedFor(name)
		if !known {
			t.Errorf("%s is not in the table of this test: say there what it may import", name)
			continue
		}
		for _, imported := range imports {
			if !slices.Contains(allowed, imported) && !isTop(name) {
				t.Errorf("%s must not import %s", name, imported)
			}
			if _, helper := helpers[imported]; helper && helpers[name] == nil {
				t.Errorf("%s imports %s, which is for tests", name, imported)
			}
			if isTop(imported) && imported != "internal/demo" {
				t.Errorf("%s imports the command %s", name, imported)
			}
		}
	}
}

func allowedFor(name string) (allowed []string, known bool) {
	if isTop(name) || slices.Contains(leaves, name) || name == "internal" {
		return nil, true
	}
	if allowed, known = kernel[name]; known {
		return allowed, true
	}
	if allowed, known = helpers[name]; known {
		return allowed, true
	}
	if allowed, known = gateways[name]; known {
		return allowed, true
	}
	if allowed, known = rooms[name]; known {
		allowed = append(slices.Clone(allowed), leaves...)
		for inKernel := range kernel {
			allowed = append(allowed, inKernel)
		}
	}
	return allowed, known
}

func isTop(name string) bool {
	return slices.ContainsFunc(tops, func(top string) bool {
		return name == top || strings.HasPrefix(name, strings.TrimSuffix(top, "/")+"/")
	})
}

// packages lists the packages of the module and what each imports of it, tests left out.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], module)
		found[name] = nil
		for _, imported := range words[1:] {
			if rest, own := strings.CutPrefix(imported, module); own {
				found[name] = append(found[name], rest)
			}
		}
	}
	if len(found) < 5 {
		t.Fatalf("go list found only %d packages", len(found))
	}
	return found
}
