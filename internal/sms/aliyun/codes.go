package aliyun

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"caotang/internal/sms"
)

// rejections are refusals for the number or the text, which would meet the same elsewhere.
var rejections = map[string]sms.Reason{
	"isv.MOBILE_NUMBER_ILLEGAL":   sms.ReasonNoNumber,
	"isv.BLACK_KEY_CONTROL_LIMIT": sms.ReasonContent,
	"isv.SMS_CONTENT_ILLEGAL":     sms.ReasonContent,
	"isv.PARAM_NOT_SUPPORT_URL":   sms.ReasonContent,
	"isv.PARAM_LENGTH_LIMIT":      sms.ReasonContent,
	"isv.BLACK_LIST":              sms.ReasonBlocked,
}

// failure makes the error for an answer that is not OK. What is wrong with the account (balance, signature, template,
// rights) is a fault of this gateway alone.
func failure(status int, code, message string, now time.Time) error {
	if reason, ok := rejections[code]; ok {
		return &sms.Rejected{Reason: reason, Words: code}
	}
	switch {
	case code == "isv.BUSINESS_LIMIT_CONTROL":
		return &sms.Congested{RetryAfter: limitPause(message, now), PhoneOnly: true, Words: code}
	case code == "isv.DAY_LIMIT_CONTROL", code == "isv.MONTH_LIMIT_CONTROL":
		return &sms.Congested{RetryAfter: time.Hour, Words: code}
	case strings.HasPrefix(code, "Throttling"), code == "ServiceUnavailable",
		status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return &sms.Congested{Words: code}
	}
	return fmt.Errorf("aliyun: %s: %s", code, sms.WithoutPhones(message))
}

// limitPause reads from the words of BUSINESS_LIMIT_CONTROL how long this phone gets no more: 触发分钟级流控, 小时级, 天级.
func limitPause(message string, now time.Time) time.Duration {
	switch {
	case strings.Contains(message, "小时级"):
		return time.Hour
	case strings.Contains(message, "天级"):
		local := now.In(shanghai)
		year, month, day := local.Date()
		return time.Date(year, month, day+1, 0, 0, 0, 0, shanghai).Sub(local)
	}
	return time.Minute
}

// reportReasons are Aliyun's own codes in the details of a message; the others are the carriers'.
var reportReasons = map[string]sms.Reason{
	"MOBILE_NOT_ON_SERVICE":         sms.ReasonNoNumber,
	"MOBILE_ACCOUNT_ABNORMAL":       sms.ReasonNoNumber,
	"MOBILE_TERMINAL_ERROR":         sms.ReasonUnreachable,
	"MOBILE_SEND_LIMIT":             sms.ReasonLimited,
	"USER_REJECT":                   sms.ReasonBlocked,
	"MOBILE_IN_BLACK":               sms.ReasonBlocked,
	"CONTENT_KEYWORD":               sms.ReasonContent,
	"CONTENT_ERROR":                 sms.ReasonContent,
	"SIGNATURE_BLACKLIST":           sms.ReasonContent,
	"SP_NOT_BY_INTER_SMS":           sms.ReasonBlocked,
	"SP_UNKNOWN_ERROR":              sms.ReasonCarrier,
	"REQUEST_SUCCESS_BUT_NO_REPORT": sms.ReasonUndelivered,
}

func reasonOf(code string) sms.Reason {
	if reason, ok := reportReasons[code]; ok {
		return reason
	}
	if reason, ok := rejections[code]; ok {
		return reason
	}
	if code == "isv.BUSINESS_LIMIT_CONTROL" {
		return sms.ReasonLimited
	}
	return sms.CarrierReason(code)
}
