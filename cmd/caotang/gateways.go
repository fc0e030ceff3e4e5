package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"caotang/internal/sms"
	"caotang/internal/sms/aliyun"
	"caotang/internal/sms/cmpp"
	"caotang/internal/sms/failover"
	"caotang/internal/sms/tencent"
)

const console = "console"

// gateways says who carries messages. The accounts' secrets are no flags, for other users of a machine see the command
// line: each stands in a variable or in a file.
type gateways struct {
	SMSGateways  []string      `name:"sms-gateways" help:"Who carries messages, the first that works: console, aliyun, tencent, cmpp (F-13)." default:"console" placeholder:"NAME"`
	SMSRest      time.Duration `name:"sms-gateway-rest" help:"How long a gateway that fails is left alone at first, where it does not say itself." default:"15s"`
	SMSSignature string        `name:"sms-signature" help:"The approved signature, shown in 【】 before every message." default:"草堂"`

	AliyunKeyID      string            `name:"sms-aliyun-key-id" help:"AccessKey ID; the secret in CAOTANG_SMS_ALIYUN_SECRET or the file." placeholder:"ID"`
	AliyunSecretFile string            `name:"sms-aliyun-secret-file" help:"File with the AccessKey secret." placeholder:"FILE"`
	AliyunTemplates  map[string]string `name:"sms-aliyun-templates" mapsep:"," help:"Approved templates: code=SMS_1:code,notice=SMS_2:text, and others by purpose or notice." placeholder:"NAME=ID:VARIABLES"`
	AliyunEndpoint   string            `name:"sms-aliyun-endpoint" help:"Where the service is." default:"https://dysmsapi.aliyuncs.com" placeholder:"URL"`

	TencentKeyID      string            `name:"sms-tencent-key-id" help:"SecretId; the key in CAOTANG_SMS_TENCENT_SECRET or the file." placeholder:"ID"`
	TencentSecretFile string            `name:"sms-tencent-secret-file" help:"File with the SecretKey." placeholder:"FILE"`
	TencentAppID      string            `name:"sms-tencent-app-id" help:"SmsSdkAppId." placeholder:"ID"`
	TencentTemplates  map[string]string `name:"sms-tencent-templates" mapsep:"," help:"As at Aliyun; variables in the template's order." placeholder:"NAME=ID:VARIABLES"`
	TencentRegion     string            `name:"sms-tencent-region" help:"The service's region." default:"ap-guangzhou"`
	TencentEndpoint   string            `name:"sms-tencent-endpoint" help:"Where the service is." default:"https://sms.tencentcloudapi.com" placeholder:"URL"`

	CMPPAddress    string `name:"sms-cmpp-address" help:"The carrier's gateway, such as 10.1.2.3:7890." placeholder:"HOST:PORT"`
	CMPPAccount    string `name:"sms-cmpp-account" help:"Account (SP_Id), 6 characters; the secret in CAOTANG_SMS_CMPP_SECRET or the file." placeholder:"ID"`
	CMPPSecretFile string `name:"sms-cmpp-secret-file" help:"File with the shared secret." placeholder:"FILE"`
	CMPPVersion    string `name:"sms-cmpp-version" help:"2.0 or 3.0." default:"2.0" placeholder:"VERSION"`
	CMPPService    string `name:"sms-cmpp-service" help:"The service's code (Service_Id), at most 10 characters." placeholder:"CODE"`
	CMPPSender     string `name:"sms-cmpp-sender" help:"The number that phones show (Src_Id), such as 1069012345." placeholder:"NUMBER"`
	CMPPWindow     int    `name:"sms-cmpp-window" help:"Messages that may stand unanswered." default:"16"`
}

var (
	cmppAccount = regexp.MustCompile(`^[0-9A-Za-z]{6}$`)
	cmppSender  = regexp.MustCompile(`^[0-9]{3,21}$`)
	digits      = regexp.MustCompile(`^[0-9]+$`)
)

