// Package cmpp sends messages over a line to a carrier's gateway by China Mobile's point-to-point protocol, CMPP 2.0 or
// 3.0: what is sent is answered within a window, and reports come back over the same line. The units of the protocol are
// exported for the simulator of a carrier.
package cmpp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"caotang/internal/sms"
)

// Name is the gateway's in receipts, reports and settings.
const Name = "cmpp"

// Config is an account with a carrier.
type Config struct {
	Address string // host:port; carriers listen on 7890
	Account string // 6 characters
	Secret  string
	Version Version // V20 when 0
	Service string  // the service's code, at most 10 characters
	Sender  string  // the number that phones show, at most 21 digits
	FeeUser byte    // who pays: 2, the sender, when 0
	FeeType string  // 01, free to the receiver, when empty
	FeeCode string  // 000000 when empty
	Window  int     // how many messages may stand unanswered; 16 when 0
	Timing  Timing
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // over TCP when nil
	Log     *slog.Logger                                                         // none when nil
}

// Timing is when a silent line is tested, when it is given up, and when it is tried anew. Zeros stand for the protocol's
// own values.
type Timing struct {
	ActiveEvery time.Duration // silence before a test; 3 min
	Timeout     time.Duration // for an answer; 60 s
	ActiveTries int           // tests before the line is given up; 3
	Backoff     time.Duration // the first pause between two attempts, doubled up to a minute; 1 s
}

const (
	longestBackoff = time.Minute
	farewell       = 2 * time.Second
)

// Client is a line to a carrier: an [sms.Gateway] and an [sms.Reporter]. The line is opened when it is first needed, and
// anew whenever it drops, until Close.
type Client struct {
	config    Config
	reference atomic.Uint32 // of long messages
	open      sync.Once
	stop      context.CancelFunc
	life      context.Context //nolint:containedctx // the line's, which outlives every call
	done      chan struct{}

	mu      sync.Mutex
	session *session
	failure error         // why there is no line; nil while it may be there any moment
	changed chan struct{} // closed at the next change
	take    func(context.Context, sms.Report) error
	taker   chan struct{} // closed when take is there
}

var errClosed = errors.New("cmpp: closed")

// New makes a client. It does not call.
func New(c Config) *Client {
	c.Version = cmp.Or(c.Version, V20)
	c.FeeUser, c.FeeType, c.FeeCode = cmp.Or(c.FeeUser, 2), cmp.Or(c.FeeType, "01"), cmp.Or(c.FeeCode, "000000")
	c.Window = cmp.Or(c.Window, 16)
	c.Timing.ActiveEvery = cmp.Or(c.Timing.ActiveEvery, 3*time.Minute)
	c.Timing.Timeout = cmp.Or(c.Timing.Timeout, time.Minute)
	c.Timing.ActiveTries = cmp.Or(c.Timing.ActiveTries, 3)
	c.Timing.Backoff = cmp.Or(c.Timing.Backoff, time.Second)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	}
	life, stop := context.WithCancel(context.Background())
	return &Client{
		config: c, life: life, stop: stop, done: make(chan struct{}), changed: make(chan struct{}), taker: make(chan struct{}),
	}
}

// Send implements [sms.Gateway]. While there is no line it waits for one that was just lost, and fails at once when the
// carrier could not be reached.
func (c *Client) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return sms.Receipt{}, err
	}
	parts, udhi := Split(m.Text, byte(c.reference.Add(1)))
	if len(parts) > 255 {
		return sms.Receipt{}, &sms.Rejected{Reason: sms.ReasonContent}
	}
	receipt := sms.Receipt{Gateway: Name}
	for i, part := range parts {
		body := SubmitBody{
			Total: byte(len(parts)), Number: byte(i + 1), Report: true, Service: c.config.Service, FeeUser: c.config.FeeUser,
			UDHI: udhi, Format: FormatUCS2, Source: c.config.Account, FeeType: c.config.FeeType, FeeCode: c.config.FeeCode,
			Sender: c.config.Sender, Phones: []string{m.Phone}, Content: part,
		}
		p, err := c.submit(ctx, body.Bytes(c.config.Version))
		if err != nil {
			return sms.Receipt{}, err
		}
		answer, err := ParseMessageAnswer(c.config.Version, p.Body)
		if err != nil {
			return sms.Receipt{}, err
		}
		if err := submitError(answer.Result); err != nil {
			return sms.Receipt{}, err
		}
		receipt.References = append(receipt.References, referenceOf(answer.ID))
	}
	return receipt, nil
}

