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
	"strings"
	"syscall"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	startTimeout = 2 * time.Minute
	pollInterval = 100 * time.Millisecond
	logTail      = 2000
)

// server is the program that is measured, in a child process on free ports.
type server struct {
	program, folder string
	stores          *stores // nil: SQLite files and the Redis inside the process
	cacheMB         int     // 0: the default

	addr, admin string
	child       *exec.Cmd
	ended       chan error
}

// start runs the server on the data folder and waits until it is ready.
func (s *server) start(ctx context.Context) error {
	var err error
	if s.addr, err = freeAddress(); err != nil {
		return err
	}
	if s.admin, err = freeAddress(); err != nil {
		return err
	}
	args := []string{"serve", "--listen", s.addr, "--admin-listen", s.admin, "--data", filepath.Join(s.folder, "data"), "--log-level", "warn"}
	if s.stores != nil {
		args = append(args, "--database-url", s.stores.databaseURL, "--redis-url", s.stores.redisURL)
	}
	if s.cacheMB > 0 {
		args = append(args, "--recommender-cache-mb", strconv.Itoa(s.cacheMB))
	}
	log, err := os.Create(s.logPath())
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	defer log.Close() // the child has its own descriptor
	s.child = exec.Command(s.program, args...)
	s.child.Stdout, s.child.Stderr = log, log
	if err := s.child.Start(); err != nil {
		return fmt.Errorf("start the server: %w; build it with \"make build\" or name it with -aisle", err)
	}
	s.ended = make(chan error, 1)
	go func() { s.ended <- s.child.Wait() }()
	return s.await(ctx, "the server's readiness", func() error {
		resp, err := http.Get("http://" + s.admin + "/readyz")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	})
}

func (s *server) logPath() string { return filepath.Join(s.folder, "aisle.log") }

// await asks again and again until check is satisfied.
func (s *server) await(ctx context.Context, what string, check func() error) error {
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
			return fmt.Errorf("wait for %s: %w; the server's log ends with:\n%s", what, err, s.tail())
		case failure := <-s.ended:
			s.ended <- failure
			return fmt.Errorf("wait for %s: the server ended (%v); its log ends with:\n%s", what, failure, s.tail())
		case <-ticker.C:
		}
	}
}

func (s *server) tail() string {
	log, _ := os.ReadFile(s.logPath())
	return string(log[max(0, len(log)-logTail):])
}

// stop ends the server and waits for it.
func (s *server) stop() {
	if s.child == nil || s.child.Process == nil {
		return
	}
	_ = s.child.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	<-s.ended
	s.child = nil
}

// clients are typed clients of the server.
type clients struct {
	profile     *profileapi.Client
	similarity  *similarityapi.Client
	recommender *recommenderapi.Client
}

func (s *server) clients() clients {
	c := httpclient.New(httpclient.Options{BaseURL: "http://" + s.addr})
	return clients{profileapi.NewClient(c), similarityapi.NewClient(c), recommenderapi.NewClient(c)}
}

// fetch reads a page of the admin port.
func (s *server) fetch(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.admin+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the admin port: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, data)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of the admin port: %w", path, err)
	}
	return data, nil
}

// memory is what the server holds, in MB: live heap right after a collection, resident pages, and the neighbour lists that it keeps.
type memory struct{ heap, resident, lists float64 }

func (s *server) memory(ctx context.Context) (memory, error) {
	if _, err := s.fetch(ctx, "/debug/pprof/heap?gc=1"); err != nil {
		return memory{}, err
	}
	page, err := s.fetch(ctx, "/metrics")
	if err != nil {
		return memory{}, err
	}
	var m memory
	metrics := map[string]*float64{"go_memstats_heap_alloc_bytes": &m.heap, "process_resident_memory_bytes": &m.resident, "aisle_neighbour_cache_bytes": &m.lists}
	for line := range strings.Lines(string(page)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		into, ok := metrics[name]
		if !ok {
			continue
		}
		bytes, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return memory{}, fmt.Errorf("read the metric %s: %w", name, err)
		}
		*into = bytes / (1 << 20)
		delete(metrics, name)
	}
	for name := range metrics {
		return memory{}, fmt.Errorf("the server has no metric %s", name)
	}
	return m, nil
}

// freeAddress is a loopback port that nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
