package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/aisle-rec/aisle/shared/database"
)

// Open opens the file of a URL of the form sqlite:///path/file.db, which must be migrated, and claims it: as long as the store is open no other process
// can open it. What this package remembers of the file is right only because nobody else writes there.
func Open(ctx context.Context, url string) (*Store, error) {
	lock, err := claim(database.SQLitePath(url))
	if err != nil {
		return nil, err
	}
	db, err := database.OpenSQLite(ctx, url)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return newStore(db, lock), nil
}

// claim locks a file beside path; closing it, or the end of the process, gives the lock back. The database itself must not be opened for this: closing
// it would take SQLite's own locks away.
func claim(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claim SQLite file %s: %w", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("SQLite file %s is in use by another profile-service (%w): stop it, or keep the tables in Postgres, which several can share", path, err), f.Close())
	}
	return f, nil
}
