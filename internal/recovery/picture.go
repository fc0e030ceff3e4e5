package recovery

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"

	"caotang/internal/fault"
)

// What copies are kept as.
const (
	mediaJPEG = "image/jpeg"
	mediaPDF  = "application/pdf"
)

const (
	maxPixels = 24_000_000 // of a picture that is opened: a small file may claim to be a huge one
	minSide   = 200        // pixels: nothing can be read in less
	quality   = 88
)

// format is a kind of picture, known by how it begins.
type format struct {
	begins func(content []byte) bool
	size   func(content []byte) (image.Config, error)
	decode func(content []byte) (image.Image, error)
}

var formats = []format{
	{
		func(c []byte) bool { return bytes.HasPrefix(c, []byte("\xff\xd8\xff")) },
		func(c []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(c)) },
		func(c []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(c)) },
	},
	{
		func(c []byte) bool { return bytes.HasPrefix(c, []byte("\x89PNG\r\n\x1a\n")) },
		func(c []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(c)) },
		func(c []byte) (image.Image, error) { return png.Decode(bytes.NewReader(c)) },
	},
	{
		func(c []byte) bool {
			return len(c) >= 12 && string(c[:4]) == "RIFF" && string(c[8:12]) == "WEBP"
		},
		func(c []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(c)) },
		func(c []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(c)) },
	},
}

// purify takes a copy for what it is by its content, whatever it is called. A picture is opened and written anew as JPEG:
// where it was taken, and whatever else lay in the file, is gone. A PDF stays as it is: nobody vouches for
// what is in it, and it is opened by the browser's own viewer alone. Anything else is copy_unsupported.
func purify(content []byte) (clean []byte, mediaType string, err error) {
	for _, f := range formats {
		if f.begins(content) {
			clean, err := f.purify(content)
			return clean, mediaJPEG, err
		}
	}
	if bytes.HasPrefix(content, []byte("%PDF-")) {
		if !bytes.Contains(content[max(0, len(content)-1024):], []byte("%%EOF")) {
			return nil, "", refused("copy_damaged", nil)
		}
		return content, mediaPDF, nil
	}
	if len(content) == 0 {
		return nil, "", refused("copy_empty", nil)
	}
	return nil, "", refused("copy_type", nil)
}

func (f format) purify(content []byte) ([]byte, error) {
	size, err := f.size(content)
	if err != nil || size.Width <= 0 || size.Height <= 0 {
		return nil, refused("copy_damaged", nil)
	}
	if int64(size.Width)*int64(size.Height) > maxPixels {
		return nil, refused("copy_too_many_pixels", map[string]any{"max": maxPixels / 1_000_000})
	}
	if size.Width < minSide || size.Height < minSide {
		return nil, refused("copy_too_small", map[string]any{"min": minSide})
	}
	picture, err := f.decode(content)
	if err != nil {
		return nil, refused("copy_damaged", nil)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, onWhite(picture), &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// onWhite puts a picture that shows something through on white: JPEG knows no transparency.
func onWhite(picture image.Image) image.Image {
	if p, ok := picture.(interface{ Opaque() bool }); ok && p.Opaque() {
		return picture
	}
	if _, ok := picture.(*image.YCbCr); ok {
		return picture
	}
	paper := image.NewRGBA(picture.Bounds())
	draw.Draw(paper, paper.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(paper, paper.Bounds(), picture, picture.Bounds().Min, draw.Over)
	return paper
}

func refused(code string, args map[string]any) error {
	return errCopy.New(fault.FieldWith("file", code, args))
}
