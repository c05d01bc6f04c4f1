package store_test

import (
	"database/sql"
	"testing"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"
)

func open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// column reads a database beside the store.
func column(t *testing.T, driver, address string) func(table, column string) []string {
	t.Helper()
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return func(table, column string) (list []string) {
		rows, err := db.QueryContext(t.Context(), "select "+column+" from "+table)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				t.Fatal(err)
			}
			list = append(list, v)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return list
	}
}

func TestVisitorsAreStoredAsHashes(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		url := testenv.SQLite(t)
		storetest.Visitors(t, open(t, url), column(t, "sqlite", database.SQLitePath(url)))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := postgres(t)
		storetest.Visitors(t, open(t, url), column(t, "pgx", url))
	})
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, testenv.SQLite(t)) })
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, postgres(t)) })
}

// postgres returns the URL of a database with tables.
func postgres(t testing.TB) string {
	t.Helper()
	url := testenv.Postgres(t)
	if err := migrations.Up(t.Context(), migrations.Recommender, url); err != nil {
		t.Fatal(err)
	}
	return url
}
