package simulator

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"caotang/internal/sms/cmpp"
)

const window = 16 // reports that may stand unanswered on a line

// line is one customer's connection that has logged in.
type line struct {
	simulator *Simulator
	conn      net.Conn
	version   cmpp.Version
	gone      chan struct{}

	mu         sync.Mutex // guards what follows, and writing
	unanswered int        // messages of the customer's
	sequence   uint32
	queue      []report
	pending    map[uint32]*sentReport
}

type report struct {
	id    uint64
	phone string
	state string
}

type sentReport struct {
	report
	at time.Time
}

func (s *Simulator) accept() {
	for {
		conn, err := s.line.Accept()
		if err != nil {
			return
		}
		s.work.Go(func() {
			defer func() { _ = conn.Close() }()
			reader := bufio.NewReader(conn)
			if l := s.login(conn, reader); l != nil {
				l.serve(reader)
			}
		})
	}
}

// login answers CONNECT; nil when the customer may not.
func (s *Simulator) login(conn net.Conn, reader *bufio.Reader) *line {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	p, err := cmpp.Read(reader)
	if err != nil || p.Command != cmpp.Connect {
		return nil
	}
	_ = conn.SetReadDeadline(time.Time{})
	body, err := cmpp.ParseConnect(p.Body)
	var status uint32
	switch {
	case err != nil:
		status = 1
	case body.Source != s.config.Account:
		status = 2
	case body.Authenticator != cmpp.Authenticate(body.Source, s.config.Secret, body.Timestamp):
		status = 3
	case body.Version > cmpp.V30:
		status = 4
	}
	version := cmpp.V20
	if body.Version >= cmpp.V30 {
		version = cmpp.V30
	}
	l := &line{simulator: s, conn: conn, version: version, gone: make(chan struct{}), pending: map[uint32]*sentReport{}}
	s.mu.Lock()
	allowed := status == 0 && !s.closed
	if allowed {
		s.lines[l] = struct{}{}
		l.queue, s.undone = s.undone, nil
	}
	s.mu.Unlock()
	l.answer(p, cmpp.ConnectAnswer{Status: status, Version: version}.Bytes(version))
	if !allowed {
		return nil
	}
	s.lineChanged()
	return l
}

func (s *Simulator) lineChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.opened)
	s.opened = make(chan struct{})
}

// serve reads the line until it ends; reports that were not answered by then go to the next line.
func (l *line) serve(reader *bufio.Reader) {
	s := l.simulator
	defer s.lineChanged()
	defer l.leave()
	s.work.Go(l.repeat)
	l.bring()
	for {
		p, err := cmpp.Read(reader)
		if err != nil {
			return
		}
		s.mu.Lock()
		deaf := s.behaviour.Deaf
		s.mu.Unlock()
		if deaf {
			continue
		}
		switch p.Command {
		case cmpp.Submit:
			l.count(1)
			s.work.Go(func() { l.submit(p) })
		case cmpp.ActiveTest:
			l.answer(p, []byte{0})
		case cmpp.Terminate:
			l.answer(p, nil)
			return
		case cmpp.Deliver.Answer():
			if answer, err := cmpp.ParseMessageAnswer(l.version, p.Body); err == nil && answer.Result == 0 {
				l.mu.Lock()
				delete(l.pending, p.Sequence)
				l.mu.Unlock()
				l.bring()
			}
		}
	}
}

func (l *line) leave() {
	close(l.gone)
	_ = l.conn.Close()
	l.mu.Lock()
	undone := l.queue
	for _, r := range l.pending {
		undone = append(undone, r.report)
	}
	l.queue, l.pending = nil, map[uint32]*sentReport{}
	l.mu.Unlock()
	l.simulator.mu.Lock()
	defer l.simulator.mu.Unlock()
	delete(l.simulator.lines, l)
	l.simulator.undone = append(l.simulator.undone, undone...)
}

func (l *line) count(n int) {
	l.mu.Lock()
	l.unanswered += n
	now := l.unanswered
	l.mu.Unlock()
	l.simulator.mu.Lock()
	defer l.simulator.mu.Unlock()
	l.simulator.busiest = max(l.simulator.busiest, now)
}

