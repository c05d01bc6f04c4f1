package migrations

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aisle-rec/aisle/shared/database"
)

// Create makes the Postgres database and the user that serviceURL names, through a user that may do so. What is there already stays
// as it is, but for the user's password, which becomes the one of serviceURL. The user owns its database and can connect to no
// other that was made here: each service reads only what is its own.
func Create(ctx context.Context, adminURL, serviceURL string) error {
	conn, unlock, err := openLocked(ctx, adminURL)
	if err != nil {
		return err
	}
	defer unlock()
	u, err := url.Parse(serviceURL)
	if err != nil || !database.IsPostgres(serviceURL) || u.User == nil || strings.Trim(u.Path, "/") == "" {
		return errors.New("the service's database URL must have the form postgres://user:password@host:5432/database")
	}
	name, user := strings.Trim(u.Path, "/"), u.User.Username()
	password, _ := u.User.Password()

	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_roles where rolname = $1)", user).Scan(&exists); err != nil {
		return fmt.Errorf("look for the user %s: %w", user, err)
	}
	verb := "create role"
	if exists {
		verb = "alter role"
	}
	// Utility statements take no parameters; the server quotes the literal.
	var statement string
	if err := conn.QueryRow(
		ctx, "select format('"+verb+" %I login password %L', $1::text, $2::text)", user, password,
	).Scan(&statement); err != nil {
		return fmt.Errorf("prepare the user %s: %w", user, err)
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("create the user %s: %w", user, err)
	}
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists); err != nil {
		return fmt.Errorf("look for the database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	database, owner := pgx.Identifier{name}.Sanitize(), pgx.Identifier{user}.Sanitize()
	for _, s := range []string{
		"create database " + database + " owner " + owner,
		"revoke connect on database " + database + " from public",
		"grant connect on database " + database + " to " + owner,
	} {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("create the database %s: %w", name, err)
		}
	}
	return nil
}
