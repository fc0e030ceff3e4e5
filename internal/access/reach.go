package access

import (
	"fmt"
	"slices"
	"strings"
)

// Reach is everything that an actor may do an action to, in a form that a query can use.
type Reach struct {
	regionPrefixes []string
	schools        []string
}

// Reach collects the actor's scopes for an action. An actor without any gets an empty reach, whose condition is false.
func (a Actor) Reach(action Action) Reach {
	var r Reach
	for _, g := range a.GrantsFor(action) {
		if g.Level == School {
			r.schools = append(r.schools, g.ScopeID)
		} else if prefix, ok := g.regionPrefix(); ok {
			r.regionPrefixes = append(r.regionPrefixes, prefix)
		}
	}
	return r
}

// Empty reports whether the reach holds nothing.
func (r Reach) Empty() bool { return len(r.regionPrefixes)+len(r.schools) == 0 }

// Divisions are the codes of the divisions that the reach holds, none within another.
func (r Reach) Divisions() []string {
	var codes []string
	for i, prefix := range r.regionPrefixes {
		within := slices.ContainsFunc(r.regionPrefixes, func(other string) bool { return len(other) < len(prefix) && strings.HasPrefix(prefix, other) })
		if !within && slices.Index(r.regionPrefixes, prefix) == i {
			codes = append(codes, pad(prefix, "0"))
		}
	}
	return codes
}

// Schools are those that the reach holds by themselves, each once.
func (r Reach) Schools() []string {
	schools := slices.Clone(r.schools)
	slices.Sort(schools)
	return slices.Compact(schools)
}

// SQL is the reach as a condition over the column of the county's code and the column of the school's id, with its
// arguments numbered from firstArg. Regions become ranges, so that an index on the column serves.
func (r Reach) SQL(regionColumn, schoolColumn string, firstArg int) (condition string, args []any) {
	var parts []string
	n := firstArg
	for _, prefix := range r.regionPrefixes {
		if len(prefix) == 6 { // a county: what an index has under it stays in the order of its next column
			parts = append(parts, fmt.Sprintf("%s = $%d", regionColumn, n))
			args = append(args, prefix)
			n++
			continue
		}
		parts = append(parts, fmt.Sprintf("%s BETWEEN $%d AND $%d", regionColumn, n, n+1))
		args = append(args, pad(prefix, "0"), pad(prefix, "9"))
		n += 2
	}
	for _, school := range r.schools {
		parts = append(parts, fmt.Sprintf("%s = $%d", schoolColumn, n))
		args = append(args, school)
		n++
	}
	if len(parts) == 0 {
		return "1 = 0", nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", args
}

// pad fills a division code up to six digits: digits sort alike under every collation.
func pad(prefix, digit string) string { return prefix + strings.Repeat(digit, 6-len(prefix)) }
