package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/standalone/internal/doctor"
)

// patient is a deployment that the doctor looks at.
type patient struct {
	*program
	dir, admin, keysFile, key string
	secrets                   []string // which no bundle may hold
}

func startPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{dir: filepath.Join(t.TempDir(), "data"), admin: freeAddress(t), keysFile: filepath.Join(t.TempDir(), "keys.json")}
	p.key = keyOf(t, p.keysFile, "north")
	webhook := "https://hooks.shop.example/T0/B0/pathIsTheSecret"
	p.program = start(
		t, []string{"AISLE_WEBHOOK_SECRET=sixteen-characters-and-more", "AISLE_WEBHOOK_URL=" + webhook}, "aisle", "serve", "--data", p.dir,
		"--listen", "127.0.0.1:0", "--admin-listen", p.admin, "--keys-file", p.keysFile, "--max-connections", "256",
	)
	p.secrets = []string{p.key, "sixteen-characters", "pathIsTheSecret"}
	return p
}

// examined runs the doctor and returns its report, exit code and what it printed on standard error.
func (p *patient) examined(t *testing.T, args ...string) (r doctor.Report, code int, said string) {
	t.Helper()
	args = append([]string{
		"doctor", "--json", "--server", "http://" + p.address, "--key", p.key, "--admin-url", "http://" + p.admin, "--data", p.dir,
		"--keys-file", p.keysFile,
	}, args...)
	cmd := exec.CommandContext(t.Context(), filepath.Join(binaries, "aisle"), args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), log.String())
	}
	return r, cmd.ProcessState.ExitCode(), log.String()
}

// found returns the worst verdict of the checks whose name begins so.
func found(r doctor.Report, name string) (worst doctor.Check) {
	rank := []doctor.Verdict{"", doctor.OK, doctor.Warn, doctor.Fail}
	for _, c := range r.Checks {
		if strings.HasPrefix(c.Name, name) && slices.Index(rank, c.Verdict) > slices.Index(rank, worst.Verdict) {
			worst = c
		}
	}
	return worst
}

// TestDoctor looks at a deployment that nothing is done with yet, at the same when all is well, and then breaks one thing after the other.
func TestDoctor(t *testing.T) {
	t.Parallel()
	p := startPatient(t)
	r, code, _ := p.examined(t)
	for name, want := range map[string]doctor.Verdict{
		"catalogue": doctor.Fail, "events": doctor.Fail, "models": doctor.Warn, "schedules": doctor.Warn, "reachable": doctor.OK,
		"versions": doctor.OK,
	} {
		if c := found(r, name); c.Verdict != want {
			t.Errorf("of an empty shop: %s is %q, want %q: %s", name, c.Verdict, want, c.Detail)
		}
	}
	if code != 2 {
		t.Errorf("an empty shop: exit code %d", code)
	}
	p.fill(t)
	r, code, _ = p.examined(t)
	for _, c := range r.Checks {
		if c.Verdict != doctor.OK && !strings.HasPrefix(c.Name, "disk") { // whose room is the machine's
			t.Errorf("all is well, and %s is %s: %s", c.Name, c.Verdict, c.Detail)
		}
		if c.Verdict != doctor.OK && c.Mend == "" {
			t.Errorf("%s does not say how to mend it", c.Name)
		}
	}
	if len(r.Checks) < 20 || code != r.ExitCode() || code == 2 {
		t.Errorf("%d checks, exit code %d", len(r.Checks), code)
	}
	p.bundle(t)
	p.broken(t)
}

// fill makes a shop at work: catalogue, events, models and a schedule.
func (p *patient) fill(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := connectTo(p.program, p.key)
	shopOf(t, ctx, c)
	if _, err := c.similarity.PutSchedule(ctx, similarityapi.Schedule{Cron: "0 3 * * *"}); err != nil {
		t.Fatal(err)
	}
}

// bundle packs what support needs: all of it, readable by the owner alone, and no secret.
func (p *patient) bundle(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if _, _, said := p.examined(t, "--bundle", file); !strings.Contains(said, file) {
		t.Errorf("said %q", said)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	packed := unpacked(t, file)
	for _, want := range []string{"report.json", "jobs.json", "anomalies.json", "keys.json", "status.json", "metrics.txt", "readyz.txt"} {
		if !slices.ContainsFunc(packed, func(f [2]string) bool { return strings.HasSuffix(f[0], "/"+want) && len(f[1]) > 1 }) {
			t.Errorf("%s is not packed", want)
		}
	}
	for _, f := range packed {
		for _, secret := range p.secrets {
			if strings.Contains(f[1], secret) {
				t.Errorf("%s holds the secret %q", f[0], secret)
			}
		}
	}
	if !slices.ContainsFunc(packed, func(f [2]string) bool { return strings.Contains(f[1], `"webhook-secret":"(hidden)"`) }) {
		t.Error("the settings do not say that there is a webhook's secret")
	}
}

// unpacked are names and contents of the files of a bundle.
func unpacked(t *testing.T, file string) (all [][2]string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	zipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(zipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, [2]string{h.Name, string(text)})
	}
}

