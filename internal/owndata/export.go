package owndata

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"html/template"
	"io"
	"strings"
	"time"

	_ "embed" // the page's template

	"caotang/internal/calendar"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/messages"
	"caotang/internal/server"
	"caotang/internal/support"
	"caotang/internal/transfers"
)

// What a file holds at most: far more than anybody has, and little enough to be made while one waits.
const (
	maxTickets = 1000 // and as many changes of school
	maxRecords = 5000
)

// Document is the file's content. It is complete but for what More tells.
type Document struct {
	ExportedAt time.Time `json:"exported_at"`
	Phone      string    `json:"phone" doc:"In full"`
	Data
	Tickets   []support.Kept           `json:"tickets"`
	Transfers []transfers.Transfer     `json:"transfers"`
	Opposed   []transfers.Opposed      `json:"opposed" doc:"Changes of school of children that one objected to"`
	Events    []accounts.SecurityEvent `json:"security_events"`
	Records   []Record                 `json:"records"`
	More      bool                     `json:"more_records" doc:"There are older records than those that the file has room for"`
}

// Export makes the actor's file after their password, and records it: a .zip with the same content as data.json for
// programs and as a page for people. Errors: password_wrong, too_many_attempts.
func (s *Service) Export(ctx context.Context, password string) ([]byte, error) {
	if err := s.Accounts.AllowExport(ctx, password); err != nil {
		return nil, err
	}
	document, err := s.document(ctx, access.ActorFrom(ctx).AccountID)
	if err != nil {
		return nil, err
	}
	return pack(document, access.ClientFrom(ctx).Language)
}

func (s *Service) document(ctx context.Context, accountID string) (d Document, err error) {
	d.ExportedAt = time.Now().UTC().Truncate(time.Second)
	if d.Data, err = s.gather(ctx, true); err != nil {
		return d, err
	}
	if d.Phone, err = s.Accounts.PhoneOf(ctx, s.db, accountID); err != nil {
		return d, err
	}
	if d.Tickets, err = s.Support.AllOf(ctx, s.db, accountID, maxTickets); err != nil {
		return d, err
	}
	if d.Transfers, err = s.Transfers.AllOf(ctx, s.db, accountID, maxTickets); err != nil {
		return d, err
	}
	if d.Opposed, err = s.Transfers.OpposedBy(ctx, s.db, accountID, maxTickets); err != nil {
		return d, err
	}
	if d.Events, err = s.events(ctx); err != nil {
		return d, err
	}
	if d.Records, err = s.records(ctx, d.People, "", maxRecords+1); err != nil {
		return d, err
	}
	if len(d.Records) > maxRecords {
		d.Records, d.More = d.Records[:maxRecords], true
	}
	return d, nil
}

// events are all that happened to the account's security within the time for which that is kept.
func (s *Service) events(ctx context.Context) ([]accounts.SecurityEvent, error) {
	all, page := []accounts.SecurityEvent{}, server.PageInput{Limit: maxTickets}
	for len(all) < maxRecords {
		some, err := s.Accounts.SecurityEvents(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some.Items...)
		if page.Cursor = some.NextCursor; page.Cursor == "" {
			break
		}
	}
	return all, nil
}

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"t": func(language, key string) string { return messages.Text(language, "own."+key, nil) },
	"event": func(language string, kind accounts.Notice) string {
		return messages.Text(language, "event."+string(kind), nil)
	},
	"device": deviceWords,
	"place":  placeWords,
	"at": func(t time.Time) string {
		return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
	},
}).Parse(pageSource))

// deviceWords are a device's as its owner reads them on the screen too: Windows 10/11 · Chrome 126.
func deviceWords(language string, d accounts.Device) string {
	var words []string
	for _, part := range [][3]string{{"system", d.System, d.SystemVersion}, {"browser", d.Browser, d.BrowserVersion}} {
		if part[1] != "" {
			words = append(words, strings.TrimSpace(messages.Text(language, "device."+part[0]+"."+part[1], nil)+" "+part[2]))
		}
	}
	if len(words) == 0 {
		return messages.Text(language, "device.unknown", nil)
	}
	return strings.Join(words, " · ")
}

// placeWords are a place's, with what of the address may be shown.
func placeWords(language string, p accounts.Place) string {
	name := p.Name
	if p.Kind != "known" {
		name = messages.Text(language, "place."+p.Kind, nil)
	}
	if p.MaskedAddress == "" {
		return name
	}
	return name + "（" + p.MaskedAddress + "）"
}

// pack writes the two forms of a document into one .zip.
func pack(d Document, language string) ([]byte, error) {
	if language == "" {
		language = messages.Chinese
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	entry := func(name string) (io.Writer, error) {
		return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: d.ExportedAt.In(calendar.Shanghai)})
	}
	file, err := entry("data.json")
	if err != nil {
		return nil, err
	}
	encoder := json.NewEncoder(file)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		return nil, err
	}
	if file, err = entry("data.html"); err != nil {
		return nil, err
	}
	if err := page.Execute(file, map[string]any{"D": d, "L": language}); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
