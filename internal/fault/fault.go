// Package fault holds the errors that people are meant to read: a kind, a stable code, the fields at fault and the
// next step out. It is pure; the server maps kinds to HTTP once, and the catalogues in package messages give the words.
//
// Codes live in the room whose rule they name, as package variables made by [Define]; the contract lists them.
package fault

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// Kind says what sort of failure an error is. Each kind has one HTTP status.
type Kind int

// The kinds, each with the HTTP status it becomes.
const (
	Internal         Kind = iota // 500
	BadRequest                   // 400
	Unauthenticated              // 401
	Forbidden                    // 403
	NotFound                     // 404: also where the caller may not know that it exists
	Conflict                     // 409
	Gone                         // 410
	TooLarge                     // 413
	UnsupportedMedia             // 415
	Invalid                      // 422
	TooMany                      // 429
	Unavailable                  // 503
)

// Code is a stable error code of the contract, such as "phone_taken".
type Code struct {
	kind Kind
	name string
}

var defined = map[string]Code{}

// Define makes a code known. Call it at package level only; the same name twice is a programming error and panics.
func Define(kind Kind, name string) Code {
	if _, taken := defined[name]; taken {
		panic("fault: code defined twice: " + name)
	}
	c := Code{kind, name}
	defined[name] = c
	return c
}

// Defined lists every known code by name, so that a test can ask for its words in every language.
func Defined() []string { return slices.Sorted(maps.Keys(defined)) }

// Codes that belong to no single room.
var (
	ErrInternal        = Define(Internal, "internal")
	ErrInvalid         = Define(Invalid, "invalid")
	ErrBadRequest      = Define(BadRequest, "bad_request")
	ErrUnauthenticated = Define(Unauthenticated, "unauthenticated")
	ErrForbidden       = Define(Forbidden, "forbidden")
	ErrNotFound        = Define(NotFound, "not_found")
	ErrTooLarge        = Define(TooLarge, "payload_too_large")
	ErrBusy            = Define(Unavailable, "server_busy")
)

// Name is the code as the API shows it.
func (c Code) Name() string { return c.name }

// New makes an error of this code.
func (c Code) New(options ...Option) *Error {
	e := &Error{Code: c.name, Kind: c.kind}
	for _, o := range options {
		o(e)
	}
	return e
}

// Error is one failure as a person will be told of it.
type Error struct {
	Kind       Kind
	Code       string
	Told       string         // "" for the code's own words; else whose words, see [For]
	Fields     []FieldError   // the inputs at fault, for errors of input
	Args       map[string]any // values for the {placeholders} of title and detail
	Next       *Step          // the way out that the screen offers as a button
	Details    map[string]any // further members of the problem document
	RetryAfter time.Duration  // when it makes sense to try again; 0 when unknown
	cause      error
}

// FieldError names one unmet part of one input. Args fill the placeholders of its message.
type FieldError struct {
	Field string
	Code  string
	Args  map[string]any
}

// Step is a way out: an action the screen knows, and the address it leads to.
type Step struct {
	Action string
	Href   string
}

// Error is for logs; people get the catalogue's words.
func (e *Error) Error() string {
	s := e.Code
	for _, f := range e.Fields {
		s += " " + f.Field + "=" + f.Code
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the cause, which is only ever logged.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether err is, or wraps, an error of this code.
func Is(err error, c Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == c.name
}

// Option adds to an error.
type Option func(*Error)

// Field names an unmet part of an input.
func Field(field, code string) Option { return FieldWith(field, code, nil) }

// FieldWith is Field with values for the message's placeholders.
func FieldWith(field, code string, args map[string]any) Option {
	return func(e *Error) { e.Fields = append(e.Fields, FieldError{field, code, args}) }
}

// For has title and detail told in the words of <code>.<reader>, where what holds for most readers of the code is wrong for
// this one, such as an administrator who acts for somebody else.
func For(reader string) Option { return func(e *Error) { e.Told = reader } }

// Next sets the way out.
func Next(action, href string) Option {
	return func(e *Error) { e.Next = &Step{action, href} }
}

// RetryAfter says when to try again. It is shown in whole seconds, rounded up.
func RetryAfter(d time.Duration) Option { return func(e *Error) { e.RetryAfter = d } }

// Arg fills a placeholder of the code's title or detail.
func Arg(name string, value any) Option {
	return func(e *Error) {
		if e.Args == nil {
			e.Args = map[string]any{}
		}
		e.Args[name] = value
	}
}

// Detail adds a member to the problem document.
func Detail(name string, value any) Option {
	return func(e *Error) {
		if e.Details == nil {
			e.Details = map[string]any{}
		}
		e.Details[name] = value
	}
}

// Cause keeps the error behind this one for the log.
func Cause(err error) Option { return func(e *Error) { e.cause = err } }
