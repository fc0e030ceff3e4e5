package server

import (
	"html/template"
	"net/http"
	"strings"

	"caotang/internal/access"
	"caotang/internal/fault"
)

var errClientRetired = fault.Define(fault.Gone, "client_retired")

var retiredPage = template.Must(template.New("retired").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title></head>
<body style="font: 18px/1.6 sans-serif; max-width: 34em; margin: 15vh auto; padding: 0 1em; color: #1F2A2E; background: #FAF8F3">
<h1 style="font-size: 1.4em">{{.Title}}</h1><p>{{.Detail}}</p><p><a style="color: #2B7A58" href="{{.Address}}">{{.Address}}</a></p>
</body></html>
`))

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
		client := access.ClientFrom(r.Context())
		p := describe(client, f)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(p.Status)
		_ = retiredPage.Execute(w, map[string]string{
			"Language": client.Language, "Title": p.Title, "Detail": p.Detail, "Address": address,
		})
	})
}