// submit sends over the line of the moment, or over the next when that had ended before anything was written.
func (c *Client) submit(ctx context.Context, body []byte) (PDU, error) {
	for {
		s, err := c.line(ctx)
		if err != nil {
			return PDU{}, err
		}
		p, err := s.submit(ctx, body)
		if !errors.Is(err, errNotSent) {
			return p, err
		}
	}
}

func referenceOf(id uint64) string { return fmt.Sprintf("%016x", id) }

// Listen implements [sms.Reporter].
func (c *Client) Listen(ctx context.Context, take func(context.Context, sms.Report) error) {
	c.start()
	c.mu.Lock()
	c.take = take
	close(c.taker)
	c.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-c.life.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.take, c.taker = nil, make(chan struct{})
}

// Close takes leave of the carrier. What is on its way is lost, though the carrier may have it.
func (c *Client) Close() error {
	c.stop()
	c.open.Do(func() { close(c.done) }) // where there never was a line
	<-c.done
	return nil
}

func (c *Client) start() { c.open.Do(func() { go c.run() }) }

// line gives the line, when there is one or will be soon.
func (c *Client) line(ctx context.Context) (*session, error) {
	c.start()
	for {
		c.mu.Lock()
		s, failure, changed := c.session, c.failure, c.changed
		c.mu.Unlock()
		if failure != nil {
			return nil, failure
		}
		if s != nil && s.reason() == nil {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.life.Done():
			return nil, errClosed
		}
	}
}

func (c *Client) set(s *session, failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session, c.failure = s, failure
	close(c.changed)
	c.changed = make(chan struct{})
}

// run keeps the line until Close. A line that was of use is opened anew at once; after attempts that came to nothing
// there are pauses, which grow, and vary so that the clients of a carrier do not come back all at once.
func (c *Client) run() {
	defer close(c.done)
	defer c.set(nil, errClosed)
	for failures := 0; c.life.Err() == nil; {
		s, err := c.connect()
		if err == nil {
			c.config.Log.Info("sms line opened", "gateway", Name, "address", c.config.Address)
			c.set(s, nil)
			err = c.serve(s)
			if s.useful.Load() {
				failures = 0
			}
		}
		if c.life.Err() != nil {
			return
		}
		failures++
		c.config.Log.Warn("sms line lost", "gateway", Name, "address", c.config.Address, "failures", failures, "error", err)
		if failures < 2 {
			c.set(nil, nil)
			continue
		}
		c.set(nil, fmt.Errorf("no line to the carrier: %w", err))
		pause := min(c.config.Timing.Backoff<<min(failures-2, 10), longestBackoff)
		timer := time.NewTimer(pause - pause/4 + rand.N(pause/2+1)) //nolint:gosec // nothing secret
		select {
		case <-timer.C:
		case <-c.life.Done():
			timer.Stop()
		}
	}
}

func (c *Client) connect() (*session, error) {
	conn, err := c.config.Dial(c.life, "tcp", c.config.Address)
	if err != nil {
		return nil, err
	}
	return openSession(c.life, conn, c.config)
}

// serve answers what the carrier brings until the line ends or the client is closed.
func (c *Client) serve(s *session) error {
	for {
		select {
		case <-c.life.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(c.life), farewell)
			defer cancel()
			s.terminate(ctx)
			return errClosed
		case <-s.ended:
			return s.reason()
		case p := <-s.reports:
			if err := c.delivered(s, p); err != nil {
				c.config.Log.Warn("sms report not taken", "gateway", Name, "error", err)
			}
		}
	}
}

// delivered hands a report on, and tells the carrier that it was taken. What phones send us goes nowhere.
func (c *Client) delivered(s *session, p PDU) error {
	d, err := ParseDeliver(s.version, p.Body)
	if err != nil {
		return err
	}
	if d.IsReport {
		status, err := ParseStatus(d.Content)
		if err != nil {
			return err
		}
		report := sms.Report{Gateway: Name, Reference: referenceOf(status.ID), Delivered: status.State == "DELIVRD"}
		if !report.Delivered {
			report.Reason, report.Code = sms.CarrierReason(status.State), status.State
		}
		if !pending(status.State) {
			if err := c.handOn(s, report); err != nil {
				return err
			}
		}
	}
	return s.write(PDU{Command: Deliver.Answer(), Sequence: p.Sequence, Body: MessageAnswer{ID: d.ID}.Bytes(s.version)})
}

// handOn waits for somebody who takes reports.
func (c *Client) handOn(s *session, r sms.Report) error {
	for {
		c.mu.Lock()
		take, taker := c.take, c.taker
		c.mu.Unlock()
		if take != nil {
			return take(c.life, r)
		}
		select {
		case <-taker:
		case <-s.ended:
			return s.reason()
		case <-c.life.Done():
			return errClosed
		}
	}
}
