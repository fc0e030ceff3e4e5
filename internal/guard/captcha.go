package guard

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// ErrCaptchaRequired asks for a solution of the challenge that it carries, with the same request.
var ErrCaptchaRequired = fault.Define(fault.Forbidden, "captcha_required")

// Challenge is what has to be solved: find the number from 0 to MaxNumber for which the SHA-256 of Salt, followed by the
// number in decimal digits, is Target. Then repeat the request with the header Captcha-Solution: Token, a colon, the number.
type Challenge struct {
	Algorithm string    `json:"algorithm"` // SHA-256
	Salt      string    `json:"salt"`
	Target    string    `json:"target"` // in hexadecimal digits
	MaxNumber int       `json:"max_number"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

const (
	challengeLife = 5 * time.Minute
	// easiest is the work of the first level: a browser tries half of it on average, a slow phone in two seconds.
	easiest      = 100_000
	hardestLevel = 2 // four times that
	macPurpose   = "captcha"
)

// levelOf makes the work harder for whoever goes far beyond what is suspicious.
func levelOf(times int) int {
	level := 0
	for times >= 2 && level < hardestLevel {
		times /= 2
		level++
	}
	return level
}

// signed is what the token holds; nothing of it is kept here until it is solved.
type signed struct {
	ID      string `json:"i"`
	Salt    string `json:"s"`
	Target  string `json:"t"`
	Most    int    `json:"m"`
	Expires int64  `json:"e"` // milliseconds since 1970
}

// demand lets a request pass that brings a solution of a challenge of the level, and refuses it with a fresh challenge
// otherwise. A solution serves one request.
func (g *Guard) demand(ctx context.Context, level int) error {
	client := access.ClientFrom(ctx)
	solved := g.solved(client.Captcha, easiest<<level)
	if solved != nil {
		mine, err := g.use(ctx, solved, client.RequestID)
		if err != nil || mine {
			return err
		}
	}
	challenge, err := g.challenge(level)
	if err != nil {
		return err
	}
	return ErrCaptchaRequired.New(fault.Detail("captcha", challenge), fault.Next("solve_captcha", ""))
}

func (g *Guard) challenge(level int) (Challenge, error) {
	most := easiest << level
	number, err := rand.Int(rand.Reader, big.NewInt(int64(most)+1))
	if err != nil {
		return Challenge{}, err
	}
	salt := make([]byte, 12)
	_, _ = rand.Read(salt) // never fails, by its contract
	s := signed{ID: db.NewID(), Salt: hex.EncodeToString(salt), Most: most, Expires: g.now().Add(challengeLife).UnixMilli()}
	s.Target = s.hash(number.String())
	content, err := json.Marshal(s)
	if err != nil {
		return Challenge{}, err
	}
	text := base64.RawURLEncoding.EncodeToString(content)
	token := text + "." + base64.RawURLEncoding.EncodeToString(g.vault.Index(macPurpose, text))
	return Challenge{"SHA-256", s.Salt, s.Target, most, token, time.UnixMilli(s.Expires).UTC()}, nil
}

func (s signed) hash(number string) string {
	sum := sha256.Sum256([]byte(s.Salt + number))
	return hex.EncodeToString(sum[:])
}

// solved reads a solution of a challenge of ours that has not expired and asked for so much work at least; nil otherwise.
func (g *Guard) solved(solution string, work int) *signed {
	token, number, ok := strings.Cut(solution, ":")
	if !ok || len(solution) > 1000 {
		return nil
	}
	text, mac, _ := strings.Cut(token, ".")
	given, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !hmac.Equal(given, g.vault.Index(macPurpose, text)) {
		return nil
	}
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	var s signed
	if err := json.Unmarshal(content, &s); err != nil || s.Most < work || s.Expires <= g.now().UnixMilli() {
		return nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || s.hash(strconv.Itoa(n)) != s.Target {
		return nil
	}
	return &s
}

// use ends a solution, and reports whether it is this request's: another one's has been used up.
func (g *Guard) use(ctx context.Context, s *signed, requestID string) (mine bool, err error) {
	result, err := g.db.Exec(ctx, `INSERT INTO captchas (id, request_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
		s.ID, requestID, s.Expires)
	if err != nil {
		return false, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return n == 1, err
	}
	err = g.db.QueryRow(ctx, `SELECT request_id = $1 FROM captchas WHERE id = $2`, requestID, s.ID).Scan(&mine)
	return mine, err
}
