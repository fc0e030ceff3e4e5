package recovery_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/roomtest"
)

func picture(width, height int) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			p.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), 90, uint8(255 - x%3)})
		}
	}
	return p
}

func asPNG(t *testing.T, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asJPEG(t *testing.T, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, p, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withExif puts where a photo was taken into it, as phones do.
func withExif(photo []byte) []byte {
	exif := []byte("Exif\x00\x00GPS 30.6598 104.0287")
	segment := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return append(append(append([]byte{}, photo[:2]...), segment...), photo[2:]...)
}

// bomb is a small PNG that claims to be huge.
func bomb(width, height uint32) []byte {
	header := make([]byte, 13)
	binary.BigEndian.PutUint32(header, width)
	binary.BigEndian.PutUint32(header[4:], height)
	header[8], header[9] = 8, 6
	out := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	chunk := append([]byte("IHDR"), header...)
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

const pdf = "%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"

func sendBoth(t *testing.T, w *roomtest.World, number string) {
	t.Helper()
	expect(t, send(t, w, number, "id_card", "身份证.jpg", withExif(asJPEG(t, picture(400, 300)))), 200, "")
	expect(t, send(t, w, number, "certificate", "certificate.pdf", []byte(pdf)), 200, "")
	expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/submission"+of(number), nil), 200, "")
}

func TestCustomerServiceDecidesByCopiesAndEachLookIsRecorded(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		service, school := w.Administrator(t, access.Service, "510000"), w.Administrator(t, access.School, w.Here.ID)
		number := file(t, w, phone, object{"proof": "copies"})
		if told := status(t, w, number); told.Get("state") != "collecting" || told.Get("waiting") != "person" {
			t.Errorf("the person reads %v", told)
		}
		if n := len(w.Do(t, service, "GET", "/api/v1/admin/recoveries", nil).Items()); n != 0 {
			t.Errorf("%d requests whose copies are still to come", n)
		}
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/submission"+of(number), nil), 409, "recovery_incomplete")
		expect(t, send(t, w, number, "id_card", "a.png", asPNG(t, picture(300, 300))), 200, "")
		if n := askedFor(t, w, owner.Phone); n != 0 {
			t.Errorf("the owner hears %d times of what nobody is to decide yet", n)
		}
		sendBoth(t, w, number)
		contains(t, newest(t, w, owner.Phone), "正在核实")
		expect(t, send(t, w, number, "id_card", "a.png", asPNG(t, picture(300, 300))), 409, "recovery_closed")

		path := onlyRequest(t, w, service)
		expect(t, w.Do(t, school, "GET", path, nil), 404, "not_found")
		expect(t, w.Do(t, school, "GET", path+"/copies/id_card", nil), 404, "not_found")
		photo := w.Do(t, service, "GET", path+"/copies/id_card", nil)
		expect(t, photo, 200, "")
		if got, _, err := image.Decode(strings.NewReader(photo.Text)); err != nil || got.Bounds().Dx() != 400 {
			t.Errorf("the photo does not open: %v", err)
		}
		if strings.Contains(photo.Text, "GPS") {
			t.Error("the photo still says where it was taken")
		}
		unseen := func(p roomtest.Person, want string) {
			t.Helper()
			if got := fmt.Sprint(w.Do(t, p, "GET", path, nil).Get("unopened")); got != want {
				t.Errorf("yet to be opened: %s, want %s", got, want)
			}
			expect(t, w.Do(t, p, "POST", path+"/approve", object{"reason": "两证一致"}), 409, "recovery_unopened")
		}
		unseen(service, "[certificate]")
		paper := w.Do(t, service, "GET", path+"/copies/certificate", nil)
		unseen(w.Administrator(t, access.Service, "510000"), "[id_card certificate]") // what somebody else has seen
		for _, a := range []roomtest.Answer{photo, paper} {
			if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("a browser may open it as a page, or keep it: %v", a.Header)
			}
		}
		if !strings.HasPrefix(photo.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(photo.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("a browser may open the photo as a page: %v", photo.Header)
		}
		if !strings.HasPrefix(paper.Header.Get("Content-Disposition"), "inline") || strings.Contains(paper.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("a browser saves the paper, or keeps its viewer out: %v", paper.Header)
		}
		if paper.Header.Get("Content-Type") != "application/pdf" || photo.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("types %s, %s", photo.Header.Get("Content-Type"), paper.Header.Get("Content-Type"))
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'recovery.look' AND actor_id = $1`, service.ID); n != 2 {
			t.Errorf("%d looks recorded, want 2", n)
		}
		expect(t, w.Do(t, service, "POST", path+"/approve", object{"reason": "两证一致"}), 200, "")
		if n := w.Count(t, `SELECT count(*) FROM security_events WHERE kind = 'recovery_warning' AND done_by = 'service'`); n != 1 {
			t.Error("the owner does not read that customer service did it")
		}
		done := w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/password"+of(number), object{"sms_code": code(t, w, phone), "new_password": newPassword})
		expect(t, done, 200, "")

		for _, c := range []struct {
			days, left int
		}{{29, 200}, {31, 404}} {
			if err := after(w, time.Duration(c.days)*24*time.Hour).Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if a := w.Do(t, service, "GET", path+"/copies/id_card", nil); a.Status != c.left {
				t.Errorf("%d days after the decision: %d, want %d", c.days, a.Status, c.left)
			}
		}
		if w.Count(t, `SELECT count(*) FROM recovery_copies`) != 0 || files(t, w) != 0 {
			t.Errorf("copies are left after 31 days: %d files", files(t, w))
		}
		if w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'recovery.erase'`) != 1 {
			t.Error("the removal is not recorded")
		}
	})
}

