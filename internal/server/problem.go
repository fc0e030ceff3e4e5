package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/access"
	"caotang/internal/fault"
	"caotang/internal/messages"
)

// Problem is an RFC 9457 problem document in the reader's language. It never repeats what was sent.
type Problem struct {
	Type      string         `json:"type" doc:"A URI that names the kind of problem"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Code      string         `json:"code" doc:"Stable code of the failure"`
	Fields    []ProblemField `json:"fields,omitempty" doc:"The inputs at fault"`
	NextStep  *NextStep      `json:"next_step,omitempty" doc:"The way out that the screen offers"`
	RequestID string         `json:"request_id,omitempty"`

	more       map[string]any
	retryAfter time.Duration
}

// ProblemField is one unmet part of one input.
type ProblemField struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// NextStep is a way out of a failure.
type NextStep struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	Href   string `json:"href"`
}

// Error, GetStatus, GetHeaders and ContentType are what huma asks of an error.
func (p *Problem) Error() string { return p.Code }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders carries Retry-After.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(wholeSeconds(p.retryAfter)))
	}
	return h
}

// ContentType is that of problem documents.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// MarshalJSON adds the code's own members.
func (p *Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	base, err := json.Marshal((*plain)(p))
	if err != nil || len(p.more) == 0 {
		return base, err
	}
	more, err := json.Marshal(p.more)
	if err != nil {
		return nil, err
	}
	return append(append(base[:len(base)-1], ','), more[1:]...), nil
}

func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// statuses is the one place where kinds of failure become HTTP.
var statuses = map[fault.Kind]int{
	fault.Internal:         http.StatusInternalServerError,
	fault.BadRequest:       http.StatusBadRequest,
	fault.Unauthenticated:  http.StatusUnauthorized,
	fault.Forbidden:        http.StatusForbidden,
	fault.NotFound:         http.StatusNotFound,
	fault.Conflict:         http.StatusConflict,
	fault.Gone:             http.StatusGone,
	fault.TooLarge:         http.StatusRequestEntityTooLarge,
	fault.UnsupportedMedia: http.StatusUnsupportedMediaType,
	fault.Invalid:          http.StatusUnprocessableEntity,
	fault.TooMany:          http.StatusTooManyRequests,
	fault.Unavailable:      http.StatusServiceUnavailable,
}

// problemOf turns any error into what the person is told. What is no fault is logged with the request's id and told as
// "internal", without its text.
func problemOf(ctx context.Context, log *slog.Logger, err error) *Problem {
	client := access.ClientFrom(ctx)
	var f *fault.Error
	if !errors.As(err, &f) {
		if errors.Is(err, context.DeadlineExceeded) {
			f = fault.ErrBusy.New(fault.RetryAfter(5*time.Second), fault.Cause(err))
		} else {
			f = fault.ErrInternal.New(fault.Cause(err))
		}
	}
	if f.Kind == fault.Internal && !errors.Is(err, context.Canceled) {
		log.ErrorContext(ctx, "request failed", "request_id", client.RequestID, "error", err)
	}
	return describe(client, f)
}

func describe(client access.Client, f *fault.Error) *Problem {
	language := client.Language
	if language == "" {
		language = messages.Chinese
	}
	args := map[string]any{"seconds": wholeSeconds(f.RetryAfter), "minutes": int(math.Ceil(f.RetryAfter.Minutes()))}
	for name, value := range f.Args {
		args[name] = value
	}
	words := f.Code
	if f.Told != "" {
		words += "." + f.Told
	}
	p := &Problem{
		Type: "urn:caotang:problem:" + f.Code, Status: statuses[f.Kind], Code: f.Code,
		Title:     messages.Text(language, words+".title", args),
		Detail:    messages.Text(language, words+".detail", args),
		RequestID: client.RequestID, more: f.Details, retryAfter: f.RetryAfter,
	}
	for _, field := range f.Fields {
		p.Fields = append(p.Fields, ProblemField{field.Field, field.Code, messages.Text(language, "field."+field.Code, field.Args)})
	}
	if f.Next != nil {
		p.NextStep = &NextStep{f.Next.Action, messages.Text(language, "step."+f.Next.Action, args), f.Next.Href}
	}
	return p
}

// writeProblem answers a plain HTTP request with an error.
func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), s.log, err)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// humaError is what huma calls for its own refusals. Its default repeats the rejected value, which may be an ID number.
func (s *Server) humaError(c huma.Context, status int, message string, errs ...error) huma.StatusError {
	ctx := context.Background()
	if c != nil {
		ctx = c.Context()
	}
	for _, err := range errs {
		var f *fault.Error
		if errors.As(err, &f) {
			return problemOf(ctx, s.log, f)
		}
	}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return problemOf(ctx, s.log, fault.ErrTooLarge.New(fault.Arg("limit", megabytes(maxBody))))
	case status == http.StatusUnprocessableEntity:
		return problemOf(ctx, s.log, invalidFields(errs))
	case status >= http.StatusInternalServerError:
		return problemOf(ctx, s.log, fmt.Errorf("%s: %w", message, errors.Join(errs...)))
	default:
		return problemOf(ctx, s.log, fault.ErrBadRequest.New())
	}
}

// fieldCodes maps the beginnings of huma's findings to our codes; the first that fits counts.
var fieldCodes = []struct{ prefix, code string }{
	{"expected required property", "missing"},
	{"required ", "missing"},
	{"unexpected property", "unknown_field"},
	{"expected length <=", "too_long"},
	{"expected array length <=", "too_long"},
	{"expected length >=", "too_short"},
	{"expected number <", "out_of_range"},
	{"expected number >", "out_of_range"},
	{"expected value to be one of", "not_allowed"},
}

// maxFieldName is how much of a field's name is repeated, in characters: an unknown field's is the sender's.
const maxFieldName = 100

func invalidFields(errs []error) *fault.Error {
	var options []fault.Option
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		detail := d.ErrorDetail()
		code := "wrong_type"
		for _, c := range fieldCodes {
			if strings.HasPrefix(detail.Message, c.prefix) {
				code = c.code
				break
			}
		}
		field := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(detail.Location, "body."), "query."), "path.")
		if code == "missing" {
			if words := strings.Fields(detail.Message); len(words) > 3 && words[1] == "required" { // "expected required property NAME to be present"
				field = strings.TrimPrefix(strings.TrimPrefix(field, "body")+"."+words[3], ".")
			}
		}
		if len([]rune(field)) > maxFieldName {
			field = string([]rune(field)[:maxFieldName])
		}
		options = append(options, fault.Field(field, code))
	}
	return fault.ErrInvalid.New(options...)
}
