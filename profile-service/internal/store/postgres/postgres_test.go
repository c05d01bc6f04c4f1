package postgres_test

import (
	"testing"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/postgres"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"
)

func open(t *testing.T) store.Store {
	url := testenv.Postgres(t)
	if err := migrations.Up(t.Context(), migrations.Profile, url); err != nil {
		t.Fatal(err)
	}
	pool, err := database.OpenPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	s := postgres.New(pool)
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

func TestAppendMakesAMonthThatAnotherReplicaDropped(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	if err := migrations.Up(t.Context(), migrations.Profile, url); err != nil {
		t.Fatal(err)
	}
	var replicas [2]*postgres.Store
	for i := range replicas {
		pool, err := database.OpenPostgres(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		replicas[i] = postgres.New(pool)
		defer replicas[i].Close()
	}
	e := store.NewEvent{Event: store.Event{Subject: "u", EventID: "1", Type: "view_item", OccurredMs: 1e12}, EventHash: 1}
	for hash := range int64(2) {
		e.EventHash = hash
		if _, err := replicas[0].Append(t.Context(), "shop", []store.NewEvent{e}, nil); err != nil {
			t.Fatal(err)
		}
		if err := replicas[1].DropBefore(t.Context(), 2e12); err != nil {
			t.Fatal(err)
		}
	}
}
