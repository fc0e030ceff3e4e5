package tencent_test

import (
	"net/http"
	"strings"
	"testing"

	"caotang/internal/sms/tencent"
)

// The values are those of the example in Tencent Cloud's description of the algorithm; the second signature covers the
// action too, as later editions of the example do.
func TestSignatureOfThePublishedExample(t *testing.T) {
	const body = `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://cvm.tencentcloudapi.com/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "X-TC-Action": "DescribeInstances", "X-TC-Timestamp": "1551113065",
		"X-TC-Version": "2017-03-12", "X-TC-Region": "ap-guangzhou",
	} {
		r.Header.Set(name, value)
	}
	const stars = "********************************"
	for signed, example := range map[string]struct {
		key       tencent.Credential
		signature string
	}{
		"content-type;host": {
			tencent.Credential{ID: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", Secret: "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"},
			"72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
		},
		"content-type;host;x-tc-action": {
			tencent.Credential{ID: "AKID" + stars, Secret: stars},
			"10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f",
		},
	} {
		want := "TC3-HMAC-SHA256 Credential=" + example.key.ID + "/2019-02-25/cvm/tc3_request, SignedHeaders=" +
			signed + ", Signature=" + example.signature
		if got := example.key.Authorization("cvm", r, []byte(body), strings.Split(signed, ";")...); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
