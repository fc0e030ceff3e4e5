// Package simulator plays the carriers: the server's side of CMPP 2.0 and 3.0, and of Aliyun's and Tencent's SMS services,
// on real sockets. It checks signatures as they do, remembers what reached which phone, and misbehaves as it is told.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"caotang/internal/sms/aliyun"
	"caotang/internal/sms/cmpp"
	"caotang/internal/sms/tencent"
)

// Config is what the carriers know of their one customer.
type Config struct {
	CMPP    string // address to listen on; empty for a free port of 127.0.0.1
	HTTP    string // likewise
	Account string // of CMPP
	Secret  string
	Aliyun  aliyun.Credential
	Tencent tencent.Credential

	// Templates are the approved texts of both HTTP services by their ids, with variables as ${name} at Aliyun and {1} at
	// Tencent. Nil approves everything.
	Templates map[string]string

	Repeat  time.Duration // after which an unanswered report is brought again; 60 s when 0
	Arrived func(Arrival) // called for every message that reaches a phone; may be nil
}

// Arrival is a message that reached a phone.
type Arrival struct {
	Carrier, Phone, Text string
}

// Behaviour is how the carriers treat their customer. The zero value is good.
type Behaviour struct {
	Delay       time.Duration     `json:"delay,omitempty"`        // before every answer, in nanoseconds
	Throttle    bool              `json:"throttle,omitempty"`     // refuse every message for now
	Refuse      map[string]string `json:"refuse,omitempty"`       // phones, with the code to refuse them by; "" for the usual one
	Limit       map[string]bool   `json:"limit,omitempty"`        // phones that have had as many messages as the HTTP services allow
	Report      map[string]string `json:"report,omitempty"`       // phones, with the state to report instead of DELIVRD
	LoseReports bool              `json:"lose_reports,omitempty"` // never tell what became of a message
	ReportFirst bool              `json:"report_first,omitempty"` // CMPP: report before answering
	DropEvery   int               `json:"drop_every,omitempty"`   // drop the line instead of answering every so many messages
	Deaf        bool              `json:"deaf,omitempty"`         // CMPP: answer nothing, with the line open
}

// Simulator is the carriers at work.
type Simulator struct {
	config Config
	line   net.Listener
	web    *http.Server
	webAt  net.Addr
	work   sync.WaitGroup

	mu        sync.Mutex
	behaviour Behaviour
	arrived   map[string][]string // texts by phone
	counted   int                 // messages asked to be sent
	sequence  uint64
	lines     map[*line]struct{}
	opened    chan struct{} // closed when a line is opened or ends
	undone    []report      // reports of lines that ended before they were answered
	parts     map[string][][]byte
	busiest   int // most messages unanswered at once on one line
	taken     map[string]*taken
	nonces    map[string]bool
	closed    bool
}

// Start starts the carriers. Close ends them.
func Start(c Config) (*Simulator, error) {
	if c.CMPP == "" {
		c.CMPP = "127.0.0.1:0"
	}
	if c.HTTP == "" {
		c.HTTP = "127.0.0.1:0"
	}
	if c.Repeat == 0 {
		c.Repeat = time.Minute
	}
	listen := net.ListenConfig{}
	lines, err := listen.Listen(context.Background(), "tcp", c.CMPP)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	web, err := listen.Listen(context.Background(), "tcp", c.HTTP)
	if err != nil {
		_ = lines.Close()
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s := &Simulator{
		config: c, line: lines, webAt: web.Addr(), arrived: map[string][]string{}, lines: map[*line]struct{}{}, opened: make(chan struct{}),
		parts: map[string][][]byte{}, taken: map[string]*taken{}, nonces: map[string]bool{},
	}
	s.web = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { _ = s.web.Serve(web) })
	s.work.Go(s.accept)
	return s, nil
}

// CMPPAddress is where CMPP is spoken, host:port.
func (s *Simulator) CMPPAddress() string { return s.line.Addr().String() }

// URL is the endpoint of both HTTP services.
func (s *Simulator) URL() string { return "http://" + s.webAt.String() }

// Behave changes how the carriers treat their customer from now on.
func (s *Simulator) Behave(change func(*Behaviour)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.behaviour)
}

// Arrived lists the texts that reached a phone, the oldest first.
func (s *Simulator) Arrived(phone string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.arrived[phone]...)
}

// Busiest is how many messages stood unanswered at once on one line, at most.
func (s *Simulator) Busiest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busiest
}

// DropLines cuts every line, as a broken cable does.
func (s *Simulator) DropLines() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.lines {
		_ = l.conn.Close()
	}
}

// AwaitLines waits until so many lines are logged in, or ctx ends.
func (s *Simulator) AwaitLines(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		now, changed := len(s.lines), s.opened
		s.mu.Unlock()
		if now == n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close ends the carriers and every line.
func (s *Simulator) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := errors.Join(s.line.Close(), s.web.Close())
	s.DropLines()
	s.work.Wait()
	return err
}

// verdict is what becomes of one message that somebody asks to send.
type verdict struct {
	Behaviour
	drop    bool
	refused bool
	code    string // to refuse by; may be empty
	state   string // to report
}

func (s *Simulator) judge(phone string) verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted++
	v := verdict{Behaviour: s.behaviour, state: "DELIVRD"}
	v.drop = v.DropEvery > 0 && s.counted%v.DropEvery == 0
	v.code, v.refused = v.Refuse[phone]
	if state, ok := v.Report[phone]; ok {
		v.state = state
	}
	return v
}

func (s *Simulator) arrive(carrier, phone, text string) {
	s.mu.Lock()
	s.arrived[phone] = append(s.arrived[phone], text)
	s.mu.Unlock()
	if s.config.Arrived != nil {
		s.config.Arrived(Arrival{carrier, phone, text})
	}
}

// template gives the approved text for an id with these variables.
func (s *Simulator) template(id string, variables []string) (text string, known bool) {
	if s.config.Templates == nil {
		return id + " " + strings.Join(variables, " "), true
	}
	text, known = s.config.Templates[id]
	return text, known
}

// newID numbers a message as carriers do: the time, the gateway, a sequence that comes round.
func (s *Simulator) newID() uint64 {
	const gateway = 2800
	stamp := uint64(cmpp.TimestampAt(time.Now()))
	month, day, hour, minute, second := stamp/1e8, stamp/1e6%100, stamp/1e4%100, stamp/100%100, stamp%100
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequence++
	return month<<60 | day<<55 | hour<<50 | minute<<44 | second<<38 | gateway<<16 | s.sequence&0xffff
}
