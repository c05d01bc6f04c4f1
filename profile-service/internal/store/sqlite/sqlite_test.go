package sqlite_test

import (
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.SQLite)
}
