package simulator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"caotang/internal/sms"
	"caotang/internal/sms/aliyun"
	"caotang/internal/sms/simulator"
	"caotang/internal/sms/tencent"
)

const phone = "13880001234"

var message = sms.Message{ID: "m", Phone: phone, Text: "【草堂】验证码 012345", Code: "012345"}

func TestTheServicesCheckSignaturesAndClocks(t *testing.T) {
	s := start(t, "{1}${text}")
	wrong, late := "not the secret", func() time.Time { return time.Now().Add(-10 * time.Minute) }
	for want, gateway := range map[string]sms.Gateway{
		"SignatureDoesNotMatch":        aliyun.New(aliyun.Config{Endpoint: s.URL(), Key: aliyun.Credential{ID: aliyunKey.ID, Secret: wrong}, Templates: templates}),
		"InvalidAccessKeyId.NotFound":  aliyun.New(aliyun.Config{Endpoint: s.URL(), Key: aliyun.Credential{ID: "LTAI", Secret: wrong}, Templates: templates}),
		"InvalidTimeStamp.Expired":     aliyun.New(aliyun.Config{Endpoint: s.URL(), Key: aliyunKey, Templates: templates, Now: late}),
		"AuthFailure.SignatureFailure": tencent.New(tencent.Config{Endpoint: s.URL(), Key: tencent.Credential{ID: tencentKey.ID, Secret: wrong}, Templates: templates}),
		"AuthFailure.SecretIdNotFound": tencent.New(tencent.Config{Endpoint: s.URL(), Key: tencent.Credential{ID: "AKID", Secret: wrong}, Templates: templates}),
		"AuthFailure.SignatureExpire":  tencent.New(tencent.Config{Endpoint: s.URL(), Key: tencentKey, Templates: templates, Now: late}),
	} {
		_, err := gateway.Send(t.Context(), message)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), wrong) || isRejected(err) || isCongested(err) {
			t.Errorf("error %v, want the fault %s", err, want)
		}
	}
	if got := s.Arrived(phone); len(got) != 0 {
		t.Errorf("arrived all the same: %q", got)
	}
}

func TestWhatTheServicesCodesMean(t *testing.T) {
	s := start(t, "{1}${text}")
	gateways := map[string]sms.Gateway{"aliyun": aliyunOf(s), "tencent": tencentOf(s)}
	for _, c := range []struct {
		gateway, code string
		reason        sms.Reason    // of a refusal for good
		pause         time.Duration // of a limit of this phone
	}{
		{"aliyun", "isv.MOBILE_NUMBER_ILLEGAL", sms.ReasonNoNumber, 0},
		{"aliyun", "isv.BLACK_KEY_CONTROL_LIMIT", sms.ReasonContent, 0},
		{"aliyun", "isv.BUSINESS_LIMIT_CONTROL", "", time.Hour},
		{"aliyun", "isv.AMOUNT_NOT_ENOUGH", "", 0},
		{"tencent", "FailedOperation.PhoneNumberInBlacklist", sms.ReasonBlocked, 0},
		{"tencent", "FailedOperation.ContainSensitiveWord", sms.ReasonContent, 0},
		{"tencent", "LimitExceeded.PhoneNumberThirtySecondLimit", "", 30 * time.Second},
		{"tencent", "FailedOperation.InsufficientBalanceInSmsPackage", "", 0},
	} {
		s.Behave(func(b *simulator.Behaviour) { b.Refuse = map[string]string{phone: c.code} })
		_, err := gateways[c.gateway].Send(t.Context(), message)
		var rejected *sms.Rejected
		var congested *sms.Congested
		switch {
		case c.reason != "":
			if !errors.As(err, &rejected) || rejected.Reason != c.reason || rejected.Words != c.code {
				t.Errorf("%s: %v, want refused for %s", c.code, err, c.reason)
			}
		case c.pause > 0:
			if !errors.As(err, &congested) || !congested.PhoneOnly || congested.RetryAfter != c.pause {
				t.Errorf("%s: %v, want a pause of %s for this phone", c.code, err, c.pause)
			}
		default:
			if err == nil || isRejected(err) || isCongested(err) || !strings.Contains(err.Error(), c.code) {
				t.Errorf("%s: %v, want a fault of the gateway", c.code, err)
			}
		}
	}
}

func TestALostReportIsNotKnown(t *testing.T) {
	s := start(t, "{1}${text}")
	s.Behave(func(b *simulator.Behaviour) { b.LoseReports = true })
	for _, gateway := range []interface {
		sms.Gateway
		sms.Inquirer
	}{aliyunOf(s), tencentOf(s)} {
		receipt, err := gateway.Send(t.Context(), message)
		if err != nil {
			t.Fatal(err)
		}
		q := sms.Inquiry{Gateway: receipt.Gateway, Reference: receipt.References[0], Phone: phone, SentAt: time.Now()}
		if report, known, err := gateway.Inquire(t.Context(), q); known || err != nil {
			t.Errorf("%+v, %v", report, err)
		}
	}
}

func TestADroppedConnectionIsAFaultThatHidesThePhone(t *testing.T) {
	s := start(t, "{1}${text}")
	s.Behave(func(b *simulator.Behaviour) { b.DropEvery = 1 })
	for _, gateway := range []sms.Gateway{aliyunOf(s), tencentOf(s)} {
		if _, err := gateway.Send(t.Context(), message); err == nil || strings.Contains(err.Error(), phone) || isRejected(err) || isCongested(err) {
			t.Errorf("error %v", err)
		}
	}
}

func isRejected(err error) bool { var r *sms.Rejected; return errors.As(err, &r) }

func isCongested(err error) bool { var c *sms.Congested; return errors.As(err, &c) }
