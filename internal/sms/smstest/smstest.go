// Package smstest holds what tests of messages need: the suite that every gateway passes, and a gateway that tests read.
package smstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/sms"
)

// Subject is a gateway under test, with its carrier or the simulator of one.
type Subject struct {
	Gateway sms.Gateway
	Arrived func(phone string) []string // the texts that reached a phone
	Congest func()                      // makes the carrier refuse for now; nil where that cannot happen
	Reject  func(phone string)          // makes the carrier refuse this phone for good; nil where that cannot happen
	Lose    func(phone string)          // makes the carrier report that nothing arrives at this phone; nil where nobody reports
}

// TestGateway holds a gateway against what [sms.Gateway] promises. fresh makes a subject that has sent nothing.
func TestGateway(t *testing.T, fresh func(t *testing.T) Subject) {
	const phone = "13880001234"
	message := func(text string) sms.Message {
		return sms.Message{ID: "m-" + text, Phone: phone, Purpose: sms.Register, Text: text, Code: "012345"}
	}
	for name, text := range map[string]string{
		"short":        "【草堂】验证码 012345",
		"long":         "【草堂】" + strings.Repeat("很长的通知", 40),
		"rare letters": "【草堂】𠮷田・😀・é",
	} {
		t.Run("delivers a text unaltered and once: "+name, func(t *testing.T) {
			s := fresh(t)
			if _, err := s.Gateway.Send(t.Context(), message(text)); err != nil {
				t.Fatal(err)
			}
			if got := s.Arrived(phone); len(got) != 1 || got[0] != text {
				t.Errorf("arrived: %q, want once %q", got, text)
			}
		})
	}
	t.Run("tells messages apart by their references, also when many are sent at once", func(t *testing.T) {
		s := fresh(t)
		const n = 20
		var mu sync.Mutex
		references := map[string]bool{}
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				receipt, err := s.Gateway.Send(t.Context(), message(fmt.Sprint(i)))
				if err != nil || len(receipt.References) != 1 || receipt.References[0] == "" {
					t.Errorf("message %d: references %q, error %v", i, receipt.References, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				references[receipt.References[0]] = true
			})
		}
		all.Wait()
		if len(references) != n || len(s.Arrived(phone)) != n {
			t.Errorf("%d references and %d texts, want %d of each", len(references), len(s.Arrived(phone)), n)
		}
	})
	t.Run("sends nothing after the end of the context", func(t *testing.T) {
		s := fresh(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Gateway.Send(ctx, message("late")); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want one that is context.Canceled", err)
		}
		if got := s.Arrived(phone); len(got) != 0 {
			t.Errorf("arrived all the same: %q", got)
		}
	})
	t.Run("says that it is congested", func(t *testing.T) {
		s := fresh(t)
		if s.Congest == nil {
			return // this gateway has no carrier that could be
		}
		s.Congest()
		_, err := s.Gateway.Send(t.Context(), message("busy"))
		if congested := (*sms.Congested)(nil); !errors.As(err, &congested) {
			t.Errorf("error %v, want a *sms.Congested", err)
		}
	})
	t.Run("tells what became of every part of a message", func(t *testing.T) { testReports(t, fresh) })
	t.Run("says that the carrier refused, in its words", func(t *testing.T) {
		s := fresh(t)
		if s.Reject == nil {
			return // this gateway has no carrier that could
		}
		s.Reject(phone)
		_, err := s.Gateway.Send(t.Context(), message("no"))
		if rejected := (*sms.Rejected)(nil); !errors.As(err, &rejected) || rejected.Words == "" {
			t.Errorf("error %v, want a *sms.Rejected with the carrier's words", err)
		}
	})
}

