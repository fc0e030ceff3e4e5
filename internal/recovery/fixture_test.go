package recovery_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"caotang/internal/calendar"
	"caotang/internal/deadlines"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/recovery"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

type object = map[string]any

func each(t *testing.T, test func(t *testing.T, w *roomtest.World)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, roomtest.New(t, d, roomtest.Rules())) })
}

func expect(t *testing.T, a roomtest.Answer, status int, code string) {
	t.Helper()
	got, _ := a.Get("code").(string)
	if a.Status != status || got != code {
		t.Fatalf("got %v, want %d %q", a, status, code)
	}
}

// phone is a phone of nobody.
const phone = "13890001234"

// code has a code sent to a phone, whatever was sent before, and reads it.
func code(t *testing.T, w *roomtest.World, phone string) string {
	t.Helper()
	w.InTx(t, func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE sms_quotas SET last_sent_at = 0`)
		return err
	})
	expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/sms-codes", object{"phone": phone, "purpose": "recover_account"}), 202, "")
	_, code := w.Text(t, phone, "recover_account")
	return code
}

// claim is what the teacher Lin Tao types, unless it is changed.
func claim(phone, code string, more ...object) object {
	o := object{
		"kind": "teacher", "id_type": "resident_id", "id_number": roomtest.IDNumber(1), "name": "林涛", "phone": phone, "sms_code": code, "proof": "school",
	}
	for _, change := range more {
		for name, value := range change {
			o[name] = value
		}
	}
	return o
}

// lost makes the teacher Lin Tao of the school Here, with an account that they lost.
func lost(t *testing.T, w *roomtest.World) (roomtest.Person, roster.Entry) {
	t.Helper()
	p := w.Person(t, "teacher")
	e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
	w.Bind(t, p, e, roster.Teacher)
	return p, e
}

// file files a request that must be taken, and gives its tracking number.
func file(t *testing.T, w *roomtest.World, phone string, more ...object) string {
	t.Helper()
	a := w.Do(t, roomtest.Person{}, "POST", "/api/v1/recoveries", claim(phone, code(t, w, phone), more...))
	expect(t, a, 201, "")
	return a.Get("tracking_number").(string)
}

func of(number string) string { return "?number=" + url.QueryEscape(number) }

func status(t *testing.T, w *roomtest.World, number string) roomtest.Answer {
	t.Helper()
	a := w.Do(t, roomtest.Person{}, "GET", "/api/v1/recovery"+of(number), nil)
	expect(t, a, 200, "")
	return a
}

// send sends a file as a copy of the kind.
func send(t *testing.T, w *roomtest.World, number, kind, filename string, content []byte) roomtest.Answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", filename)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = form.Close()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPut, "/api/v1/recovery/copies/"+kind+of(number), &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return roomtest.Record(t, w.Server, r)
}

// onlyRequest is the path of the one request that an administrator sees.
func onlyRequest(t *testing.T, w *roomtest.World, admin roomtest.Person) string {
	t.Helper()
	list := w.Do(t, admin, "GET", "/api/v1/admin/recoveries?state=open", nil)
	expect(t, list, 200, "")
	if len(list.Items()) != 1 {
		t.Fatalf("sees %d requests, want one: %v", len(list.Items()), list)
	}
	return "/api/v1/admin/recoveries/" + list.Items()[0]["id"].(string)
}

// after is the room as it will be after a time.
func after(w *roomtest.World, d time.Duration) *recovery.Service {
	return recovery.New(w.DB, w.Vault, w.SMS, w.Accounts, w.Roster, w.Verification, w.Copies, "", deadlines.In(calendar.Default()), func() time.Time { return time.Now().Add(d) })
}

// newest is the newest notice to a phone.
func newest(t *testing.T, w *roomtest.World, phone string) string {
	t.Helper()
	words, _ := w.Text(t, phone, "notice")
	return words
}

// askedFor counts the messages that tell a phone that somebody asks for an account.
func askedFor(t *testing.T, w *roomtest.World, phone string) (n int) {
	t.Helper()
	for _, text := range w.Texts(t, phone) {
		if strings.Contains(text, "正在核实") || strings.Contains(text, "一位家长的账号") {
			n++
		}
	}
	return n
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in: %s", part, text)
		}
	}
}

// files counts the files on disk.
func files(t *testing.T, w *roomtest.World) int {
	t.Helper()
	all, err := os.ReadDir(w.CopiesDir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// webp is a WebP picture of 240 × 240 pixels in one colour, as a browser makes it.
func webp() []byte {
	content, _ := base64.StdEncoding.DecodeString("UklGRooCAABXRUJQVlA4WAoAAAAgAAAA7wAA7wAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAA" +
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNj" +
		"AAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0" +
		"AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSg" +
		"AAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAc" +
		"AEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZWUDggnAAAAFAPAJ0BKvAA8AA+bTaZSaQjIqEgKACADYlpbuF2sRtACewD32ych77ZOQ99snIe+2TkPfbJyHvt" +
		"k5D32ych77ZOQ99snIe+2TkPfbJyHvtk5D32ych77ZOQ99snIe+2TkPfbJyHvtk5D32ych77ZOQ99snIe+2TkPfbJyHvtk5D31gAAP7/VlX03r//8K1/K1/K1b4AAAAA" +
		"AAAAAA==")
	return content
}
