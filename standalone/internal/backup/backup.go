// Package backup copies the data folder of the one binary while it serves, and puts a copy
// back. A copy is a folder with the databases, each as of one moment, the snapshots of models,
// the keys file when it is asked for, and a manifest with digests and counts. It knows SQLite
// files only: Postgres has its own tools (docs/backup.md). The main functions are Take and
// Restore; the order of Take is what makes the parts of a copy fit each other.
package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// The files of a copy, as in the data folder.
const (
	manifestName = "manifest.json"
	modelsName   = "models"
	keysName     = "keys.json"
	// unfinished marks files that the bucket of snapshots has not finished.
	unfinished = ".tmp"
	// tries is how often snapshots are copied again because a recompute replaced them meanwhile.
	tries = 3
)

// databases are copied in this order: a service that follows another must not know more than that one. The recommender-service keeps how
// far it has counted the events of the profile-service, and lives with events that it has not counted yet.
var databases = []string{"recommender.db", "similarity.db", "profile.db"}

// Options say what is copied where.
type Options struct {
	Data     string // folder of aisle serve --data
	To       string // new folder
	KeysFile string // copied as well; "" for not
	Version  string // of the program
	Now      func() time.Time
}

// Take copies a data folder into a new one, on disk when it returns. The server may run and be
// written to: nothing waits for the copy. When it fails, nothing is left of the new folder. The
// manifest comes last: a folder without one is no backup.
func Take(ctx context.Context, o Options) (m Manifest, err error) {
	if _, err := os.Stat(filepath.Join(o.Data, "profile.db")); err != nil {
		return m, fmt.Errorf("%s is no data folder of aisle serve: %w", o.Data, err)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(o.To)), 0o700); err != nil {
		return m, fmt.Errorf("make the backup: %w", err)
	}
	if err := os.Mkdir(o.To, 0o700); err != nil {
		return m, fmt.Errorf("make the backup: %w; it goes into a new folder", err)
	}
	defer func() {
		if err != nil { // half a backup must not be taken for one
			err = errors.Join(err, os.RemoveAll(o.To))
		}
	}()
	m = Manifest{Format: formatVersion, Version: o.Version, BegunAt: o.Now().UTC()}
	for _, name := range databases[:2] {
		if err := copyDatabase(ctx, o, name); err != nil {
			return m, err
		}
	}
	if err := copyModels(ctx, o); err != nil {
		return m, err
	}
	if err := copyDatabase(ctx, o, databases[2]); err != nil {
		return m, err
	}
	if o.KeysFile != "" {
		if err := copyFile(o.KeysFile, filepath.Join(o.To, keysName)); err != nil {
			return m, fmt.Errorf("copy the keys file: %w", err)
		}
	}
	m.EndedAt = o.Now().UTC()
	if err := m.fill(ctx, o.To); err != nil {
		return m, err
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	if err := writeSynced(filepath.Join(o.To, manifestName), append(data, '\n')); err != nil {
		return m, err
	}
	return m, syncFolders(o.To)
}

// copyDatabase copies the pages of a database as of one moment, in one reading transaction, and
// checks the copy. The log of what is not in the file yet is part of what is read.
func copyDatabase(ctx context.Context, o Options, name string) error {
	from, to := filepath.Join(o.Data, name), filepath.Join(o.To, name)
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(from)+"?mode=rw&_pragma=busy_timeout(10000)")
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		b, err := c.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		}).NewBackup("file:" + url.PathEscape(to))
		if err != nil {
			return err
		}
		// All pages at once: in several steps a write in between would begin the copy anew.
		_, err = b.Step(-1)
		return errors.Join(err, b.Finish())
	})
	if err == nil {
		err = os.Chmod(to, 0o600)
	}
	if err == nil {
		err = check(ctx, to)
	}
	if err == nil {
		err = syncFile(to)
	}
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	return nil
}

// check reads every page of a database, and leaves nothing beside it. quick_check does not
// compare indices with their tables, which would take longer.
func check(ctx context.Context, path string) error {
	return withDatabase(path, func(db *sql.DB) error {
		var said string
		if err := db.QueryRowContext(ctx, "pragma quick_check").Scan(&said); err != nil {
			return err
		}
		if said != "ok" {
			return fmt.Errorf("it is damaged: %s", said)
		}
		return nil
	})
}

// withDatabase opens a database that nobody else has open, with one connection, for f.
func withDatabase(path string, f func(db *sql.DB) error) error {
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+"?mode=rw")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(f(db), db.Close())
}

// copyModels copies the snapshots until those are there that the copied database says are live:
// a recompute may replace them meanwhile. It tries so many times, then it fails, unless the
// folder has no snapshots at all.
func copyModels(ctx context.Context, o Options) error {
	from, to := filepath.Join(o.Data, modelsName), filepath.Join(o.To, modelsName)
	for try := 1; ; try++ {
		if err := copyTree(from, to); err != nil {
			return fmt.Errorf("copy the snapshots: %w", err)
		}
		missing, err := missingSnapshots(ctx, o.To)
		if err != nil || len(missing) == 0 {
			return err
		}
		switch {
		case try == tries && isEmpty(from): // they are elsewhere (--blob-url)
			return nil
		case try == tries:
			return fmt.Errorf("the snapshots of live models are missing: %s; recompute, or look into %s", strings.Join(missing, ", "), from)
		}
		// what is live now may be another model than that of the copied database: both again
		if err := errors.Join(os.Remove(filepath.Join(o.To, databases[1])), copyDatabase(ctx, o, databases[1])); err != nil {
			return err
		}
	}
}

// isEmpty reports whether no file is in a folder or below; one that is not there is empty.
func isEmpty(folder string) bool {
	empty := true
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		empty = empty && (err != nil || d.IsDir())
		return nil
	})
	return empty
}

// copyTree copies the finished files that are not there yet; snapshots never change. A file that vanishes meanwhile is none.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rest)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		if _, err := os.Stat(target); err == nil || !d.Type().IsRegular() || strings.HasSuffix(path, unfinished) {
			return nil
		}
		if err := copyFile(path, target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// missingSnapshots are the versions that a copied database says are live and that no copied file is named after.
func missingSnapshots(ctx context.Context, folder string) (missing []string, err error) {
	live, err := liveModels(ctx, filepath.Join(folder, "similarity.db"))
	if err != nil {
		return nil, err
	}
	var names []string
	err = filepath.WalkDir(filepath.Join(folder, modelsName), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for shop, versions := range live {
		for _, version := range versions {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, version) }) {
				missing = append(missing, shop+" "+version)
			}
		}
	}
	slices.Sort(missing)
	return missing, nil
}
