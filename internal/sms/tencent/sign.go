package tencent

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const algorithm = "TC3-HMAC-SHA256"

// Credential is an API key.
type Credential struct {
	ID     string
	Secret string
}

// Authorization computes the header of that name for a POST of the body by the algorithm TC3-HMAC-SHA256. It covers the
// named headers, in lower case, which are content-type, host, and any others; their values go in lower case too. The
// request must have X-TC-Timestamp, in seconds since 1970.
func (c Credential) Authorization(service string, r *http.Request, body []byte, headers ...string) string {
	slices.Sort(headers)
	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n/\n\n")
	for _, name := range headers {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical.WriteString(name + ":" + strings.ToLower(strings.TrimSpace(value)) + "\n")
	}
	signed := strings.Join(headers, ";")
	canonical.WriteString("\n" + signed + "\n" + hashOf(body))

	timestamp := r.Header.Get("X-TC-Timestamp")
	seconds, _ := strconv.ParseInt(timestamp, 10, 64)
	date := time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	scope := date + "/" + service + "/tc3_request"
	key := []byte("TC3" + c.Secret)
	for _, part := range []string{date, service, "tc3_request"} {
		key = macOf(key, part)
	}
	signature := macOf(key, algorithm+"\n"+timestamp+"\n"+scope+"\n"+hashOf([]byte(canonical.String())))
	return algorithm + " Credential=" + c.ID + "/" + scope + ", SignedHeaders=" + signed + ", Signature=" + hex.EncodeToString(signature)
}

func macOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
