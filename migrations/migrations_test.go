package migrations

import (
	"context"
	"database/sql"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"
)

func TestUpAndCheck(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, name := range Names() {
		for dialect, url := range map[string]string{"postgres": testenv.Postgres(t), "sqlite": testenv.SQLite(t)} {
			t.Run(name+" on "+dialect, func(t *testing.T) {
				t.Parallel()
				if err := Check(ctx, name, url); err == nil || !strings.Contains(err.Error(), "migrate up") {
					t.Errorf("check of an empty database: %v", err)
				}
				for range 2 { // the second time has nothing to do
					if err := Up(ctx, name, url); err != nil {
						t.Fatal(err)
					}
				}
				if err := Check(ctx, name, url); err != nil {
					t.Errorf("check after up: %v", err)
				}
			})
		}
	}
}

// TestVisitorsOfExperimentsBecomeHashes starts from a database with visitors as the first version stored them.
func TestVisitorsOfExperimentsBecomeHashes(t *testing.T) {
	t.Parallel()
	for dialect, url := range map[string]string{"postgres": testenv.Postgres(t), "sqlite": testenv.SQLite(t)} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if err := withMigrate(ctx, Recommender, url, func(m *migrate.Migrate, _ uint) error { return m.Migrate(1) }); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("pgx", url)
			if dialect == "sqlite" {
				db, err = sql.Open("sqlite", database.SQLitePath(url))
			}
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(ctx,
				`insert into experiment_visitors (shop, experiment, arm, visitor, first_ms, impressions, clicks, orders, revenue)
				values ('north', 'x', 'a', 'u/Zoë', 1, 2, 3, 4, 5)`); err != nil {
				t.Fatal(err)
			}
			if err := Up(ctx, Recommender, url); err != nil {
				t.Fatal(err)
			}
			var visitor string
			if err := db.QueryRowContext(ctx, "select visitor from experiment_visitors").Scan(&visitor); err != nil ||
				visitor != "e4e8bffcf98f6844be415d71635dfae8" {
				t.Errorf("the visitor is %q, %v", visitor, err)
			}
			if err := withMigrate(ctx, Recommender, url, func(m *migrate.Migrate, _ uint) error { return m.Migrate(1) }); err != nil {
				t.Errorf("down: %v", err)
			}
		})
	}
}

// TestBothDialectsHaveTheSameSteps finds a migration that was written for one database only, or that cannot be taken back.
func TestBothDialectsHaveTheSameSteps(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		var steps [2][]string
		for n, dialect := range []string{"postgres", "sqlite"} {
			entries, err := fs.ReadDir(files, path.Join(name, dialect))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				steps[n] = append(steps[n], e.Name())
				if up, ok := strings.CutSuffix(e.Name(), ".up.sql"); ok {
					if _, err := fs.Stat(files, path.Join(name, dialect, up+".down.sql")); err != nil {
						t.Errorf("%s/%s: %s cannot be taken back", name, dialect, e.Name())
					}
				}
			}
		}
		if diff := cmp.Diff(steps[0], steps[1]); diff != "" {
			t.Errorf("%s (-postgres +sqlite):\n%s", name, diff)
		}
	}
}

// TestCreate makes a database and user twice, with another password the second time.
func TestCreate(t *testing.T) {
	t.Parallel()
	ctx, admin := context.Background(), testenv.Postgres(t)
	name := admin[strings.LastIndex(admin, "/")+1 : strings.Index(admin, "?")]
	own := name + "_own"
	t.Cleanup(func() { testenv.DropDatabase(t, admin, own) })
	service := strings.Replace(strings.Replace(admin, name, own, 1), "postgres@", own+":it's@", 1)
	for _, password := range []string{"it's", "changed"} {
		url := strings.Replace(service, "it's", password, 1)
		if err := Create(ctx, admin, url); err != nil {
			t.Fatal(err)
		}
		if err := Up(ctx, Profile, url); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var others bool
	if err := db.QueryRow("select has_database_privilege('public', $1, 'connect')", own).Scan(&others); err != nil || others {
		t.Errorf("any user may connect to a service's database: %v, %v", others, err)
	}
	if err := Create(ctx, admin, "sqlite:///x"); err == nil {
		t.Error("an SQLite file was created on Postgres")
	}
}