// submit answers one message, and reports it.
func (l *line) submit(p cmpp.PDU) {
	body, err := cmpp.ParseSubmit(l.version, p.Body)
	if err != nil || len(body.Phones) != 1 || len(body.Content) > 140 {
		l.refuse(p, 1)
		return
	}
	phone := body.Phones[0]
	v := l.simulator.judge(phone)
	if v.Delay > 0 {
		timer := time.NewTimer(v.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-l.gone:
			return
		}
	}
	switch {
	case v.drop:
		_ = l.conn.Close()
		return
	case v.Throttle:
		l.refuse(p, cmpp.ResultFlow)
		return
	case v.refused:
		code := uint32(cmpp.ResultPhone)
		_, _ = fmt.Sscan(v.code, &code) // stays the usual one
		l.refuse(p, code)
		return
	}
	r := report{id: l.simulator.newID(), phone: phone, state: v.state}
	if v.state == "DELIVRD" {
		l.simulator.assemble(body, phone)
	}
	reports := body.Report && !v.LoseReports
	if reports && v.ReportFirst {
		l.report(r)
	}
	l.count(-1)
	l.answer(p, cmpp.MessageAnswer{ID: r.id}.Bytes(l.version))
	if reports && !v.ReportFirst {
		l.report(r)
	}
}

func (l *line) refuse(p cmpp.PDU, result uint32) {
	l.count(-1)
	l.answer(p, cmpp.MessageAnswer{Result: result}.Bytes(l.version))
}

// assemble puts the parts of a long message together, as a phone does.
func (s *Simulator) assemble(body cmpp.SubmitBody, phone string) {
	parts := [][]byte{body.Content}
	if body.UDHI {
		header := body.Content[:min(6, len(body.Content))]
		if len(header) < 6 || header[4] == 0 || header[5] == 0 || header[5] > header[4] {
			return
		}
		key := fmt.Sprintf("%s %d %d", phone, header[3], header[4])
		s.mu.Lock()
		if s.parts[key] == nil {
			s.parts[key] = make([][]byte, header[4])
		}
		s.parts[key][header[5]-1] = body.Content
		parts = s.parts[key]
		for _, part := range parts {
			if part == nil {
				s.mu.Unlock()
				return
			}
		}
		delete(s.parts, key)
		s.mu.Unlock()
	}
	s.arrive("cmpp", phone, cmpp.Join(parts, body.UDHI))
}

func (l *line) report(r report) {
	l.mu.Lock()
	l.queue = append(l.queue, r)
	l.mu.Unlock()
	l.bring()
}

// bring sends the reports that wait, as far as the window allows.
func (l *line) bring() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > 0 && len(l.pending) < window {
		r := l.queue[0]
		l.queue = l.queue[1:]
		l.sequence++
		l.pending[l.sequence] = &sentReport{r, time.Now()}
		l.deliverLocked(l.sequence, r)
	}
}

// repeat brings again what stands unanswered for too long.
func (l *line) repeat() {
	tick := time.NewTicker(l.simulator.config.Repeat)
	defer tick.Stop()
	for {
		select {
		case <-l.gone:
			return
		case <-tick.C:
		}
		l.mu.Lock()
		for sequence, r := range l.pending {
			if time.Since(r.at) >= l.simulator.config.Repeat {
				r.at = time.Now()
				l.deliverLocked(sequence, r.report)
			}
		}
		l.mu.Unlock()
	}
}

func (l *line) deliverLocked(sequence uint32, r report) {
	body := cmpp.DeliverBody{
		ID: r.id, Receiver: l.simulator.config.Account, Format: cmpp.FormatASCII, Phone: r.phone, IsReport: true,
		Content: cmpp.Status{ID: r.id, State: strings.ToUpper(r.state), Phone: r.phone}.Bytes(l.version),
	}
	l.writeLocked(cmpp.PDU{Command: cmpp.Deliver, Sequence: sequence, Body: body.Bytes(l.version)})
}

func (l *line) answer(p cmpp.PDU, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writeLocked(cmpp.PDU{Command: p.Command.Answer(), Sequence: p.Sequence, Body: body})
}

// writeLocked leaves a failure to the reader, who meets it too.
func (l *line) writeLocked(p cmpp.PDU) {
	_ = l.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, _ = l.conn.Write(p.Bytes())
}
