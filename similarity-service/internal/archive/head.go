package archive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

// errOtherHead says that a head is not that of the whole snapshot, as far as anybody knows.
var errOtherHead = errors.New("the head of the snapshot is another one")

// Head reads the beginning of a snapshot, whose SHA-256 is sum, and not its lists: they are read from a local copy of the whole, which is
// fetched when the first is asked for or somebody calls Snapshot.
func (a *Archive) Head(ctx context.Context, at, sum string) (*snapshot.Snapshot, error) {
	from, err := a.Bucket.Open(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("open the head of snapshot %s: %w", at, err)
	}
	defer from.Close()
	s, got, err := snapshot.ReadHead(bufio.NewReaderSize(from, 1<<20), &whole{a, at})
	if err == nil && got != sum {
		err = errOtherHead
	}
	if err != nil {
		return nil, fmt.Errorf("open the head of snapshot %s: %w", at, err)
	}
	return s, nil
}

// whole reads from the local copy of a snapshot, which it waits for.
type whole struct {
	archive *Archive
	at      string
}

func (w *whole) ReadAt(p []byte, offset int64) (int, error) {
	o, err := w.archive.opened(context.Background(), w.at) // it ends within fetchLimit
	if err != nil {
		return 0, err
	}
	if o.file == nil {
		return 0, io.ErrUnexpectedEOF
	}
	return o.file.ReadAt(p, offset)
}
