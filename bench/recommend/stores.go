package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/procstat"
)

// redisDatabase is the numbered database that the benchmark empties and uses.
const redisDatabase = 126

// stores are a Postgres database and a Redis database of their own. A pid is 0 when that server runs elsewhere.
type stores struct {
	admin, database       string
	databaseURL, redisURL string
	postgresPID, redisPID int
	redis                 *redis.Client
}

func openStores(ctx context.Context) (*stores, error) {
	s := &stores{admin: os.Getenv("TEST_DATABASE_URL"), database: fmt.Sprintf("aisle_bench_%d", os.Getpid())}
	if s.admin == "" || os.Getenv("TEST_REDIS_URL") == "" {
		return nil, errors.New("TEST_DATABASE_URL and TEST_REDIS_URL are not set: run me with scripts/with-stores.sh")
	}
	u, err := url.Parse(s.admin)
	if err != nil {
		return nil, errors.New("TEST_DATABASE_URL cannot be read; it has the form postgres://user:password@host:5432/database")
	}
	if err := s.openRedis(ctx, os.Getenv("TEST_REDIS_URL")); err != nil {
		return nil, err
	}
	if err := s.createDatabase(ctx); err != nil {
		return nil, errors.Join(err, s.redis.Close())
	}
	u.Path = "/" + s.database
	s.databaseURL = u.String()
	if s.postgresPID == 0 || s.redisPID == 0 {
		note("Postgres or Redis runs on another machine: its CPU time is not counted")
	}
	return s, nil
}

// createDatabase also finds the postmaster, as the parent of the backend that serves the connection.
func (s *stores) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return fmt.Errorf("connect to TEST_DATABASE_URL: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "create database "+s.database); err != nil {
		return fmt.Errorf("create a database: %w", err)
	}
	var backend int
	if err := conn.QueryRow(ctx, "select pg_backend_pid()").Scan(&backend); err != nil {
		return fmt.Errorf("find Postgres: %w", err)
	}
	if stat, ok := procstat.Of(backend); ok && runs(backend, "postgres") {
		s.postgresPID = stat.Parent
	}
	return nil
}

func (s *stores) openRedis(ctx context.Context, address string) error {
	o, err := redis.ParseURL(address)
	if err != nil {
		return fmt.Errorf("TEST_REDIS_URL: %w", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("TEST_REDIS_URL: %w", err)
	}
	o.DB = redisDatabase
	u.Path = "/" + strconv.Itoa(redisDatabase)
	s.redis, s.redisURL = redis.NewClient(o), u.String()
	if err := s.redis.FlushDB(ctx).Err(); err != nil {
		return fmt.Errorf("empty Redis database %d: %w", redisDatabase, err)
	}
	info, err := s.redis.Info(ctx, "server").Result()
	if err != nil {
		return fmt.Errorf("find Redis: %w", err)
	}
	for line := range strings.Lines(info) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "process_id:"); ok {
			if pid, _ := strconv.Atoi(id); runs(pid, "redis") {
				s.redisPID = pid
			}
		}
	}
	return nil
}

// runs reports whether a process of this machine runs such a program; a pid from inside a container may be anybody's here.
func runs(pid int, program string) bool {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return err == nil && strings.HasPrefix(string(name), program)
}

// close drops what openStores made.
func (s *stores) close() {
	ctx := context.Background()
	err := errors.Join(s.redis.FlushDB(ctx).Err(), s.redis.Close())
	conn, connectErr := pgx.Connect(ctx, s.admin)
	if connectErr == nil {
		_, connectErr = conn.Exec(ctx, "drop database if exists "+s.database+" with (force)")
		connectErr = errors.Join(connectErr, conn.Close(ctx))
	}
	if err = errors.Join(err, connectErr); err != nil {
		note("clean up the stores: %v", err)
	}
}
