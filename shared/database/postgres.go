// Package database opens the stores that services keep their tables in: Postgres through pgx, SQLite through modernc.org/sqlite.
// Its errors say what an operator can do; it runs no queries of any service.
//
// tables.go is what most services use: one set of statements for both. postgres.go and
// sqlite.go open either, problem.go says what an error of a store means for a caller, detach.go
// and room.go are about stores that are slow or full, and redis.go is the store of lists and
// limits.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// minPostgresVersion is the oldest major version that the migrations and tests support.
const minPostgresVersion = 15

// connectTimeout bounds the first contact with a store.
const connectTimeout = 5 * time.Second

// OpenPostgres opens a pool and checks that the server answers and is new enough. Errors never contain the password.
func OpenPostgres(ctx context.Context, rawURL string) (*pgxpool.Pool, error) {
	config, err := poolConfig(rawURL)
	if err != nil {
		return nil, err
	}
	where := fmt.Sprintf("%s:%d/%s", config.ConnConfig.Host, config.ConnConfig.Port, config.ConnConfig.Database)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open Postgres at %s: %w", where, err)
	}
	var version int
	probe, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := pool.QueryRow(probe, "select current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		pool.Close()
		return nil, explainPostgres(where, err)
	}
	if version < minPostgresVersion {
		pool.Close()
		return nil, fmt.Errorf("the Postgres server at %s is version %d; Aisle needs %d or later: upgrade it or name another server",
			where, version, minPostgresVersion)
	}
	return pool, nil
}

// explainPostgres says what an operator can do about the first contact that failed.
func explainPostgres(where string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "28P01", "28000":
			return fmt.Errorf("the Postgres server at %s refuses the user or password: %s", where, pg.Message)
		case "3D000":
			return fmt.Errorf("the Postgres server at %s has no such database: create it with \"migrate up --admin-url ...\"", where)
		}
		return fmt.Errorf("the Postgres server at %s refuses: %s", where, pg.Message)
	}
	return fmt.Errorf("the Postgres server at %s cannot be reached: start it or correct the database URL (%w)", where, rootCause(err))
}

// rootCause drops the wrapping text of drivers, which repeats the address and may hold credentials.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// IsPostgres reports whether a database URL names Postgres rather than an SQLite file.
func IsPostgres(rawURL string) bool {
	return strings.HasPrefix(rawURL, "postgres://") || strings.HasPrefix(rawURL, "postgresql://")
}

// WithSchema returns the URL with its search_path set, so that several services can share one database, each in a schema of its own.
func WithSchema(rawURL, schema string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", errors.New("the database URL cannot be read; it has the form postgres://user:password@host:5432/database")
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// OpenPostgresSQL is OpenPostgres for database/sql. The URL may bound the connections by pool_max_conns as that of a pool does; four, or
// one per core, by default.
func OpenPostgresSQL(ctx context.Context, rawURL string) (*sql.DB, error) {
	pool, err := OpenPostgres(ctx, rawURL) // for its checks and clear errors
	if err != nil {
		return nil, err
	}
	pool.Close()
	return PostgresSQL(rawURL)
}

// PostgresSQL is OpenPostgresSQL of a server that need not answer now: nothing is asked before the first statement.
func PostgresSQL(rawURL string) (*sql.DB, error) {
	config, err := poolConfig(rawURL)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	db.SetMaxOpenConns(int(config.MaxConns))
	db.SetMaxIdleConns(int(config.MaxConns))
	return db, nil
}

func poolConfig(rawURL string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(rawURL)
	if err != nil {
		return nil, errors.New("the database URL cannot be read; it has the form postgres://user:password@host:5432/database")
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.Tracer = queryTracer{}
	return config, nil
}
