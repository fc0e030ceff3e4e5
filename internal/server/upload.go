package server

import (
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/fault"
)

// Upload gives an operation the parts of a multipart form as they arrive. Embed it in the input. Unlike huma's own
// forms, nothing is kept in memory or in a temporary file, where an ID number would lie open.
type Upload struct {
	reader *multipart.Reader
}

var errNotMultipart = fault.Define(fault.UnsupportedMedia, "multipart_required")

// Resolve implements huma.Resolver.
func (u *Upload) Resolve(c huma.Context) []error {
	mediaType, params, err := mime.ParseMediaType(c.Header("Content-Type"))
	if err != nil || mediaType != "multipart/form-data" || params["boundary"] == "" {
		return []error{errNotMultipart.New(fault.Cause(err))}
	}
	u.reader = multipart.NewReader(c.BodyReader(), params["boundary"])
	return nil
}

// NextPart gives the next part, or io.EOF after the last.
func (u *Upload) NextPart() (*multipart.Part, error) {
	part, err := u.reader.NextPart()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, UploadError(err)
	}
	return part, err
}

// PartText reads a part that is a text of at most so many bytes: fault.ErrInvalid, of the part's name, for a longer one and for one that
// no database column can hold.
func PartText(part *multipart.Part, most int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(part, most+1))
	switch {
	case err != nil:
		return "", UploadError(err)
	case int64(len(text)) > most:
		return "", fault.ErrInvalid.New(fault.Field(part.FormName(), "too_long"))
	case unstorable(string(text)):
		return "", fault.ErrInvalid.New(fault.Field(part.FormName(), "bad_character"))
	}
	return strings.TrimSpace(string(text)), nil
}

// UploadError tells a body over its limit and a connection that broke from other failures of reading a part.
func UploadError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.ErrTooLarge.New(fault.Arg("limit", megabytes(tooLarge.Limit)))
	}
	return fault.ErrBadRequest.New(fault.Cause(err))
}

func uploadBody(form map[string]bool) *huma.RequestBody {
	schema := &huma.Schema{
		Type: "object", Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary"}}, Required: []string{"file"},
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		schema.Properties[name] = &huma.Schema{Type: "string"}
		if form[name] {
			schema.Required = append(schema.Required, name)
		}
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: schema}}}
}
