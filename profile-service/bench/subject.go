package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
)

// subject is what is measured: the service in a child process on a database of its own.
type subject struct {
	server  string // URL of the Postgres server
	dbName  string
	pool    *pgxpool.Pool
	base    string // of the service
	child   *exec.Cmd
	postgre int // pid of the postmaster
}

// start makes a database and starts the service on it.
func start(ctx context.Context) (*subject, error) {
	s := &subject{server: os.Getenv("TEST_DATABASE_URL"), dbName: fmt.Sprintf("aisle_bench_%d", os.Getpid())}
	if s.server == "" {
		return nil, errors.New("TEST_DATABASE_URL is not set: run me with scripts/with-stores.sh")
	}
	if err := s.admin(ctx, "create database "+s.dbName); err != nil {
		return nil, err
	}
	u, err := url.Parse(s.server)
	if err != nil {
		return nil, fmt.Errorf("TEST_DATABASE_URL: %w", err)
	}
	u.Path = "/" + s.dbName
	if err := migrations.Up(ctx, migrations.Profile, u.String()); err != nil {
		return nil, err
	}
	if s.pool, err = pgxpool.New(ctx, u.String()); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := s.findPostgres(ctx); err != nil {
		return nil, err
	}
	return s, s.startService(u.String())
}

func (s *subject) startService(database string) error {
	s.child = exec.Command(os.Args[0])
	s.child.Env = append(os.Environ(), serveVariable+"="+database)
	s.child.Stderr = os.Stderr
	out, err := s.child.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the service: %w", err)
	}
	if err := s.child.Start(); err != nil {
		return fmt.Errorf("start the service: %w", err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the service did not start: %w", err)
	}
	s.base = "http://" + strings.TrimSpace(addr)
	return nil
}

func (s *subject) admin(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.server)
	if err != nil {
		return fmt.Errorf("connect to TEST_DATABASE_URL: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// stop ends the service and drops the database.
func (s *subject) stop() {
	if s.child != nil && s.child.Process != nil {
		_ = s.child.Process.Signal(syscall.SIGTERM)
		_ = s.child.Wait()
	}
	s.pool.Close()
	if err := s.admin(context.Background(), "drop database if exists "+s.dbName+" with (force)"); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

// serve is the child: the service on a free port, whose address it prints.
func serve(ctx context.Context, database string) error {
	debug.SetGCPercent(400) // as in cmd/profile-service
	authenticator, err := auth.NewAuthenticator(auth.Options{Listen: []string{"127.0.0.1:0"}})
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	svc, err := service.New(ctx, service.Config{DatabaseURL: database}, process.Deps{Auth: authenticator, Logger: logger, Registry: prometheus.NewRegistry()})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return httpserver.Run(ctx, svc, listener, nil, logger)
}

// findPostgres finds the postmaster as the parent of the backend that serves us; it stays 0 when the server runs elsewhere.
func (s *subject) findPostgres(ctx context.Context) error {
	var backend int
	if err := s.pool.QueryRow(ctx, "select pg_backend_pid()").Scan(&backend); err != nil {
		return fmt.Errorf("find Postgres: %w", err)
	}
	if stat, ok := readStat(backend); ok {
		s.postgre = stat.parent
	} else {
		fmt.Println("Postgres runs on another machine: its CPU time is not counted")
	}
	return nil
}

// procStat is what /proc/PID/stat says of a process.
type procStat struct {
	parent       int
	own, waited  time.Duration // CPU of the process, and of its children that have ended
	residentSize int64         // bytes
}

// tick is the unit of /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

func readStat(pid int) (procStat, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return procStat{}, false
	}
	// The name in parentheses may hold spaces: the fields follow the last one.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	value := func(i int) int64 { v, _ := strconv.ParseInt(fields[i], 10, 64); return v }
	return procStat{parent: int(value(1)), own: time.Duration(value(11)+value(12)) * tick, waited: time.Duration(value(13)+value(14)) * tick,
		residentSize: value(21) * int64(os.Getpagesize())}, true
}

// usage is CPU time since the processes started.
type usage struct{ service, postgres, self time.Duration }

// usage reads the CPU time of the service, of Postgres with all its processes, and of this one.
func (s *subject) usage() usage {
	var u usage
	if stat, ok := readStat(s.child.Process.Pid); ok {
		u.service = stat.own + stat.waited
	}
	u.postgres = treeUsage(s.postgre)
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err == nil {
		u.self = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return u
}

func treeUsage(postmaster int) time.Duration {
	if postmaster == 0 {
		return 0
	}
	root, _ := readStat(postmaster)
	sum := root.own + root.waited
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, e := range entries {
		pid, _ := strconv.Atoi(filepath.Base(e))
		if stat, ok := readStat(pid); ok && stat.parent == postmaster {
			sum += stat.own
		}
	}
	return sum
}

func (u usage) minus(v usage) usage {
	return usage{u.service - v.service, u.postgres - v.postgres, u.self - v.self}
}

// perEvent returns microseconds of CPU.
func perEvent(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(n) }

// post sends a body and checks the status.
func post(ctx context.Context, client *http.Client, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answered %s", resp.Status)
	}
	return nil
}
