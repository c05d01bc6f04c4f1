package sqlstore_test

import (
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
)

func TestOnSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.SQLite)
}

func TestOnPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Postgres)
}
