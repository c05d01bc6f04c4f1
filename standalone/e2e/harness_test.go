// Package e2e tests the built programs from outside, as a shop would use them: the same story against the standalone binary and against
// three processes on Postgres and Redis; faults at start; the import rules; the compose file.
package e2e

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// patience bounds every wait; it is generous because test machines are slow, and no test passes by it running out.
const patience = 2 * time.Minute

// binaries is the folder of the programs under test.
var binaries string

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked { // most tests wait for programs more than they work
		if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "aisle-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaries = dir
	if err := testenv.Programs(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// program is a running program.
type program struct {
	cmd     *exec.Cmd
	address string // of its API
	done    chan struct{}

	mu  sync.Mutex
	log strings.Builder
}

// listening finds the address in the line that a program logs when it serves.
var listening = regexp.MustCompile(`(?:address=http://|"listen":")(127\.0\.0\.1:[0-9]+)`)

// start runs a program until the test ends and waits until it serves.
func start(t testing.TB, env []string, name string, args ...string) *program {
	t.Helper()
	return startFrom(t, binaries, env, name, args...)
}

// startFrom is start with the programs of another folder.
func startFrom(t testing.TB, folder string, env []string, name string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(filepath.Join(folder, name), args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	serving := make(chan string, 1)
	go func() {
		defer close(p.done)
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			p.mu.Lock()
			fmt.Fprintln(&p.log, scanner.Text())
			p.mu.Unlock()
			if found := listening.FindStringSubmatch(scanner.Text()); found != nil {
				select {
				case serving <- found[1]:
				default:
				}
			}
		}
		_ = p.cmd.Wait() // how it ended is asked for by those who care
	}()
	t.Cleanup(func() {
		p.stop(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.output())
		}
	})
	select {
	case p.address = <-serving:
	case <-p.done:
		t.Fatalf("%s ended:\n%s", name, p.output())
	case <-time.After(patience):
		t.Fatalf("%s does not serve:\n%s", name, p.output())
	}
	return p
}

// url is the address of its API with the scheme.
func (p *program) url() string { return "http://" + p.address }

func (p *program) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// stop ends the program with a signal and waits until it is gone.
func (p *program) stop(signal os.Signal) {
	if err := p.cmd.Process.Signal(signal); errors.Is(err, os.ErrProcessDone) {
		return
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// clients of one shop, whatever the number of processes behind them.
type clients struct {
	profile     *profileapi.Client
	similarity  *similarityapi.Client
	recommender *recommenderapi.Client
	jobs        *httpclient.Client // whoever has /v1/jobs
}

// deployment is a running Aisle that can be killed and started again on the same data.
type deployment struct {
	programs []*program
	connect  func(key string) clients
	restart  func(t *testing.T) *deployment
}

func (d *deployment) kill() {
	for _, p := range d.programs {
		p.stop(syscall.SIGKILL)
	}
}

// startStandalone runs the one binary on a folder.
func startStandalone(t *testing.T, dir string, args ...string) *deployment {
	t.Helper()
	args = append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--admin-listen", "off"}, args...)
	p := start(t, nil, "aisle", args...)
	return &deployment{
		programs: []*program{p},
		connect:  func(key string) clients { return connectTo(p, key) },
		restart:  func(t *testing.T) *deployment { return startStandalone(t, dir, args[5:]...) },
	}
}

// startThree runs the three services as processes of their own on Postgres and Redis, each with its own database and user.
func startThree(t *testing.T, keysFile string) *deployment {
	t.Helper()
	settings := append(threeSettings(keysFile), ownDatabases(t)...)
	return startThreeOn(t, append(settings,
		"AISLE_REDIS_URL="+testenv.Redis(t), "AISLE_BLOB_URL=file://"+t.TempDir()))
}

// connectTo returns clients of the one binary.
func connectTo(p *program, key string) clients {
	c := httpclient.New(httpclient.Options{BaseURL: "http://" + p.address, Key: key})
	return clients{profileapi.NewClient(c), similarityapi.NewClient(c), recommenderapi.NewClient(c), c}
}

func threeSettings(keysFile string) []string {
	settings := []string{"AISLE_LISTEN=127.0.0.1:0", "AISLE_ADMIN_LISTEN=off", "AISLE_SERVICE_KEY=a-key-that-only-the-three-services-have"}
	if keysFile != "" {
		settings = append(settings, "AISLE_KEYS_FILE="+keysFile)
	}
	return settings
}

// ownDatabases makes a database with a user of its own for each service, through the migrate program, and returns their settings.
func ownDatabases(t testing.TB) (settings []string) {
	t.Helper()
	admin := testenv.Postgres(t) // a database of this test: its name is unique
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"profile", "similarity", "recommender"} {
		mine := *u
		name := strings.Trim(u.Path, "/") + "_" + service
		mine.User, mine.Path = url.UserPassword(name, "secret"), "/"+name
		t.Cleanup(func() { testenv.DropDatabase(t, admin, name) })
		settings = append(settings, "AISLE_"+strings.ToUpper(service)+"_DATABASE_URL="+mine.String())
	}
	migrate := exec.Command(filepath.Join(binaries, "migrate"), "up", "--admin-url", admin)
	migrate.Env = append(os.Environ(), settings...)
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	return settings
}

func startThreeOn(t *testing.T, settings []string) *deployment {
	t.Helper()
	profile := start(t, settings, "profile-service")
	settings = append(settings, "AISLE_PROFILE_URL=http://"+profile.address)
	similarity := start(t, settings, "similarity-service")
	settings = append(settings, "AISLE_SIMILARITY_URL=http://"+similarity.address)
	recommender := start(t, settings, "recommender-service")
	return &deployment{
		programs: []*program{recommender, similarity, profile},
		connect: func(key string) clients {
			to := func(p *program) *httpclient.Client {
				return httpclient.New(httpclient.Options{BaseURL: "http://" + p.address, Key: key})
			}
			return clients{
				profileapi.NewClient(to(profile)), similarityapi.NewClient(to(similarity)), recommenderapi.NewClient(to(recommender)),
				to(similarity),
			}
		},
		restart: func(t *testing.T) *deployment { return startThreeOn(t, settings[:len(settings)-2]) },
	}
}

// eventually tries until f returns nil, for what other replicas and background work need a moment for.
func eventually(t *testing.T, ctx context.Context, what string, f func() error) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		if last = f(); last == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, last)
		case <-tick.C:
		}
	}
}
