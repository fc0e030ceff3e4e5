package support

import (
	"slices"
	"strings"

	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/verification"
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
	MissingClass: {Done: {"class_added", "class_taught"}, Declined: {"class_exists", "no_such_class", "gone", "come_by"}},
	NotMe:        {Declined: {"not_proven", "gone", "asker_bound", "come_by"}},
	Correction:   {Done: {"corrected"}, Declined: {"not_proven", "wrong_details", "gone", "come_by"}},
}

// toGuardian are the answers that only a parent reads about a missing child, and toSelf those that only a missing person reads; toTeacher
// those about a class that only who teaches it reads, and toPupil those that only who is to be in it reads.
var (
	toGuardian = []string{"child_added"}
	toSelf     = []string{"entry_added", "check_class", "held"}
	toTeacher  = []string{"class_taught"}
	toPupil    = []string{"class_added", "class_exists"}
)

// fits tells whether whoever asked is among those whom an answer is for.
func (c content) fits(name string) bool {
	teacher := c.EntryKind == verification.Teacher
	return (c.ofChild() || !slices.Contains(toGuardian, name)) && (!c.ofChild() || !slices.Contains(toSelf, name)) &&
		(teacher || !slices.Contains(toTeacher, name)) && (!teacher || !slices.Contains(toPupil, name))
}

// offered are the answers that fit a ticket and how it ends.
func offered(kind Kind, state State, c content) []string {
	return slices.DeleteFunc(slices.Clone(ready[kind][state]), func(name string) bool { return !c.fits(name) })
}

func readyAnswers(language string, kind Kind, c content) (all []ReadyAnswer) {
	for _, state := range []State{Done, Declined} {
		for _, name := range offered(kind, state, c) {
			all = append(all, ReadyAnswer{name, cannedText(language, name, c.ofChild()), state})
		}
	}
	return all
}

func checkCanned(t row, state State, name string) error {
	if name == "" || slices.Contains(offered(t.Kind, state, t.content), name) {
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