// validate names every bad value, but of gateways that are not in use none.
func (g gateways) validate() error {
	var bad []error
	check := func(ok bool, flag, rule string) {
		if !ok {
			bad = append(bad, fmt.Errorf("--%s: %s", flag, rule))
		}
	}
	check(len(g.SMSGateways) > 0, "sms-gateways", "names no gateway")
	for i, name := range g.SMSGateways {
		check(slices.Contains([]string{console, aliyun.Name, tencent.Name, cmpp.Name}, name), "sms-gateways", fmt.Sprintf("%q is not console, aliyun, tencent or cmpp", name))
		check(!slices.Contains(g.SMSGateways[:i], name), "sms-gateways", "names "+name+" twice")
	}
	check(strings.TrimSpace(g.SMSSignature) != "" && !strings.ContainsAny(g.SMSSignature, "【】"), "sms-signature", "must be words without 【】")
	check(g.SMSRest >= 100*time.Millisecond && g.SMSRest <= 5*time.Minute, "sms-gateway-rest", "must be from 100ms to 5m")
	secret := func(name, file string) {
		if _, err := secretOf(name, file); err != nil {
			bad = append(bad, err)
		}
	}
	service := func(name, endpoint string, templates map[string]string) {
		check(safeEndpoint(endpoint), "sms-"+name+"-endpoint", "must begin with https:// and a host")
		if _, err := sms.ParseTemplates(templates); err != nil {
			check(false, "sms-"+name+"-templates", err.Error())
		}
	}
	if slices.Contains(g.SMSGateways, aliyun.Name) {
		check(g.AliyunKeyID != "", "sms-aliyun-key-id", "is missing")
		service(aliyun.Name, g.AliyunEndpoint, g.AliyunTemplates)
		secret(aliyun.Name, g.AliyunSecretFile)
	}
	if slices.Contains(g.SMSGateways, tencent.Name) {
		check(g.TencentKeyID != "", "sms-tencent-key-id", "is missing")
		check(digits.MatchString(g.TencentAppID), "sms-tencent-app-id", "must be a number")
		check(g.TencentRegion != "", "sms-tencent-region", "is missing")
		service(tencent.Name, g.TencentEndpoint, g.TencentTemplates)
		secret(tencent.Name, g.TencentSecretFile)
	}
	if slices.Contains(g.SMSGateways, cmpp.Name) {
		host, port, err := net.SplitHostPort(g.CMPPAddress)
		check(err == nil && host != "" && digits.MatchString(port), "sms-cmpp-address", "must be HOST:PORT")
		check(cmppAccount.MatchString(g.CMPPAccount), "sms-cmpp-account", "must be 6 letters or digits")
		check(g.CMPPVersion == "2.0" || g.CMPPVersion == "3.0", "sms-cmpp-version", "must be 2.0 or 3.0")
		check(len(g.CMPPService) <= 10, "sms-cmpp-service", "must have at most 10 characters")
		check(cmppSender.MatchString(g.CMPPSender), "sms-cmpp-sender", "must have 3 to 21 digits")
		check(g.CMPPWindow >= 1 && g.CMPPWindow <= 256, "sms-cmpp-window", "must be from 1 to 256")
		secret(cmpp.Name, g.CMPPSecretFile)
	}
	return errors.Join(bad...)
}

// safeEndpoint keeps phones off open lines: plain http goes to this machine alone, for the simulator.
func safeEndpoint(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return false
	}
	address := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || address != nil && address.IsLoopback())
}

// secretOf reads a gateway's secret from its variable, or from the file. Errors do not hold it.
func secretOf(gateway, file string) (string, error) {
	variable := "CAOTANG_SMS_" + strings.ToUpper(gateway) + "_SECRET"
	if value := os.Getenv(variable); value != "" {
		return value, nil
	}
	if file == "" {
		return "", fmt.Errorf("%s: is missing, and so is --sms-%s-secret-file", variable, gateway)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--sms-%s-secret-file: %w", gateway, err)
	}
	value := strings.TrimSpace(string(content))
	if value == "" {
		return "", fmt.Errorf("--sms-%s-secret-file: the file is empty", gateway)
	}
	return value, nil
}

// connect makes the gateways that validate has passed. Carriers are always behind a breaker; the console alone needs none.
func (g gateways) connect(here *sms.Console, log *slog.Logger) (sms.Gateway, error) {
	if len(g.SMSGateways) == 0 || slices.Equal(g.SMSGateways, []string{console}) {
		return here, nil
	}
	var members []failover.Member
	for _, name := range g.SMSGateways {
		gateway, err := g.openOne(name, here, log)
		if err != nil {
			return nil, err
		}
		members = append(members, failover.Member{Name: name, Gateway: gateway})
	}
	return failover.New(members, failover.Options{Log: log, Rest: g.SMSRest}), nil
}

func (g gateways) openOne(name string, here *sms.Console, log *slog.Logger) (sms.Gateway, error) {
	switch name {
	case aliyun.Name:
		secret, err := secretOf(name, g.AliyunSecretFile)
		if err != nil {
			return nil, err
		}
		templates, err := sms.ParseTemplates(g.AliyunTemplates)
		return aliyun.New(aliyun.Config{
			Endpoint: g.AliyunEndpoint, Key: aliyun.Credential{ID: g.AliyunKeyID, Secret: secret}, SignName: g.SMSSignature, Templates: templates,
		}), err
	case tencent.Name:
		secret, err := secretOf(name, g.TencentSecretFile)
		if err != nil {
			return nil, err
		}
		templates, err := sms.ParseTemplates(g.TencentTemplates)
		return tencent.New(tencent.Config{
			Endpoint: g.TencentEndpoint, Region: g.TencentRegion, Key: tencent.Credential{ID: g.TencentKeyID, Secret: secret},
			AppID: g.TencentAppID, SignName: g.SMSSignature, Templates: templates,
		}), err
	case cmpp.Name:
		secret, err := secretOf(name, g.CMPPSecretFile)
		if err != nil {
			return nil, err
		}
		version := cmpp.V20
		if g.CMPPVersion == "3.0" {
			version = cmpp.V30
		}
		return cmpp.New(cmpp.Config{
			Address: g.CMPPAddress, Account: g.CMPPAccount, Secret: secret, Version: version, Service: g.CMPPService, Sender: g.CMPPSender,
			Window: g.CMPPWindow, Log: log,
		}), nil
	}
	return here, nil
}

// closeGateway takes leave of the carriers that have lines.
func closeGateway(g sms.Gateway) error {
	if closer, ok := g.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
