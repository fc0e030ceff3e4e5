package aliyun_test

import (
	"net/http"
	"testing"

	"caotang/internal/sms/aliyun"
)

// The values are those of the example in Aliyun's description of the algorithm.
func TestSignatureOfThePublishedExample(t *testing.T) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"https://ecs.cn-shanghai.aliyuncs.com/?RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"x-acs-action": "RunInstances", "x-acs-version": "2014-05-26", "x-acs-date": "2023-10-26T10:22:32Z",
		"x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
		"x-acs-content-sha256":  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"user-agent":            "not signed",
	} {
		r.Header.Set(name, value)
	}
	const want = "ACS3-HMAC-SHA256 Credential=YourAccessKeyId," +
		"SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	key := aliyun.Credential{ID: "YourAccessKeyId", Secret: "YourAccessKeySecret"}
	if got := key.Authorization(r); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, change := range map[string]func(r *http.Request){
		"the query":  func(r *http.Request) { r.URL.RawQuery += "&x=1" },
		"the method": func(r *http.Request) { r.Method = http.MethodGet },
		"the host":   func(r *http.Request) { r.Host = "elsewhere" },
		"the body":   func(r *http.Request) { r.Header.Set("x-acs-content-sha256", "00") },
		"the path":   func(r *http.Request) { r.URL.Path = "/other" },
	} {
		changed := r.Clone(t.Context())
		change(changed)
		if key.Authorization(changed) == want {
			t.Errorf("%s changed, and the signature did not", name)
		}
	}
}
