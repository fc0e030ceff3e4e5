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
// "canned." and the name.
var ready = map[Kind]map[State][]string{
	MissingEntry: {Done: {"entry_added", "check_class", "child_added"}, Declined: {"not_ours", "wrong_details", "held", "elsewhere", "asker_bound", "come_by"}},
	MissingClass: {Done: {"class_added"}, Declined: {"class_exists", "no_such_class", "gone", "come_by"}},
	NotMe:        {Declined: {"not_proven", "gone", "asker_bound", "come_by"}},
	Correction:   {Done: {"corrected"}, Declined: {"not_proven", "wrong_details", "gone", "come_by"}},
}

// ofChild tells whether a ready answer speaks of a child to whoever asks to be its guardian, or, of a missing person, to that person.
func ofChild(name string) (child, self bool) {
	return name == "child_added", name == "entry_added" || name == "check_class"
}

func readyAnswers(language string, kind Kind, toGuardian bool) (all []ReadyAnswer) {
	for _, state := range []State{Done, Declined} {
		for _, name := range ready[kind][state] {
			if child, self := ofChild(name); toGuardian && self || !toGuardian && child {
				continue
			}
			all = append(all, ReadyAnswer{name, messages.Text(language, "canned."+name, nil), state})
		}
	}
	return all
}

func checkCanned(kind Kind, state State, name string) error {
	if name == "" || slices.Contains(ready[kind][state], name) {
		return nil
	}
	return fault.ErrInvalid.New(fault.Field("canned", "not_allowed"))
}

// withCanned is an answer as it is read: the ready words, then the administrator's own.
func withCanned(language, name, own string) string {
	if name == "" {
		return own
	}
	return strings.TrimSpace(messages.Text(language, "canned."+name, nil) + " " + own)
}
