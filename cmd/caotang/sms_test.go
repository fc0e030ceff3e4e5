package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caotang/internal/sms/aliyun"
	"caotang/internal/sms/simulator"
	"caotang/internal/sms/tencent"
)

func TestEveryBadSettingOfAGatewayIsNamed(t *testing.T) {
	for _, command := range [][]string{{"serve"}, {"sms", "test", "--to", "13880001234"}} {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append(command, "--sms-gateways", "cmpp,aliyun,tencent,cmpp,fax", "--sms-signature", "【】",
			"--sms-aliyun-endpoint", "http://dysmsapi.example.com", "--sms-aliyun-templates", "code=SMS_1", "--sms-tencent-app-id", "x",
			"--sms-cmpp-account", "12345", "--sms-cmpp-address", "host", "--sms-cmpp-version", "1.2", "--sms-cmpp-sender", "+86",
			"--sms-cmpp-window", "0", "--sms-cmpp-secret-file", filepath.Join(t.TempDir(), "none")), &stdout, &stderr)
		if status != 2 {
			t.Errorf("%v: status %d, want 2", command, status)
		}
		for _, want := range []string{
			`"fax"`, "cmpp twice", "--sms-signature", "--sms-aliyun-key-id", "--sms-aliyun-endpoint", "none for notice", "CAOTANG_SMS_ALIYUN_SECRET",
			"--sms-tencent-key-id", "--sms-tencent-app-id", "--sms-tencent-templates", "CAOTANG_SMS_TENCENT_SECRET", "--sms-cmpp-address",
			"--sms-cmpp-account", "--sms-cmpp-version", "--sms-cmpp-sender", "--sms-cmpp-window", "--sms-cmpp-secret-file",
		} {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("%v does not name %s:\n%s", command, want, stderr.String())
			}
		}
	}
}

func TestOneMessageWithTheConfigurationInUse(t *testing.T) {
	const secret = "well kept"
	carriers, err := simulator.Start(simulator.Config{
		Account: "901234", Secret: secret, Aliyun: aliyun.Credential{ID: "key", Secret: secret}, Tencent: tencent.Credential{ID: "key", Secret: secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = carriers.Close() }()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CAOTANG_SMS_ALIYUN_SECRET", secret)
	try := func(phone, gateway string) (status int, stdout, stderr string) {
		var out, errs bytes.Buffer
		status = run(t.Context(), []string{
			"sms", "test", "--to", phone, "--wait", "30s", "--sms-gateways", gateway,
			"--sms-cmpp-address", carriers.CMPPAddress(), "--sms-cmpp-account", "901234", "--sms-cmpp-sender", "1069012345", "--sms-cmpp-secret-file", file,
			"--sms-aliyun-endpoint", carriers.URL(), "--sms-aliyun-key-id", "key", "--sms-aliyun-templates", "code=SMS_1:code+minutes,notice=SMS_2:text",
			"--sms-tencent-endpoint", carriers.URL(), "--sms-tencent-key-id", "key", "--sms-tencent-app-id", "1400",
			"--sms-tencent-templates", "code=1:code,notice=2:text", "--sms-tencent-secret-file", file,
		}, &out, &errs)
		if strings.Contains(out.String()+errs.String(), secret) {
			t.Errorf("the secret is shown:\n%s%s", out.String(), errs.String())
		}
		return status, out.String(), errs.String()
	}
	carriers.Behave(func(b *simulator.Behaviour) { b.Report = map[string]string{"13880005678": "MK:0024"} })
	for _, gateway := range []string{"cmpp", "aliyun", "tencent"} {
		if status, stdout, stderr := try("13880001234", gateway); status != 0 || !inOrder(stdout, "queued", "sent", gateway, "delivered") {
			t.Errorf("%s: status %d\n%s%s", gateway, status, stdout, stderr)
		}
	}
	if status, stdout, _ := try("13880005678", "cmpp"); status != 1 || !inOrder(stdout, "queued", "sent", "failed", "The phone may be off", "MK:0024") {
		t.Errorf("to a phone that is off: status %d\n%s", status, stdout)
	}
	carriers.Behave(func(b *simulator.Behaviour) { b.Refuse = map[string]string{"13880001234": ""} })
	if status, stdout, _ := try("13880001234", "tencent,cmpp"); status != 1 || !inOrder(stdout, "queued", "failed", "IncorrectPhoneNumber") {
		t.Errorf("to a phone that is refused: status %d\n%s", status, stdout)
	}
	carriers.Behave(func(b *simulator.Behaviour) { *b = simulator.Behaviour{Throttle: true} })
	if status, _, stderr := try("13880001234", "cmpp"); status != 1 || !strings.Contains(stderr, "congested") {
		t.Errorf("through a congested carrier: status %d\n%s", status, stderr)
	}
}

func inOrder(text string, parts ...string) bool {
	for _, part := range parts {
		_, rest, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = rest
	}
	return true
}
