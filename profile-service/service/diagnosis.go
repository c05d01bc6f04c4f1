package service

import (
	"context"
	"path/filepath"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
)

// Schemas reads the version of the tables.
func (s *Service) Schemas(ctx context.Context) []database.Schema {
	return []database.Schema{s.store.Schema(ctx, migrations.Profile, migrations.Newest(migrations.Profile, s.config.DatabaseURL))}
}

// Folders are where the database lies, when it is a file, and where imports wait.
func (s *Service) Folders() (folders []string) {
	if !database.IsPostgres(s.config.DatabaseURL) {
		folders = append(folders, filepath.Dir(database.SQLitePath(s.config.DatabaseURL)))
	}
	return append(folders, s.config.SpoolDir)
}
