package support

import (
	"slices"
	"strings"

	"caotang/internal/fault"
	"caotang/internal/messages"
)

// ReadyAnswer is an answer that an administrator gives without typing. It is kept by its name, so that whoever asked reads it
// in their own language.
type ReadyAnswer struct {
	Name string `json:"name"`
	Text string `json:"text" doc:"In the reader's language"`
	For  State  `json:"for" enum:"done,declined" doc:"Which of the two answers it goes with"`
}

// ready are the answers for each kind, by how the ticket ends, the likeliest first. Their words stand in the catalogue under
// "canned." and the name, those to a guardian about a child under "canned.child.".
var ready = map[Kind]map[State][]string{
	MissingEntry: {Done: {"entry_added", "check_class", "child_added"}, Declined: {"not_ours", "wrong_details", "held", "elsewhere", "asker_bound", "come_by"}},
	MissingClass: {Done: {"class_added"}, Declined: {"class_exists", "no_such_class", "gone", "come_by"}},
	NotMe:        {Declined: {"not_proven", "gone", "asker_bound", "come_by"}},
	Correction:   {Done: {"corrected"}, Declined: {"not_proven", "wrong_details", "gone", "come_by"}},
}

// toGuardian are the answers that only a parent reads about a missing child, and toSelf those that only a missing person reads.
var (
	toGuardian = []string{"child_added"}
	toSelf     = []string{"entry_added", "check_class", "held"}
)

// offered are the answers that fit a ticket and how it ends: those to whoever asked for themselves, or to a guardian.
func offered(kind Kind, state State, ofChild bool) []string {
	other := toGuardian
	if ofChild {
		other = toSelf
	}
	return slices.DeleteFunc(slices.Clone(ready[kind][state]), func(name string) bool { return slices.Contains(other, name) })
}

func readyAnswers(language string, kind Kind, ofChild bool) (all []ReadyAnswer) {
	for _, state := range []State{Done, Declined} {
		for _, name := range offered(kind, state, ofChild) {
			all = append(all, ReadyAnswer{name, cannedText(language, name, ofChild), state})
		}
	}
	return all
}

func checkCanned(t row, state State, name string) error {
	if name == "" || slices.Contains(offered(t.Kind, state, t.content.ofChild()), name) {
		return nil
	}
	return fault.ErrInvalid.New(fault.Field("canned", "not_allowed"))
}

// cannedText are a ready answer's words: a guardian reads what is said of the child.
func cannedText(language, name string, ofChild bool) string {
	if ofChild && !slices.Contains(toGuardian, name) && !slices.Contains(toSelf, name) {
		name = "child." + name
	}
	return messages.Text(language, "canned."+name, nil)
}

// withCanned is an answer as it is read: the ready words, then the administrator's own.
func withCanned(language, name, own string, ofChild bool) string {
	if name == "" {
		return own
	}
	return strings.TrimSpace(cannedText(language, name, ofChild) + " " + own)
}
