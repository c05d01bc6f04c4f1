// Package store keeps what the similarity-service knows in Postgres or in an SQLite file: models, which of them are live, schedules, jobs
// and the audit log. The snapshots themselves are in object storage. Every row belongs to a shop. The main type is Store.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
)

// Errors of the store, beside those of the driver.
var (
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrGeneration says that what is live has been changed by somebody else in between.
	ErrGeneration = errors.New("what is live has changed in between")
)

// writerKiB of pages are what writes are spread over: small rows, mostly the newest.
const writerKiB = 1 << 10

// Store is an open database. It is safe for concurrent use.
type Store struct{ *database.Tables }

// Open opens the database of a URL. An SQLite file is made and brought to the newest schema; a Postgres database must have it already.
func Open(ctx context.Context, url string) (*Store, error) {
	migrate := migrations.Up
	if database.IsPostgres(url) {
		migrate = migrations.Check
	}
	if err := migrate(ctx, migrations.Similarity, url); err != nil {
		return nil, err
	}
	t, err := database.OpenTables(ctx, url, writerKiB)
	if err != nil {
		return nil, err
	}
	return New(t), nil
}

// New returns a store on tables that are there and of the newest schema.
func New(t *database.Tables) *Store { return &Store{t} }

// one reads the one row of a query, or returns ErrNotFound.
func one[T any](ctx context.Context, s *Store, scan func(*sql.Rows, *T) error, statement string, args ...any) (T, error) {
	list, err := database.Select(ctx, s.Tables, scan, statement, args...)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return list[0], nil
}

func scanString(r *sql.Rows, v *string) error { return r.Scan(v) }

// decode reads a body.
func decode(text string, v any) error {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("the body of a row cannot be read: %w", err)
	}
	return nil
}

// body reads a row whose one column is JSON.
func body[T any](r *sql.Rows, v *T) error {
	var text string
	if err := r.Scan(&text); err != nil {
		return err
	}
	return decode(text, v)
}

// encoded is a value as a body.
func encoded(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode the body of a row: %w", err)
	}
	return string(text), nil
}
