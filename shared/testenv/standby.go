package testenv

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// standbyLimit bounds the wait until a standby answers.
const standbyLimit = time.Minute

// Standby is a Postgres server that follows the test server as a standby does: it takes each change over some milliseconds later and
// answers reading statements.
type Standby struct {
	server *exec.Cmd
	port   string
}

// PostgresStandby makes a standby of the test server, all its databases, for this test alone. The test is left out where Postgres'
// programs are not installed.
func PostgresStandby(t testing.TB) *Standby {
	t.Helper()
	primary := os.Getenv("TEST_DATABASE_URL")
	if primary == "" {
		t.Fatal("TEST_DATABASE_URL is not set: " + howTo)
	}
	copier, err := exec.LookPath("pg_basebackup")
	server, err2 := exec.LookPath("postgres")
	if err != nil || err2 != nil {
		t.Skip("LEFT OUT: there is no pg_basebackup or postgres for a standby; install postgresql with its programs in the PATH")
	}
	dir, as := postgresFolder(t)
	slot := "standby_" + uuid.New().String()[:8]
	// The slot keeps what the standby has not had yet.
	run := exec.Command(copier, "--dbname", primary, "--pgdata", dir, "--wal-method", "stream", "--checkpoint", "fast",
		"--write-recovery-conf", "--create-slot", "--slot", slot, "--no-sync")
	run.SysProcAttr = as
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	s := &Standby{port: freePort(t)}
	t.Cleanup(func() {
		s.Kill()
		ask(t, primary, "select pg_drop_replication_slot('"+slot+"')")
	})
	args := []string{"-D", dir, "-p", s.port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
		"-c", "shared_buffers=32MB"}
	// A standby has to have at least what the primary was started with.
	for _, name := range []string{"max_connections", "max_worker_processes", "max_wal_senders", "max_locks_per_transaction"} {
		args = append(args, "-c", name+"="+ask(t, primary, "select current_setting('"+name+"')"))
	}
	s.server = exec.Command(server, args...)
	s.server.SysProcAttr, s.server.Dir = as, dir
	var said strings.Builder
	s.server.Stderr = &said
	if err := s.server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the standby said:\n%s", said.String())
		}
	})
	s.await(t, primary)
	return s
}

// postgresFolder makes an empty folder for a server's data and says as whom the server runs: Postgres refuses root.
func postgresFolder(t testing.TB) (string, *syscall.SysProcAttr) {
	t.Helper()
	dir, err := os.MkdirTemp("", "aisle-standby-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		return data, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Skip("LEFT OUT: a standby does not run as root, and there is no user postgres")
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	for _, folder := range []string{dir, data} {
		if err := os.Chown(folder, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return data, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// URL is the address of a database of the test server on the standby.
func (s *Standby) URL(t testing.TB, primary string) string {
	t.Helper()
	u, err := url.Parse(primary)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = "127.0.0.1:" + s.port
	return u.String()
}

// Kill ends the server as kill -9 does and waits until it is gone.
func (s *Standby) Kill() {
	if s.server != nil && s.server.Process != nil && s.server.ProcessState == nil {
		_ = s.server.Process.Kill()
		_ = s.server.Wait()
	}
}

// Pause stops the standby from taking changes over; it goes on answering as of then.
func (s *Standby) Pause(t testing.TB) {
	t.Helper()
	ask(t, s.URL(t, os.Getenv("TEST_DATABASE_URL")), "select pg_wal_replay_pause()")
}

// await waits until the standby answers.
func (s *Standby) await(t testing.TB, primary string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), standbyLimit)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL(t, primary))
		if err == nil {
			_ = conn.Close(ctx)
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the standby does not answer: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
