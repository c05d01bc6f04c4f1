package table

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Decompress returns the plain bytes of a file. It recognises gzip and zstd by their first
// bytes, whatever the name says; other files are passed on. The caller calls the function when
// it has read. It bounds the memory of a zstd frame by a window of 64 MB, but not how much a
// small file unpacks to: who reads does that.
func Decompress(file io.Reader) (io.Reader, func(), error) {
	buffered := bufio.NewReaderSize(file, 256<<10)
	magic, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, func() {}, fmt.Errorf("the gzip header is damaged: %w", err)
		}
		return z, func() { _ = z.Close() }, nil // nothing was written
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, func() {}, fmt.Errorf("the zstd header is damaged: %w", err)
		}
		return z, z.Close, nil
	}
	return buffered, func() {}, nil
}
