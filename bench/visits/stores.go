package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/procstat"
)

// redisDatabase is the numbered database that the benchmark empties and uses.
const redisDatabase = 126

// stores are Postgres databases and a Redis database of their own. A pid is 0 when that server runs elsewhere.
type stores struct {
	admin                 string // URL of the server's database
	name                  string // beginning of the names of databases and users
	profileURL            string
	similarityURL         string
	recommenderURL        string
	redisURL              string
	postgresPID, redisPID int
	conn                  *pgx.Conn // to admin
	redis                 *redis.Client
}

// openStores makes the databases with the migrate program, one and a user for each service,
// named after this process, and empties the Redis database.
func openStores(ctx context.Context, migrate string) (*stores, error) {
	s := &stores{admin: os.Getenv("TEST_DATABASE_URL"), name: fmt.Sprintf("aisle_bench_%d", os.Getpid())}
	if s.admin == "" || os.Getenv("TEST_REDIS_URL") == "" {
		return nil, errors.New("TEST_DATABASE_URL and TEST_REDIS_URL are not set: run me with scripts/with-stores.sh")
	}
	u, err := url.Parse(s.admin)
	if err != nil {
		return nil, errors.New("TEST_DATABASE_URL cannot be read; it has the form postgres://user:password@host:5432/database")
	}
	for service, to := range map[string]*string{
		"_profile": &s.profileURL, "_similarity": &s.similarityURL, "_recommender": &s.recommenderURL,
	} {
		mine := *u
		mine.User, mine.Path = url.UserPassword(s.name+service, "secret"), "/"+s.name+service
		*to = mine.String()
	}
	if s.conn, err = pgx.Connect(ctx, s.admin); err != nil {
		return nil, fmt.Errorf("connect to TEST_DATABASE_URL: %w", err)
	}
	up := exec.CommandContext(
		ctx, migrate, "up", "--admin-url", s.admin, "--profile-url", s.profileURL, "--similarity-url", s.similarityURL, "--recommender-url",
		s.recommenderURL,
	)
	out, err := up.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("make the databases: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err = cmp.Or(err, s.openRedis(ctx, os.Getenv("TEST_REDIS_URL")), s.findPostgres(ctx)); err != nil {
		s.close()
		return nil, err
	}
	if s.postgresPID == 0 || s.redisPID == 0 {
		note("Postgres or Redis runs on another machine: its CPU time is not counted")
	}
	return s, nil
}

// env are the settings of the services.
func (s *stores) env() []string {
	return []string{
		"AISLE_PROFILE_DATABASE_URL=" + s.profileURL, "AISLE_SIMILARITY_DATABASE_URL=" + s.similarityURL,
		"AISLE_RECOMMENDER_DATABASE_URL=" + s.recommenderURL,
		"AISLE_REDIS_URL=" + s.redisURL,
	}
}

// findPostgres finds the postmaster, as the parent of the backend that serves a connection.
func (s *stores) findPostgres(ctx context.Context) error {
	var backend int
	if err := s.conn.QueryRow(ctx, "select pg_backend_pid()").Scan(&backend); err != nil {
		return fmt.Errorf("find Postgres: %w", err)
	}
	if stat, ok := procstat.Of(backend); ok && runs(backend, "postgres") {
		s.postgresPID = stat.Parent
	}
	return nil
}

// openRedis empties the Redis database and finds the server's process where it is on this
// machine.
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

// vacuum has Postgres do now what it would do on its own while something else is measured.
func (s *stores) vacuum(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.profileURL)
	if err != nil {
		return fmt.Errorf("connect to vacuum: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "vacuum (analyze)"); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

// close drops what openStores made.
func (s *stores) close() {
	ctx := context.Background()
	var err error
	for _, service := range []string{"_profile", "_similarity", "_recommender"} {
		_, dropped := s.conn.Exec(ctx, "drop database if exists "+s.name+service+" with (force)")
		_, forgotten := s.conn.Exec(ctx, "drop role if exists "+s.name+service)
		err = errors.Join(err, dropped, forgotten)
	}
	err = errors.Join(err, s.conn.Close(ctx))
	if s.redis != nil {
		err = errors.Join(err, s.redis.FlushDB(ctx).Err(), s.redis.Close())
	}
	if err != nil {
		note("clean up the stores: %v", err)
	}
}
