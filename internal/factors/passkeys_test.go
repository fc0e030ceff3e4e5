package factors_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

const origin = "https://edu.example.cn"

func (f *fixture) entry(t *testing.T) roster.Entry {
	t.Helper()
	return f.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "李雷", IDNumber: roomtest.IDNumber(7), SchoolID: f.Here.ID})
}

// from makes a request as a browser at an address does.
func (f *fixture) from(t *testing.T, origin string, p roomtest.Person, path string, body any) roomtest.Answer {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(content)))
	r.Host = strings.TrimPrefix(strings.TrimPrefix(origin, "https://"), "http://")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", origin)
	if p.Token != "" {
		r.Header.Set("Authorization", "Bearer "+p.Token)
	}
	w := httptest.NewRecorder()
	f.Server.ServeHTTP(w, r)
	a := roomtest.Answer{Status: w.Code, Header: w.Header(), Text: w.Body.String()}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a.Body); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// device holds one passkey and signs what it is asked, as a phone does after a finger was laid on it.
type device struct {
	key     *ecdsa.PrivateKey
	id      []byte
	user    string
	counter uint32
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{key: key, id: make([]byte, 16)}
	_, _ = rand.Read(d.id)
	return d
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *device) authenticatorData(flags byte) []byte {
	d.counter++
	host := sha256.Sum256([]byte("edu.example.cn"))
	return binary.BigEndian.AppendUint32(append(host[:], flags), d.counter)
}

func clientData(t *testing.T, kind, origin string, challenge any) []byte {
	t.Helper()
	data, err := json.Marshal(object{"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// create answers navigator.credentials.create.
func (d *device) create(t *testing.T, asked roomtest.Answer) object {
	t.Helper()
	d.user = fmt.Sprint(asked.Get("options.publicKey.user.id"))
	public, err := d.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: public[1:33], -3: public[33:]})
	if err != nil {
		t.Fatal(err)
	}
	data := append(d.authenticatorData(0x45), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	attestation, err := cbor.Marshal(object{"fmt": "none", "attStmt": object{}, "authData": append(append(data, d.id...), key...)})
	if err != nil {
		t.Fatal(err)
	}
	return d.credential(object{
		"clientDataJSON":    encoded(clientData(t, "webauthn.create", origin, asked.Get("options.publicKey.challenge"))),
		"attestationObject": encoded(attestation),
	})
}

// get answers navigator.credentials.get, on a page of the origin.
func (d *device) get(t *testing.T, asked roomtest.Answer, origin string) object {
	t.Helper()
	data, client := d.authenticatorData(0x05), clientData(t, "webauthn.get", origin, asked.Get("options.publicKey.challenge"))
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return d.credential(object{
		"clientDataJSON": encoded(client), "authenticatorData": encoded(data), "signature": encoded(signature), "userHandle": d.user,
	})
}

func (d *device) credential(response object) object {
	return object{"id": encoded(d.id), "rawId": encoded(d.id), "type": "public-key", "response": response, "clientExtensionResults": object{}}
}

func answer(asked roomtest.Answer, credential object) object {
	return object{"passkey": object{"challenge_id": asked.Get("challenge_id"), "credential": credential}}
}

// addPasskey makes a passkey of a person's on a new device.
func (f *fixture) addPasskey(t *testing.T, p roomtest.Person, proof object) (*device, []string) {
	t.Helper()
	asked := want(t, f.from(t, origin, p, "/api/v1/me/factors/passkeys/challenges", object{"confirmation": f.confirm(t, p, proof)}), 201, "")
	d := newDevice(t)
	added := want(t, f.from(t, origin, p, "/api/v1/me/factors/passkeys",
		object{"challenge_id": asked.Get("challenge_id"), "credential": d.create(t, asked), "name": "我的手机"}), 201, "")
	return d, codesOf(added)
}

func TestAPasskeySignsIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, database *db.DB) {
		f := newFixture(t, database)
		p, other := f.Person(t, "teacher"), f.Person(t, "teacher")
		d, codes := f.addPasskey(t, p, nil)
		others, _ := f.addPasskey(t, other, nil)
		if len(codes) != 10 {
			t.Errorf("%d recovery codes", len(codes))
		}
		ask := func() (string, roomtest.Answer) {
			ticket := f.ticket(t, p)
			return ticket, want(t, f.from(t, origin, roomtest.Person{}, "/api/v1/passkey-challenges", object{"ticket": ticket}), 201, "")
		}
		ticket, asked := ask()
		proof := answer(asked, d.get(t, asked, origin))
		done := want(t, f.finish(t, ticket, proof), 201, "")
		if !f.open(t, done.Get("token")) {
			t.Error("no session began")
		}
		want(t, f.finish(t, ticket, proof), 422, "passkey_refused") // each question is answered once
		ticket, asked = ask()
		want(t, f.finish(t, ticket, answer(asked, others.get(t, asked, origin))), 422, "passkey_refused")
		ticket, asked = ask()
		want(t, f.finish(t, ticket, answer(asked, d.get(t, asked, "https://evil.example.cn"))), 422, "passkey_refused")
		ticket, asked = ask()
		copied := *d
		copied.counter = 0
		want(t, f.finish(t, ticket, answer(asked, copied.get(t, asked, origin))), 422, "passkey_refused")
		want(t, f.finish(t, ticket, answer(asked, object{"id": "nonsense"})), 422, "passkey_refused")

		listed := want(t, f.Do(t, p, "GET", "/api/v1/me/factors", nil), 200, "")
		passkeys, _ := listed.Body["passkeys"].([]any)
		if len(passkeys) != 1 {
			t.Fatalf("listed %s", listed)
		}
		first, _ := passkeys[0].(object)
		if first["name"] != "我的手机" || first["used_at"] == nil {
			t.Errorf("listed %v", first)
		}
		// It confirms, and goes.
		f.forward(time.Minute) // after as many wrong answers
		asked = want(t, f.from(t, origin, p, "/api/v1/passkey-challenges", object{}), 201, "")
		confirmation := f.confirm(t, p, answer(asked, d.get(t, asked, origin)))
		want(t, f.Do(t, other, "DELETE", "/api/v1/me/factors/passkeys/"+fmt.Sprint(first["id"]), object{"confirmation": confirmation}), 403, "confirmation_needed")
		want(t, f.Do(t, p, "DELETE", "/api/v1/me/factors/passkeys/"+fmt.Sprint(first["id"]), object{"confirmation": confirmation}), 204, "")
		want(t, f.signIn(t, p), 201, "")
		want(t, f.signIn(t, other), 401, "second_factor_needed")
	})
}

func TestPasskeysBelongToThePublicAddress(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	p := f.Person(t, "teacher")
	confirmed := object{"confirmation": f.confirm(t, p, nil)}
	for _, elsewhere := range []string{"http://localhost:8080", "https://10.0.0.1", "https://edu.example.cn:8443"} {
		want(t, f.from(t, elsewhere, p, "/api/v1/me/factors/passkeys/challenges", confirmed), 409, "passkeys_unavailable")
	}
	want(t, f.from(t, origin, roomtest.Person{}, "/api/v1/passkey-challenges", object{}), 401, "unauthenticated")
	want(t, f.from(t, origin, p, "/api/v1/passkey-challenges", object{}), 422, "passkey_refused")
}