// Whoever could not see a copy has not opened it.
func TestACopyThatDoesNotOpenIsNotLookedAt(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		lost(t, w)
		service := w.Administrator(t, access.Service, "510000")
		sendBoth(t, w, file(t, w, phone, object{"proof": "copies"}))
		if err := os.RemoveAll(w.CopiesDir); err != nil {
			t.Fatal(err)
		}
		if a := w.Do(t, service, "GET", onlyRequest(t, w, service)+"/copies/id_card", nil); a.Status == 200 {
			t.Fatalf("a copy that is not there opens: %v", a)
		}
		if n := w.Count(t, `SELECT count(*) FROM recovery_looks`); n != 0 {
			t.Errorf("%d looks at what did not open", n)
		}
	})
}

func TestCopiesAreTakenForWhatTheyAre(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		number := file(t, w, phone, object{"proof": "copies"})
		html := "<!doctype html><script>alert(1)</script>"
		svg := `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)" width="400" height="400"/>`
		whole := asPNG(t, picture(300, 300))
		for _, c := range []struct{ name, content, field string }{
			{"page.jpg", html, "copy_type"},
			{"drawing.png", svg, "copy_type"},
			{"roster.pdf", "PK\x03\x04", "copy_type"},
			{"animation.jpg", "GIF89a" + strings.Repeat("\x00", 40), "copy_type"},
			{"page.pdf", html + pdf, "copy_type"}, // a PDF that begins as a page
			{"empty.jpg", "", "copy_empty"},
			{"half.png", string(whole[:len(whole)/2]), "copy_damaged"},
			{"half.pdf", "%PDF-1.4\n", "copy_damaged"},
			{"not-webp.webp", "RIFF\x10\x00\x00\x00WEBPVP8 junk", "copy_damaged"},
			{"begins-as.jpg", "\xff\xd8\xff" + html, "copy_damaged"},
			{"bomb.png", string(bomb(60_000, 60_000)), "copy_too_many_pixels"},
			{"dot.png", string(asPNG(t, picture(1, 1))), "copy_too_small"},
		} {
			a := send(t, w, number, "id_card", c.name, []byte(c.content))
			expect(t, a, 415, "copy_unsupported")
			contains(t, a.Text, `"`+c.field+`"`)
		}
		if n := files(t, w); n != 0 {
			t.Errorf("%d refused files lie on disk", n)
		}
		// A picture with a page behind it is kept as a picture alone.
		expect(t, send(t, w, number, "id_card", "polyglot.html", append(whole, html...)), 200, "")
		expect(t, send(t, w, number, "certificate", "webp", webp()), 200, "")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/submission"+of(number), nil), 200, "")
		service := w.Administrator(t, access.Service, "510000")
		kept := w.Do(t, service, "GET", onlyRequest(t, w, service)+"/copies/id_card", nil)
		if kept.Header.Get("Content-Type") != "image/jpeg" || strings.Contains(kept.Text, "script") {
			t.Error("the page behind the picture was kept")
		}
	})
}

func TestTooLargeACopyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		number := file(t, w, phone, object{"proof": "copies"})
		for _, size := range []int{10<<20 + 1, 11 << 20} {
			expect(t, send(t, w, number, "id_card", "big.pdf", append([]byte("%PDF-1.4"), make([]byte, size)...)), 413, "payload_too_large")
		}
		expect(t, send(t, w, file(t, w, "13890001235"), "id_card", "a.pdf", []byte(pdf)), 409, "recovery_closed") // the school vouches: nothing is to be sent
	})
}

func TestCopiesOfARequestThatEndsAreRemovedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		withdrawn, left := file(t, w, phone, object{"proof": "copies"}), file(t, w, "13890001235", object{"proof": "copies"})
		sendBoth(t, w, withdrawn)
		expect(t, send(t, w, left, "id_card", "a.pdf", []byte(pdf)), 200, "")
		expect(t, send(t, w, left, "id_card", "b.pdf", []byte(pdf)), 200, "") // replaces the first
		if n := files(t, w); n != 3 {
			t.Errorf("%d files, want 3", n)
		}
		expect(t, w.Do(t, roomtest.Person{}, "DELETE", "/api/v1/recovery"+of(withdrawn), nil), 200, "")
		if n := files(t, w); n != 1 {
			t.Errorf("%d files after one was withdrawn, want 1", n)
		}
		if err := after(w, 47*time.Hour).Sweep(t.Context()); err != nil || status(t, w, left).Get("state") != "collecting" {
			t.Errorf("ended too early: %v", err)
		}
		if err := after(w, 49*time.Hour).Sweep(t.Context()); err != nil || status(t, w, left).Get("state") != "expired" || files(t, w) != 0 {
			t.Errorf("abandoned, and %d files are left: %v", files(t, w), err)
		}
	})
}
