// Package filelock lets processes of one machine take turns at a file. A lock belongs to the handle that took it, so that it goes with a
// process that is killed, and goroutines of one process exclude each other too. It does not protect a file from programs that do not ask.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// retry is the pause between two tries; what is done under a lock takes milliseconds, or a migration.
const retry = 20 * time.Millisecond

// Wait takes the lock of a path, waiting for its holder until ctx ends, and returns what gives it back. The path is made when absent and
// stays: removing it would let two have the lock, one on the old file and one on the new. Its folder must exist.
func Wait(ctx context.Context, path string) (release func() error, err error) {
	lock := flock.New(path, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, retry); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, fmt.Errorf("another process holds %s: %w", path, cause)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return lock.Unlock, nil
}

// ErrHeld says that somebody else has a lock.
var ErrHeld = errors.New("another process holds it")

// Try is Wait without waiting: it returns ErrHeld when the lock is not to be had at once.
func Try(path string) (release func() error, err error) {
	lock := flock.New(path, flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if !ok {
		return nil, ErrHeld
	}
	return lock.Unlock, nil
}

// Replace writes a file beside path and renames it, so that a reader, and whoever comes after a crash or a full disk, finds the old content
// or the new one, never a part. Both are on disk when it returns.
func Replace(path string, data []byte, mode fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	beside, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(beside.Name())
		}
	}()
	_, err = beside.Write(data)
	if err := errors.Join(err, beside.Chmod(mode), beside.Sync(), beside.Close()); err != nil {
		return err
	}
	if err := os.Rename(beside.Name(), path); err != nil {
		return err
	}
	return SyncDir(dir)
}

// SyncDir makes the names in a folder durable. A file system that cannot is not told to.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrInvalid) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
