package recovery

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
)

// Copy is which document a copy is of.
type Copy string

// The copies that are asked for.
const (
	IDCard      Copy = "id_card"
	Certificate Copy = "certificate" // of a teacher; of a pupil the student card
)

var copies = []Copy{IDCard, Certificate}

const maxCopy = 10 << 20 // bytes

// Receive takes a copy, in place of one that was sent before. Errors: payload_too_large, copy_unsupported with the reason,
// recovery_closed once the request has been handed in.
func (s *Service) Receive(ctx context.Context, number string, name Copy, in io.Reader) (Status, error) {
	r, err := s.byNumber(ctx, s.db, number)
	if err != nil {
		return Status{}, err
	}
	if !slices.Contains(copies, name) {
		return Status{}, fault.ErrInvalid.New(fault.Field("copy", "not_allowed"))
	}
	if r.state != Collecting {
		return Status{}, errClosed.New()
	}
	content, err := io.ReadAll(io.LimitReader(in, maxCopy+1))
	if err != nil {
		return Status{}, server.UploadError(err)
	}
	if len(content) > maxCopy {
		return Status{}, fault.ErrTooLarge.New(fault.Field("file", "copy_too_big"), fault.Arg("limit", "10 MB"))
	}
	clean, mediaType, err := s.purify(ctx, content)
	if err != nil {
		return Status{}, err
	}
	id, err := s.files.Put(bytes.NewReader(clean))
	if err != nil {
		return Status{}, err
	}
	status, err := s.change(ctx, number, func(tx *db.Tx, r row) error { return s.keep(ctx, tx, r, name, id, mediaType) })
	if err != nil {
		return Status{}, errors.Join(err, s.files.Remove(id))
	}
	return status, nil
}

// purify waits for its turn: pictures take much memory while they are open.
func (s *Service) purify(ctx context.Context, content []byte) (clean []byte, mediaType string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, fault.ErrBusy.New(fault.RetryAfter(5*time.Second)))
	defer cancel()
	select {
	case s.decoding <- struct{}{}:
	case <-ctx.Done():
		return nil, "", context.Cause(ctx)
	}
	defer func() { <-s.decoding }()
	return purify(content)
}

// keep puts a copy that lies on disk into the request, and removes the one before.
func (s *Service) keep(ctx context.Context, tx *db.Tx, r row, name Copy, id, mediaType string) error {
	if err := s.move(ctx, tx, r.id, Collecting, Collecting); err != nil { // whoever hands in at the same moment waits
		return err
	}
	for _, before := range r.copies {
		if before.name == name {
			tx.AfterCommit(func() { _ = s.files.Remove(before.blobID) }) // what stays, the next sweep removes
		}
	}
	if _, err := tx.Exec(ctx, `INSERT INTO recovery_copies (recovery_id, copy, blob_id, media_type, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (recovery_id, copy) DO UPDATE SET blob_id = excluded.blob_id, media_type = excluded.media_type, created_at = excluded.created_at`,
		r.id, string(name), id, mediaType, db.At(s.now())); err != nil {
		return err
	}
	return s.record(ctx, tx, r, "recovery.receive", "", map[string]any{"copy": name})
}

// erase removes the copies of a request, and where it came from.
func (s *Service) erase(ctx context.Context, tx *db.Tx, r row) error {
	for _, table := range []string{"recovery_copies", "recovery_looks"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE recovery_id = $1`, r.id); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE recoveries SET erased_at = $1, address = '' WHERE id = $2`, db.At(s.now()), r.id); err != nil {
		return err
	}
	if len(r.copies) == 0 {
		return nil
	}
	for _, c := range r.copies {
		tx.AfterCommit(func() { _ = s.files.Remove(c.blobID) }) // what stays, the next sweep removes
	}
	return s.record(ctx, tx, r, "recovery.erase", "", map[string]any{"copies": len(r.copies)})
}
