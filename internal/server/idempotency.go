package server

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/lookup"
	"caotang/internal/retention"
)

// A POST with an Idempotency-Key is done once: a repeat, also one that arrives while the first still runs, gets the
// first one's answer (F-02). Only successes are kept: after a failure the same key may try again, with a mended body.
const (
	idempotencyHeader  = "Idempotency-Key"
	maxIdempotencyKey  = 128
	keepAnswersFor     = 24 * time.Hour
	abandonedAfter     = time.Minute // a first request that has not answered by then died with its process
	waitForFirst       = 20 * time.Second
	askAgainAfter      = 50 * time.Millisecond
	idempotencyPurpose = "idempotency"
)

var errKeyReused = fault.Define(fault.Invalid, "idempotency_key_reused")

type keptAnswer struct {
	Status int
	Header http.Header
	Body   []byte
}

func (s *Server) idempotent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get(idempotencyHeader)
		if r.Method != http.MethodPost || key == "" || !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		if len(key) > maxIdempotencyKey {
			s.writeProblem(w, r, fault.ErrInvalid.New(fault.Field(idempotencyHeader, "too_long")))
			return
		}
		requestKey := s.Vault.Index(idempotencyPurpose, s.keyOwner(r)+"\n"+r.URL.RequestURI()+"\n"+key)
		var content string
		if b, ok := r.Body.(*body); ok {
			content = string(b.content)
		} // an upload is known by its key alone
		s.answerOnce(w, r, next, requestKey, s.Vault.Index(idempotencyPurpose, content))
	})
}

// keyOwner is whose keys count together: a session's, so that nobody gets at another's answer by guessing its key. What
// anyone may call belongs to nobody: a registration's answer brings the cookie of a session, and its repeat, which comes with
// that cookie, is the same request still. There the body, which must be the same, guards the answer.
func (s *Server) keyOwner(r *http.Request) string {
	for _, op := range s.operations {
		if op.Rule == Anyone && op.Method == r.Method && op.Path == r.URL.Path {
			return ""
		}
	}
	return tokenOf(r)
}

func (s *Server) answerOnce(w http.ResponseWriter, r *http.Request, next http.Handler, requestKey, bodyHash []byte) {
	ctx := r.Context()
	for deadline := time.Now().Add(waitForFirst); ; {
		first, err := s.claimKey(ctx, requestKey, bodyHash)
		if err != nil {
			s.writeProblem(w, r, err)
			return
		}
		if first {
			break
		}
		kept, err := s.keptAnswer(ctx, requestKey, bodyHash)
		if err != nil {
			s.writeProblem(w, r, err)
			return
		}
		if kept != nil {
			for name, values := range kept.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(kept.Status)
			_, _ = w.Write(kept.Body)
			return
		}
		if time.Now().After(deadline) {
			s.writeProblem(w, r, fault.ErrBusy.New(fault.RetryAfter(2*time.Second)))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(askAgainAfter):
		}
	}
	recorded := &recorder{ResponseWriter: w, before: w.Header().Clone()}
	kept := false
	defer func() {
		if !kept { // failed, or panicked: the key is free again
			now, before := s.Vault.Asked(requestKey)
			_, _ = s.DB.Exec(context.WithoutCancel(ctx), `DELETE FROM idempotency_keys WHERE request_key IN ($1, $2)`, now, before)
		}
	}()
	// The work goes on when the client hangs up, so that its repeat finds the answer.
	next.ServeHTTP(recorded, r.WithContext(context.WithoutCancel(ctx)))
	if recorded.status < 200 || recorded.status > 299 {
		return
	}
	if err := s.keepAnswer(context.WithoutCancel(ctx), requestKey, recorded); err != nil {
		s.log.Error("keeping an answer for repeats", "error", err)
		return
	}
	kept = true
}

