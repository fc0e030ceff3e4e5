package server

import (
	"net/url"
	"strings"
)

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
