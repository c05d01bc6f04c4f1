package imports

import (
	"context"
	"fmt"
	"io"
)

// maxRecord bounds the text of one record, line ends and markup before it included: a small compressed file can hold a record of any size.
const maxRecord = 16 << 20

// errLongRecord ends an import: what follows a record that is not read to its end cannot be told from it.
var errLongRecord = fmt.Errorf("the record is longer than %d MiB; check for a quote or a tag that is not closed", maxRecord>>20)

// boundedReader ends with its context and after maxRecord bytes of one record.
type boundedReader struct {
	ctx  context.Context
	r    io.Reader
	left int
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.left <= 0 {
		return 0, errLongRecord
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// boundedSource gives the reader below it the bytes of one more record for each that is asked for.
type boundedSource struct {
	source
	reader *boundedReader
}

func (s boundedSource) next() (row, error) {
	s.reader.left = maxRecord
	return s.source.next()
}
