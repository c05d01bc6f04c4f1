package sqlite_test

import (
	"testing"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlite"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"
)

func open(t *testing.T) store.Store {
	url := testenv.SQLite(t)
	if err := migrations.Up(t.Context(), migrations.Profile, url); err != nil {
		t.Fatal(err)
	}
	db, err := database.OpenSQLite(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	s := sqlite.New(db)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}
