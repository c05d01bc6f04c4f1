package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestFaultsAtStart shows that each fault ends with exit code 1 and one line that says what to do.
func TestFaultsAtStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	closed := unusedAddress(t)
	file := filepath.Join(t.TempDir(), "a file")
	writeFile(t, file, "not a folder")

	readable := filepath.Join(t.TempDir(), "keys.json")
	writeFile(t, readable, `{"version":1,"keys":[]}`)
	if err := os.Chmod(readable, 0o644); err != nil {
		t.Fatal(err)
	}

	serve := func(args ...string) []string {
		return append([]string{"aisle", "serve", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--data", t.TempDir()}, args...)
	}
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"the port is taken", serve("--listen", taken.Addr().String()), []string{taken.Addr().String(), "already in use"}},
		{"the data folder is a file", serve("--data", file), []string{file, "--data"}},
		{
			"Postgres is not there", serve("--database-url", "postgres://u:topsecret@"+closed+"/db"),
			[]string{closed, "cannot be reached", "database URL"},
		},
		{"the database URL is not one", serve("--database-url", "mysql://x"), []string{"postgres://"}},
		{"Redis is not there", serve("--redis-url", "redis://"+closed+"/0"), []string{closed, "cannot be reached", "Redis URL"}},
		{
			"the keys file is not there", serve("--keys-file", filepath.Join(t.TempDir(), "none.json")),
			[]string{"none.json", "aisle keys create"},
		},
		{"the keys file is not one", serve("--keys-file", file), []string{file, "JSON"}},
		{"others can reach it without keys", serve("--listen", "0.0.0.0:0"), []string{"0.0.0.0", "aisle keys create"}},
		{"others can reach its admin port without keys", serve("--admin-listen", "0.0.0.0:0"), []string{"0.0.0.0", "aisle keys create"}},
		{"others can read the keys file", serve("--keys-file", readable), []string{readable, "chmod 600"}},
		{
			"a secret is given twice", serve("--database-url-file", file, "--database-url", "postgres://u:topsecret@"+closed+"/db"),
			[]string{"--database-url-file", "leave one out"},
		},
		{
			"a secret's file is not there", serve("--redis-url-file", filepath.Join(t.TempDir(), "none")),
			[]string{"--redis-url-file", "none"},
		},
		{"a flag that does not exist", []string{"aisle", "serve", "--colour", "red"}, []string{"--colour"}},
		{"migrate without a database", []string{"migrate", "up"}, []string{"--profile-url"}},
		{"a service without settings", []string{"similarity-service"}, []string{"AISLE_SIMILARITY_DATABASE_URL", "AISLE_BLOB_URL"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fails(t, c.args, c.says...)
		})
	}
}

// TestASecretInAFileIsOnNoCommandLine starts with settings that are files, by a flag and by a variable of a service.
func TestASecretInAFileIsOnNoCommandLine(t *testing.T) {
	t.Parallel()
	closed := unusedAddress(t)
	file := filepath.Join(t.TempDir(), "url")
	writeFile(t, file, "postgres://u:topsecret@"+closed+"/db\n")
	fails(
		t,
		[]string{"aisle", "serve", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--data", t.TempDir(), "--database-url-file", file},
		closed, "cannot be reached",
	)

	t.Run("a service reads a variable's file", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command(filepath.Join(binaries, "profile-service"))
		cmd.Env = append(os.Environ(), "AISLE_LISTEN=127.0.0.1:0", "AISLE_ADMIN_LISTEN=off", "AISLE_PROFILE_DATABASE_URL_FILE="+file)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), closed) ||
			strings.Contains(string(out), "topsecret") {
			t.Errorf("%v: %s", err, out)
		}
	})
	t.Run("a service key that can be guessed is refused", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command(filepath.Join(binaries, "profile-service"))
		cmd.Env = append(os.Environ(), "AISLE_LISTEN=127.0.0.1:0", "AISLE_ADMIN_LISTEN=off", "AISLE_SERVICE_KEY=k")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "openssl rand -hex 32") {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// fails runs a program and checks its exit code and its one line, which holds every text of says and no secret.
func fails(t *testing.T, args []string, says ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(binaries, args[0]), args[1:]...)
	cmd.Stderr = &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("%v: %v, want exit code 1\n%s", args, err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	last := lines[len(lines)-1]
	for _, text := range says {
		if !strings.Contains(last, text) {
			t.Errorf("the last line does not say %q: %s", text, last)
		}
	}
	for _, text := range []string{"goroutine ", "panic", "topsecret"} {
		if strings.Contains(stderr.String(), text) {
			t.Errorf("it says %q:\n%s", text, stderr.String())
		}
	}
}

// TestSchemaFaults refuses databases that are newer than the program or half migrated, and leaves them as they are.
func TestSchemaFaults(t *testing.T) {
	t.Parallel()
	t.Run("SQLite from a newer program", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		startStandalone(t, dir).kill()
		change(t, "sqlite", filepath.Join(dir, "profile.db"), "update schema_migrations set version = 999")
		fails(t, []string{"aisle", "serve", "--data", dir, "--listen", "127.0.0.1:0", "--admin-listen", "off"}, "999", "newer")
	})
	t.Run("Postgres left dirty", func(t *testing.T) {
		t.Parallel()
		profileURL := strings.TrimPrefix(ownDatabases(t)[0], "AISLE_PROFILE_DATABASE_URL=")
		change(t, "pgx", profileURL, "update schema_migrations set dirty = true")
		fails(t, []string{"migrate", "up", "--profile-url", profileURL}, "dirty")
		fails(t, []string{"migrate", "check", "--profile-url", profileURL}, "dirty")
	})
	t.Run("Postgres without tables", func(t *testing.T) {
		t.Parallel()
		fails(t, []string{"migrate", "check", "--profile-url", testenv.Postgres(t)}, "migrate up")
	})
}

// TestSecondProcess refuses a data folder that is in use, and takes it once the other process was killed.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startStandalone(t, dir)
	fails(t, []string{"aisle", "serve", "--data", dir, "--listen", "127.0.0.1:0", "--admin-listen", "off"}, dir, "in use", "pid")
	first.kill()
	first.restart(t)
}

func change(t *testing.T, driver, source, statement string) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// unusedAddress is one where nobody listens: it was free a moment ago.
func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
