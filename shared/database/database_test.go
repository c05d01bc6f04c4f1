package database

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/testenv"
)

func TestPostgres(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := testenv.Postgres(t)
	pool, err := OpenPostgres(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()

	t.Run("a schema of its own", func(t *testing.T) {
		t.Parallel()
		mine, err := WithSchema(url, "profile")
		if err != nil {
			t.Fatal(err)
		}
		pool, err := OpenPostgres(ctx, mine)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		var path string
		if err := pool.QueryRow(ctx, "show search_path").Scan(&path); err != nil || path != "profile" {
			t.Errorf("search_path is %q, %v", path, err)
		}
	})
	t.Run("through database/sql", func(t *testing.T) {
		t.Parallel()
		db, err := OpenPostgresSQL(ctx, url+"&pool_max_conns=3")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var n int
		if err := db.QueryRow("select 1").Scan(&n); err != nil || db.Stats().MaxOpenConnections != 3 {
			t.Errorf("%d connections at most, %v", db.Stats().MaxOpenConnections, err)
		}
	})
	t.Run("what is wrong is said without the password", func(t *testing.T) {
		t.Parallel()
		missing := url[:strings.LastIndex(url, "/")] + "/no_such_database"
		for address, want := range map[string]string{
			missing: "no such database",
			"postgres://user:topsecret@127.0.0.1:1/db":           "cannot be reached",
			"postgres://user:topsecret@127.0.0.1:1/db?sslmode=x": "cannot be read",
		} {
			_, err := OpenPostgres(ctx, address)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("%s: %v, want %q", address, err, want)
			}
		}
	})
}

func TestSQLiteCommitsAreDurable(t *testing.T) {
	t.Parallel()
	s, err := OpenSQLite(context.Background(), testenv.SQLite(t), 4<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.Writer.QueryRow("pragma " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	client, err := OpenRedis(context.Background(), testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if _, err := OpenRedis(context.Background(), "http://localhost"); err == nil || !strings.Contains(err.Error(), "redis://") {
		t.Errorf("a URL of another kind: %v", err)
	}
}

// TestRedisClusterWithoutANode opens a cluster of which a node has died, again and again: any node may be the one that is asked. One node
// alone is refused, since it answers for its own keys only.
func TestRedisClusterWithoutANode(t *testing.T) {
	t.Parallel()
	cluster := testenv.RedisCluster(t)
	_, err := OpenRedis(t.Context(), "redis://"+cluster.Nodes[0].Options().Addr)
	if err == nil || !strings.Contains(err.Error(), "node of a cluster") {
		t.Errorf("one node alone: %v", err)
	}
	cluster.Kill(1)
	for n := range 10 {
		client, err := OpenRedis(t.Context(), cluster.URL())
		if err != nil {
			t.Fatalf("time %d: %v", n, err)
		}
		client.Close()
	}
}

// TestOldRedis meets a server that says it is version 6: no such Redis is installed where tests run.
func TestOldRedis(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerAsRedis(conn, "# Server\r\nredis_version:6.2.14\r\n")
		}
	}()
	_, err = OpenRedis(context.Background(), "redis://"+l.Addr().String()+"/0")
	if err == nil || !strings.Contains(err.Error(), "version 6") || !strings.Contains(err.Error(), "7 or later") {
		t.Errorf("error %v", err)
	}
}

// answerAsRedis answers INFO with a text and refuses everything else, as old servers refuse new commands.
func answerAsRedis(conn net.Conn, info string) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		var words, size int
		if _, err := fmt.Fscanf(r, "*%d\r\n", &words); err != nil {
			return
		}
		name := ""
		for n := range words {
			if _, err := fmt.Fscanf(r, "$%d\r\n", &size); err != nil {
				return
			}
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if n == 0 {
				name = strings.ToUpper(strings.TrimSpace(line))
			}
		}
		if name == "INFO" {
			fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(info), info)
		} else {
			fmt.Fprint(conn, "-ERR unknown command\r\n")
		}
	}
}

// TestLeavingDoesNotEndWhatRuns leaves while a function runs, which ends undisturbed.
func TestLeavingDoesNotEndWhatRuns(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(context.Background())
	started, ended := make(chan struct{}), make(chan error, 1)
	result := make(chan error, 1)
	proceed := make(chan struct{})
	go func() {
		_, err := Detached(ctx, time.Minute, func(ctx context.Context) (int, error) {
			close(started)
			<-proceed
			ended <- ctx.Err()
			return 1, nil
		})
		result <- err
	}()
	<-started
	leave()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(proceed)
	if err := <-ended; err != nil {
		t.Errorf("what ran was ended: %v", err)
	}
	if n, err := Detached(context.Background(), time.Minute, func(context.Context) (int, error) { return 7, nil }); n != 7 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}
