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
	"runtime/debug"
	"runtime/pprof"
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
	"github.com/aisle-rec/aisle/shared/procstat"
)

// profileVariable tells the child where to leave a CPU profile.
const profileVariable = "AISLE_BENCH_PROFILE"

// subject is what is measured: the service in a child process on a database of its own. The
// child is this same program: its CPU time is then told apart from that of who asks.
type subject struct {
	server  string        // URL of the Postgres server, "" on SQLite
	dbName  string        // made by start and dropped by stop
	folder  string        // of the SQLite file; "" on Postgres
	pool    *pgxpool.Pool // for the size of the database; nil on SQLite
	base    string        // of the service
	child   *exec.Cmd
	postgre int // pid of the postmaster; 0: on another machine, or SQLite
}

// start makes a database and starts the service on it.
func start(ctx context.Context, onSQLite bool) (*subject, error) {
	if onSQLite {
		folder, err := os.MkdirTemp("", "aisle-bench")
		if err != nil {
			return nil, err
		}
		s := &subject{folder: folder}
		return s, s.startService("sqlite://" + folder + "/profile.db")
	}
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

// startService starts the child and waits for the address that it prints once it listens.
func (s *subject) startService(database string) error {
	s.child = exec.Command(os.Args[0])
	s.child.Env = append(os.Environ(), serveVariable+"="+database, profileVariable+"="+cpuProfile)
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

// admin runs a statement on the server's own database, from which others are made and dropped.
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
		_ = s.child.Process.Signal(os.Interrupt)
		_ = s.child.Wait()
	}
	if s.folder != "" {
		_ = os.RemoveAll(s.folder)
		return
	}
	s.pool.Close()
	if err := s.admin(context.Background(), "drop database if exists "+s.dbName+" with (force)"); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

// serve is the child: the service on a free port, whose address it prints. It has no keys and
// only logs warnings. It ends with an interrupt, which completes the CPU profile.
func serve(ctx context.Context, database string) error {
	debug.SetGCPercent(400) // as in cmd/profile-service
	authenticator, err := auth.NewAuthenticator(auth.Options{Listen: []string{"127.0.0.1:0"}})
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	svc, err := service.New(ctx, service.Config{DatabaseURL: database}, process.Deps{
		Auth: authenticator, Logger: logger, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if file := os.Getenv(profileVariable); file != "" {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return httpserver.Run(ctx, svc, httpserver.Ports{Public: listener}, logger)
}

// disk returns what the database takes, in bytes: on Postgres tables with their indexes, on
// SQLite the file without its log.
func (s *subject) disk(ctx context.Context) (int64, error) {
	if s.folder == "" {
		var size int64
		err := s.pool.QueryRow(
			ctx,
			"select sum(pg_total_relation_size(oid)) from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace",
		).Scan(&size)
		return size, err
	}
	stat, err := os.Stat(s.folder + "/profile.db")
	if err != nil {
		return 0, err
	}
	return stat.Size(), nil
}

// findPostgres finds the postmaster as the parent of the backend that serves us; it stays 0 when the server runs elsewhere.
func (s *subject) findPostgres(ctx context.Context) error {
	var backend int
	if err := s.pool.QueryRow(ctx, "select pg_backend_pid()").Scan(&backend); err != nil {
		return fmt.Errorf("find Postgres: %w", err)
	}
	if stat, ok := procstat.Of(backend); ok {
		s.postgre = stat.Parent
	} else {
		fmt.Println("Postgres runs on another machine: its CPU time is not counted")
	}
	return nil
}

// usage is CPU time since the processes started.
type usage struct{ service, postgres, self time.Duration }

// usage reads the CPU time of the service, of Postgres with all its processes, and of this one.
func (s *subject) usage() usage {
	var u usage
	if stat, ok := procstat.Of(s.child.Process.Pid); ok {
		u.service = stat.Own + stat.Waited
	}
	if s.postgre != 0 {
		u.postgres = procstat.Tree(s.postgre)
	}
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err == nil {
		u.self = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return u
}

// minus is what was used since v.
func (u usage) minus(v usage) usage {
	return usage{u.service - v.service, u.postgres - v.postgres, u.self - v.self}
}

// perEvent returns microseconds of CPU for each of n.
func perEvent(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(n) }

// post sends a JSON body and reads the answer to its end, so that the connection is used again.
// A status other than 200 is an error.
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
