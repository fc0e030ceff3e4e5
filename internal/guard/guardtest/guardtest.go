// Package guardtest solves captchas for tests, as a client would that knows the API's document alone.
package guardtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"
)

// Solve gives the header Captcha-Solution for a problem's member captcha.
func Solve(t testing.TB, captcha any) string {
	t.Helper()
	c, ok := captcha.(map[string]any)
	if !ok || c["algorithm"] != "SHA-256" {
		t.Fatalf("no captcha: %v", captcha)
	}
	most, _ := c["max_number"].(float64)
	for n := range int(most) + 1 {
		sum := sha256.Sum256([]byte(fmt.Sprint(c["salt"]) + strconv.Itoa(n)))
		if hex.EncodeToString(sum[:]) == c["target"] {
			return fmt.Sprint(c["token"], ":", n)
		}
	}
	t.Fatalf("the captcha has no solution: %v", captcha)
	return ""
}
