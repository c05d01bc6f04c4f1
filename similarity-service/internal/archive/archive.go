// Package archive keeps the durable copies: model snapshots and the small JSON documents that describe models, jobs and what is
// live. It is a folder or an object store behind one URL (gocloud.dev/blob); each write is atomic. Everything lies below shops/<shop>/.
package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://container
	"gocloud.dev/blob/fileblob"    // file:///folder
	_ "gocloud.dev/blob/gcsblob"   // gs://bucket
	_ "gocloud.dev/blob/s3blob"    // s3://bucket
	"gocloud.dev/gcerrors"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/filelock"
)

// Errors of the archive.
var (
	// ErrNotFound says that there is no such document or snapshot.
	ErrNotFound = errors.New("not found in the archive")
	// ErrDamaged says that a document is there and cannot be read: it is empty, torn or altered.
	ErrDamaged = errors.New("a damaged document of the archive")
	// ErrExists says that there is a document already where a new one was to be.
	ErrExists = errors.New("it is in the archive already")
)

// Archive stores documents and snapshots. It is safe for concurrent use.
type Archive struct {
	bucket *blob.Bucket
	folder string // of a bucket that is one, else ""
	local  string // folder of local copies of snapshots, for reading rows in place
	logger *slog.Logger

	mu      sync.Mutex
	open    map[string]*openSnapshot // by path; shared by all readers
	damaged map[string]error         // documents that could not be read the last time, by path
	opening sync.WaitGroup
}

// Open opens the bucket of a URL and makes its folder when it is one. Local copies of snapshots go to a temporary folder.
func Open(ctx context.Context, rawURL string, logger *slog.Logger) (*Archive, error) {
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
	a := &Archive{bucket: bucket, folder: folder, local: local, logger: logger, open: map[string]*openSnapshot{}, damaged: map[string]error{}}
	a.removeRemains()
	return a, nil
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
	return errors.Join(append(errs, os.RemoveAll(a.local), a.bucket.Close())...)
}

// Ready reports why the store does not answer or, being a folder, takes nothing more.
func (a *Archive) Ready(ctx context.Context) error {
	if a.folder != "" {
		return database.Room(a.folder)
	}
	_, err := a.bucket.Exists(ctx, "ready")
	return err
}

// Path joins the path of a thing of a shop.
func Path(shop string, parts ...string) string {
	return path.Join(append([]string{"shops", shop}, parts...)...)
}

// Entry is one name below a path.
type Entry struct {
	Name    string
	ModTime time.Time
}

// List returns the names directly below a path, in order of name.
func (a *Archive) List(ctx context.Context, at string) ([]string, error) {
	entries, err := a.Entries(ctx, at)
	names := make([]string, len(entries))
	for n, e := range entries {
		names[n] = e.Name
	}
	return names, err
}

// Entries returns what is directly below a path, in order of name.
func (a *Archive) Entries(ctx context.Context, at string) ([]Entry, error) {
	for {
		entries, err := a.entries(ctx, at)
		// In a folder a file that is being written may get its name between the reading of the names and the look at each.
		if err == nil || a.folder == "" || gcerrors.Code(err) != gcerrors.NotFound || ctx.Err() != nil {
			return entries, err
		}
	}
}

func (a *Archive) entries(ctx context.Context, at string) ([]Entry, error) {
	prefix := at + "/"
	it := a.bucket.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"})
	var entries []Entry
	for {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", at, err)
		}
		if a.unfinished(o.Key) {
			continue
		}
		entries = append(entries, Entry{strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/"), o.ModTime})
	}
}

// unfinished reports whether a name of a folder is that of a file which is being written, or whose writer was killed.
func (a *Archive) unfinished(name string) bool {
	return a.folder != "" && strings.HasSuffix(name, unfinishedSuffix)
}

const (
	// unfinishedSuffix is what fileblob adds to the names of files that are being written.
	unfinishedSuffix = ".tmp"
	// remainsAge is how old one must be to be nobody's any more: no snapshot takes that long to write.
	remainsAge = 24 * time.Hour
)

// removeRemains removes what killed writers left in a folder; what cannot be removed does no harm but takes room.
func (a *Archive) removeRemains() {
	if a.folder == "" {
		return
	}
	_ = filepath.WalkDir(a.folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !a.unfinished(path) {
			return nil
		}
		if info, err := d.Info(); err == nil && time.Since(info.ModTime()) > remainsAge {
			_ = os.Remove(path)
		}
		return nil
	})
}

// Delete removes a document or snapshot; a missing one is no error.
func (a *Archive) Delete(ctx context.Context, at string) error {
	if err := a.bucket.Delete(ctx, at); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete %s: %w", at, err)
	}
	a.sound(at)
	return nil
}

// put writes what write writes. Nothing of it is visible under the path, and what was there before stays, unless all of it was written; in a folder it is on disk when put
// returns. fresh refuses, by ErrExists, to replace anything.
func (a *Archive) put(ctx context.Context, at, contentType string, fresh bool, write func(io.Writer) error) error {
	if fresh && a.folder != "" { // fileblob looks first and renames then: another process can come between
		release, err := filelock.Wait(ctx, filepath.Join(a.folder, "archive.lock"))
		if err != nil {
			return fmt.Errorf("store %s: %w", at, err)
		}
		defer func() { _ = release() }() // the handle is gone in any case, and the lock with it
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var file *os.File
	w, err := a.bucket.NewWriter(ctx, at, &blob.WriterOptions{
		ContentType: contentType, IfNotExist: fresh,
		BeforeWrite: func(as func(any) bool) error {
			if a.folder != "" {
				as(&file)
			}
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("store %s: %w", at, err)
	}
	err = write(w)
	if err == nil && file != nil {
		err = file.Sync()
	}
	if err != nil {
		cancel() // so that Close gives up what was begun, instead of showing a part
		_ = w.Close()
		return fmt.Errorf("store %s: %w", at, err)
	}
	if err := w.Close(); err != nil {
		if fresh && gcerrors.Code(err) == gcerrors.FailedPrecondition {
			err = ErrExists
		}
		return fmt.Errorf("store %s: %w", at, err)
	}
	if a.folder != "" {
		if err := filelock.SyncDir(filepath.Join(a.folder, filepath.FromSlash(path.Dir(at)))); err != nil {
			return fmt.Errorf("store %s: %w", at, err)
		}
	}
	return nil
}
