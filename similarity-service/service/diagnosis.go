package service

import (
	"context"
	"net/url"
	"os"
	"path/filepath"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
)

// Schemas reads the version of the tables.
func (s *Service) Schemas(ctx context.Context) []database.Schema {
	address := s.config.DatabaseURL
	needs := migrations.Newest(migrations.Similarity, address)
	return []database.Schema{database.ReadSchema(ctx, s.store.Reader, migrations.Similarity, address, needs)}
}

// Folders are where the database lies, when it is a file, where the snapshots lie, when they are in a folder, and where a recompute keeps
// what does not fit into memory.
func (s *Service) Folders() (folders []string) {
	if !database.IsPostgres(s.config.DatabaseURL) {
		folders = append(folders, filepath.Dir(database.SQLitePath(s.config.DatabaseURL)))
	}
	if u, err := url.Parse(s.config.BlobURL); err == nil && u.Scheme == "file" {
		folders = append(folders, filepath.FromSlash(u.Path))
	}
	return append(folders, os.TempDir())
}