// broken breaks one thing after the other and looks whether the doctor names it, and nothing else that failed.
func (p *patient) broken(t *testing.T) {
	t.Helper()
	schema := func(statement string) func() error {
		return func() error {
			db, err := sql.Open("sqlite", filepath.Join(p.dir, "similarity.db"))
			if err != nil {
				return err
			}
			_, err = db.ExecContext(t.Context(), statement)
			return errors.Join(err, db.Close())
		}
	}
	c := connectTo(p.program, p.key)
	for _, b := range []struct {
		what, check string
		want        doctor.Verdict
		do, undo    func() error
		args        []string
	}{
		{"a migration that stopped half way", "schema of similarity", doctor.Fail,
			schema("update schema_migrations set dirty = 1"), schema("update schema_migrations set dirty = 0"), nil},
		{"a newer program's schema", "schema of similarity", doctor.Warn,
			schema(
				"update schema_migrations set version = version + 1",
			), schema("update schema_migrations set version = version - 1"), nil},
		{"an older schema", "schema of similarity", doctor.Fail,
			schema(
				"update schema_migrations set version = version - 1",
			), schema("update schema_migrations set version = version + 1"), nil},
		{"a keys file that others can read", "keys file", doctor.Fail,
			func() error { return os.Chmod(p.keysFile, 0o644) }, func() error { return os.Chmod(p.keysFile, 0o600) }, nil},
		{"a data folder that others can read", "data folder", doctor.Warn,
			func() error { return os.Chmod(p.dir, 0o755) }, func() error { return os.Chmod(p.dir, 0o700) }, nil},
		{"an unknown key", "keys", doctor.Warn, nil, nil, []string{"--key", "sk_nobody-has-this-one"}},
		{"an admin port that nobody answers at", "admin port", doctor.Fail, nil, nil, []string{"--admin-url", "http://" + freeAddress(t)}},
		{"an import that failed", "import of items", doctor.Fail, func() error {
			_, err := c.profile.StartImport(t.Context(), profileapi.ImportSpec{Kind: "items"}, strings.NewReader("item_id,title\n"))
			return errors.Join(err, p.importsEnded(t, c))
		}, nil, nil},
		{"events that are refused", "refused events", doctor.Fail, func() error {
			events := make([]profileapi.Event, 1000)
			for n := range events {
				events[n] = profileapi.Event{Type: "dance", UserID: "u", EventID: fmt.Sprint("dance ", n)}
			}
			events[0].Type, events[0].ItemID = "view_item", "lamp/01"
			_, err := c.profile.PostEvents(t.Context(), events)
			return err
		}, nil, nil},
		{"a key for any page", "key ", doctor.Warn, func() error {
			keyOf(t, p.keysFile, "north", "--kind", "publishable", "--origin", "*")
			return p.keysKnown(t, 2)
		}, nil, nil},
		{"a server that is gone", "reachable", doctor.Fail, func() error { p.stop(syscall.SIGTERM); return nil }, nil, nil},
	} {
		if b.do != nil {
			if err := b.do(); err != nil {
				t.Fatalf("%s: %v", b.what, err)
			}
		}
		r, code, _ := p.examined(t, b.args...)
		c := found(r, b.check)
		if c.Verdict != b.want || c.Mend == "" || code != r.ExitCode() || code == 0 {
			t.Errorf("%s: %+v, exit code %d", b.what, c, code)
		}
		if b.undo != nil {
			if err := b.undo(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (p *patient) importsEnded(t *testing.T, c clients) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	eventually(t, ctx, "the import ends", func() error {
		var page profileapi.Page[profileapi.Import]
		if err := p.get(ctx, "/v1/imports", &page); err != nil {
			return err
		}
		if !page.Items[0].Ended() {
			return errors.New("it runs")
		}
		return nil
	})
	return nil
}

// keysKnown waits until the server has read the keys file again.
func (p *patient) keysKnown(t *testing.T, want int) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	eventually(t, ctx, "the keys are read", func() error {
		var page profileapi.Page[json.RawMessage]
		if err := p.get(ctx, "/v1/keys", &page); err != nil {
			return err
		}
		if len(page.Items) != want {
			return fmt.Errorf("%d keys", len(page.Items))
		}
		return nil
	})
	return nil
}

func (p *patient) get(ctx context.Context, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}
