package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv/faultsql"
)

// TestAMigrationThatFailsAtAnyCallHasHappenedOrNot lets every call of the driver fail in turn, in every way, from every older version with
// data to the newest. The next start always works, and ends with the same tables as a migration that nothing disturbs.
func TestAMigrationThatFailsAtAnyCallHasHappenedOrNot(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		newest, err := newestVersion(path.Join(name, "sqlite"))
		if err != nil {
			t.Fatal(err)
		}
		for from := range newest {
			t.Run(fmt.Sprintf("%s from version %d", name, from), func(t *testing.T) {
				t.Parallel()
				old := filepath.Join(t.TempDir(), "old.db")
				if from > 0 {
					to := func(version uint) {
						err := withMigrate(t.Context(), name, old, func(m *migrate.Migrate, _ uint) error { return m.Migrate(version) })
						if err != nil && !errors.Is(err, migrate.ErrNoChange) {
							t.Fatal(err)
						}
					}
					to(1)
					insertOld(t, name, old)
					to(from)
				}
				undisturbed := &faultsql.Faults{}
				want, _ := migrateCopy(t, name, old, undisturbed)
				for call := 1; call <= undisturbed.Calls(); call++ {
					for kind := range faultsql.Kinds {
						faults := &faultsql.Faults{First: call, Kind: kind}
						got, err := migrateCopy(t, name, old, faults)
						if diff := cmp.Diff(want, got); diff != "" {
							t.Fatalf("%s: %v\n%s", faults.Failed(), err, diff)
						}
					}
				}
			})
		}
	}
}

// insertOld puts a row into what the first version has.
func insertOld(t *testing.T, name, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	statements := []string{"insert into decisions (shop, id, at_ms, person, body) values ('north', '1', 1, 'ua', '{}')"}
	switch name {
	case Similarity:
		statements = []string{"insert into live (shop, generation, at_ms, body) values ('north', 1, 1, '{}')"}
	case Profile:
		statements = []string{
			`insert into events (shop, seq, subject, event_id, type, occurred_ms, received_ms) values
				('north', 1, 'ua', '1', 'view_item', 5, 5), ('north', 2, 'sb', '2', 'purchase', 6, 6)`,
			"insert into counters (shop, name, value) values ('north', 'events', 2)",
			"insert into users (shop, user_id, version, created_ms, updated_ms, body) values ('north', 'a', 1, 1, 1, '{}')",
		}
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// migrateCopy migrates a copy of a file under faults, then without, and returns what is in it and what the first said.
func migrateCopy(t *testing.T, name, old string, faults *faultsql.Faults) (rows []string, disturbed error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "copy.db")
	for _, part := range []string{"", "-wal"} {
		if data, err := os.ReadFile(old + part); err == nil {
			if err := os.WriteFile(file+part, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx := database.WithConnector(context.Background(), faults.Connector)
	disturbed = Up(ctx, name, file)
	if err := Up(t.Context(), name, file); err != nil {
		t.Fatalf("the start after %s (%v): %v", faults.Failed(), disturbed, err)
	}
	if err := Check(t.Context(), name, file); err != nil {
		t.Fatalf("after %s: %v", faults.Failed(), err)
	}
	return dump(t, file), disturbed
}

// dump lists every table with its rows.
func dump(t *testing.T, file string) (list []string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range column(t, db, "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name") {
		list = append(list, table)
		// when it was migrated is no matter
		columns := column(t, db, "select name from pragma_table_info('"+table+"') where name != 'at_ms' order by cid")
		for n, c := range columns {
			columns[n] = "quote(" + c + ")"
		}
		rows := column(t, db, "select "+strings.Join(columns, " || ' ' || ")+" from "+table)
		slices.Sort(rows)
		list = append(list, rows...)
	}
	return append(list, column(t, db, "select sql from sqlite_master where sql is not null order by name")...)
}

// column returns the one column of a query.
func column(t *testing.T, db *sql.DB, query string) (list []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
