package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/filelock"
)

// stores are the addresses that the services get, each a database of its own and none of
// another service's.
type stores struct {
	profileURL, similarityURL, recommenderURL, blobURL string
}

// openStores claims the data folder and brings the tables up to date. The folder is claimed
// with Postgres as well: snapshots and other files may be in it.
func openStores(ctx context.Context, config Config, close *closers) (stores, error) {
	dir, err := filepath.Abs(config.DataDir)
	if err != nil {
		return stores{}, fmt.Errorf("data folder %s: %w", config.DataDir, err)
	}
	if err := claimDataDir(dir, close); err != nil {
		return stores{}, err
	}
	s := stores{
		profileURL:     "sqlite://" + filepath.Join(dir, "profile.db"),
		similarityURL:  "sqlite://" + filepath.Join(dir, "similarity.db"),
		recommenderURL: "sqlite://" + filepath.Join(dir, "recommender.db"),
		blobURL:        config.BlobURL,
	}
	if config.DatabaseURL != "" {
		if err := s.openSchemas(ctx, config.DatabaseURL); err != nil {
			return stores{}, err
		}
	}
	for name, address := range s.databases() {
		if err := migrations.Up(ctx, name, *address); err != nil {
			return stores{}, err
		}
	}
	if s.blobURL == "" {
		s.blobURL = (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, "models"))}).String()
	}
	return s, nil
}

// claimDataDir makes the folder and locks it, so that no two processes write the same files.
// The lock is the system's: it ends with the process, however that ends, and the file that
// stays behind means nothing.
func claimDataDir(dir string, close *closers) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder %s cannot be made: %w; choose another with --data", dir, rootCause(err))
	}
	path := filepath.Join(dir, "aisle.lock")
	release, err := filelock.Try(path)
	if errors.Is(err, filelock.ErrHeld) {
		owner, _ := os.ReadFile(path)
		return fmt.Errorf("data folder %s is in use by another aisle process (%s): stop it or choose another with --data",
			dir, strings.TrimSpace("pid "+string(owner)))
	}
	if err == nil {
		close.add(release)
		err = os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600) // to be read in the message above
	}
	if err != nil {
		return fmt.Errorf("data folder %s cannot be written: %w; choose another with --data", dir, rootCause(err))
	}
	return nil
}

// databases returns the URL of each database by the name of its migrations.
func (s *stores) databases() map[string]*string {
	return map[string]*string{
		migrations.Profile: &s.profileURL, migrations.Similarity: &s.similarityURL, migrations.Recommender: &s.recommenderURL,
	}
}

// openSchemas gives each service a schema of its own in one Postgres database.
func (s *stores) openSchemas(ctx context.Context, rawURL string) error {
	if !database.IsPostgres(rawURL) {
		return errors.New("--database-url must have the form postgres://user:password@host:5432/database")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := migrations.CreateSchemas(ctx, rawURL, migrations.Names()...); err != nil {
		return err
	}
	for name, address := range s.databases() {
		var err error
		if *address, err = database.WithSchema(rawURL, name); err != nil {
			return err
		}
	}
	return nil
}

// rootCause is the innermost error: "permission denied" says more to a person than the calls
// around it.
func rootCause(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}
