// Package tencent sends messages through Tencent Cloud's SMS service (the operations SendSms and
// PullSmsSendStatusByPhoneNumber of 2021-01-11), with requests signed by TC3-HMAC-SHA256.
package tencent

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"caotang/internal/sms"
)

// Name is the gateway's in receipts, reports and settings.
const Name = "tencent"

// Service is the name under which requests are signed.
const Service = "sms"

const (
	version     = "2021-01-11"
	contentType = "application/json; charset=utf-8"
	askAfter    = 4 * time.Second
	pageSize    = 100 // the most that one inquiry answers: more than a phone gets in the time asked for
	answerLimit = 1 << 20
)

// SignedHeaders are those that the signature covers.
var SignedHeaders = []string{"content-type", "host", "x-tc-action"}

// Config is an account with Tencent Cloud.
type Config struct {
	Endpoint  string // https://sms.tencentcloudapi.com when empty
	Region    string // ap-guangzhou when empty
	Key       Credential
	AppID     string // SmsSdkAppId
	SignName  string // the approved signature, without 【】
	Templates sms.Templates
	Client    *http.Client     // http.DefaultClient when nil; every call ends with its context
	Now       func() time.Time // time.Now when nil
}

// Gateway implements [sms.Gateway] and [sms.Inquirer].
type Gateway struct{ config Config }

// New makes a gateway. It does not call.
func New(c Config) *Gateway {
	c.Endpoint = strings.TrimSuffix(cmp.Or(c.Endpoint, "https://sms.tencentcloudapi.com"), "/")
	c.Region = cmp.Or(c.Region, "ap-guangzhou")
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
	values := []string{}
	for _, p := range params {
		values = append(values, p.Value)
	}
	var answer struct {
		SendStatusSet []struct{ SerialNo, Code, Message string }
	}
	err = g.call(ctx, "SendSms", map[string]any{
		"PhoneNumberSet": []string{"+86" + m.Phone}, "SmsSdkAppId": g.config.AppID, "SignName": g.config.SignName,
		"TemplateId": template, "TemplateParamSet": values, "SessionContext": m.ID,
	}, &answer)
	if err != nil {
		return sms.Receipt{}, err
	}
	if len(answer.SendStatusSet) != 1 {
		return sms.Receipt{}, fmt.Errorf("tencent: SendSms answered of %d messages, asked for one", len(answer.SendStatusSet))
	}
	status := answer.SendStatusSet[0]
	if status.Code != "Ok" {
		return sms.Receipt{}, failure(status.Code, status.Message, g.config.Now())
	}
	if status.SerialNo == "" {
		return sms.Receipt{}, fmt.Errorf("tencent: SendSms answered no SerialNo")
	}
	return sms.Receipt{Gateway: Name, References: []string{status.SerialNo}, AskAfter: askAfter}, nil
}

// Inquire implements [sms.Inquirer].
func (g *Gateway) Inquire(ctx context.Context, q sms.Inquiry) (sms.Report, bool, error) {
	var answer struct {
		PullSmsSendStatusSet []struct{ SerialNo, ReportStatus, Description string }
	}
	err := g.call(ctx, "PullSmsSendStatusByPhoneNumber", map[string]any{
		// From a minute before, for clocks differ.
		"BeginTime": q.SentAt.Add(-time.Minute).Unix(), "Offset": 0, "Limit": pageSize,
		"PhoneNumber": "+86" + q.Phone, "SmsSdkAppId": g.config.AppID,
	}, &answer)
	if err != nil {
		return sms.Report{}, false, err
	}
	for _, status := range answer.PullSmsSendStatusSet {
		if status.SerialNo != q.Reference {
			continue
		}
		report := sms.Report{Gateway: Name, Reference: q.Reference, Delivered: status.ReportStatus == "SUCCESS"}
		if !report.Delivered {
			report.Reason, report.Code = sms.CarrierReason(status.Description), status.Description
		}
		return report, true, nil
	}
	return sms.Report{}, false, nil
}

// call signs and sends one request, and reads the answer into out when it is no error.
func (g *Gateway) call(ctx context.Context, action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.config.Endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("tencent: %w", err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-TC-Action", action)
	request.Header.Set("X-TC-Version", version)
	request.Header.Set("X-TC-Region", g.config.Region)
	request.Header.Set("X-TC-Timestamp", strconv.FormatInt(g.config.Now().Unix(), 10))
	request.Header.Set("Authorization", g.config.Key.Authorization(Service, request, body, SignedHeaders...))
	response, err := g.config.Client.Do(request)
	if err != nil {
		if e, ok := err.(*url.Error); ok { //nolint:errorlint // the client answers exactly this type
			err = e.Err
		}
		return fmt.Errorf("tencent: %s: %w", action, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("tencent: %s: %w", action, err)
	}
	var envelope struct{ Response json.RawMessage }
	var status struct {
		Error *struct{ Code, Message string }
	}
	if json.Unmarshal(answer, &envelope) != nil || json.Unmarshal(envelope.Response, &status) != nil {
		if response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable {
			return &sms.Congested{Words: response.Status}
		}
		return fmt.Errorf("tencent: %s answered %s, which is no answer of the service's", action, response.Status)
	}
	if status.Error != nil {
		return failure(status.Error.Code, status.Error.Message, g.config.Now())
	}
	return json.Unmarshal(envelope.Response, out)
}
