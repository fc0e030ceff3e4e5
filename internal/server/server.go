// Package server is the HTTP side of the kernel: the mux, the API and its document, who is asking, repeated requests,
// errors as problem documents, the built user interface, logs and metrics. Rooms add operations with [Register].
package server

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/vault"
)

// maxBody bounds every request body that is not an upload.
const maxBody = 1 << 20

// Sessions finds out who a session token belongs to.
type Sessions interface {
	// Resolve gives the actor of a token; the anonymous actor for a token that is unknown or has ended.
	Resolve(ctx context.Context, token string) (access.Actor, error)
	// Former tells an account that administers nothing, but did before, why; nil for everybody else.
	Former(ctx context.Context, accountID string) error
}

// Options are what a server is made from.
type Options struct {
	DB             *db.DB
	Vault          *vault.Vault
	Log            *slog.Logger
	UI             fs.FS          // the built user interface; nil where the binary has none
	PublicURL      string         // where people reach the platform, told to retired clients; "" = this host
	TrustedProxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto count
}

// Server is the HTTP handler of the whole platform.
type Server struct {
	Options
	log        *slog.Logger
	mux        *http.ServeMux
	api        huma.API
	operations []Op
	uploads    map[string]int64 // "METHOD /path" → body limit
	sessions   Sessions
	metrics    *metrics
	handler    http.Handler
	draining   atomic.Bool
}

// New makes a server. Call SetSessions, mount the rooms, then serve it.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, log: o.Log, mux: http.NewServeMux(), uploads: map[string]int64{}, metrics: newMetrics()}
	s.api = humago.New(s.mux, s.apiConfig())
	// huma keeps its error constructor in a variable of the package; every server of this process wants the same.
	huma.NewErrorWithContext = s.humaError
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return s.humaError(nil, status, message, errs...)
	}
	if err := s.mountUI(); err != nil {
		return nil, fmt.Errorf("user interface: %w", err)
	}
	s.mountHealth()
	s.mux.HandleFunc("GET /api/docs", s.serveDocs)
	s.mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) { s.writeProblem(w, r, errNoSuchOperation) })
	s.handler = s.chain()
	return s, nil
}

// SetSessions says who resolves session tokens: the room of accounts, which itself mounts on this server.
func (s *Server) SetSessions(sessions Sessions) { s.sessions = sessions }

// Handle adds a plain HTTP handler, for what is no operation of the API.
func (s *Server) Handle(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, h) }

// API is the document of the operations registered so far.
func (s *Server) API() *huma.OpenAPI { return s.api.OpenAPI() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Drain makes the readiness check fail, so that a load balancer looks elsewhere before the server stops.
func (s *Server) Drain() { s.draining.Store(true) }

// Lists are answered as [] when there is nothing in them, never as null.
func init() { huma.DefaultArrayNullable = false }

func (s *Server) apiConfig() huma.Config {
	config := huma.DefaultConfig("Caotang 草堂", "1")
	config.Info.Description = "The real-name learning space of a province. Errors are problem documents (RFC 9457) with a stable code, " +
		"in the language of Accept-Language (zh-CN or en). Every POST honours Idempotency-Key. " +
		"After too many failures, or codes to many phones, an operation that takes the header Captcha-Solution answers 403 captcha_required, " +
		"whose member captcha is a proof of work: {algorithm: SHA-256, salt, target, max_number, token, expires_at}. Find the number from 0 to max_number " +
		"for which SHA-256(salt followed by the number in decimal digits), in hexadecimal, is target; then repeat the same request with " +
		"Captcha-Solution: token:number. A solution serves one request."
	config.OpenAPIPath = "/api/openapi"
	config.DocsPath = ""    // huma's pages load scripts from another host
	config.SchemasPath = "" // the document holds them
	config.CreateHooks = nil
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: CookieName, Description: "Browsers"},
		"bearer":  {Type: "http", Scheme: "bearer", Description: "Other clients: the token that POST /api/v1/sessions answers"},
	}
	return config
}

func (s *Server) mountHealth() {
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	s.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if s.draining.Load() {
			http.Error(w, "draining", http.StatusServiceUnavailable)
		} else if err := s.DB.Ping(ctx); err != nil {
			s.log.Error("not ready", "error", err)
			http.Error(w, "database does not answer", http.StatusServiceUnavailable)
		} else {
			_, _ = w.Write([]byte("ready\n"))
		}
	})
	s.mux.Handle("GET /metrics", s.metrics.handler())
}

func megabytes(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KB", bytes>>10)
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}
