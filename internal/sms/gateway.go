package sms

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Gateway hands messages to a carrier. Every implementation passes the suite of package smstest. It is safe for
// concurrent use.
type Gateway interface {
	// Send hands over one message and returns when the carrier has taken it or has not. The error is [Congested] when it
	// makes sense to try again, [Rejected] when it does not; any other error counts as a fault of the gateway, which is
	// tried again too. After a context that has ended nothing is sent.
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Message is one text to one phone.
type Message struct {
	ID      string
	Phone   string // canonical, 11 digits
	Purpose Purpose
	Text    string // whole, with the signature
	Code    string // the code within the text, for carriers that fill templates; "" in a notice
}

// Receipt is the carrier's answer to a message that it has taken.
type Receipt struct {
	Reference string // by which the carrier knows the message; never empty
}

// Congested says that the gateway cannot take a message now.
type Congested struct {
	RetryAfter time.Duration // when it may again; 0 when unknown
}

func (c *Congested) Error() string {
	return fmt.Sprintf("sms: gateway congested, again in %s", c.RetryAfter)
}

// Rejected says that the carrier will not deliver this message, however often it is asked.
type Rejected struct {
	Words string // the carrier's own, shown to the person who waits
}

func (r *Rejected) Error() string { return "sms: rejected by the carrier: " + r.Words }

const defaultCongestion = 15 * time.Second

// congestionOf tells how long to spare a gateway after this failure.
func congestionOf(err error) time.Duration {
	var c *Congested
	if errors.As(err, &c) && c.RetryAfter > 0 {
		return c.RetryAfter
	}
	return defaultCongestion
}
