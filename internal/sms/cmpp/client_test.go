package cmpp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"caotang/internal/sms"
	"caotang/internal/sms/cmpp"
	"caotang/internal/sms/simulator"
)

const phone = "13880001234"

func carrier(t *testing.T, c simulator.Config) *simulator.Simulator {
	t.Helper()
	c.Account, c.Secret = "901234", "shared secret"
	s, err := simulator.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client makes a client with short pauses.
func client(t *testing.T, s *simulator.Simulator, change func(*cmpp.Config)) *cmpp.Client {
	t.Helper()
	config := cmpp.Config{
		Address: s.CMPPAddress(), Account: "901234", Secret: "shared secret", Version: cmpp.V30, Sender: "1069012345",
		Timing: cmpp.Timing{Backoff: 10 * time.Millisecond},
	}
	if change != nil {
		change(&config)
	}
	c := cmpp.New(config)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func message(text string) sms.Message { return sms.Message{ID: "m", Phone: phone, Text: text} }

// listen hands every report to the channel, until the test ends.
func listen(t *testing.T, c *cmpp.Client, take func(context.Context, sms.Report) error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Listen(ctx, take) }()
	t.Cleanup(func() { stop(); <-done })
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestAWrongSecretIsNamed(t *testing.T) {
	s := carrier(t, simulator.Config{})
	c := client(t, s, func(c *cmpp.Config) { c.Secret = "another" })
	_, err := c.Send(within(t), message("text"))
	if err == nil || !strings.Contains(err.Error(), "wrong secret") || strings.Contains(err.Error(), "another") {
		t.Errorf("error %v", err)
	}
}

func TestTheWindowIsFullAndNeverMore(t *testing.T) {
	s := carrier(t, simulator.Config{})
	s.Behave(func(b *simulator.Behaviour) { b.Delay = 20 * time.Millisecond })
	c := client(t, s, nil)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			if _, err := c.Send(within(t), message(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := s.Busiest(); n != 16 {
		t.Errorf("%d messages stood unanswered at once, want 16", n)
	}
	if n := len(s.Arrived(phone)); n != 100 {
		t.Errorf("%d arrived", n)
	}
}

func TestTheLineComesBackAndReportsAreBroughtAgain(t *testing.T) {
	s := carrier(t, simulator.Config{})
	c := client(t, s, nil)
	var got sync.Map
	var refusing atomic.Bool
	refused, taken := make(chan struct{}, 1), make(chan string, 100)
	refusing.Store(true)
	listen(t, c, func(_ context.Context, r sms.Report) error {
		if refusing.Load() {
			select {
			case refused <- struct{}{}:
			default:
			}
			return errors.New("the database is away")
		}
		if _, twice := got.LoadOrStore(r.Reference, true); !twice {
			taken <- r.Reference
		}
		return nil
	})
	want := map[string]bool{}
	for i := range 3 {
		receipt, err := c.Send(within(t), message(fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		want[receipt.References[0]] = true
	}
	<-refused
	refusing.Store(false)
	s.DropLines()
	for len(want) > 0 {
		select {
		case reference := <-taken:
			delete(want, reference)
		case <-within(t).Done():
			t.Fatalf("%d reports never came", len(want))
		}
	}
	if _, err := c.Send(within(t), message("after")); err != nil {
		t.Errorf("after the line came back: %v", err)
	}
}

func TestEveryMessageIsSentHoweverOftenTheLineDrops(t *testing.T) {
	s := carrier(t, simulator.Config{})
	s.Behave(func(b *simulator.Behaviour) { b.DropEvery = 7 })
	c := client(t, s, nil)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			for {
				_, err := c.Send(within(t), message(fmt.Sprint(i)))
				if err == nil {
					return
				}
				if within(t).Err() != nil {
					t.Errorf("message %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
	arrived := map[string]bool{}
	for _, text := range s.Arrived(phone) {
		arrived[text] = true
	}
	if len(arrived) != 40 {
		t.Errorf("%d different messages arrived, want 40", len(arrived))
	}
}

func TestAReportBeforeTheAnswer(t *testing.T) {
	s := carrier(t, simulator.Config{})
	s.Behave(func(b *simulator.Behaviour) { b.ReportFirst = true })
	c := client(t, s, nil)
	taken := make(chan sms.Report, 1)
	listen(t, c, func(_ context.Context, r sms.Report) error { taken <- r; return nil })
	receipt, err := c.Send(within(t), message("text"))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-taken:
		if r.Reference != receipt.References[0] || !r.Delivered {
			t.Errorf("%+v of %+v", r, receipt)
		}
	case <-within(t).Done():
		t.Fatal("no report came")
	}
}

func TestReportsWaitForSomebodyWhoTakesThem(t *testing.T) {
	s := carrier(t, simulator.Config{})
	c := client(t, s, nil)
	if _, err := c.Send(within(t), message("text")); err != nil {
		t.Fatal(err)
	}
	taken := make(chan sms.Report, 1)
	listen(t, c, func(_ context.Context, r sms.Report) error { taken <- r; return nil })
	select {
	case <-taken:
	case <-within(t).Done():
		t.Fatal("no report came")
	}
}

func TestWithoutALineSendFailsAtOnce(t *testing.T) {
	var dials atomic.Int32
	c := cmpp.New(cmpp.Config{Account: "901234", Timing: cmpp.Timing{Backoff: time.Hour}, Dial: func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, errors.New("no route")
	}})
	defer func() { _ = c.Close() }()
	for range 5 {
		if _, err := c.Send(within(t), message("text")); err == nil || !strings.Contains(err.Error(), "no route") {
			t.Fatalf("error %v", err)
		}
	}
	if n := dials.Load(); n != 2 {
		t.Errorf("dialled %d times, want twice before the first pause", n)
	}
}

func TestCloseTakesLeaveAndIsFinal(t *testing.T) {
	s := carrier(t, simulator.Config{})
	c := client(t, s, nil)
	if _, err := c.Send(within(t), message("text")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.AwaitLines(within(t), 0); err != nil {
		t.Error("the line is still open")
	}
	if _, err := c.Send(within(t), message("late")); err == nil {
		t.Error("sent after Close")
	}
	if err := cmpp.New(cmpp.Config{}).Close(); err != nil { // that never had a line
		t.Error(err)
	}
}

// In the bubble minutes pass at once; the line is a pipe, for a socket does not live in it.
func TestASilentLineIsTestedAndGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines atomic.Int32
		var dropped atomic.Int64
		begun := time.Now()
		tests := make(chan time.Duration, 100)
		c := cmpp.New(cmpp.Config{Account: "901234", Dial: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			answers := lines.Add(1) > 1 // the first line never answers a test
			go func() {
				defer func() { _ = there.Close() }()
				for {
					p, err := cmpp.Read(there)
					if err != nil {
						dropped.CompareAndSwap(0, int64(time.Since(begun)))
						return
					}
					switch {
					case p.Command == cmpp.Connect:
						p.Body = cmpp.ConnectAnswer{Version: cmpp.V20}.Bytes(cmpp.V20)
					case p.Command == cmpp.ActiveTest && !answers:
						tests <- time.Since(begun)
						continue
					}
					_, _ = there.Write(cmpp.PDU{Command: p.Command.Answer(), Sequence: p.Sequence, Body: p.Body}.Bytes())
				}
			}()
			return here, nil
		}})
		ctx, stop := context.WithCancel(t.Context())
		var listening sync.WaitGroup
		listening.Go(func() { c.Listen(ctx, func(context.Context, sms.Report) error { return nil }) })
		time.Sleep(time.Hour) //nolint:forbidigo // the bubble's clock, which costs no time
		stop()
		listening.Wait()
		_ = c.Close()
		var at []time.Duration
		for range len(tests) {
			at = append(at, <-tests)
		}
		if got := fmt.Sprint(at); got != "[3m0s 4m0s 5m0s]" {
			t.Errorf("tested at %s, want after 3, 4 and 5 minutes", got)
		}
		if got := time.Duration(dropped.Load()); got != 6*time.Minute {
			t.Errorf("given up after %s, want 6 minutes", got)
		}
		if n := lines.Load(); n != 2 {
			t.Errorf("%d lines, want the silent one and one that was kept for the rest of the hour", n)
		}
	})
}

func TestACarrierThatAnswersTestsAloneIsGivenUp(t *testing.T) {
	s := carrier(t, simulator.Config{})
	c := client(t, s, func(c *cmpp.Config) { c.Timing.Timeout = 200 * time.Millisecond; c.Window = 1 })
	if _, err := c.Send(within(t), message("first")); err != nil {
		t.Fatal(err)
	}
	s.Behave(func(b *simulator.Behaviour) { b.Deaf = true })
	if _, err := c.Send(within(t), message("unheard")); err == nil || !strings.Contains(err.Error(), "unanswered") {
		t.Errorf("error %v", err)
	}
	s.Behave(func(b *simulator.Behaviour) { b.Deaf = false })
	if _, err := c.Send(within(t), message("again")); err != nil {
		t.Errorf("after that: %v", err)
	}
}
