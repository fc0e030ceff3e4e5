package slips

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"caotang/internal/calendar"

	"github.com/signintech/gopdf"
	"github.com/skip2/go-qrcode"

	"caotang/internal/messages"
)

// An A4 page holds two columns of four slips, in millimetres, with cutting lines between them.
const (
	pageWidth, pageHeight = 210.0, 297.0
	margin                = 8.0
	columnsOnPage         = 2
	rowsOnPage            = 4
	onPage                = columnsOnPage * rowsOnPage
	slipWidth             = (pageWidth - 2*margin) / columnsOnPage
	slipHeight            = (pageHeight - 2*margin) / rowsOnPage
	padding               = 5.0
	qrSize                = 31.0
	inner                 = slipWidth - 2*padding
)

// The fonts by their names within a file.
const (
	sans = "sans"
	rare = "rare"
)

// replacement stands for a character that no font has. What it stands for is named beside it.
const replacement = '□'

// layout draws slips on the pages of a file. Its first error stays and stops it.
type layout struct {
	pdf      *gopdf.GoPdf
	fonts    fonts
	probe    *gopdf.GoPdf // holds the rare font, to ask what it has; nil until a character is asked for
	hasRare  bool         // the file holds it too
	page     string       // where slips are used
	language string
	err      error
}

// render answers the slips as a PDF, eight to a page. Only the characters that they need of the fonts are in it.
func render(sheets *Sheets, f fonts, page, language string) ([]byte, error) {
	l := newLayout(f, page, language)
	l.pdf.SetInfo(gopdf.PdfInfo{Title: l.text("slip.title", nil) + " " + sheets.Title, Creator: "Caotang"})
	for i, slip := range sheets.Slips {
		if i%onPage == 0 {
			l.pdf.AddPage()
			l.cuttingLines(min(onPage, len(sheets.Slips)-i))
		}
		column, row := i%columnsOnPage, i%onPage/columnsOnPage
		l.slip(slip, margin+float64(column)*slipWidth, margin+float64(row)*slipHeight)
	}
	if l.err != nil {
		return nil, l.err
	}
	return l.pdf.GetBytesPdfReturnErr()
}

func newLayout(f fonts, page, language string) *layout {
	l := &layout{pdf: &gopdf.GoPdf{}, fonts: f, page: page, language: language}
	l.pdf.Start(gopdf.Config{Unit: gopdf.UnitMM, PageSize: gopdf.Rect{W: pageWidth, H: pageHeight}})
	l.try(l.pdf.AddTTFFontData(sans, f.sans))
	return l
}

func (l *layout) try(err error) {
	if l.err == nil && err != nil {
		l.err = fmt.Errorf("slips: pdf: %w", err)
	}
}

func (l *layout) text(key string, args map[string]any) string {
	return messages.Text(l.language, key, args)
}

// cuttingLines frames the first n places of a page with dashes.
func (l *layout) cuttingLines(n int) {
	l.pdf.SetLineWidth(0.2)
	l.pdf.SetStrokeColor(150, 150, 150)
	l.pdf.SetCustomLineType([]float64{1.2, 1.2}, 0)
	for i := range n {
		x, y := margin+float64(i%columnsOnPage)*slipWidth, margin+float64(i/columnsOnPage)*slipHeight
		l.pdf.RectFromUpperLeftWithStyle(x, y, slipWidth, slipHeight, "D")
	}
}

// slip draws one slip whose upper left corner is at x, y.
func (l *layout) slip(p Slip, x, y float64) {
	left, beside := x+padding, inner-qrSize-3
	l.ink(43, 122, 88)
	l.line(l.text("slip."+p.Purpose+".title", nil), left, y+9, 11, beside)
	l.ink(31, 42, 46)
	missing := l.line(p.Name, left, y+20, 21, beside)
	l.ink(74, 88, 94)
	l.line(p.School, left, y+27, 10, beside)
	l.line(p.Class, left, y+32, 10, beside)
	if missing != "" {
		l.line(l.text("slip.missing", map[string]any{"characters": missing}), left, y+36.4, 7, beside)
	}
	l.qr(l.page+"?code="+url.QueryEscape(p.Code), x+slipWidth-padding-qrSize, y+4)

	l.pdf.SetFillColor(236, 243, 239)
	l.pdf.RectFromUpperLeftWithStyle(left, y+38, inner, 11, "F")
	l.ink(31, 42, 46)
	l.spaced(p.Code, left, y+46, 20)

	l.ink(74, 88, 94)
	words := map[string]any{"address": spoken(l.page), "guardians": spoken(strings.TrimSuffix(l.page, "/activate") + "/consent"), "until": l.day(p.Until)}
	for i, step := range []string{"step_1", "step_2", "step_3", "guardian", "until"} {
		l.line(l.text("slip."+p.Purpose+"."+step, words), left, y+53.5+3.7*float64(i), 8.5, inner)
	}
}

