// Package storetest opens stores for tests: every test of what the store holds runs on SQLite and on Postgres. The main function is OnBoth.
package storetest

import (
	"testing"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// OnBoth runs a test on SQLite and on Postgres. Each call of open opens the one database of that test once more, as another process does.
func OnBoth(t *testing.T, test func(t *testing.T, open func(testing.TB) *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, opener(Postgres(t)))
	})
}

// SQLite returns what opens an SQLite file of this test.
func SQLite(t testing.TB) func(testing.TB) *store.Store { return opener(testenv.SQLite(t)) }

// Postgres returns the URL of a database of this test, with tables.
func Postgres(t testing.TB) string {
	t.Helper()
	url := testenv.Postgres(t)
	if err := migrations.Up(t.Context(), migrations.Similarity, url); err != nil {
		t.Fatal(err)
	}
	return url
}

func opener(url string) func(testing.TB) *store.Store {
	return func(t testing.TB) *store.Store { return Open(t, url) }
}

// Open opens the store of a URL until the test ends.
func Open(t testing.TB, url string) *store.Store {
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
