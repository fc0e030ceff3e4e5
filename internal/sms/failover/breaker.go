package failover

import (
	"sync"
	"time"
)

const (
	faultsToOpen = 3 // in a row
	longestRest  = 5 * time.Minute
)

// breaker decides whether a gateway is tried. After faults in a row it is open for a while; then one message is the trial
// on which it closes, or stays open for longer.
type breaker struct {
	now   func() time.Time
	first time.Duration // the rest after faults, doubled with every trial that fails; and after congestion of which the carrier says no end

	mu     sync.Mutex
	faults int           // in a row
	rest   time.Duration // the latest; 0 while closed
	until  time.Time     // open until then
	trial  bool          // one message is trying now
}

// enter answers 0 when the gateway may be tried, which must be followed by worked, failed, congested or left; else how
// long it is still to be left alone.
func (b *breaker) enter() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return 0
	}
	if wait := b.until.Sub(b.now()); wait > 0 {
		return wait
	}
	if b.trial {
		return time.Second
	}
	b.trial = true
	return 0
}

func (b *breaker) worked() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults, b.rest, b.until, b.trial = 0, 0, time.Time{}, false
}

func (b *breaker) failed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults++
	if !b.trial && b.faults < faultsToOpen {
		return
	}
	b.rest = min(max(2*b.rest, b.first), longestRest)
	b.until, b.trial = b.now().Add(b.rest), false
}

// congested opens at once, for as long as the carrier says.
func (b *breaker) congested(pause time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until, b.trial = b.now().Add(b.restFor(pause)), false
}

// rests is how long the gateway is still left alone; 0 when it is tried.
func (b *breaker) rests() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return 0
	}
	return max(b.until.Sub(b.now()), 0)
}

func (b *breaker) left() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trial = false
}

func (b *breaker) restFor(pause time.Duration) time.Duration {
	if pause <= 0 {
		return b.first
	}
	return pause
}
