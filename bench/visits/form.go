package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/procstat"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
	pollInterval = 100 * time.Millisecond
	logTail      = 2000
)

// program is one of the built programs, in a child process.
type program struct {
	name        string // of the figures
	file        string
	args, env   []string
	addr, admin string
	log         string
	child       *exec.Cmd
	ended       chan error
}

// form is a way to run Aisle: "three" processes on Postgres and Redis, or "one" on SQLite.
type form struct {
	programs                         []*program // in the order in which they start
	profile, similarity, recommender string     // addresses of the APIs
	stores                           *stores    // nil: inside the process
}

// newForm prepares a form whose data is in a folder; nothing runs yet.
func newForm(ctx context.Context, o *options, folder string) (*form, error) {
	if o.form == "one" {
		p, err := newProgram(folder, "aisle", filepath.Join(o.bin, "aisle"))
		if err != nil {
			return nil, err
		}
		p.args = []string{"serve", "--listen", p.addr, "--admin-listen", p.admin, "--data", filepath.Join(folder, "data"), "--log-level", "warn",
			"--recommender-cache-mb", strconv.Itoa(o.cacheMB)}
		if o.profile != "" {
			p.args = append(p.args, "--pprof")
		}
		return &form{programs: []*program{p}, profile: p.addr, similarity: p.addr, recommender: p.addr}, nil
	}
	f := &form{}
	for _, name := range []string{"profile", "similarity", "recommender"} {
		p, err := newProgram(folder, name, filepath.Join(o.bin, name+"-service"))
		if err != nil {
			return nil, err
		}
		f.programs = append(f.programs, p)
	}
	f.profile, f.similarity, f.recommender = f.programs[0].addr, f.programs[1].addr, f.programs[2].addr
	var err error
	if f.stores, err = openStores(ctx, filepath.Join(o.bin, "migrate")); err != nil {
		return nil, err
	}
	for _, p := range f.programs {
		p.env = append(f.stores.env(), "AISLE_LISTEN="+p.addr, "AISLE_ADMIN_LISTEN="+p.admin, "AISLE_PROFILE_URL=http://"+f.profile,
			"AISLE_SIMILARITY_URL=http://"+f.similarity, "AISLE_BLOB_URL=file://"+filepath.Join(folder, "models"), "AISLE_LOG_LEVEL=warn",
			"AISLE_SERVICE_KEY=a-key-that-only-the-services-know", "AISLE_RECOMMENDER_CACHE_MB="+strconv.Itoa(o.cacheMB), "AISLE_PPROF="+strconv.FormatBool(o.profile != ""))
	}
	return f, nil
}

func newProgram(folder, name, file string) (p *program, err error) {
	p = &program{name: name, file: file, log: filepath.Join(folder, name+".log")}
	if p.addr, err = freeAddress(); err == nil {
		p.admin, err = freeAddress()
	}
	return p, err
}

// start runs the programs, each when the one before is ready.
func (f *form) start(ctx context.Context) error {
	for _, p := range f.programs {
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) start(ctx context.Context) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.file, err)
	}
	defer log.Close() // the child has its own descriptor
	p.child = exec.Command(p.file, p.args...)
	p.child.Env = append(os.Environ(), p.env...)
	p.child.Stdout, p.child.Stderr = log, log
	if err := p.child.Start(); err != nil {
		p.child = nil
		return fmt.Errorf("start %s: %w; build it with \"make build\" or name its folder with -bin", p.file, err)
	}
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.child.Wait() }()
	return p.await(ctx, "readiness", func() error { _, err := p.fetch(ctx, "/readyz"); return err })
}

// await asks again and again until check is satisfied.
func (p *program) await(ctx context.Context, what string, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s of %s: %w; its log ends with:\n%s", what, p.file, err, p.tail())
		case failure := <-p.ended:
			p.ended <- failure
			return fmt.Errorf("%s ended (%v); its log ends with:\n%s", p.file, failure, p.tail())
		case <-ticker.C:
		}
	}
}

func (p *program) tail() string {
	log, _ := os.ReadFile(p.log)
	return string(log[max(0, len(log)-logTail):])
}

// stop ends the programs, the last one first, and waits for them.
func (f *form) stop() {
	for n := len(f.programs) - 1; n >= 0; n-- {
		if p := f.programs[n]; p.child != nil {
			process := p.child.Process
			_ = process.Signal(syscall.SIGTERM) // fails only when it has ended
			late := time.AfterFunc(stopTimeout, func() { _ = process.Kill() })
			<-p.ended
			late.Stop()
			p.child = nil
		}
	}
}

// close drops what newForm made.
func (f *form) close() {
	f.stop()
	if f.stores != nil {
		f.stores.close()
	}
}

// usage is the CPU time of each process since its start, stores included.
func (f *form) usage() map[string]time.Duration {
	u := map[string]time.Duration{}
	for _, p := range f.programs {
		stat, _ := procstat.Of(p.child.Process.Pid)
		u[p.name] = stat.Own
	}
	if f.stores != nil {
		u["postgres"], u["redis"] = procstat.Tree(f.stores.postgresPID), procstat.Tree(f.stores.redisPID)
	}
	return u
}

// clients are typed clients of the services that are filled.
type clients struct {
	profile    *profileapi.Client
	similarity *similarityapi.Client
}

func (f *form) clients() clients {
	return clients{
		profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: "http://" + f.profile})),
		similarityapi.NewClient(httpclient.New(httpclient.Options{BaseURL: "http://" + f.similarity})),
	}
}

// fetch reads a page of the admin port.
func (p *program) fetch(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.admin+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return data, err
}

// freeAddress is a loopback port that nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
