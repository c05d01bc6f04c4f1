// Package archive keeps the durable copies: model snapshots and the small JSON documents that describe models, jobs and what is
// live. It is a folder or an object store behind one URL (gocloud.dev/blob); each write is atomic. Everything lies below shops/<shop>/.
package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://container
	"gocloud.dev/blob/fileblob"    // file:///folder
	_ "gocloud.dev/blob/gcsblob"   // gs://bucket
	_ "gocloud.dev/blob/s3blob"    // s3://bucket
	"gocloud.dev/gcerrors"

	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

// ErrNotFound says that there is no such document or snapshot.
var ErrNotFound = errors.New("not found in the archive")

// Archive stores documents and snapshots. It is safe for concurrent use.
type Archive struct {
	bucket *blob.Bucket
	folder string // of a bucket that is one, else ""
	local  string // folder of local copies of snapshots, for reading rows in place

	mu   sync.Mutex
	open map[string]*openSnapshot // by path; shared by all readers
}

type openSnapshot struct {
	once     sync.Once
	snapshot *snapshot.Snapshot
	file     *os.File
	err      error
}

// Open opens the bucket of a URL and makes its folder when it is one. Local copies of snapshots go to a temporary folder.
func Open(ctx context.Context, rawURL string) (*Archive, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the URL of the snapshot store cannot be read; it has the form file:///path, s3://bucket, gs://bucket or azblob://container, " +
			"where %, ? and # in a path are written %25, %3F and %23")
	}
	folder := ""
	if u.Scheme == fileblob.Scheme {
		if folder, err = prepareFolder(u); err != nil {
			return nil, err
		}
	}
	bucket, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("open the snapshot store: %w", err)
	}
	local, err := os.MkdirTemp("", "aisle-snapshots-")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a folder for local snapshot copies: %w", err), bucket.Close())
	}
	return &Archive{bucket: bucket, folder: folder, local: local, open: map[string]*openSnapshot{}}, nil
}

// prepareFolder makes the folder of a file:// URL and completes the URL, unless it says otherwise: temporary files stand beside the final ones, so that a
// rename is atomic, and nobody else may read.
func prepareFolder(u *url.URL) (string, error) {
	folder := filepath.FromSlash(u.Path)
	if u.Host == "." { // how fileblob writes a relative path
		folder = strings.TrimPrefix(folder, string(filepath.Separator))
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder for model snapshots: %w", err)
	}
	q := u.Query()
	for name, value := range map[string]string{"no_tmp_dir": "true", "metadata": "skip", "dir_file_mode": "0700"} {
		if !q.Has(name) {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return folder, nil
}

// Close closes the store and removes the local copies.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for _, o := range a.open {
		if o.file != nil {
			errs = append(errs, o.file.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(a.local), a.bucket.Close())...)
}

// Ready reports whether the store answers.
func (a *Archive) Ready(ctx context.Context) error {
	_, err := a.bucket.Exists(ctx, "ready")
	return err
}

// Path joins the path of a thing of a shop.
func Path(shop string, parts ...string) string {
	return path.Join(append([]string{"shops", shop}, parts...)...)
}

// PutDocument stores v as JSON, replacing what was there.
func (a *Archive) PutDocument(ctx context.Context, at string, v any) error {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", at, err)
	}
	if err := a.bucket.WriteAll(ctx, at, data, &blob.WriterOptions{ContentType: "application/json"}); err != nil {
		return fmt.Errorf("store %s: %w", at, err)
	}
	return nil
}

// Document reads JSON into v, or returns ErrNotFound.
func (a *Archive) Document(ctx context.Context, at string, v any) error {
	data, err := a.bucket.ReadAll(ctx, at)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%s: %w", at, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", at, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decode %s: %w", at, err)
	}
	return nil
}

// List returns the names directly below a path, in order of name.
func (a *Archive) List(ctx context.Context, at string) ([]string, error) {
	prefix := at + "/"
	it := a.bucket.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"})
	var names []string
	for {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", at, err)
		}
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/"))
	}
}

// Delete removes a document or snapshot; a missing one is no error.
func (a *Archive) Delete(ctx context.Context, at string) error {
	if err := a.bucket.Delete(ctx, at); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete %s: %w", at, err)
	}
	return nil
}

// PutSnapshot writes a snapshot and returns its checksum. Nothing is visible under the path unless all of it was written.
func (a *Archive) PutSnapshot(ctx context.Context, at string, c *snapshot.Content) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := a.bucket.NewWriter(ctx, at, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return "", fmt.Errorf("store %s: %w", at, err)
	}
	checksum, err := snapshot.Write(w, c)
	if err != nil {
		cancel() // so that Close gives the upload up
		return "", errors.Join(fmt.Errorf("store %s: %w", at, err), w.Close())
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("store %s: %w", at, err)
	}
	return checksum, nil
}

// Snapshot opens a snapshot through a local copy and checks its checksum; the open snapshot is shared. The error wraps ErrNotFound or
// snapshot.ErrCorrupt where it fits.
func (a *Archive) Snapshot(ctx context.Context, at string) (*snapshot.Snapshot, error) {
	a.mu.Lock()
	o, ok := a.open[at]
	if !ok {
		o = &openSnapshot{}
		a.open[at] = o
	}
	a.mu.Unlock()
	o.once.Do(func() { o.snapshot, o.file, o.err = a.fetch(ctx, at) })
	if o.err != nil {
		a.Forget(at) // so that a later call tries again
		return nil, fmt.Errorf("open snapshot %s: %w", at, o.err)
	}
	return o.snapshot, nil
}

// Forget drops the local copy of a snapshot that is served no more. Readers that still hold it can finish: the file stays open
// until they are collected.
func (a *Archive) Forget(at string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, at)
}

func (a *Archive) fetch(ctx context.Context, at string) (*snapshot.Snapshot, *os.File, error) {
	r, err := a.bucket.NewReader(ctx, at, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, nil, ErrNotFound
	}
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
