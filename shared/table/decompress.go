package table

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxLayers is how often a file may be compressed: a download of a file that was compressed before is so twice.
const maxLayers = 2

// Decompress returns the plain bytes of a file. It recognises gzip and zstd by their first
// bytes, whatever the name says; other files are passed on. The caller calls the function when
// it has read. It bounds the memory of a zstd frame by a window of 64 MB, but not how much a
// small file unpacks to: who reads does that.
func Decompress(file io.Reader) (io.Reader, func(), error) {
	var closers []func()
	closeAll := func() {
		for _, c := range closers {
			c()
		}
	}
	for layers := 0; ; layers++ {
		plain, closer, err := decompressOnce(file)
		if err == nil && closer != nil && layers == maxLayers {
			err = errors.New("the file is compressed several times over: unpack it")
		}
		if closer != nil {
			closers = append(closers, closer)
		}
		if err != nil {
			closeAll()
			return nil, func() {}, err
		}
		if closer == nil {
			return plain, closeAll, nil
		}
		file = plain
	}
}

// decompressOnce takes one layer off; the function is nil where there is none.
func decompressOnce(file io.Reader) (io.Reader, func(), error) {
	buffered := bufio.NewReaderSize(file, 256<<10)
	magic, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, fmt.Errorf("the gzip header is damaged: %w", err)
		}
		return z, func() { _ = z.Close() }, nil // nothing was written
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, nil, fmt.Errorf("the zstd header is damaged: %w", err)
		}
		return z, z.Close, nil
	}
	return buffered, nil, nil
}
