package testenv

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	clusterNodes = 3
	clusterSlots = 16384
	// clusterLimit bounds the wait until the nodes know each other.
	clusterLimit = time.Minute
)

// Cluster is a Redis Cluster of three masters without replicas, each a process of its own. Nothing of it is kept on
// disk but who has which slots.
type Cluster struct {
	Nodes   []*redis.Client // straight to each node
	servers []*exec.Cmd
}

// RedisCluster starts a cluster for this test alone; it ends with the test, which is left out where redis-server is not installed.
func RedisCluster(t testing.TB) *Cluster {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("LEFT OUT: there is no redis-server for a cluster; install the package redis-server")
	}
	c := &Cluster{}
	for range clusterNodes {
		api, bus := freePort(t), freePort(t)
		cmd := exec.Command(program, "--port", api, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
			"--dir", t.TempDir(), "--logfile", "log",
			"--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000")
		node := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + api})
		c.Nodes, c.servers = append(c.Nodes, node), append(c.servers, cmd)
	}
	t.Cleanup(func() {
		for n := range c.Nodes {
			c.Kill(n)
			c.Nodes[n].Close()
		}
	})
	for n := range c.servers {
		c.run(t, n)
	}
	c.join(t)
	return c
}

// freePort is a port that nobody listened on a moment ago. Another program may take it before
// the node does, which then fails the test.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// URL is the setting that names the nodes.
func (c *Cluster) URL() string {
	urls := make([]string, len(c.Nodes))
	for n, node := range c.Nodes {
		urls[n] = "redis://" + node.Options().Addr
	}
	return strings.Join(urls, ",")
}

// Kill ends a node as kill -9 does and waits until it is gone.
func (c *Cluster) Kill(n int) {
	if cmd := c.servers[n]; cmd.Process != nil && cmd.ProcessState == nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// Restart starts a node that was killed: it has its slots, and nothing in them. It waits until the cluster answers for all slots.
func (c *Cluster) Restart(t testing.TB, n int) {
	t.Helper()
	was := c.servers[n]
	c.servers[n] = exec.Command(was.Path, was.Args[1:]...)
	c.run(t, n)
	c.await(t)
}

// run starts a node and waits until it answers.
func (c *Cluster) run(t testing.TB, n int) {
	t.Helper()
	if err := c.servers[n].Start(); err != nil {
		t.Fatal(err)
	}
	c.until(t, func(ctx context.Context) error { return c.Nodes[n].Ping(ctx).Err() })
}

// join gives each node its part of the slots and lets it meet the first.
func (c *Cluster) join(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	host, port, _ := net.SplitHostPort(c.Nodes[0].Options().Addr)
	bus, err := c.Nodes[0].ConfigGet(ctx, "cluster-port").Result()
	if err != nil {
		t.Fatal(err)
	}
	for n, node := range c.Nodes {
		if err := node.ClusterAddSlotsRange(ctx, n*clusterSlots/clusterNodes, (n+1)*clusterSlots/clusterNodes-1).Err(); err != nil {
			t.Fatal(err)
		}
		if err := node.Do(ctx, "cluster", "set-config-epoch", n+1).Err(); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			continue
		}
		if err := node.Do(ctx, "cluster", "meet", host, port, bus["cluster-port"]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	c.await(t)
}

// await waits until every node says that all slots are served by nodes that it knows.
func (c *Cluster) await(t testing.TB) {
	t.Helper()
	c.until(t, func(ctx context.Context) error {
		for _, node := range c.Nodes {
			info, err := node.ClusterInfo(ctx).Result()
			if err != nil {
				return err
			}
			for _, want := range []string{
				"cluster_state:ok", "cluster_slots_ok:" + strconv.Itoa(clusterSlots), "cluster_size:" + strconv.Itoa(clusterNodes),
			} {
				if !strings.Contains(info, want+"\r\n") {
					return fmt.Errorf("no %s in %s", want, info)
				}
			}
		}
		return nil
	})
}

// until asks every 50 ms until done says that there is no error any more, for at most
// clusterLimit.
func (c *Cluster) until(t testing.TB, done func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), clusterLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := done(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("Redis Cluster: %v", err)
		case <-tick.C:
		}
	}
}
