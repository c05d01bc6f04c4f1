package sqlstore

import (
	"context"

	"github.com/aisle-rec/aisle/shared/database"
)

// Schema reads the version of the tables; needs is the version that the program works with.
func (s *Store) Schema(ctx context.Context, name string, needs uint) database.Schema {
	return database.ReadSchema(ctx, s.read, name, s.url, needs)
}
