package database

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestFaultsOfSQLite brings them about in a real file.
func TestFaultsOfSQLite(t *testing.T) {
	t.Parallel()
	address := testenv.SQLite(t)
	s, err := OpenSQLite(t.Context(), address, 4<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec := func(statement string) error {
		_, err := s.Writer.ExecContext(t.Context(), statement)
		return err
	}
	if err := errors.Join(
		exec("create table t (n integer primary key, v blob)"), exec("insert into t values (1, zeroblob(100000))"),
		exec("pragma max_page_count = 40"),
	); err != nil {
		t.Fatal(err)
	}
	full := exec("insert into t values (2, zeroblob(1000000))")
	check(t, "no page is left", full, DiskFull, http.StatusServiceUnavailable, codeDiskFull)
	check(t, "a statement of ours is wrong", exec("insert into nothing values (1)"), Bug, http.StatusInternalServerError, "internal_error")
	check(t, "a value of ours is wrong", exec("insert into t values (1, null)"), Bug, http.StatusInternalServerError, "internal_error")
	left, leave := context.WithCancel(t.Context())
	leave()
	_, err = s.Writer.ExecContext(left, "select 1")
	check(t, "it takes too long", fmt.Errorf("read: %w", err), Unavailable, http.StatusServiceUnavailable, "unavailable")
	s.Close()
	check(t, "it is closed", exec("select 1"), Unavailable, http.StatusServiceUnavailable, "unavailable")

	path := SQLitePath(address)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(data); i++ { // all pages but the first
		data[i] = 0xa5
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = OpenSQLite(t.Context(), address, 4<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	check(
		t, "pages are damaged", s.Reader.QueryRow("select sum(length(v)) from t").Scan(new(int)), Damaged, http.StatusInternalServerError,
		codeDamaged,
	)
}

// TestFaultsOfPostgres has the server raise what a full disk and a damaged page raise, which it cannot be brought to here.
func TestFaultsOfPostgres(t *testing.T) {
	t.Parallel()
	pool, err := OpenPostgres(t.Context(), testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	raise := func(code string) error {
		_, err := pool.Exec(t.Context(), "do $$ begin raise exception using errcode = '"+code+"'; end $$")
		return err
	}
	check(t, "the disk is full", raise("53100"), DiskFull, http.StatusServiceUnavailable, codeDiskFull)
	check(t, "a page is damaged", raise("XX001"), Damaged, http.StatusInternalServerError, codeDamaged)
	check(t, "the server stops", raise("57P01"), Unavailable, http.StatusServiceUnavailable, "unavailable")
	_, err = pool.Exec(t.Context(), "selec 1")
	check(t, "a statement of ours is wrong", err, Bug, http.StatusInternalServerError, "internal_error")
	pool.Close()
	_, err = pool.Exec(t.Context(), "select 1")
	check(t, "it is closed", err, Unavailable, http.StatusServiceUnavailable, "unavailable")
}

func check(t *testing.T, when string, err error, fault Fault, status int, code string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: there is no error", when)
		return
	}
	if got := FaultOf(err); got != fault {
		t.Errorf("%s: fault %d of %v, want %d", when, got, err, fault)
	}
	if p := Problem(err); p.Status != status || p.Code != code || p.Cause == nil {
		t.Errorf("%s: problem %+v, want %d %s", when, p, status, code)
	}
}
