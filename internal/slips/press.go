package slips

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"runtime/debug"
	"strings"
)

// Printing is what slips are printed with.
type Printing struct {
	Fonts     fs.FS  // sans.ttf.gz and rare.ttf.gz
	PublicURL string // where people reach the platform; "" = where the request that prints came to
}

// press prints one file at a time: a font of ten megabytes is in memory only as long as somebody prints.
type press struct {
	Printing
	turn chan struct{}
}

func newPress(p Printing) *press { return &press{p, make(chan struct{}, 1)} }

// fonts are those that a file is printed with, the first that has a character first.
type fonts struct{ sans, rare []byte }

// begin waits for a turn and loads the fonts. Call the function that it gives when the file is printed.
func (p *press) begin(ctx context.Context) (f fonts, leave func(), err error) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return f, nil, context.Cause(ctx)
	}
	if f.sans, err = p.load("sans.ttf.gz"); err == nil {
		f.rare, err = p.load("rare.ttf.gz")
	}
	if err != nil {
		<-p.turn
		return f, nil, fmt.Errorf("slips: this binary was built without its fonts (run `make build`): %w", err)
	}
	return f, func() {
		<-p.turn
		debug.FreeOSMemory() // a server that prints once a week does not keep what printing took
	}, nil
}

func (p *press) load(name string) ([]byte, error) {
	file, err := p.Fonts.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unpacked)
}

// page is where slips are used, such as https://edu.example.cn/activate. here is the address that the request came to.
func (p *press) page(here string) string {
	base := p.PublicURL
	if base == "" {
		base = here
	}
	return strings.TrimSuffix(base, "/") + "/activate"
}

// spoken is an address as people type it.
func spoken(page string) string {
	if u, err := url.Parse(page); err == nil {
		return u.Host + u.Path
	}
	return page
}
