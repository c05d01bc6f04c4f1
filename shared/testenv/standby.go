package testenv

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startLimit bounds the wait until a server answers.
const startLimit = time.Minute

// Standby is a Postgres server that follows another one as a standby does: it takes each change over some milliseconds later and answers
// reading statements.
type Standby struct {
	Primary, URL string // the addresses of both, of one and the same database
	server       *exec.Cmd
}

// PostgresStandby starts a server and its standby for this test alone: one of the test server would have to follow the writes of every
// other test, too. The test is left out where Postgres' programs are not installed.
func PostgresStandby(t testing.TB) *Standby {
	t.Helper()
	for _, name := range []string{"initdb", "postgres", "pg_basebackup"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("LEFT OUT: there is no %s for a standby; install postgresql with its programs in the PATH", name)
		}
	}
	dir, as := postgresFolder(t)
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	s := &Standby{}
	primary, standby := filepath.Join(dir, "primary"), filepath.Join(dir, "standby")
	run("initdb", "-D", primary, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	s.Primary, _ = startPostgres(t, primary, as)
	// The slot keeps what the standby has not had yet.
	run("pg_basebackup", "--dbname", s.Primary, "--pgdata", standby, "--wal-method", "stream", "--checkpoint", "fast",
		"--write-recovery-conf", "--create-slot", "--slot", "standby", "--no-sync")
	s.URL, s.server = startPostgres(t, standby, as)
	return s
}

// startPostgres runs a server on a data folder until the test ends, and returns its address once it answers.
func startPostgres(t testing.TB, data string, as *syscall.SysProcAttr) (address string, server *exec.Cmd) {
	t.Helper()
	port := freePort(t)
	server = exec.Command("postgres", "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "shared_buffers=32MB")
	server.SysProcAttr, server.Dir = as, data
	var said strings.Builder
	server.Stderr = &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		kill(server)
		if t.Failed() {
			t.Logf("the server of %s said:\n%s", data, said.String())
		}
	})
	address = "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			_ = conn.Close(ctx)
			return address, server
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the server of %s does not answer: %v", data, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// postgresFolder makes an empty folder for the data of servers and says as whom the server runs: Postgres refuses root.
func postgresFolder(t testing.TB) (string, *syscall.SysProcAttr) {
	t.Helper()
	dir, err := os.MkdirTemp("", "aisle-standby-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() != 0 {
		return dir, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Skip("LEFT OUT: a standby does not run as root, and there is no user postgres")
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return dir, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// Kill ends the standby as kill -9 does and waits until it is gone.
func (s *Standby) Kill() { kill(s.server) }

func kill(server *exec.Cmd) {
	if server.ProcessState == nil {
		_ = server.Process.Kill() // fails only when it has ended
		_ = server.Wait()
	}
}

// Pause stops the standby from taking changes over; it goes on answering as of then.
func (s *Standby) Pause(t testing.TB) {
	t.Helper()
	ask(t, s.URL, "select pg_wal_replay_pause()")
}
