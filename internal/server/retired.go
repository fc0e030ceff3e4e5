package server

import (
	"html/template"
	"net/http"
	"slices"
	"strings"

	"caotang/internal/access"
	"caotang/internal/fault"
	"caotang/internal/messages"
)

var errClientRetired = fault.Define(fault.Gone, "client_retired")

var retiredPage = template.Must(template.New("retired").Parse(`<!doctype html>
<html lang="{{(index . 0).Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{(index . 0).Title}}</title><link rel="icon" href="data:,"></head>
<body style="margin: 0; font: 18px/1.6 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif; color: #1F2A2E; background: #FAF8F3">
<main style="max-width: 34em; margin: 12vh auto 0; padding: 0 20px; overflow-wrap: break-word">
{{range $at, $text := .}}<section lang="{{.Language}}"{{if $at}} style="margin-top: 48px; padding-top: 24px; border-top: 1px solid #E4E2DA; color: #4A585E; font-size: 16px"{{end}}>
<h1 style="font-size: 1.4em; line-height: 1.3">{{.Title}}</h1><p>{{.Detail}}</p>
<p><a style="{{if not $at}}display: inline-block; padding: 8px 20px; border-radius: 6px; color: #FFFFFF; background: #2B7A58; text-decoration: none{{else}}color: #2B7A58{{end}}" href="{{.Address}}">{{.Address}}</a></p>
</section>
{{end}}</main></body></html>
`))

type retiredText struct{ Language, Title, Detail, Address string }

// refuseRetiredClient answers the L-Box client, and its old address, with where to go instead (F-01).
func (s *Server) refuseRetiredClient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent := strings.ToUpper(r.UserAgent())
		path := r.URL.Path == "/lbox" || strings.HasPrefix(r.URL.Path, "/lbox/")
		if !path && !strings.Contains(agent, "L-BOX") && !strings.Contains(agent, "LBOX") {
			next.ServeHTTP(w, r)
			return
		}
		address := s.PublicURL
		if address == "" {
			address = "http://" + r.Host + "/"
		}
		f := errClientRetired.New(fault.Arg("address", address), fault.Detail("address", address), fault.Next("home", "/"))
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			s.writeProblem(w, r, f)
			return
		}
		// The client says little of its user's language: both stand there, the one asked for first.
		client := access.ClientFrom(r.Context())
		languages := []string{messages.Chinese, messages.English}
		if client.Language == messages.English {
			slices.Reverse(languages)
		}
		var texts []retiredText
		for _, client.Language = range languages {
			p := describe(client, f)
			texts = append(texts, retiredText{client.Language, p.Title, p.Detail, address})
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusGone)
		_ = retiredPage.Execute(w, texts)
	})
}
