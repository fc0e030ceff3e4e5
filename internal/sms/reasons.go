package sms

import (
	"cmp"
	"strings"

	"caotang/internal/messages"
)

// Reason is why a message failed, under "sms.reason.…" in the catalogues.
type Reason string

// The reasons. The first five are ours, the others a carrier's.
const (
	reasonBusy     Reason = "gateway_busy"
	reasonLate     Reason = "too_late"
	reasonReplaced Reason = "replaced"  // by a newer code, while it waited
	reasonQuota    Reason = "day_limit" // the day's codes were used while it waited
	reasonWaiting  Reason = "waiting"   // not failed: no gateway takes messages

	ReasonCarrier     Reason = "carrier_fault" // the carrier's network failed: counts for no quota, as ours do
	ReasonRejected    Reason = "rejected"      // not taken, and nothing more is known
	ReasonUndelivered Reason = "undelivered"   // taken and not delivered, and nothing more is known
	ReasonNoNumber    Reason = "no_number"     // the number does not exist or is suspended
	ReasonUnreachable Reason = "unreachable"   // the phone is off, out of reach or full
	ReasonBlocked     Reason = "blocked"       // the number is on a list of those who get no such messages
	ReasonContent     Reason = "content"       // the text was stopped
	ReasonLimited     Reason = "limited"       // the phone has had as many messages as the carrier allows
)

// ours says that it has nothing to do with the phone, so that everybody may know it.
func (r Reason) ours() bool {
	return r == reasonBusy || r == reasonLate || r == reasonReplaced || r == reasonQuota
}

// Text says it in a language, with the carrier's own words.
func (r Reason) Text(language, words string) string {
	r = cmp.Or(r, ReasonRejected)
	return strings.TrimSpace(messages.Text(language, "sms.reason."+string(r), map[string]any{"carrier": words}))
}

// CarrierReason reads the codes by which the carriers themselves, and every platform between them and us, report that a
// message did not arrive: DELIVRD, UNDELIV, EXPIRED …, and those of a network's parts, such as MK:0024. Platforms give
// meanings of such codes that differ in detail; a code that stands here means the same at all of them.
func CarrierReason(code string) Reason {
	code = strings.ToUpper(strings.TrimSpace(code))
	if reason, ok := carrierReasons[code]; ok {
		return reason
	}
	family, _, _ := strings.Cut(code, ":")
	switch family {
	case "CA", "CB", "DA", "DB", "DC", "IA", "IB", "IC", "MA", "MB", "MC", "MH", "MI", "MK", "MN", "MX", "SGIP", "UNKNOWN":
		return ReasonCarrier
	}
	return ReasonUndelivered
}

var carrierReasons = map[string]Reason{
	"EXPIRED": ReasonUnreachable,
	"UNDELIV": ReasonUndelivered,
	"REJECTD": ReasonRejected, "REJECT": ReasonRejected,
	"DELETED": ReasonUndelivered,

	// China Mobile: the centre's and the exchange's codes.
	"MK:0000": ReasonNoNumber, "MK:0001": ReasonNoNumber, "MK:0005": ReasonNoNumber, "MK:0012": ReasonNoNumber, "MK:0013": ReasonNoNumber,
	"MI:0001": ReasonNoNumber, "MI:0012": ReasonNoNumber, "MI:0013": ReasonNoNumber, "MN:0001": ReasonNoNumber, "MN:0013": ReasonNoNumber,
	"MK:0004": ReasonUnreachable, "MK:0008": ReasonUnreachable, "MK:0009": ReasonUnreachable, "MK:0010": ReasonUnreachable,
	"MK:0011": ReasonUnreachable, "MK:0015": ReasonUnreachable, "MK:0017": ReasonUnreachable, "MK:0023": ReasonUnreachable,
	"MK:0024": ReasonUnreachable, "MK:0029": ReasonUnreachable, "MI:0024": ReasonUnreachable, "MI:0029": ReasonUnreachable,
	"DB:0139": ReasonBlocked, "DB:0141": ReasonBlocked, "DB:0144": ReasonBlocked, "DB:0164": ReasonBlocked, "MA:0001": ReasonBlocked,
	"HD:0001": ReasonBlocked, "MA:0023": ReasonBlocked, "BWLIST": ReasonBlocked, "BLACK": ReasonBlocked,
	"MA:0002": ReasonContent, "MA:0024": ReasonContent, "CJ:0007": ReasonContent,
	"MA:0022": ReasonLimited, "HD:29": ReasonLimited, "HD:31": ReasonLimited, "HD:34": ReasonLimited,

	// China Unicom.
	"SGIP:1": ReasonNoNumber, "SGIP:12": ReasonNoNumber, "SGIP:5": ReasonNoNumber, "SGIP:13": ReasonNoNumber,
	"SGIP:24": ReasonUnreachable, "SGIP:29": ReasonUnreachable, "SGIP:54": ReasonUnreachable, "SGIP:59": ReasonUnreachable,
}
