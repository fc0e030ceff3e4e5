package cmpp

import (
	"fmt"

	"caotang/internal/sms"
)

var connectStatuses = map[uint32]string{
	1: "wrong structure", 2: "unknown account", 3: "wrong secret, or the clocks differ", 4: "version too high",
}

func connectStatus(status uint32) string {
	if words, ok := connectStatuses[status]; ok {
		return fmt.Sprintf("%d, %s", status, words)
	}
	return fmt.Sprintf("%d", status)
}

// Results of a SUBMIT of which more is known than that it failed.
const (
	ResultTooLong = 6
	ResultFlow    = 8
	ResultPhone   = 13
)

// submitError makes the error for a result. What is wrong with the account or its settings is a fault of this gateway
// alone.
func submitError(result uint32) error {
	words := fmt.Sprintf("CMPP:%d", result)
	switch result {
	case 0:
		return nil
	case ResultFlow:
		return &sms.Congested{Words: words}
	case ResultTooLong:
		return &sms.Rejected{Reason: sms.ReasonContent, Words: words}
	case ResultPhone:
		return &sms.Rejected{Reason: sms.ReasonNoNumber, Words: words}
	}
	return fmt.Errorf("cmpp: the carrier refused a message with result %d", result)
}

// pending says that a report is of a message still on its way.
func pending(state string) bool {
	return state == "ACCEPTD" || state == "ENROUTE" || state == "ACCEPTED"
}
