package server

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Workbook is the media type of .xlsx.
const Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// Download answers a file, as it is written, that browsers save under the name of [Attachment] and nobody keeps on the way.
func Download(mediaType, name, plain string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", mediaType)
		c.SetHeader("Content-Disposition", Attachment(name, plain))
		c.SetHeader("Cache-Control", "no-store")
		if err := write(c.BodyWriter()); err != nil {
			panic(http.ErrAbortHandler) // the answer has begun: all that is left is to break it off
		}
	}}
}

// Attachment is the Content-Disposition that saves an answer under a name of any script (RFC 6266); plain is for browsers
// that know ASCII alone. What no file system takes in a name becomes a dash.
func Attachment(name, plain string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' {
			return '-'
		}
		return r
	}, name)
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
