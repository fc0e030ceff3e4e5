package failover_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"caotang/internal/sms"
	"caotang/internal/sms/failover"
)

// scripted is a gateway whose answers a test decides.
type scripted struct {
	name string

	mu     sync.Mutex
	answer error
	hang   bool
	sent   int
	asked  int
}

func (s *scripted) set(answer error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *scripted) tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

func (s *scripted) Send(ctx context.Context, _ sms.Message) (sms.Receipt, error) {
	s.mu.Lock()
	s.sent++
	answer, hang := s.answer, s.hang
	s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return sms.Receipt{}, ctx.Err()
	}
	return sms.Receipt{Gateway: s.name, References: []string{"1"}}, answer
}

func (s *scripted) Inquire(context.Context, sms.Inquiry) (sms.Report, bool, error) {
	s.asked++
	return sms.Report{Gateway: s.name}, true, nil
}

var (
	errDown = errors.New("down")
	message = sms.Message{ID: "m", Phone: "13880001234", Text: "text"}
)

func pair() (*failover.Gateway, *scripted, *scripted) {
	first, second := &scripted{name: "first"}, &scripted{name: "second"}
	return failover.New([]failover.Member{{Name: "first", Gateway: first}, {Name: "second", Gateway: second}}, failover.Options{}), first, second
}

func TestWhoGetsTheMessage(t *testing.T) {
	limited := &sms.Congested{RetryAfter: time.Hour, PhoneOnly: true}
	for name, c := range map[string]struct {
		first, second error
		tries         []int
		by            string
		err           func(error) bool
	}{
		"the first, when it works":       {nil, nil, []int{1, 0}, "first", nil},
		"the second after a fault":       {errDown, nil, []int{1, 1}, "second", nil},
		"the second after congestion":    {&sms.Congested{}, nil, []int{1, 1}, "second", nil},
		"the second after a phone's cap": {limited, nil, []int{1, 1}, "second", nil},
		"nobody, when it is refused":     {&sms.Rejected{Words: "13"}, nil, []int{1, 0}, "", isRejected},
		"nobody, when both fail":         {errDown, errDown, []int{1, 1}, "", func(err error) bool { return errors.Is(err, errDown) && !isCongested(err) }},
		"nobody, when both are congested": {
			&sms.Congested{RetryAfter: time.Hour}, &sms.Congested{RetryAfter: time.Minute},
			[]int{1, 1},
			"",
			func(err error) bool { return waitOf(err) == time.Minute },
		},
		"nobody, when this phone has had enough": {limited, &sms.Congested{RetryAfter: time.Minute}, []int{1, 1}, "", func(err error) bool {
			var c *sms.Congested
			return errors.As(err, &c) && c.PhoneOnly
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g, first, second := pair()
			first.answer, second.answer = c.first, c.second
			receipt, err := g.Send(t.Context(), message)
			if got := []int{first.sent, second.sent}; !slices.Equal(got, c.tries) {
				t.Errorf("tried %v, want %v", got, c.tries)
			}
			if c.err == nil && (err != nil || receipt.Gateway != c.by) || c.err != nil && (err == nil || !c.err(err)) {
				t.Errorf("by %q, error %v", receipt.Gateway, err)
			}
		})
	}
}

func isRejected(err error) bool { var r *sms.Rejected; return errors.As(err, &r) }

func isCongested(err error) bool { var c *sms.Congested; return errors.As(err, &c) }

func waitOf(err error) time.Duration {
	var c *sms.Congested
	if !errors.As(err, &c) {
		return 0
	}
	return c.RetryAfter
}

func TestAFailingGatewayIsLeftAloneAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, first, second := pair()
		first.set(errDown)
		send := func(n int) {
			t.Helper()
			for range n {
				if _, err := g.Send(t.Context(), message); err != nil {
					t.Fatal(err)
				}
			}
		}
		send(10)
		if first.tries() != 3 || second.tries() != 10 {
			t.Fatalf("tried %d and %d times, want 3 and 10", first.tries(), second.tries())
		}
		rest := func(d time.Duration, tries int) {
			t.Helper()
			time.Sleep(d) //nolint:forbidigo // the bubble's clock, which costs no time
			send(5)
			if first.tries() != tries {
				t.Fatalf("tried %d times, want %d", first.tries(), tries)
			}
		}
		rest(14*time.Second, 3)
		rest(time.Second, 4)    // one trial, which fails: twice as long
		rest(29*time.Second, 4) // still resting
		rest(time.Second, 5)    // another trial
		rest(time.Hour, 6)      // a rest is never longer than five minutes
		rest(5*time.Minute, 7)
		first.set(nil)
		rest(5*time.Minute, 12) // the trial works, and so all go there again
		first.set(errDown)
		rest(0, 15) // three faults in a row open it anew
	})
}

func TestACongestedGatewayIsLeftAloneForAsLongAsItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, first, second := pair()
		first.set(&sms.Congested{RetryAfter: 40 * time.Second})
		second.set(&sms.Congested{RetryAfter: time.Minute})
		for range 2 {
			if _, err := g.Send(t.Context(), message); waitOf(err) != 40*time.Second {
				t.Errorf("wait %s, want 40 s", waitOf(err))
			}
		}
		if first.tries() != 1 || second.tries() != 1 {
			t.Errorf("tried %d and %d times while congested", first.tries(), second.tries())
		}
		first.set(nil)
		time.Sleep(40 * time.Second) //nolint:forbidigo // the bubble's clock, which costs no time
		if receipt, err := g.Send(t.Context(), message); err != nil || receipt.Gateway != "first" {
			t.Errorf("%+v, %v", receipt, err)
		}
	})
}

func TestOneTrialAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, first, _ := pair()
		first.set(&sms.Congested{RetryAfter: time.Second})
		if _, err := g.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		first.hang = true
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock, which costs no time
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if receipt, err := g.Send(t.Context(), message); err != nil || receipt.Gateway != "second" {
					t.Errorf("%+v, %v", receipt, err)
				}
			})
		}
		all.Wait()
		if first.tries() != 2 {
			t.Errorf("tried %d times, want the one that found it congested and one trial", first.tries())
		}
	})
}

func TestASlowGatewayLeavesTimeForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, first, _ := pair()
		first.hang = true
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		begun := time.Now()
		receipt, err := g.Send(ctx, message)
		if err != nil || receipt.Gateway != "second" || time.Since(begun) != 6*time.Second {
			t.Errorf("%+v, %v, after %s", receipt, err, time.Since(begun))
		}
	})
}

func TestALeavingCallerIsNoFault(t *testing.T) {
	g, first, second := pair()
	first.hang = true
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { _, err := g.Send(ctx, message); done <- err }()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	first.mu.Lock()
	first.hang = false
	first.mu.Unlock()
	if receipt, err := g.Send(t.Context(), message); err != nil || receipt.Gateway != "first" || second.sent != 0 {
		t.Errorf("%+v, %v", receipt, err)
	}
}

func TestTheGatewayThatTookAMessageIsAsked(t *testing.T) {
	g, first, second := pair()
	if report, known, err := g.Inquire(t.Context(), sms.Inquiry{Gateway: "second"}); err != nil || !known || report.Gateway != "second" || first.asked != 0 || second.asked != 1 {
		t.Errorf("%+v, %v, %v", report, known, err)
	}
	if _, known, err := g.Inquire(t.Context(), sms.Inquiry{Gateway: "taken out of the settings"}); known || err != nil {
		t.Errorf("%v, %v", known, err)
	}
}
