package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/filelock"
)

// folder is a Bucket of files in a folder. A file is written beside its place, under a name that nobody reads, and renamed once it is on
// disk.
type folder struct{ path string }

const (
	// unfinishedSuffix ends the names of files that are being written, or whose writer was killed.
	unfinishedSuffix = ".tmp"
	// remainsAge is how old an unfinished file must be to be nobody's any more: no snapshot takes that long to write.
	remainsAge = 24 * time.Hour
)

func openFolder(u *url.URL) (*folder, error) {
	path := filepath.FromSlash(u.Path)
	if u.Host == "." { // a relative path
		path = strings.TrimPrefix(path, string(filepath.Separator))
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for model snapshots: %w", err)
	}
	f := &folder{path}
	f.removeRemains()
	return f, nil
}

// removeRemains removes what killed writers left; what cannot be removed does no harm but takes room.
func (f *folder) removeRemains() {
	_ = filepath.WalkDir(f.path, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, unfinishedSuffix) {
			return nil
		}
		if info, err := d.Info(); err == nil && time.Since(info.ModTime()) > remainsAge {
			_ = os.Remove(path)
		}
		return nil
	})
}

func (f *folder) at(name string) string { return filepath.Join(f.path, filepath.FromSlash(name)) }

// Put implements Bucket: the file is on disk, with its name, when it returns.
func (f *folder) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := f.put(ctx, f.at(name), write); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// put writes beside the name and renames when all of it is on disk, so that whoever opens the name finds the old content or
// the new one, also after a loss of power: the file is synced before the rename and the folder after it. What a process
// left unfinished has the suffix by which it is removed at the next start.
func (f *folder) put(ctx context.Context, path string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	if err := f.makeFolder(dir); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, filepath.Base(path)+".*"+unfinishedSuffix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close() // it may be closed already
			_ = os.Remove(file.Name())
		}
	}()
	if err := write(file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return filelock.SyncDir(dir)
}

// makeFolder makes a folder below that of the bucket, on disk.
func (f *folder) makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil || dir == f.path {
		return err
	}
	if err := f.makeFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return filelock.SyncDir(filepath.Dir(dir))
}

// Open implements Bucket.
func (f *folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := os.Open(f.at(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return file, err
}

// Delete implements Bucket.
func (f *folder) Delete(_ context.Context, name string) error {
	if err := os.Remove(f.at(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}

// List implements Bucket.
func (f *folder) List(_ context.Context, in string) ([]string, error) {
	entries, err := os.ReadDir(f.at(in)) // in order of name
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", in, err)
	}
	names := make([]string, len(entries))
	for n, e := range entries {
		names[n] = e.Name()
	}
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, unfinishedSuffix) }), nil
}

// Ready implements Bucket: a folder must have room.
func (f *folder) Ready(context.Context) error { return database.Room(f.path) }
