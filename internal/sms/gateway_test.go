package sms_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"caotang/internal/sms"
	"caotang/internal/sms/smstest"
)

func TestConsoleIsAGateway(t *testing.T) {
	smstest.TestGateway(t, func(*testing.T) smstest.Subject {
		console := sms.NewConsole(nil)
		return smstest.Subject{Gateway: console, Arrived: func(phone string) (texts []string) {
			for _, s := range console.Sent(phone) {
				texts = append(texts, s.Text)
			}
			return texts
		}}
	})
}

func TestTheOutboxIsAGateway(t *testing.T) {
	smstest.TestGateway(t, func(*testing.T) smstest.Subject {
		outbox := sms.NewOutbox(nil)
		return smstest.Subject{Gateway: outbox, Arrived: func(phone string) (texts []string) {
			for _, s := range outbox.Sent(phone) {
				texts = append(texts, s.Text)
			}
			return texts
		}}
	})
}

func TestTheOutboxReportsEachMessageAgainUntilItIsTaken(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	outbox := sms.NewOutbox(nil)
	receipt, err := outbox.Send(ctx, sms.Message{ID: "1", Phone: phone, Text: "text"})
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan sms.Report)
	refusals := 1
	go outbox.Listen(ctx, func(_ context.Context, r sms.Report) error {
		if refusals--; refusals >= 0 {
			return errors.New("not now")
		}
		taken <- r
		return nil
	})
	if r := <-taken; r.Gateway != receipt.Gateway || r.Gateway == "" || r.Reference != receipt.References[0] || !r.Delivered {
		t.Errorf("reported %+v of %+v", r, receipt)
	}
}

func TestConsoleRemembersTheNewestThousand(t *testing.T) {
	var out bytes.Buffer
	console := sms.NewConsole(&out)
	for i := range 1003 {
		m := sms.Message{ID: fmt.Sprint(i), Phone: phone, Text: fmt.Sprint("text ", i), Code: fmt.Sprintf("%06d", i)}
		if i == 1001 {
			m.Phone = another
		}
		if _, err := console.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	all := console.Sent("")
	if len(all) != 1000 || all[0].Text != "text 1002" || all[0].Code != "001002" || all[999].Text != "text 3" || all[0].SentAt.IsZero() {
		t.Errorf("%d messages from %+v to %+v", len(all), all[0], all[len(all)-1])
	}
	if one := console.Sent(another); len(one) != 1 || one[0].Phone != another {
		t.Errorf("to %s: %+v", another, one)
	}
	if none := console.Sent("13800000000"); none == nil || len(none) != 0 {
		t.Errorf("to nobody: %#v, want an empty list", none)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1003 || !strings.Contains(out.String(), "text 1002") {
		t.Errorf("wrote %d lines", lines)
	}
}
