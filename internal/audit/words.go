package audit

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"caotang/internal/calendar"
	"caotang/internal/messages"
)

// HasWords tells whether an action has words in a language. Its key is record.<action>; what the person reads about themselves,
// where that differs, is record.<action>.own.
func HasWords(language, action string) bool { return messages.Has(language, "record."+action) }

// Own tells what was done as the person reads it to whom it was done; in general words, where the catalogue does not know the
// action.
func (e Entry) Own(language string) string {
	for _, key := range []string{"record." + e.Action + ".own", "record." + e.Action} {
		if messages.Has(messages.Chinese, key) {
			return sentence(language, key, e.Details)
		}
	}
	return messages.Text(language, "record.other.own", nil)
}

// word fills in what an administrator reads: what was done, and to whom.
func (e *Entry) word(language string) {
	e.What = e.Action
	if HasWords(messages.Chinese, e.Action) {
		e.What = sentence(language, "record."+e.Action, e.Details)
	}
	detail := func(name string) string { text, _ := e.Details[name].(string); return text }
	switch name, number := detail("masked_name"), detail("masked_id_number"); {
	case name == "":
		e.About = detail("masked_username")
	case number == "":
		e.About = name
	default:
		e.About = messages.Text(language, "record.about", map[string]any{"name": name, "number": number})
	}
}

// General tells what an action does, of no record in particular: record.<action>.all, where the sentence names details.
func General(language, action string) string {
	for _, key := range []string{"record." + action + ".all", "record." + action} {
		if messages.Has(language, key) {
			return messages.Text(language, key, nil)
		}
	}
	return action
}

// placeholder is something that a sentence names.
var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// sentence fills a text in from a record's details, in words where they are names of ours, and leaves out what it says nothing about;
// it is the action's general text where it says nothing of all that the sentence names.
func sentence(language, key string, details map[string]any) string {
	args, says := map[string]any{}, false
	for _, found := range placeholder.FindAllStringSubmatch(messages.Text(language, key, nil), -1) {
		args[found[1]] = ""
		says = says || details[found[1]] != nil
	}
	if general := key + ".all"; len(args) > 0 && !says && messages.Has(language, general) {
		return messages.Text(language, general, nil)
	}
	for name, value := range details {
		text := fmt.Sprint(value)
		switch name {
		case "changed":
			parts := strings.Fields(text)
			for i, part := range parts {
				parts[i] = named(language, "part."+part, part)
			}
			args[name] = listed(language, parts)
		case "masked_names":
			args[name] = listed(language, strings.Fields(text))
		case "class":
			args[name] = className(language, text)
		case "kind", "role":
			args[name] = named(language, "record.kind."+text, text)
		case "purpose", "decision":
			args[name] = named(language, "record."+name+"."+text, text)
		case "stage":
			args[name] = named(language, "record.stage."+text, text)
		case "suite":
			args[name] = named(language, "record.suite."+text, text)
		case "from":
			args[name] = text
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				args[name] = at.In(calendar.Shanghai).Format("2006-01-02 15:04")
			}
		default:
			args[name] = text
		}
	}
	// Older records say less: what ends in nothing ends without its colon.
	return strings.TrimRight(messages.Text(language, key, args), " ：:")
}

// listed names several.
func listed(language string, all []string) string {
	return strings.Join(all, messages.Text(language, "part.and", nil))
}

// A class as the registry calls it, by its grade or once it has none; one with a name of its own mostly is not.
var (
	ofGrade = regexp.MustCompile(`^(\D+)(\d+)班$`)
	ofYear  = regexp.MustCompile(`^(\d{4})级(\d+)班$`)
)

// className is what a class is called in the reader's language. The record has it in Chinese.
func className(language, name string) string {
	if found := ofYear.FindStringSubmatch(name); found != nil {
		return messages.Text(language, "record.class_of_year", map[string]any{"year": found[1], "number": found[2]})
	}
	found := ofGrade.FindStringSubmatch(name)
	if found == nil {
		return name
	}
	for _, grade := range []string{found[1], found[1] + "班"} { // kindergartens have 小班, and 小3班
		if key := "record.grade." + grade; messages.Has(language, key) {
			return messages.Text(language, "record.class", map[string]any{"grade": messages.Text(language, key, nil), "number": found[2]})
		}
	}
	return name
}

// named is what the catalogue calls something, or how it calls itself.
func named(language, key, itself string) string {
	if !messages.Has(language, key) {
		return itself
	}
	return messages.Text(language, key, nil)
}