// testReports holds a gateway whose carrier reports against what [sms.Reporter] and [sms.Inquirer] promise.
func testReports(t *testing.T, fresh func(t *testing.T) Subject) {
	const phone, dead = "13880001234", "13880005678"
	s := fresh(t)
	if s.Lose == nil {
		return // nobody tells
	}
	s.Lose(dead)
	reports := make(chan sms.Report)
	ctx, cancel := context.WithCancel(t.Context())
	var listening sync.WaitGroup
	defer listening.Wait()
	defer cancel()
	if reporter, ok := s.Gateway.(sms.Reporter); ok {
		listening.Go(func() {
			reporter.Listen(ctx, func(ctx context.Context, r sms.Report) error {
				select {
				case reports <- r:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		})
	}
	for to, want := range map[string]bool{phone: true, dead: false} {
		for _, text := range []string{"short", strings.Repeat("很长的通知", 40)} {
			sent := time.Now()
			receipt, err := s.Gateway.Send(ctx, sms.Message{ID: "m", Phone: to, Purpose: sms.Register, Text: "【草堂】" + text, Code: "012345"})
			if err != nil {
				t.Fatal(err)
			}
			waiting := map[string]bool{}
			for _, reference := range receipt.References {
				waiting[reference] = true
			}
			for len(waiting) > 0 {
				var report sms.Report
				if receipt.AskAfter > 0 {
					var known bool
					report, known, err = s.Gateway.(sms.Inquirer).Inquire(ctx, sms.Inquiry{
						Gateway: receipt.Gateway, Reference: receipt.References[0], Phone: to, SentAt: sent,
					})
					if err != nil || !known {
						t.Fatalf("asked for a message that arrived: known %v, error %v", known, err)
					}
				} else {
					select {
					case report = <-reports:
					case <-time.After(30 * time.Second):
						t.Fatal("no report came")
					}
				}
				if report.Gateway == "" || report.Gateway != receipt.Gateway || !waiting[report.Reference] || report.Delivered != want {
					t.Errorf("to %s: report %+v of %+v, want delivered %v", to, report, receipt, want)
				}
				if !report.Delivered && (report.Reason == "" || report.Code == "") {
					t.Errorf("a report that does not say why: %+v", report)
				}
				delete(waiting, report.Reference)
			}
		}
	}
}

// Inbox is a gateway whose messages a test waits for, and whose answers a test decides.
type Inbox struct {
	mu      sync.Mutex
	arrived map[string][]sms.Message
	changed chan struct{}
	failure error
}

// NewInbox makes a gateway that takes everything.
func NewInbox() *Inbox {
	return &Inbox{arrived: map[string][]sms.Message{}, changed: make(chan struct{})}
}

// Fail makes every further message fail with err; nil takes everything again.
func (i *Inbox) Fail(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.failure = err
}

// Send implements [sms.Gateway].
func (i *Inbox) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := errors.Join(ctx.Err(), i.failure); err != nil {
		return sms.Receipt{}, err
	}
	i.arrived[m.Phone] = append(i.arrived[m.Phone], m)
	close(i.changed)
	i.changed = make(chan struct{})
	return sms.Receipt{References: []string{"inbox-" + m.ID}}, nil
}

// Messages lists what has arrived at a phone, the oldest first.
func (i *Inbox) Messages(phone string) []sms.Message {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]sms.Message(nil), i.arrived[phone]...)
}

// Await waits until a message arrives at the phone that fits, and gives the newest such.
func (i *Inbox) Await(t testing.TB, phone string, fits func(sms.Message) bool) sms.Message {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		i.mu.Lock()
		changed := i.changed
		i.mu.Unlock()
		all := i.Messages(phone)
		for n := len(all) - 1; n >= 0; n-- {
			if fits(all[n]) {
				return all[n]
			}
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("no such message arrived at %s; there are %d others", phone, len(all))
		}
	}
}

// Code waits for the message with this id and gives its code.
func (i *Inbox) Code(t testing.TB, phone, messageID string) string {
	t.Helper()
	return i.Await(t, phone, func(m sms.Message) bool { return m.ID == messageID }).Code
}
