package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aisle-rec/aisle/shared/testenv"
)

// door stands before a server and can be shut: then nobody is connected any more and nobody gets in, as when the server was killed. It can
// also be stuck: connections are taken and nothing comes through, as when the machine of the server hangs.
type door struct {
	to   string
	addr string

	mu    sync.Mutex
	l     net.Listener
	open  []net.Conn
	stuck bool
}

func newDoor(t *testing.T, to string) *door {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{to: to, addr: l.Addr().String()}
	d.serve(l)
	t.Cleanup(d.shut)
	return d
}

func (d *door) serve(l net.Listener) {
	d.mu.Lock()
	d.l = l
	d.mu.Unlock()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			d.pass(in)
		}
	}()
}

func (d *door) pass(in net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = append(d.open, in)
	if d.stuck {
		return
	}
	out, err := net.Dial("tcp", d.to)
	if err != nil {
		in.Close()
		return
	}
	d.open = append(d.open, out)
	for from, to := range map[net.Conn]net.Conn{in: out, out: in} {
		go func() {
			_, _ = io.Copy(to, from) // until either is closed
			to.Close()
		}()
	}
}

// shut ends all connections and takes no more.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.l.Close()
	for _, c := range d.open {
		c.Close()
	}
	d.open = nil
}

// reopen lets callers in again, or, when stuck, takes them and does no more.
func (d *door) reopen(t *testing.T, stuck bool) {
	t.Helper()
	d.mu.Lock()
	d.stuck = stuck
	d.mu.Unlock()
	l, err := net.Listen("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	d.serve(l)
}

// ready asks a program for /readyz.
func ready(ctx context.Context, address string) (status int, text string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// TestReadinessWhilePostgresIsAway shuts the three services off from Postgres, then has it hang, then be there again.
func TestReadinessWhilePostgresIsAway(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	databases := ownDatabases(t)
	var d *door
	for n, setting := range databases {
		name, address, _ := strings.Cut(setting, "=")
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if d == nil {
			d = newDoor(t, u.Host)
		}
		u.Host = d.addr
		databases[n] = name + "=" + u.String()
	}
	three := startThreeOn(t, slices.Concat(threeSettings(""), databases, []string{
		"AISLE_ADMIN_LISTEN=127.0.0.1:0", "AISLE_REDIS_URL=" + testenv.Redis(t), "AISLE_BLOB_URL=file://" + t.TempDir(),
	}))
	admin := map[string]string{}
	for _, p := range three.programs {
		admin[filepath.Base(p.cmd.Path)] = p.admin(t)
	}
	wait := func(what string, status int, database string) {
		t.Helper()
		for name, address := range admin {
			want, line := status, database
			if name == "recommender-service" && status != http.StatusOK { // which answers without its own database, and says so
				want, line = http.StatusOK, "database: ok, but scenarios"
			}
			eventually(t, ctx, name+" "+what, func() error {
				got, text, err := ready(ctx, address)
				if err == nil && (got != want || !strings.Contains(text, line)) {
					err = fmt.Errorf("/readyz is %d, want %d with %q: %s", got, want, line, text)
				}
				return err
			})
		}
	}
	wait("at first", http.StatusOK, "database: ok\n")
	d.shut()
	wait("while Postgres is away", http.StatusServiceUnavailable, "database: ")
	health := exec.Command(filepath.Join(binaries, "aisle"), "health", "--admin-url", "http://"+admin["profile-service"])
	if out, err := health.CombinedOutput(); err == nil {
		t.Errorf("aisle health finds nothing wrong: %s", out)
	}
	d.reopen(t, true)
	wait("while Postgres hangs", http.StatusServiceUnavailable, "database: ")
	d.shut()
	d.reopen(t, false)
	wait("when Postgres is back", http.StatusOK, "database: ok\n")
}
