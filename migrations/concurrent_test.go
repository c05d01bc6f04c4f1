package migrations

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/filelock"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// atOnce runs f n times, none before all are ready, and returns what failed.
func atOnce(n int, f func() error) error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var ready, running sync.WaitGroup
	ready.Add(n)
	for i := range n {
		running.Go(func() {
			ready.Done()
			<-begin
			errs[i] = f()
		})
	}
	ready.Wait()
	close(begin)
	running.Wait()
	return errors.Join(errs...)
}

// TestManyMigrateOneSQLiteFile has eight migrate an empty file at once, again and again.
func TestManyMigrateOneSQLiteFile(t *testing.T) {
	t.Parallel()
	for range 5 {
		address := testenv.SQLite(t)
		if err := atOnce(8, func() error { return Up(t.Context(), Profile, address) }); err != nil {
			t.Fatal(err)
		}
		if err := Check(t.Context(), Profile, address); err != nil {
			t.Fatal(err)
		}
	}
}

// TestManyCreateAndMigrateOnPostgres does what "migrate up --admin-url" does, six times at once where nothing is yet.
func TestManyCreateAndMigrateOnPostgres(t *testing.T) {
	t.Parallel()
	admin := testenv.Postgres(t)
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Trim(u.Path, "/") + "_six"
	t.Cleanup(func() { testenv.DropDatabase(t, admin, name) })
	u.User, u.Path = url.UserPassword(name, "secret"), "/"+name
	if err := atOnce(6, func() error {
		if err := Create(t.Context(), admin, u.String()); err != nil {
			return err
		}
		return Up(t.Context(), Profile, u.String())
	}); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), Profile, u.String()); err != nil {
		t.Fatal(err)
	}
}

// TestManyMakeSchemasInOneDatabase does what several "aisle serve --database-url" do at once.
func TestManyMakeSchemasInOneDatabase(t *testing.T) {
	t.Parallel()
	address := testenv.Postgres(t)
	if err := atOnce(6, func() error { return CreateSchemas(t.Context(), address, Profile, Recommender) }); err != nil {
		t.Fatal(err)
	}
}

// TestAnUnreadableVersionIsNotTakenForAnEmptyDatabase meets a table of versions that cannot be read, which must not be migrated from the
// start.
func TestAnUnreadableVersionIsNotTakenForAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	address := testenv.SQLite(t)
	if err := Up(t.Context(), Profile, address); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", database.SQLitePath(address))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("update schema_migrations set version = 'three'"); err != nil {
		t.Fatal(err)
	}
	err = Up(t.Context(), Profile, address)
	if err == nil || !strings.Contains(err.Error(), "read the schema version") {
		t.Errorf("error %v", err)
	}
	var dirty bool
	if err := db.QueryRow("select dirty from schema_migrations").Scan(&dirty); err != nil || dirty {
		t.Errorf("dirty is %v, %v", dirty, err)
	}
}

const holderEnv = "AISLE_TEST_HOLD_LOCK"

// TestALockGoesWithItsProcess kills a process that holds the lock of a file's migration: the next one migrates.
func TestALockGoesWithItsProcess(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(holderEnv); path != "" {
		release, err := filelock.Wait(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		_, _ = io.ReadAll(os.Stdin) // which ends with the test; a channel would be a deadlock, with which the runtime ends the process
		_ = release()               // so that the lock is not collected before
		return
	}
	address := testenv.SQLite(t)
	holder := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	holder.Env = append(os.Environ(), holderEnv+"="+lockPath(address))
	hold, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := Up(short, Profile, address); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("while another holds the lock: %v", err)
	}
	_ = holder.Process.Kill()
	_ = holder.Wait()
	if err := Up(t.Context(), Profile, address); err != nil {
		t.Error(err)
	}
}
