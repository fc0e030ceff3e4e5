// Package ui holds the built faces of the product, so that one binary serves
// them. The build writes dist/<face>; a binary built without it has no face.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Face returns the files of one built face ("web"), rooted at its index.html,
// and whether it was built into this binary. Beside each text asset lie its
// .br and .gz forms; csp.json names the hashes of the inline scripts as
// {"script": ["sha256-…"]}. Everything below assets/ is named by its content.
func Face(name string) (fs.FS, bool) {
	face, err := fs.Sub(dist, "dist/"+name)
	if err != nil {
		return nil, false
	}
	if _, err := fs.Stat(face, "index.html"); err != nil {
		return nil, false
	}
	return face, true
}

// Fonts returns the fonts of printed papers, which the build lays beside the
// faces: sans.ttf.gz, and rare.ttf.gz for characters that it lacks. A binary
// built without them gives an empty folder.
func Fonts() fs.FS {
	fonts, err := fs.Sub(dist, "dist/fonts")
	if err != nil {
		return embed.FS{}
	}
	return fonts
}
