package storetest

import (
	"testing"
	"time"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore"
	"github.com/aisle-rec/aisle/profile-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// HalfLife is that of the states of test stores. It is written into states: a test that
// compares them with others has to use it.
const HalfLife = 30 * 24 * time.Hour

// SQLite opens a store on a new file, which is closed at the end of the test.
func SQLite(t *testing.T) store.Store {
	t.Helper()
	return At(t, testenv.SQLite(t))
}

// Postgres opens a store on a new database, which is closed at the end of the test. It has one connection: who holds it must not wait for
// another.
func Postgres(t *testing.T) store.Store {
	t.Helper()
	return At(t, testenv.Postgres(t)+"&pool_max_conns=1")
}

// At opens a store on the database of a URL, which is migrated first. A store that cannot be
// closed without an error fails the test.
func At(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	if err := migrations.Up(t.Context(), migrations.Profile, url); err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.Open(t.Context(), url, visitor.NewMover(profileapi.DefaultEventWeights(), HalfLife))
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
