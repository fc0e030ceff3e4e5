package sms

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Templates are a carrier's approved texts, where it sends no others. The key is what [Message.Template] holds, or "code"
// for every code and "notice" for every notice that has none of its own.
type Templates map[string]Template

// Template is one approved text: by what the carrier knows it, and what fills its variables, in their order.
type Template struct {
	ID     string
	Params []string // names of [Message.Args], "code", or "text" for the whole text without the signature
}

// Param is a variable of a template with its value.
type Param struct{ Name, Value string }

const (
	anyCode   = "code"
	anyNotice = "notice"
	wholeText = "text"
)

var templateForm = regexp.MustCompile(`^[A-Za-z0-9_]+(:[a-z_]+(\+[a-z_]+)*)?$`)

// ParseTemplates reads templates as an operator writes them: "SMS_1:code+minutes" is the template SMS_1 with two
// variables. Without a colon a template of codes has the variable code, one of a notice none. The error names every entry
// that is wrong, and what is missing: "code" and "notice" must be there.
func ParseTemplates(entries map[string]string) (Templates, error) {
	templates, wrong := Templates{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if !templateForm.MatchString(entries[name]) {
			wrong = append(wrong, fmt.Sprintf("%s=%s is not of the form NAME=ID:variable+variable", name, entries[name]))
			continue
		}
		id, params, listed := strings.Cut(entries[name], ":")
		t := Template{ID: id}
		if listed {
			t.Params = strings.Split(params, "+")
		} else if !strings.HasPrefix(name, anyNotice) {
			t.Params = []string{anyCode}
		}
		templates[name] = t
	}
	for _, name := range []string{anyCode, anyNotice} {
		if _, ok := entries[name]; !ok {
			wrong = append(wrong, "there is none for "+name)
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(wrong, "; "))
	}
	return templates, nil
}

// Fill gives the template for a message and its variables in their order. It fails where a message lacks a variable.
func (t Templates) Fill(m Message) (id string, params []Param, err error) {
	general := anyNotice
	if m.Code != "" {
		general = anyCode
	}
	template, ok := t[m.Template]
	if !ok {
		if template, ok = t[general]; !ok {
			return "", nil, fmt.Errorf("sms: no template for %q", m.Template)
		}
	}
	for _, name := range template.Params {
		value, known := m.Args[name]
		switch {
		case name == wholeText:
			value = withoutSignature(m.Text)
		case name == anyCode && m.Code != "":
			value = m.Code
		case !known:
			return "", nil, fmt.Errorf("sms: template %s wants %q, which %q has not", template.ID, name, m.Template)
		}
		params = append(params, Param{name, value})
	}
	return template.ID, params, nil
}

// withoutSignature takes the 【…】 off, which carriers with templates put there themselves.
func withoutSignature(text string) string {
	if rest, ok := strings.CutPrefix(text, "【"); ok {
		if _, body, ok := strings.Cut(rest, "】"); ok {
			return body
		}
	}
	return text
}
