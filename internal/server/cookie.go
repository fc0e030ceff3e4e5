package server

import (
	"net/http"
	"strings"
	"time"
)

// CookieName is the browser's session cookie.
const CookieName = "caotang_session"

// SessionCookie makes the cookie that a browser keeps until the session's end, or until it is closed when keep is zero.
// Secure follows the connection: the outermost middleware adds it to what is answered over HTTPS.
func SessionCookie(token string, keep time.Time) http.Cookie {
	cookie := http.Cookie{Name: CookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if !keep.IsZero() {
		cookie.Expires = keep.UTC()
	}
	return cookie
}

// EndedCookie makes the browser forget its session.
func EndedCookie() http.Cookie {
	return http.Cookie{Name: CookieName, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// tokenOf is the request's session token: a bearer's, else the cookie's.
func tokenOf(r *http.Request) string {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token)
		}
	}
	if cookie, err := r.Cookie(CookieName); err == nil {
		return cookie.Value
	}
	return ""
}
