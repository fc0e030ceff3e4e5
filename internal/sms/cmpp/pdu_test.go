package cmpp_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caotang/internal/sms/cmpp"
)

// The bytes are laid out by hand from the tables of the protocol.
func TestUnitsOnTheLine(t *testing.T) {
	at := time.Date(2026, 9, 1, 0, 3, 4, 0, time.UTC) // 08:03:04 in China
	if got := cmpp.TimestampAt(at); got != 901080304 {
		t.Errorf("timestamp %d", got)
	}
	// printf '901234\0\0\0\0\0\0\0\0\0shared secret0901080304' | md5sum
	authenticator := cmpp.Authenticate("901234", "shared secret", 901080304)
	if got := hex.EncodeToString(authenticator[:]); got != "5112c958e44f1b68d071158557c3cbb2" {
		t.Errorf("authenticator %s", got)
	}
	connect := cmpp.ConnectBody{Source: "901234", Authenticator: [16]byte{0: 0xaa, 15: 0xbb}, Version: cmpp.V30, Timestamp: 901080304}
	unit := cmpp.PDU{Command: cmpp.Connect, Sequence: 7, Body: connect.Bytes()}
	expect(t, "CONNECT", unit.Bytes(), "00000027 00000001 00000007", "393031323334", "aa"+strings.Repeat("00", 14)+"bb", "30", "35b564f0")

	submit := cmpp.SubmitBody{
		Total: 2, Number: 1, Report: true, Service: "CAOTANG", FeeUser: 2, UDHI: true, Format: cmpp.FormatUCS2, Source: "901234",
		FeeType: "01", FeeCode: "000000", Sender: "1069012345", Phones: []string{"13880001234"}, Content: []byte{1, 2, 3},
	}
	zeros := func(n int) string { return strings.Repeat("00", n) }
	text := func(s string, size int) string { return hex.EncodeToString([]byte(s)) + zeros(size-len(s)) }
	expect(t, "SUBMIT 2.0", submit.Bytes(cmpp.V20), zeros(8), "02 01 01 01", text("CAOTANG", 10), "02", zeros(21), "00 01 08",
		text("901234", 6), text("01", 2), text("000000", 6), zeros(17), zeros(17), text("1069012345", 21), "01", text("13880001234", 21),
		"03 010203", zeros(8))
	expect(t, "SUBMIT 3.0", submit.Bytes(cmpp.V30), zeros(8), "02 01 01 01", text("CAOTANG", 10), "02", zeros(32), "00", "00 01 08",
		text("901234", 6), text("01", 2), text("000000", 6), zeros(17), zeros(17), text("1069012345", 21), "01", text("13880001234", 32), "00",
		"03 010203", zeros(20))

	deliver := cmpp.DeliverBody{ID: 0x0102030405060708, Receiver: "1069012345", Service: "CAOTANG", Phone: "13880001234", IsReport: true, Content: []byte{9}}
	expect(t, "DELIVER 2.0", deliver.Bytes(cmpp.V20), "0102030405060708", text("1069012345", 21), text("CAOTANG", 10), "00 00 00",
		text("13880001234", 21), "01", "01 09", zeros(8))
	expect(t, "DELIVER 3.0", deliver.Bytes(cmpp.V30), "0102030405060708", text("1069012345", 21), text("CAOTANG", 10), "00 00 00",
		text("13880001234", 32), "00", "01", "01 09", zeros(20))

	answer := cmpp.MessageAnswer{ID: 1, Result: 8}
	expect(t, "SUBMIT_RESP 2.0", answer.Bytes(cmpp.V20), "0000000000000001 08")
	expect(t, "SUBMIT_RESP 3.0", answer.Bytes(cmpp.V30), "0000000000000001 00000008")

	for version, width := range map[cmpp.Version]int{cmpp.V20: 60, cmpp.V30: 71} {
		content := cmpp.Status{ID: 5, State: "MK:0024", Phone: "13880001234"}.Bytes(version)
		if status, err := cmpp.ParseStatus(content); err != nil || len(content) != width || status.ID != 5 || status.State != "MK:0024" {
			t.Errorf("report of %d bytes, %+v, %v", len(content), status, err)
		}
	}
}

