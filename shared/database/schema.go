package database

import (
	"context"
	"database/sql"
	"fmt"
)

// Schema is the version of a database's tables beside that which a program works with.
type Schema struct {
	Database string `json:"database"`
	Kind     string `json:"kind"` // postgres or sqlite
	Version  uint   `json:"version"`
	Needs    uint   `json:"needs"`
	Dirty    bool   `json:"dirty,omitempty"` // a migration stopped half way
	Problem  string `json:"problem,omitempty"`
}

// ReadSchema reads the version of the tables of an open database; a failure is in Problem.
func ReadSchema(ctx context.Context, db *sql.DB, name, url string, needs uint) Schema {
	s := Schema{Database: name, Kind: "sqlite", Needs: needs}
	if IsPostgres(url) {
		s.Kind = "postgres"
	}
	err := db.QueryRowContext(ctx, "select version, dirty from schema_migrations").Scan(&s.Version, &s.Dirty)
	if err != nil {
		s.Problem = fmt.Sprintf("read the schema version: %v", err)
	}
	return s
}
