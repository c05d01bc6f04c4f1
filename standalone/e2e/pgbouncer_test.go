package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestStoryThroughPgBouncer tells the story with PgBouncer in transaction mode between the services and Postgres, with fewer server
// connections than the services have.
func TestStoryThroughPgBouncer(t *testing.T) {
	t.Parallel()
	installed(t, "pgbouncer", "pgbouncer")
	settings := append(threeSettings(""), throughPgBouncer(t, ownDatabases(t))...)
	story(t, startThreeOn(t, append(settings, "AISLE_REDIS_URL="+testenv.Redis(t), "AISLE_BLOB_URL=file://"+t.TempDir())))
}

// throughPgBouncer starts PgBouncer and returns the settings of databases with its address, and with the mode of pgx that keeps no prepared
// statements on a connection.
func throughPgBouncer(t *testing.T, settings []string) (through []string) {
	t.Helper()
	dir := t.TempDir()
	host, port, _ := strings.Cut(freeAddress(t), ":")
	var databases, users strings.Builder
	for _, setting := range settings {
		name, address, _ := strings.Cut(setting, "=")
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		password, _ := u.User.Password()
		fmt.Fprintf(&databases, "%s = host=%s port=%s\n", strings.Trim(u.Path, "/"), u.Hostname(), u.Port())
		fmt.Fprintf(&users, "%q %q\n", u.User.Username(), password)
		u.Host = host + ":" + port
		u.RawQuery = "sslmode=disable&default_query_exec_mode=exec"
		through = append(through, name+"="+u.String())
	}
	files := map[string]string{
		"users.txt": users.String(),
		"pgbouncer.ini": "[databases]\n" + databases.String() + "[pgbouncer]\nlisten_addr = " + host + "\nlisten_port = " + port +
			"\nunix_socket_dir =\nauth_type = plain\nauth_file = " + filepath.Join(dir, "users.txt") +
			"\npool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 500\n",
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{filepath.Join(dir, "pgbouncer.ini")}
	if os.Getuid() == 0 { // it refuses to run as root
		for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
			_ = os.Chmod(parent, 0o755)
		}
		args = append([]string{"-u", "nobody"}, args...)
	}
	bouncer := exec.Command("pgbouncer", args...)
	var said strings.Builder
	bouncer.Stderr = &said
	if err := bouncer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = bouncer.Process.Kill()
		_ = bouncer.Wait()
		if t.Failed() {
			t.Logf("pgbouncer said:\n%s", said.String())
		}
	})
	_, address, _ := strings.Cut(through[0], "=")
	eventuallyWithin(t, 20*time.Second, "pgbouncer answers", func() error {
		pool, err := database.OpenPostgres(t.Context(), address)
		if err == nil {
			pool.Close()
		}
		return err
	})
	return through
}

// eventuallyWithin is eventually with a limit of its own.
func eventuallyWithin(t *testing.T, limit time.Duration, what string, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	eventually(t, ctx, what, f)
}
