package sms

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Console is the gateway of a machine without a carrier: it keeps what it was handed in memory, for the demo's outbox,
// and writes it out.
type Console struct {
	out io.Writer
	now func() time.Time

	mu   sync.Mutex
	sent []Sent // the oldest first
}

// Sent is a message that the console gateway took.
type Sent struct {
	Phone  string    `json:"phone"`
	Text   string    `json:"text"`
	Code   string    `json:"code"`
	SentAt time.Time `json:"sent_at"`
}

// kept is how many messages the console gateway remembers.
const kept = 1000

// NewConsole makes a gateway that writes each message as a line to out, or nowhere when out is nil.
func NewConsole(out io.Writer) *Console {
	if out == nil {
		out = io.Discard
	}
	return &Console{out: out, now: time.Now}
}

// Send implements [Gateway].
func (c *Console) Send(ctx context.Context, m Message) (Receipt, error) {
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sent) >= kept {
		c.sent = slices.Delete(c.sent, 0, len(c.sent)-kept+1)
	}
	c.sent = append(c.sent, Sent{m.Phone, m.Text, m.Code, c.now().UTC()})
	if _, err := fmt.Fprintf(c.out, "SMS → %s  %s\n", m.Phone, m.Text); err != nil {
		return Receipt{}, err
	}
	return Receipt{References: []string{"console-" + m.ID}}, nil
}

// Sent lists the messages to a phone, or to every phone when it is empty, the newest first: the last 1000 at most.
func (c *Console) Sent(phone string) []Sent {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := []Sent{}
	for _, s := range slices.Backward(c.sent) {
		if phone == "" || s.Phone == phone {
			list = append(list, s)
		}
	}
	return list
}

// Outbox is the demo's gateway: a console that says of each message that it has arrived, for its page is where people read it.
type Outbox struct {
	*Console
	arrived chan Report
}

// NewOutbox makes the demo's gateway.
func NewOutbox(out io.Writer) *Outbox { return &Outbox{NewConsole(out), make(chan Report, kept)} }

// Send implements [Gateway].
func (o *Outbox) Send(ctx context.Context, m Message) (Receipt, error) {
	receipt, err := o.Console.Send(ctx, m)
	if err != nil {
		return receipt, err
	}
	receipt.Gateway = "outbox"
	select {
	case o.arrived <- Report{Gateway: receipt.Gateway, Reference: receipt.References[0], Delivered: true}:
	default: // nobody listens; the message stays "sent"
	}
	return receipt, nil
}

// Listen implements [Reporter].
func (o *Outbox) Listen(ctx context.Context, take func(context.Context, Report) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-o.arrived:
			for take(ctx, r) != nil {
				select {
				case <-ctx.Done():
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		}
	}
}
