package server

import (
	"encoding/json"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// mountUI serves the built interface: hashed files for good and precompressed, and index.html for every address that is
// one of its pages. csp.json beside index.html lists the hashes of the inline scripts that the build made.
func (s *Server) mountUI() error {
	if s.UI == nil {
		s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "This binary was built without the user interface: run `make build`.", http.StatusNotImplemented)
		})
		return nil
	}
	index, err := fs.ReadFile(s.UI, "index.html")
	if err != nil {
		return err
	}
	policy, err := s.contentPolicy()
	if err != nil {
		return err
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.writeProblem(w, r, errNoSuchOperation)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if info, err := fs.Stat(s.UI, name); err == nil && !info.IsDir() && name != "index.html" && name != "csp.json" {
			s.serveFile(w, r, name)
			return
		}
		if path.Ext(name) != "" { // a file that is not there, not a page
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(index)
	})
	return nil
}

func (s *Server) contentPolicy() (string, error) {
	var hashes struct{ Script []string }
	content, err := fs.ReadFile(s.UI, "csp.json")
	if err == nil {
		err = json.Unmarshal(content, &hashes)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	scripts := "'self'"
	for _, hash := range hashes.Script {
		scripts += " '" + hash + "'"
	}
	// Element Plus positions with style attributes.
	return "default-src 'self'; script-src " + scripts + "; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'", nil
}

func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "public, max-age=3600")
	}
	if contentType := mime.TypeByExtension(path.Ext(name)); contentType != "" {
		h.Set("Content-Type", contentType)
	}
	h.Set("Vary", "Accept-Encoding")
	accepted := r.Header.Get("Accept-Encoding")
	for _, encoding := range []struct{ name, extension string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !strings.Contains(accepted, encoding.name) {
			continue
		}
		if content, err := fs.ReadFile(s.UI, name+encoding.extension); err == nil {
			h.Set("Content-Encoding", encoding.name)
			_, _ = w.Write(content)
			return
		}
	}
	http.ServeFileFS(w, r, s.UI, name)
}
