package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

// fetchLimit bounds the copying of a snapshot, whoever waits for it.
const fetchLimit = 10 * time.Minute

// openSnapshot is a snapshot with its local copy. What it holds is set before done is closed.
type openSnapshot struct {
	done     chan struct{}
	cancel   context.CancelFunc
	snapshot *snapshot.Snapshot
	file     *os.File
	err      error
}

// PutSnapshot writes a snapshot and returns its checksum. Nothing is visible under the path unless all of it was written.
func (a *Archive) PutSnapshot(ctx context.Context, at string, c *snapshot.Content) (checksum string, err error) {
	err = a.Put(ctx, at, func(w io.Writer) error {
		checksum, err = snapshot.Write(w, c)
		return err
	})
	return checksum, err
}

// Snapshot opens a snapshot through a local copy and checks its checksum; the open snapshot is shared. The error wraps ErrNotFound or
// snapshot.ErrCorrupt where it fits. Who leaves meanwhile does not end the opening, which others may wait for.
func (a *Archive) Snapshot(ctx context.Context, at string) (*snapshot.Snapshot, error) {
	o, err := a.opened(ctx, at)
	if err != nil {
		return nil, err
	}
	return o.snapshot, nil
}

func (a *Archive) opened(ctx context.Context, at string) (*openSnapshot, error) {
	a.mu.Lock()
	o, ok := a.open[at]
	if !ok {
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchLimit)
		o = &openSnapshot{done: make(chan struct{}), cancel: cancel}
		a.open[at] = o
		a.opening.Go(func() { a.fill(free, at, o) })
	}
	a.mu.Unlock()
	select {
	case <-o.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("open snapshot %s: %w", at, ctx.Err())
	}
	if o.err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", at, o.err)
	}
	return o, nil
}

func (a *Archive) fill(ctx context.Context, at string, o *openSnapshot) {
	defer o.cancel()
	o.snapshot, o.file, o.err = a.fetch(ctx, at)
	if o.err != nil {
		a.mu.Lock()
		if a.open[at] == o { // so that a later call tries again
			delete(a.open, at)
		}
		a.mu.Unlock()
	}
	close(o.done)
}

// Forget drops the local copy of a snapshot that is served no more. Readers that still hold it can finish: the file stays open
// until they are collected.
func (a *Archive) Forget(at string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, at)
}

// fetch copies a snapshot to a local file and opens it there. On success the caller owns both; on failure nothing is left.
// The disk needs as much room as all snapshots that are open.
func (a *Archive) fetch(ctx context.Context, at string) (*snapshot.Snapshot, *os.File, error) {
	r, err := a.Bucket.Open(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	f, err := os.CreateTemp(a.local, filepath.Base(at)+"-*")
	if err != nil {
		return nil, nil, err
	}
	// The file needs no name: it is read through its handle, and the space is free again once nobody holds it.
	err = os.Remove(f.Name())
	var size int64
	if err == nil {
		size, err = io.Copy(f, r)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	s, err := snapshot.Open(f, size)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return s, f, nil
}
