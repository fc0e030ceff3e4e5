package simulator_test

import (
	"net/http"
	"testing"

	"caotang/internal/sms"
	"caotang/internal/sms/aliyun"
	"caotang/internal/sms/cmpp"
	"caotang/internal/sms/failover"
	"caotang/internal/sms/simulator"
	"caotang/internal/sms/smstest"
	"caotang/internal/sms/tencent"
)

const (
	account = "901234"
	secret  = "shared secret"
)

var (
	aliyunKey  = aliyun.Credential{ID: "LTAItest", Secret: "aliyun secret"}
	tencentKey = tencent.Credential{ID: "AKIDtest", Secret: "tencent secret"}
	// Both services know one template that holds any text.
	templates = sms.Templates{
		"code": {ID: "ANY", Params: []string{"text"}}, "notice": {ID: "ANY", Params: []string{"text"}},
	}
)

// start starts carriers who know one template.
func start(t testing.TB, template string) *simulator.Simulator {
	t.Helper()
	s, err := simulator.Start(simulator.Config{
		Account: account, Secret: secret, Aliyun: aliyunKey, Tencent: tencentKey, Templates: map[string]string{"ANY": template},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func aliyunOf(s *simulator.Simulator) *aliyun.Gateway {
	return aliyun.New(aliyun.Config{Endpoint: s.URL(), Key: aliyunKey, SignName: "草堂", Templates: templates, Client: &http.Client{}})
}

func tencentOf(s *simulator.Simulator) *tencent.Gateway {
	return tencent.New(tencent.Config{Endpoint: s.URL(), Key: tencentKey, AppID: "1400", SignName: "草堂", Templates: templates, Client: &http.Client{}})
}

func cmppOf(t testing.TB, s *simulator.Simulator, v cmpp.Version) *cmpp.Client {
	t.Helper()
	c := cmpp.New(cmpp.Config{Address: s.CMPPAddress(), Account: account, Secret: secret, Version: v, Service: "CAOTANG", Sender: "1069012345"})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestEveryGatewayKeepsThePromises(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) (sms.Gateway, *simulator.Simulator){
		"aliyun": func(t *testing.T) (sms.Gateway, *simulator.Simulator) {
			s := start(t, "${text}")
			return aliyunOf(s), s
		},
		"tencent": func(t *testing.T) (sms.Gateway, *simulator.Simulator) {
			s := start(t, "{1}")
			return tencentOf(s), s
		},
		"cmpp 2.0": func(t *testing.T) (sms.Gateway, *simulator.Simulator) {
			s := start(t, "")
			return cmppOf(t, s, cmpp.V20), s
		},
		"cmpp 3.0": func(t *testing.T) (sms.Gateway, *simulator.Simulator) {
			s := start(t, "")
			return cmppOf(t, s, cmpp.V30), s
		},
		"failover": func(t *testing.T) (sms.Gateway, *simulator.Simulator) {
			s := start(t, "{1}")
			return failover.New([]failover.Member{{Name: cmpp.Name, Gateway: cmppOf(t, s, cmpp.V30)}, {Name: tencent.Name, Gateway: tencentOf(s)}}, failover.Options{}), s
		},
	} {
		t.Run(name, func(t *testing.T) {
			smstest.TestGateway(t, func(t *testing.T) smstest.Subject {
				gateway, s := make(t)
				return smstest.Subject{
					Gateway: gateway, Arrived: s.Arrived,
					Congest: func() { s.Behave(func(b *simulator.Behaviour) { b.Throttle = true }) },
					Reject:  func(phone string) { s.Behave(func(b *simulator.Behaviour) { b.Refuse = map[string]string{phone: ""} }) },
					Lose: func(phone string) {
						s.Behave(func(b *simulator.Behaviour) { b.Report = map[string]string{phone: "MK:0024"} })
					},
				}
			})
		})
	}
}
