package sms_test

import (
	"bytes"
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
