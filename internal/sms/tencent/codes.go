package tencent

import (
	"fmt"
	"strings"
	"time"

	"caotang/internal/sms"
)

// rejections are refusals for the number or the text, which would meet the same elsewhere.
var rejections = map[string]sms.Reason{
	"InvalidParameterValue.IncorrectPhoneNumber":                sms.ReasonNoNumber,
	"FailedOperation.PhoneNumberParseFail":                      sms.ReasonNoNumber,
	"FailedOperation.PhoneNumberInBlacklist":                    sms.ReasonBlocked,
	"FailedOperation.ContainSensitiveWord":                      sms.ReasonContent,
	"InvalidParameterValue.ContentLengthLimit":                  sms.ReasonContent,
	"InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": sms.ReasonContent,
	"InvalidParameterValue.TemplateParameterLengthLimit":        sms.ReasonContent,
}

// phoneLimits are the pauses after which one phone may get messages again.
var phoneLimits = map[string]time.Duration{
	"LimitExceeded.PhoneNumberThirtySecondLimit": 30 * time.Second,
	"LimitExceeded.PhoneNumberOneHourLimit":      time.Hour,
	"LimitExceeded.DeliveryFrequencyLimit":       time.Minute,
}

// failure makes the error for a code that is not Ok. What is wrong with the account (balance, signature, template,
// rights) is a fault of this gateway alone.
func failure(code, message string, now time.Time) error {
	if reason, ok := rejections[code]; ok {
		return &sms.Rejected{Reason: reason, Words: code}
	}
	if pause, ok := phoneLimits[code]; ok {
		return &sms.Congested{RetryAfter: pause, PhoneOnly: true, Words: code}
	}
	switch {
	case code == "LimitExceeded.PhoneNumberDailyLimit", code == "LimitExceeded.PhoneNumberSameContentDailyLimit":
		return &sms.Congested{RetryAfter: untilTomorrow(now), PhoneOnly: true, Words: code}
	case code == "LimitExceeded.AppMainlandChinaDailyLimit", code == "LimitExceeded.DailyLimit":
		return &sms.Congested{RetryAfter: time.Hour, Words: code}
	case strings.HasPrefix(code, "RequestLimitExceeded"):
		return &sms.Congested{Words: code}
	}
	return fmt.Errorf("tencent: %s: %s", code, sms.WithoutPhones(message))
}

// untilTomorrow is how long the day of Asia/Shanghai lasts, a fixed offset since 1991.
func untilTomorrow(now time.Time) time.Duration {
	local := now.In(time.FixedZone("Asia/Shanghai", 8*60*60))
	year, month, day := local.Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, local.Location()).Sub(local)
}
