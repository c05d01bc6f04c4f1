package storetest

import (
	"testing"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlite"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// SQLite opens a store on a new file, which is closed at the end of the test.
func SQLite(t *testing.T) store.Store {
	t.Helper()
	url := testenv.SQLite(t)
	if err := migrations.Up(t.Context(), migrations.Profile, url); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), url)
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
