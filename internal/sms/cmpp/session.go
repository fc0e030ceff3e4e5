package cmpp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// session is one line from CONNECT to its end.
type session struct {
	conn    net.Conn
	version Version
	timing  Timing
	window  chan struct{} // a place for each SUBMIT that stands unanswered
	reports chan PDU      // DELIVERs that wait for us
	ended   chan struct{}
	heard   atomic.Int64 // when the carrier last said something, in nanoseconds since 1970
	useful  atomic.Bool  // it has answered something after CONNECT

	writing  sync.Mutex
	sequence uint32

	mu      sync.Mutex
	pending map[uint32]waiting
	failure error
}

type waiting struct {
	answer chan PDU
	since  time.Time
}

var (
	errTerminated = errors.New("cmpp: the carrier ended the line")
	errNotSent    = errors.New("cmpp: the line ended before anything was sent")
)

// openSession logs in on a fresh connection. It closes the connection when that fails.
func openSession(ctx context.Context, conn net.Conn, c Config) (*session, error) {
	s := &session{
		conn: conn, version: c.Version, timing: c.Timing, window: make(chan struct{}, c.Window), reports: make(chan PDU, 4*c.Window),
		ended: make(chan struct{}), pending: map[uint32]waiting{},
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	reader := bufio.NewReader(conn)
	err := s.login(reader, c)
	if err == nil && !stop() {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	s.hear()
	go s.read(reader)
	go s.keep()
	return s, nil
}

func (s *session) login(r *bufio.Reader, c Config) error {
	if err := s.conn.SetDeadline(time.Now().Add(s.timing.Timeout)); err != nil {
		return err
	}
	timestamp := TimestampAt(time.Now())
	body := ConnectBody{Source: c.Account, Authenticator: Authenticate(c.Account, c.Secret, timestamp), Version: c.Version, Timestamp: timestamp}
	if err := s.request(Connect, body.Bytes(), nil); err != nil {
		return err
	}
	p, err := Read(r)
	if err != nil {
		return err
	}
	if p.Command != Connect.Answer() {
		return fmt.Errorf("cmpp: CONNECT was answered by command %x", uint32(p.Command))
	}
	answer, err := ParseConnectAnswer(p.Body)
	if err != nil {
		return err
	}
	if answer.Status != 0 {
		return fmt.Errorf("cmpp: the carrier refused the line: %s", connectStatus(answer.Status))
	}
	return nil
}

// read takes everything that the carrier says, until the line ends.
func (s *session) read(r *bufio.Reader) {
	for {
		p, err := Read(r)
		if err != nil {
			s.end(fmt.Errorf("cmpp: the line dropped: %w", err))
			return
		}
		s.hear()
		switch p.Command {
		case Submit.Answer(), Terminate.Answer():
			s.useful.Store(true)
			s.resolve(p)
		case ActiveTest.Answer():
			s.useful.Store(true)
		case ActiveTest:
			err = s.write(PDU{Command: ActiveTest.Answer(), Sequence: p.Sequence, Body: []byte{0}})
		case Terminate:
			_ = s.write(PDU{Command: Terminate.Answer(), Sequence: p.Sequence})
			err = errTerminated
		case Deliver:
			select {
			case s.reports <- p:
			default: // more than a carrier may leave unanswered; it brings this one again
			}
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}

// keep tests a line on which nothing is heard, and ends one that is dead: the carrier answers no test, or no SUBMIT.
func (s *session) keep() {
	tick := time.NewTicker(s.timing.Timeout / 4)
	defer tick.Stop()
	for tests := 0; ; {
		select {
		case <-s.ended:
			return
		case <-tick.C:
		}
		if s.unanswered() {
			s.end(fmt.Errorf("cmpp: a SUBMIT stood unanswered for %s", s.timing.Timeout))
			return
		}
		idle := time.Since(time.Unix(0, s.heard.Load()))
		switch {
		case idle < s.timing.ActiveEvery:
			tests = 0
		case idle < s.timing.ActiveEvery+time.Duration(tests)*s.timing.Timeout: // the latest test may still be answered
		case tests == s.timing.ActiveTries:
			s.end(fmt.Errorf("cmpp: %d active tests stood unanswered", tests))
			return
		default:
			tests++
			if err := s.request(ActiveTest, nil, nil); err != nil {
				s.end(err)
				return
			}
		}
	}
}

func (s *session) unanswered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.pending {
		if time.Since(w.since) > s.timing.Timeout {
			return true
		}
	}
	return false
}

// submit sends a SUBMIT when the window has a place, and waits for the answer. A caller who leaves earlier leaves the
// place taken, for the carrier counts it until it answers. errNotSent means that the carrier cannot have the message.
func (s *session) submit(ctx context.Context, body []byte) (PDU, error) {
	select {
	case s.window <- struct{}{}:
	case <-ctx.Done():
		return PDU{}, ctx.Err()
	case <-s.ended:
		return PDU{}, errNotSent
	}
	if err := ctx.Err(); err != nil {
		<-s.window
		return PDU{}, err
	}
	answer := make(chan PDU, 1)
	if err := s.request(Submit, body, answer); err != nil {
		s.end(err)
		return PDU{}, err
	}
	select {
	case p := <-answer:
		return p, nil
	case <-ctx.Done():
		return PDU{}, ctx.Err()
	case <-s.ended:
		select {
		case p := <-answer: // it came just before the end
			return p, nil
		default:
			return PDU{}, s.reason()
		}
	}
}

// request writes a unit under the next sequence number, whose answer goes to answer unless that is nil.
func (s *session) request(command Command, body []byte, answer chan PDU) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.sequence++
	if answer != nil {
		s.mu.Lock()
		s.pending[s.sequence] = waiting{answer, time.Now()}
		s.mu.Unlock()
	}
	return s.writeLocked(PDU{Command: command, Sequence: s.sequence, Body: body})
}

func (s *session) write(p PDU) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.writeLocked(p)
}

func (s *session) writeLocked(p PDU) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timing.Timeout)); err != nil {
		return err
	}
	_, err := s.conn.Write(p.Bytes())
	return err
}

func (s *session) resolve(p PDU) {
	s.mu.Lock()
	w, ok := s.pending[p.Sequence]
	delete(s.pending, p.Sequence)
	s.mu.Unlock()
	if !ok {
		return
	}
	w.answer <- p
	if p.Command == Submit.Answer() {
		<-s.window
	}
}

// terminate takes leave, and ends the line when the carrier has answered or ctx ends.
func (s *session) terminate(ctx context.Context) {
	answer := make(chan PDU, 1)
	if s.request(Terminate, nil, answer) == nil {
		select {
		case <-answer:
		case <-ctx.Done():
		case <-s.ended:
		}
	}
	s.end(errClosed)
}

// end closes the line; the first reason stays.
func (s *session) end(reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		s.failure = reason
		close(s.ended)
		_ = s.conn.Close()
	}
}

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

func (s *session) hear() { s.heard.Store(time.Now().UnixNano()) }
