package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// minRedisVersion is the oldest major version that is tested.
const minRedisVersion = 7

// ParseRedisURL reads one redis:// or rediss:// URL, or several separated by commas for a cluster.
func ParseRedisURL(rawURL string) (*redis.UniversalOptions, error) {
	var o *redis.UniversalOptions
	for _, part := range strings.Split(rawURL, ",") {
		one, err := redis.ParseURL(strings.TrimSpace(part))
		if err != nil {
			return nil, errors.New("the Redis URL cannot be read; it has the form redis://user:password@host:6379/0")
		}
		if o == nil {
			o = &redis.UniversalOptions{
				DB: one.DB, Username: one.Username, Password: one.Password, TLSConfig: one.TLSConfig,
				ContextTimeoutEnabled: true, // else a command waits for its answer beyond its caller's deadline
			}
		}
		o.Addrs = append(o.Addrs, one.Addr)
	}
	return o, nil
}

// LogRedis has the Redis clients of this process log through a logger: by themselves they write to standard error, in a form of their own.
// It is called once, at the start.
func LogRedis(logger *slog.Logger) { redis.SetLogger(redisLog{logger}) }

// redisLog is what go-redis calls.
type redisLog struct{ logger *slog.Logger }

// Printf implements the logger of go-redis. What the client says by itself is about connections
// that fail.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.logger.WarnContext(ctx, "Redis client", "said", fmt.Sprintf(format, args...))
}

// OpenRedis opens a client and checks that the server answers and is new enough.
func OpenRedis(ctx context.Context, rawURL string) (redis.UniversalClient, error) {
	o, err := ParseRedisURL(rawURL)
	if err != nil {
		return nil, err
	}
	client := redis.NewUniversalClient(o)
	where := strings.Join(o.Addrs, ",")
	probe, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	info, err := serverInfo(probe, client)
	if err != nil {
		return nil, errors.Join(
			fmt.Errorf("the Redis server at %s cannot be reached: start it or correct the Redis URL (%w)", where, rootCause(err)),
			client.Close(),
		)
	}
	if major := redisMajor(info); major > 0 && major < minRedisVersion {
		return nil, errors.Join(fmt.Errorf("the Redis server at %s is version %d; Aisle needs %d or later: upgrade it "+
			"or name another server",
			where, major, minRedisVersion), client.Close())
	}
	if len(o.Addrs) == 1 && strings.Contains(info, "redis_mode:cluster") { // it would send away who asks for a key of another node
		return nil, errors.Join(
			fmt.Errorf("the Redis server at %s is a node of a cluster: name two or more of its nodes, separated by commas", where),
			client.Close(),
		)
	}
	return client, nil
}

// serverInfo returns the answer of INFO; of a cluster that of any node, since one may be down.
func serverInfo(ctx context.Context, client redis.UniversalClient) (string, error) {
	cluster, ok := client.(*redis.ClusterClient)
	if !ok {
		return client.Info(ctx).Result()
	}
	var mu sync.Mutex
	var info string
	var failed error
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		text, err := node.Info(ctx).Result()
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = err
		} else {
			info = text
		}
		return nil
	})
	if info != "" {
		return info, nil
	}
	return "", cmp.Or(err, failed)
}

// redisMajor finds the major version in the answer of INFO; 0 when it is not said.
func redisMajor(info string) int {
	_, rest, found := strings.Cut(info, "redis_version:")
	if !found {
		return 0
	}
	major, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		return 0
	}
	return n
}