func (l *layout) day(t time.Time) string {
	return t.In(calendar.Shanghai).Format(l.text("slip.day", nil))
}

func (l *layout) ink(r, g, b uint8) { l.pdf.SetTextColor(r, g, b) }

// least is the smallest type that is printed, in points.
const least = 5.0

// line writes a text on one line with its foot at y, in type as large as the width allows up to size points. It answers
// the code points of the characters that no font has, which are drawn as a box.
func (l *layout) line(text string, x, y, size, width float64) (missing string) {
	runs, missing := l.runs(text)
	for ; size > least && l.width(runs, size) > width; size -= 0.5 {
	}
	l.pdf.SetXY(x, y)
	for _, r := range runs {
		l.try(l.pdf.SetFont(r.font, "", size))
		l.try(l.pdf.Text(r.text))
	}
	return missing
}

// spaced writes a code so that its characters stand apart, centred on the slip.
func (l *layout) spaced(code string, x, y, size float64) {
	const apart = 1.4
	l.try(l.pdf.SetFont(sans, "", size))
	total := -apart
	widths := make([]float64, len(code))
	for i, c := range code {
		width, err := l.pdf.MeasureTextWidth(string(c))
		l.try(err)
		widths[i] = width
		total += width + apart
	}
	x += (inner - total) / 2
	for i, c := range code {
		l.pdf.SetXY(x, y)
		l.try(l.pdf.Text(string(c)))
		x += widths[i] + apart
	}
}

// run is a piece of text in one font.
type run struct{ font, text string }

func (l *layout) runs(text string) (runs []run, missing string) {
	var named []string
	for _, c := range text {
		font := l.fontOf(c)
		if font == "" {
			named = append(named, fmt.Sprintf("U+%04X", c))
			font, c = sans, replacement
		}
		if n := len(runs); n > 0 && runs[n-1].font == font {
			runs[n-1].text += string(c)
		} else {
			runs = append(runs, run{font, string(c)})
		}
	}
	return runs, strings.Join(named, " ")
}

// fontOf is the font that has the character, "" when none has it. The rare font comes into the file with the first
// character that needs it.
func (l *layout) fontOf(c rune) string {
	if l.has(l.pdf, sans, c) {
		return sans
	}
	if l.probe == nil {
		l.probe = &gopdf.GoPdf{}
		l.probe.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
		l.try(l.probe.AddTTFFontData(rare, l.fonts.rare))
	}
	if !l.has(l.probe, rare, c) {
		return ""
	}
	if !l.hasRare {
		l.try(l.pdf.AddTTFFontData(rare, l.fonts.rare))
		l.hasRare = true
	}
	return rare
}

// has reports whether a font has the character; true for every one once something has failed.
func (l *layout) has(pdf *gopdf.GoPdf, font string, c rune) bool {
	l.try(pdf.SetFont(font, "", 10))
	if l.err != nil {
		return true
	}
	has, err := pdf.IsCurrFontContainGlyph(c)
	l.try(err)
	return has
}

func (l *layout) width(runs []run, size float64) (total float64) {
	for _, r := range runs {
		l.try(l.pdf.SetFont(r.font, "", size))
		width, err := l.pdf.MeasureTextWidth(r.text)
		l.try(err)
		total += width
	}
	return total
}

// qr draws the address as a QR code. Rows of dark modules become one rectangle each, which keeps the file small and the
// print sharp.
func (l *layout) qr(address string, x, y float64) {
	code, err := qrcode.New(address, qrcode.Medium)
	if err != nil {
		l.try(err)
		return
	}
	code.DisableBorder = true
	dark := code.Bitmap()
	module := qrSize / float64(len(dark))
	l.pdf.SetFillColor(0, 0, 0)
	for row, line := range dark {
		for begin := 0; begin < len(line); begin++ {
			end := begin
			for end < len(line) && line[end] {
				end++
			}
			if end > begin {
				l.pdf.RectFromUpperLeftWithStyle(x+float64(begin)*module, y+float64(row)*module, float64(end-begin)*module, module, "F")
				begin = end
			}
		}
	}
}

// filename is what the file is called where it is downloaded: 激活码条-草堂中学-七年级1班.pdf.
func (s *Sheets) filename(language string) string {
	return messages.Text(language, "slip.title", nil) + "-" + s.Title + ".pdf"
}