func expect(t *testing.T, name string, got []byte, parts ...string) {
	t.Helper()
	want := strings.ReplaceAll(strings.Join(parts, ""), " ", "")
	if hex.EncodeToString(got) != want {
		t.Errorf("%s\ngot  %x\nwant %s", name, got, want)
	}
}

func TestConnectAnswersOfBothVersions(t *testing.T) {
	for _, version := range []cmpp.Version{cmpp.V20, cmpp.V30} {
		answer, err := cmpp.ParseConnectAnswer(cmpp.ConnectAnswer{Status: 3, Version: version}.Bytes(version))
		if err != nil || answer.Status != 3 || answer.Version != version {
			t.Errorf("%+v, %v", answer, err)
		}
	}
}

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.SampledFrom([]cmpp.Version{cmpp.V20, cmpp.V30}).Draw(t, "version")
		submit := cmpp.SubmitBody{
			Total: rapid.Byte().Draw(t, "total"), Number: rapid.Byte().Draw(t, "number"), Report: rapid.Bool().Draw(t, "report"),
			UDHI: rapid.Bool().Draw(t, "udhi"), Format: cmpp.FormatUCS2, Source: "901234", FeeType: "01", FeeCode: "000000",
			Phones:  rapid.SliceOfN(rapid.StringMatching(`1\d{10}`), 1, 5).Draw(t, "phones"),
			Content: rapid.SliceOfN(rapid.Byte(), 0, 140).Draw(t, "content"),
		}
		if got, err := cmpp.ParseSubmit(version, submit.Bytes(version)); err != nil || fmt.Sprint(got) != fmt.Sprint(submit) {
			t.Errorf("%+v, %v", got, err)
		}
		body := submit.Bytes(version)
		if _, err := cmpp.ParseSubmit(version, body[:rapid.IntRange(0, len(body)-1).Draw(t, "cut")]); !errors.Is(err, cmpp.ErrMalformed) {
			t.Errorf("a body cut off: %v", err)
		}
	})
}

func TestNoUnitIsTakenThatIsTooShortOrTooLong(t *testing.T) {
	for _, size := range []uint32{0, 11, 8<<10 + 1, 1 << 31} {
		unit := append([]byte{byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}, make([]byte, 100)...)
		if _, err := cmpp.Read(bytes.NewReader(unit)); err == nil {
			t.Errorf("a unit of %d bytes was read", size)
		}
	}
}

func TestLongTextsAreCutBetweenCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("验证码a😀𠮷")), 0, 400, -1).Draw(t, "text")
		parts, udhi := cmpp.Split(text, 42)
		if cmpp.Join(parts, udhi) != text {
			t.Fatalf("%q is not what was cut", text)
		}
		for i, part := range parts {
			if len(part) > 140 {
				t.Fatalf("part %d has %d bytes", i, len(part))
			}
			if !udhi {
				continue
			}
			if header := []byte{5, 0, 3, 42, byte(len(parts)), byte(i + 1)}; !bytes.HasPrefix(part, header) {
				t.Fatalf("part %d begins %x, want %x", i, part[:6], header)
			}
			if strings.ContainsRune(cmpp.Join([][]byte{part}, true), '\uFFFD') {
				t.Fatalf("part %d holds half a character", i)
			}
		}
	})
	if parts, udhi := cmpp.Split(strings.Repeat("字", 70), 1); len(parts) != 1 || udhi {
		t.Errorf("70 characters make %d parts", len(parts))
	}
	if parts, udhi := cmpp.Split(strings.Repeat("字", 71), 1); len(parts) != 2 || !udhi {
		t.Errorf("71 characters make %d parts", len(parts))
	}
}
