package service

import (
	"context"
	"path/filepath"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
)

// Schemas reads the version of the tables, for the status on the admin port.
func (s *Service) Schemas(ctx context.Context) []database.Schema {
	url := s.config.DatabaseURL
	needs := migrations.Newest(migrations.Recommender, url)
	return []database.Schema{database.ReadSchema(ctx, s.store.Reader, migrations.Recommender, url, needs)}
}

// Folders are where the database lies, when it is a file; nil for Postgres.
func (s *Service) Folders() []string {
	if database.IsPostgres(s.config.DatabaseURL) {
		return nil
	}
	return []string{filepath.Dir(database.SQLitePath(s.config.DatabaseURL))}
}
