// Package archive keeps model snapshots: durably in a bucket, and open, through local copies, for those that are read. Everything lies
// below shops/<shop>/. The main type is Archive.
package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"sync"

	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
)

// ErrNotFound says that there is no such snapshot.
var ErrNotFound = blob.ErrNotFound

// Archive stores snapshots. It is safe for concurrent use.
type Archive struct {
	blob.Bucket
	local string // folder of local copies of snapshots, for reading rows in place

	mu      sync.Mutex
	open    map[string]*openSnapshot // by path; shared by all readers
	opening sync.WaitGroup
}

// Open opens the bucket of a URL; see blob.Open.
func Open(ctx context.Context, rawURL string) (*Archive, error) {
	bucket, err := blob.Open(ctx, rawURL)
	if err != nil {
		return nil, err
	}
	return New(bucket)
}

// New returns an archive in a bucket. Local copies of snapshots go to a temporary folder.
func New(bucket blob.Bucket) (*Archive, error) {
	local, err := os.MkdirTemp("", "aisle-snapshots-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for local snapshot copies: %w", err)
	}
	return &Archive{Bucket: bucket, local: local, open: map[string]*openSnapshot{}}, nil
}

// Close removes the local copies.
func (a *Archive) Close() error {
	a.mu.Lock()
	for _, o := range a.open {
		o.cancel()
	}
	a.mu.Unlock()
	a.opening.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for _, o := range a.open {
		if o.file != nil {
			errs = append(errs, o.file.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(a.local))...)
}

// Path joins the path of a thing of a shop.
func Path(shop string, parts ...string) string {
	return path.Join(append([]string{"shops", shop}, parts...)...)
}
