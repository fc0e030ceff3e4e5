// Package aliyun sends messages through Aliyun's SMS service (the operations SendSms and QuerySendDetails of 2017-05-25),
// with requests signed by ACS3-HMAC-SHA256.
package aliyun

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"caotang/internal/sms"
)

// Name is the gateway's in receipts, reports and settings.
const Name = "aliyun"

const (
	version     = "2017-05-25"
	askAfter    = 4 * time.Second
	answerLimit = 1 << 20
)

// Config is an account with Aliyun.
type Config struct {
	Endpoint  string // https://dysmsapi.aliyuncs.com when empty
	Key       Credential
	SignName  string // the approved signature, without 【】
	Templates sms.Templates
	Client    *http.Client     // http.DefaultClient when nil; every call ends with its context
	Now       func() time.Time // time.Now when nil
}

// Gateway implements [sms.Gateway] and [sms.Inquirer].
type Gateway struct{ config Config }

// New makes a gateway. It does not call.
func New(c Config) *Gateway {
	c.Endpoint = strings.TrimSuffix(cmp.Or(c.Endpoint, "https://dysmsapi.aliyuncs.com"), "/")
	c.Client = cmp.Or(c.Client, http.DefaultClient)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Gateway{c}
}

// Send implements [sms.Gateway].
func (g *Gateway) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	template, params, err := g.config.Templates.Fill(m)
	if err != nil {
		return sms.Receipt{}, err
	}
	values := map[string]string{}
	for _, p := range params {
		values[p.Name] = p.Value
	}
	filled, err := json.Marshal(values)
	if err != nil {
		return sms.Receipt{}, err
	}
	var answer struct{ BizID string }
	err = g.call(ctx, "SendSms", url.Values{
		"PhoneNumbers": {m.Phone}, "SignName": {g.config.SignName}, "TemplateCode": {template}, "TemplateParam": {string(filled)}, "OutId": {m.ID},
	}, &answer)
	if err != nil {
		return sms.Receipt{}, err
	}
	if answer.BizID == "" {
		return sms.Receipt{}, fmt.Errorf("aliyun: SendSms answered no BizId")
	}
	return sms.Receipt{Gateway: Name, References: []string{answer.BizID}, AskAfter: askAfter}, nil
}

// What QuerySendDetails says of a message.
const (
	statusFailed    = 2
	statusDelivered = 3
)

// shanghai is a fixed offset: China has kept no summer time since 1991, and a fixed zone needs no zone file.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Inquire implements [sms.Inquirer].
func (g *Gateway) Inquire(ctx context.Context, q sms.Inquiry) (sms.Report, bool, error) {
	var answer struct {
		Details struct {
			List []struct {
				ErrCode    string
				SendStatus int
			} `json:"SmsSendDetailDTO"`
		} `json:"SmsSendDetailDTOs"`
	}
	err := g.call(ctx, "QuerySendDetails", url.Values{
		"PhoneNumber": {q.Phone}, "BizId": {q.Reference}, "SendDate": {q.SentAt.In(shanghai).Format("20060102")},
		"PageSize": {"10"}, "CurrentPage": {"1"},
	}, &answer)
	if err != nil || len(answer.Details.List) == 0 {
		return sms.Report{}, false, err
	}
	report := sms.Report{Gateway: Name, Reference: q.Reference}
	switch detail := answer.Details.List[0]; detail.SendStatus {
	case statusDelivered:
		report.Delivered = true
	case statusFailed:
		report.Reason, report.Code = reasonOf(detail.ErrCode), detail.ErrCode
	default:
		return sms.Report{}, false, nil
	}
	return report, true, nil
}

// call signs and sends one request, and reads the answer into out when it is OK.
func (g *Gateway) call(ctx context.Context, action string, query url.Values, out any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.config.Endpoint+"/?"+canonicalQuery(query), http.NoBody)
	if err != nil {
		return fmt.Errorf("aliyun: %w", err)
	}
	request.Header.Set("x-acs-action", action)
	request.Header.Set("x-acs-version", version)
	request.Header.Set("x-acs-date", g.config.Now().UTC().Format(time.RFC3339))
	request.Header.Set("x-acs-signature-nonce", rand.Text())
	request.Header.Set("x-acs-content-sha256", hashOf(nil))
	request.Header.Set("Authorization", g.config.Key.Authorization(request))
	response, err := g.config.Client.Do(request)
	if err != nil {
		return fmt.Errorf("aliyun: %s: %w", action, withoutAddress(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("aliyun: %s: %w", action, err)
	}
	var status struct{ Code, Message string }
	if err := json.Unmarshal(body, &status); err != nil {
		if response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable {
			return &sms.Congested{Words: response.Status}
		}
		return fmt.Errorf("aliyun: %s answered %s, which is no answer of the service's", action, response.Status)
	}
	if status.Code != "OK" {
		return failure(response.StatusCode, status.Code, status.Message, g.config.Now())
	}
	return json.Unmarshal(body, out)
}

// withoutAddress takes the address off an error of the client: it holds the phone.
func withoutAddress(err error) error {
	if e, ok := err.(*url.Error); ok { //nolint:errorlint // the client answers exactly this type
		return e.Err
	}
	return err
}
