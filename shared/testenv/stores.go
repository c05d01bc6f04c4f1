// Package testenv gives tests real stores of their own: a fresh Postgres database, an empty Redis database, an SQLite file.
// "make test" starts the servers; a test that needs one fails, rather than skips, without it.
//
// The servers are named by TEST_DATABASE_URL and TEST_REDIS_URL. Everything that a test gets is
// its own, so that tests run side by side, also those of several packages. rediscluster.go
// starts a cluster for the few tests that kill nodes, service.go runs a service.
package testenv

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

const howTo = "run the tests with \"make test\", or one package with \"scripts/with-stores.sh go test ./PACKAGE\""

// Postgres creates a database for this test alone and returns its URL; the database goes when
// the test ends, with whatever is still connected to it. It has no tables.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" {
		t.Fatal("TEST_DATABASE_URL is not set: " + howTo)
	}
	name := "aisle_test_" + uuid.New().String()[:13]
	quoted := pgx.Identifier{name}.Sanitize()
	ask(t, server, "create database "+quoted+" strategy file_copy") // half the work of copying through the log
	t.Cleanup(func() { ask(t, server, "drop database if exists "+quoted+" with (force)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("TEST_DATABASE_URL: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

// DropDatabase drops a database and the user of the same name that a test made through the
// server of adminURL. What cannot be dropped fails the test, and does not end it.
func DropDatabase(t testing.TB, adminURL, name string) {
	t.Helper()
	quoted := pgx.Identifier{name}.Sanitize()
	for _, statement := range []string{"drop database if exists " + quoted + " with (force)", "drop role if exists " + quoted} {
		ask(t, adminURL, statement)
	}
}

// ask runs a statement on a connection of its own and returns the first value that it gives, as text; "" for none. What fails fails the
// test, and does not end it.
func ask(t testing.TB, url, statement string) (value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Errorf("connect for %s: %v", statement, err)
		return ""
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, statement)
	if err == nil {
		for rows.Next() && value == "" {
			var values []any
			if values, err = rows.Values(); err != nil {
				break
			}
			value = fmt.Sprint(values...)
		}
		rows.Close()
		err = cmp.Or(err, rows.Err())
	}
	if err != nil {
		t.Errorf("%s: %v", statement, err)
	}
	return value
}

// SQLite returns the URL of a database file that does not exist yet, in a folder of this test.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite://" + filepath.Join(t.TempDir(), "test.db")
}

// redisDatabases is how many numbered databases the test server has; number 0 holds the claims on the others.
const redisDatabases = 128

// Redis claims an empty Redis database for this test alone and returns its URL; it is emptied
// when the test ends. A claim is a key in database 0 that ends by itself after an hour, in case
// a test was killed.
func Redis(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_REDIS_URL")
	if server == "" {
		t.Fatal("TEST_REDIS_URL is not set: " + howTo)
	}
	options, err := redis.ParseURL(server)
	if err != nil {
		t.Fatalf("TEST_REDIS_URL: %v", err)
	}
	claims := redis.NewClient(options)
	ctx := context.Background()
	for n := 1; n < redisDatabases; n++ {
		key := fmt.Sprintf("aisle-test-claim:%d", n)
		won, err := claims.SetNX(ctx, key, t.Name(), time.Hour).Result()
		if err != nil {
			t.Fatalf("claim a Redis database: %v", err)
		}
		if !won {
			continue
		}
		mine := *options
		mine.DB = n
		client := redis.NewClient(&mine)
		if err := client.FlushDB(ctx).Err(); err != nil {
			t.Fatalf("empty Redis database %d: %v", n, err)
		}
		t.Cleanup(func() {
			client.FlushDB(ctx)
			claims.Del(ctx, key)
			client.Close()
			claims.Close()
		})
		u, _ := url.Parse(server)
		u.Path = "/" + strconv.Itoa(n)
		return u.String()
	}
	t.Fatal("every Redis database is claimed: restart the test server")
	return ""
}
