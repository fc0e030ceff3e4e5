// Package failover makes one gateway of several: a message goes to the first that works. A gateway that fails is left
// alone for a while, by a circuit breaker of its own.
package failover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"caotang/internal/sms"
)

// Member is a gateway with its name, which is also the one in its receipts.
type Member struct {
	Name    string
	Gateway sms.Gateway
}

// Options may be left at zero.
type Options struct {
	Timeout time.Duration    // for one gateway to take one message; 6 s, so that three fit into a message's 20 s
	Now     func() time.Time // time.Now
	Log     *slog.Logger     // none
	Rest    time.Duration    // how long a gateway that fails is left alone at first; [sms.DefaultRest]
}

// Gateway implements [sms.Gateway], [sms.Reporter], [sms.Inquirer] and [sms.Watched] for its members.
type Gateway struct {
	members []member
	options Options
}

type member struct {
	Member
	breaker *breaker
}

// New makes a gateway that tries the members in their order, of which there is at least one.
func New(members []Member, o Options) *Gateway {
	if o.Timeout == 0 {
		o.Timeout = 6 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Rest == 0 {
		o.Rest = sms.DefaultRest
	}
	g := &Gateway{options: o}
	for _, m := range members {
		g.members = append(g.members, member{m, &breaker{now: o.Now, first: o.Rest}})
	}
	return g
}

// Send implements [sms.Gateway]. A refusal for the text or the number is final: the next carrier would refuse it too, or
// should. A gateway that did not answer in time may have sent the message all the same; the next sends it again.
func (g *Gateway) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	var outcome outcome
	for _, member := range g.members {
		if err := ctx.Err(); err != nil {
			return sms.Receipt{}, err
		}
		if wait := member.breaker.enter(); wait > 0 {
			outcome.closed(wait)
			continue
		}
		receipt, err := g.sendBy(ctx, member, m)
		var rejected *sms.Rejected
		if err == nil || errors.As(err, &rejected) || ctx.Err() != nil {
			return receipt, err
		}
		g.options.Log.WarnContext(ctx, "sms gateway passed over", "gateway", member.Name, "message", m.ID, "error", err)
		outcome.failed(member, err)
	}
	return sms.Receipt{}, outcome.err()
}

// sendBy tries one gateway and tells its breaker what came of it.
func (g *Gateway) sendBy(ctx context.Context, to member, m sms.Message) (sms.Receipt, error) {
	inTime, cancel := context.WithTimeout(ctx, g.options.Timeout)
	defer cancel()
	receipt, err := to.Gateway.Send(inTime, m)
	var rejected *sms.Rejected
	var congested *sms.Congested
	switch {
	case err == nil, errors.As(err, &rejected):
		to.breaker.worked()
	case errors.As(err, &congested) && congested.PhoneOnly:
		to.breaker.worked()
	case errors.As(err, &congested):
		to.breaker.congested(congested.RetryAfter)
	case ctx.Err() != nil: // the caller left: nothing is known
		to.breaker.left()
	default:
		to.breaker.failed()
	}
	return receipt, err
}

// outcome gathers why no gateway took a message.
type outcome struct {
	faults    []error
	congested *sms.Congested // the one that is over first
	phone     *sms.Congested // the one of this phone that is over first
}

func (o *outcome) closed(wait time.Duration) {
	if o.congested == nil || wait < o.congested.RetryAfter {
		o.congested = &sms.Congested{RetryAfter: wait}
	}
}

func (o *outcome) failed(m member, err error) {
	var congested *sms.Congested
	switch {
	case !errors.As(err, &congested):
		o.faults = append(o.faults, fmt.Errorf("%s: %w", m.Name, err))
	case !congested.PhoneOnly:
		o.closed(m.breaker.restFor(congested.RetryAfter))
	case o.phone == nil || congested.RetryAfter < o.phone.RetryAfter:
		o.phone = congested
	}
}

// err says what is best to do: try again after a fault, give this phone a rest, or wait until a gateway is back.
func (o *outcome) err() error {
	switch {
	case len(o.faults) > 0:
		return errors.Join(o.faults...)
	case o.phone != nil:
		return o.phone
	}
	return o.congested
}

// Listen implements [sms.Reporter].
func (g *Gateway) Listen(ctx context.Context, take func(context.Context, sms.Report) error) {
	var all sync.WaitGroup
	for _, m := range g.members {
		if reporter, ok := m.Gateway.(sms.Reporter); ok {
			all.Go(func() { reporter.Listen(ctx, take) })
		}
	}
	all.Wait()
}

// Inquire implements [sms.Inquirer]: it asks the gateway that took the message. One that is no longer among the members
// knows nothing.
func (g *Gateway) Inquire(ctx context.Context, q sms.Inquiry) (sms.Report, bool, error) {
	for _, m := range g.members {
		if inquirer, ok := m.Gateway.(sms.Inquirer); ok && m.Name == q.Gateway {
			return inquirer.Inquire(ctx, q)
		}
	}
	return sms.Report{}, false, nil
}

// Members implements [sms.Watched].
func (g *Gateway) Members() []sms.Member {
	var list []sms.Member
	for _, m := range g.members {
		list = append(list, sms.Member{Name: m.Name, Rests: m.breaker.rests()})
	}
	return list
}

// Close closes the members that have lines.
func (g *Gateway) Close() error {
	var failures []error
	for _, m := range g.members {
		if closer, ok := m.Gateway.(io.Closer); ok {
			failures = append(failures, closer.Close())
		}
	}
	return errors.Join(failures...)
}