// claimKey reports whether this request is the first with its key.
func (s *Server) claimKey(ctx context.Context, requestKey, bodyHash []byte) (first bool, err error) {
	if !s.Vault.Moves(requestKey) {
		return claimKey(ctx, s.DB, requestKey, bodyHash)
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		key, err := lookup.Claim(ctx, tx, s.Vault, lookup.Requests, requestKey)
		if err != nil {
			return err
		}
		content, err := lookup.Value(ctx, tx, s.Vault, bodyHash)
		if err != nil {
			return err
		}
		first, err = claimKey(ctx, tx, key, content)
		return err
	})
	return first, err
}

func claimKey(ctx context.Context, q db.Querier, requestKey, bodyHash []byte) (first bool, err error) {
	now := db.Now()
	return db.Changed(q.Exec(ctx, `INSERT INTO idempotency_keys (request_key, body_hash, status, created_at) VALUES ($1, $2, 0, $3)
		ON CONFLICT (request_key) DO UPDATE SET body_hash = excluded.body_hash, created_at = excluded.created_at, status = 0
		WHERE idempotency_keys.created_at < $4 OR (idempotency_keys.status = 0 AND idempotency_keys.created_at < $5)`,
		requestKey, bodyHash, now, db.At(now.Add(-keepAnswersFor)), db.At(now.Add(-abandonedAfter))))
}

// keptAnswer gives the first request's answer, or nil while it still runs.
func (s *Server) keptAnswer(ctx context.Context, requestKey, bodyHash []byte) (*keptAnswer, error) {
	var status int
	var hash, sealed []byte
	key, keyBefore := s.Vault.Asked(requestKey)
	err := s.DB.QueryRow(ctx, `SELECT status, body_hash, answer FROM idempotency_keys WHERE request_key IN ($1, $2)`, key, keyBefore).
		Scan(&status, &hash, &sealed)
	if errors.Is(err, sql.ErrNoRows) { // the first has just failed: claim again
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if body, bodyBefore := s.Vault.Asked(bodyHash); !bytes.Equal(hash, body) && !bytes.Equal(hash, bodyBefore) {
		return nil, errKeyReused.New(fault.Next("retry", ""))
	}
	if status == 0 {
		return nil, nil
	}
	plain, err := s.Vault.Open(idempotencyPurpose, sealed)
	if err != nil {
		return nil, err
	}
	kept := &keptAnswer{}
	return kept, json.Unmarshal([]byte(plain), kept)
}

// keepAnswer stores the answer sealed, for it may hold a session token.
func (s *Server) keepAnswer(ctx context.Context, requestKey []byte, recorded *recorder) error {
	header := http.Header{}
	for name, values := range recorded.Header() {
		if _, common := recorded.before[name]; !common {
			header[name] = values
		}
	}
	plain, err := json.Marshal(keptAnswer{recorded.status, header, recorded.content.Bytes()})
	if err != nil {
		return err
	}
	now, before := s.Vault.Asked(requestKey)
	_, err = s.DB.Exec(ctx, `UPDATE idempotency_keys SET status = $1, answer = $2 WHERE request_key IN ($3, $4)`,
		recorded.status, s.Vault.Seal(idempotencyPurpose, string(plain)), now, before)
	return err
}

// ForgetAnswers removes answers that are too old to be asked for again. Call it now and then.
func (s *Server) ForgetAnswers(ctx context.Context) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM idempotency_keys WHERE created_at < $1`, db.At(time.Now().Add(-keepAnswersFor)))
	return err
}

type recorder struct {
	http.ResponseWriter
	before  http.Header
	status  int
	content bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.content.Write(p)
	return r.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Retention tells for how long answers are kept.
func (s *Server) Retention(ctx context.Context) ([]retention.Rule, error) {
	r, err := retention.Check(ctx, s.DB, "answers", keepAnswersFor, keepAnswersFor, time.Now(), `SELECT count(*) FROM idempotency_keys WHERE created_at < $1`)
	return []retention.Rule{r}, err
}
