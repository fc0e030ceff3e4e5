package aliyun

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const algorithm = "ACS3-HMAC-SHA256"

// Credential is an access key.
type Credential struct {
	ID     string
	Secret string
}

// Authorization computes the header of that name for a request by the algorithm ACS3-HMAC-SHA256. It covers the method,
// the path, the query, and the headers host, content-type and x-acs-…, as they stand; among these must be
// x-acs-content-sha256, which stands for the body.
func (c Credential) Authorization(r *http.Request) string {
	headers := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		if name = strings.ToLower(name); name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			headers[name] = strings.TrimSpace(values[0])
		}
	}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n" + pathOf(r.URL) + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range names {
		canonical.WriteString(name + ":" + headers[name] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical.WriteString("\n" + signed + "\n" + headers["x-acs-content-sha256"])

	mac := hmac.New(sha256.New, []byte(c.Secret))
	mac.Write([]byte(algorithm + "\n" + hashOf([]byte(canonical.String()))))
	return algorithm + " Credential=" + c.ID + ",SignedHeaders=" + signed + ",Signature=" + hex.EncodeToString(mac.Sum(nil))
}

func pathOf(u *url.URL) string {
	if path := u.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// canonicalQuery sorts by name and escapes as RFC 3986 has it, where a space is %20 and nothing but letters, digits and
// "-_.~" stays.
func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
