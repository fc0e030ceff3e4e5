package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/messages"
)

var (
	errCrossSite       = fault.Define(fault.Forbidden, "cross_site_request")
	errNoSuchOperation = fault.ErrNotFound.New(fault.Next("home", "/"))
)

// chain puts what every request passes through around the mux, the outermost first.
func (s *Server) chain() http.Handler {
	var h http.Handler = s.mux
	h = s.idempotent(h)
	h = s.identify(h)
	h = s.boundBody(h)
	h = s.refuseCrossSite(h)
	h = s.refuseRetiredClient(h)
	return s.observe(h)
}

// observe gives the request its id and client, logs and counts it, and turns a panic into an answer. It never logs the
// query, where an administrator's search for an ID number stands.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		trusted := s.fromTrustedProxy(r)
		client := access.Client{
			Address: clientAddress(r, trusted), UserAgent: truncate(r.UserAgent(), 500), RequestID: db.NewID(),
			Language: messages.Negotiate(r.Header.Get("Accept-Language")), Captcha: r.Header.Get(captchaHeader),
		}
		r = r.WithContext(access.WithClient(r.Context(), client))
		answer := &answer{ResponseWriter: w, secure: r.TLS != nil || trusted && r.Header.Get("X-Forwarded-Proto") == "https"}
		h := answer.Header()
		h.Set("X-Request-Id", client.RequestID)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		_, pattern := s.mux.Handler(r)
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is compared, by its contract
					panic(p)
				}
				s.log.Error("panic", "request_id", client.RequestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				if answer.status == 0 {
					s.writeProblem(answer, r, fault.ErrInternal.New())
				}
			}
			took := time.Since(begun)
			s.metrics.observe(pattern, answer.status, took)
			s.log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", answer.status), slog.Duration("took", took), slog.String("address", client.Address),
				slog.String("request_id", client.RequestID))
		}()
		next.ServeHTTP(answer, r)
	})
}

// answer remembers the status, and makes cookies Secure on a secure connection.
type answer struct {
	http.ResponseWriter
	status int
	secure bool
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
		if a.secure {
			for i, cookie := range a.Header()["Set-Cookie"] {
				a.Header()["Set-Cookie"][i] = cookie + "; Secure"
			}
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (s *Server) fromTrustedProxy(r *http.Request) bool {
	if len(s.TrustedProxies) == 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	return s.trusts(peer.Addr())
}

func (s *Server) trusts(address netip.Addr) bool {
	for _, prefix := range s.TrustedProxies {
		if prefix.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// clientAddress is the peer's, or what the trusted proxy in front says: the last address of X-Forwarded-For is the one
// that the proxy saw itself.
func clientAddress(r *http.Request, trusted bool) string {
	if trusted {
		list := r.Header.Get("X-Forwarded-For")
		if address, err := netip.ParseAddr(strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])); err == nil {
			return address.String()
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func truncate(s string, length int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	if len(s) > length {
		return strings.ToValidUTF8(s[:length], "")
	}
	return s
}

// refuseCrossSite stops state-changing requests that another site made a browser send. Clients that are no browsers pass.
func (s *Server) refuseCrossSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.writeProblem(w, r, errCrossSite.New(fault.Next("home", "/")))
	}))
	return protection.Handler(next)
}

// boundBody bounds every body, and refuses text that no database column can hold before it gets anywhere.
func (s *Server) boundBody(next http.Handler) http.Handler {
	bad := func(field string) error { return fault.ErrInvalid.New(fault.Field(field, "bad_character")) }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if query, err := url.QueryUnescape(r.URL.RawQuery); err != nil || unstorable(query) || unstorable(r.URL.Path) {
			s.writeProblem(w, r, bad("query"))
			return
		}
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		_, pattern := s.mux.Handler(r)
		if limit := s.uploads[pattern]; limit > 0 {
			if r.ContentLength > limit { // told before it is sent, where the client waits to be told
				s.writeProblem(w, r, UploadError(&http.MaxBytesError{Limit: limit}))
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			next.ServeHTTP(w, r)
			return
		}
		// A client that sends a small body at a trickle must not hold a connection for long.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(30 * time.Second))
		content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		if err != nil {
			s.writeProblem(w, r, UploadError(err))
			return
		}
		if unstorableJSON(content) {
			s.writeProblem(w, r, bad(unstorableMember(content)))
			return
		}
		r.Body = &body{Reader: bytes.NewReader(content), content: content}
		next.ServeHTTP(w, r)
	})
}

func unstorable(text string) bool { return strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text) }

func unstorableJSON(content []byte) bool {
	return bytes.IndexByte(content, 0) >= 0 || bytes.Contains(content, []byte(`\u0000`)) || !utf8.Valid(content)
}

// unstorableMember is the first member of an object, by its name, that cannot be stored: body where it is none, or the name is at fault.
func unstorableMember(content []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(content, &members) != nil {
		return "body"
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if len(name) <= maxFieldName && !unstorable(name) && unstorableJSON(members[name]) {
			return name
		}
	}
	return "body"
}

// body is a request body that has been read already.
type body struct {
	*bytes.Reader
	content []byte
}

func (*body) Close() error { return nil }

// identify resolves the session token to the actor. An unknown token is nobody's.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := tokenOf(r)
		if token == "" || s.sessions == nil || len(token) > 200 {
			next.ServeHTTP(w, r)
			return
		}
		if !strings.HasPrefix(r.URL.Path, "/api/") { // the interface's files are the same for everybody
			next.ServeHTTP(w, r)
			return
		}
		actor, err := s.sessions.Resolve(r.Context(), token)
		if err != nil {
			s.writeProblem(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(access.WithActor(r.Context(), actor)))
	})
}
