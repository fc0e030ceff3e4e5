package sms

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Gateway hands messages to a carrier. Every implementation passes the suite of package smstest. It is safe for
// concurrent use. One that can tell what became of a message is a [Reporter] or an [Inquirer] too.
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
	Code    string // the code within the text; "" in a notice

	// For carriers that fill templates of their own: what the text was made from, which is a code's purpose or a notice's
	// key of the catalogue, and what its placeholders hold.
	Template string
	Args     map[string]string
}

// Receipt is the carrier's answer to a message that it has taken.
type Receipt struct {
	Gateway    string        // who will tell what became of the message; "" when nobody will
	References []string      // by which the carrier knows the message, one for each part that it reports apart; never empty
	AskAfter   time.Duration // when to ask what became of it; 0 when the carrier reports by itself
}

// Congested says that the gateway cannot take a message now.
type Congested struct {
	RetryAfter time.Duration // when it may again; 0 when unknown
	PhoneOnly  bool          // it takes messages to other phones: this one has had as many as the carrier allows
	Words      string        // the carrier's own; may be empty
}

func (c *Congested) Error() string {
	return strings.TrimSpace(fmt.Sprintf("sms: gateway congested, again in %s %s", c.RetryAfter, c.Words))
}

// Rejected says that the carrier will not deliver this message, however often it is asked.
type Rejected struct {
	Reason Reason // [ReasonRejected] when empty
	Words  string // the carrier's own, shown to the person who waits
}

func (r *Rejected) Error() string { return "sms: rejected by the carrier: " + r.Words }

var phones = regexp.MustCompile(`1[3-9]\d{9}`)

// WithoutPhones hides the numbers in a carrier's words, which end up in the log.
func WithoutPhones(words string) string { return phones.ReplaceAllString(words, "…") }

// DefaultRest is how long a gateway that fails is left alone at first, where the carrier does not say.
const DefaultRest = 15 * time.Second

// congestionOf tells how long to spare the gateway after this failure.
func (s *Service) congestionOf(err error) time.Duration {
	var c *Congested
	if errors.As(err, &c) && c.RetryAfter > 0 {
		return c.RetryAfter
	}
	return s.Rest
}

// Watched is a gateway of several, which tells how each is treated now.
type Watched interface {
	Members() []Member
}

// Member is one gateway of several.
type Member struct {
	Name  string
	Rests time.Duration // how long it is still left alone; 0 when it is tried
}
