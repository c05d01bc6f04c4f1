// Package rowcache holds the neighbour lists of models in Redis, a key per item. It is a cache: a list that is missing is read from
// the snapshot, and a Redis that lost everything is filled again.
//
// Keys are aisle:{shop/tag}:index with the index in base 36 and the tag from the model's checksum, so that a version's keys share a
// slot of Redis Cluster and two versions never share a key. A list of n neighbours takes 7·n bytes (3 of item index, 4 of
// weight; 8·n beyond 2²⁴ items), under 10 with what Redis adds at 100 neighbours an item.
package rowcache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

const (
	// TTL is how long a version stays after it was last loaded or kept; a retired one goes by itself.
	TTL = 48 * time.Hour
	// patience is what a reader waits for Redis before it reads the snapshot, which has the same bytes, and rest how long nobody asks Redis
	// again when it did not answer.
	patience = 10 * time.Millisecond
	rest     = time.Second
	// batch is the number of keys sent in one round trip.
	batch = 512
	// narrowItems is the number of items up to which an index fits in three bytes.
	narrowItems = 1 << 24
)

// Cache reads and writes lists in Redis, and leaves one that does not answer alone for a while. It is safe for concurrent use.
type Cache struct {
	client redis.UniversalClient
	away   atomic.Int64 // Unix nanoseconds until which no reader asks Redis
}

// errAway says that Redis does not answer, or did not a moment ago.
var errAway = errors.New("no answer of Redis")

// New returns a cache over client.
func New(client redis.UniversalClient) *Cache { return &Cache{client: client} }

// Tag names a version of a shop, by its checksum, within keys.
func Tag(shop, checksum string) string { return shop + "/" + checksum[:10] }

func readyKey(tag string) string { return "aisle:{" + tag + "}:ready" }

func rowKey(tag string, i int32) string {
	return "aisle:{" + tag + "}:" + strconv.FormatInt(int64(i), 36)
}

// Load writes every list of s and then marks the version as ready. Loading twice is harmless.
func (c *Cache) Load(ctx context.Context, tag string, s *snapshot.Snapshot) error {
	for from := 0; from < s.Len(); from += batch {
		pipe := c.client.Pipeline()
		for i := int32(from); i < int32(min(from+batch, s.Len())); i++ {
			row, err := s.Row(i)
			if err != nil {
				return err
			}
			if len(row) > 0 {
				pipe.Set(ctx, rowKey(tag, i), pack(row, s.Len()), TTL)
			}
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return fmt.Errorf("load lists into Redis: %w", err)
		}
	}
	sum, err := s.HeadSum()
	if err != nil && !errors.Is(err, snapshot.ErrNoHead) {
		return err
	}
	if err := c.client.Set(ctx, readyKey(tag), sum, TTL).Err(); err != nil {
		return fmt.Errorf("mark lists in Redis as ready: %w", err)
	}
	return nil
}

// Head returns the SHA-256 of the head of a version whose lists are all there, or "" when they are not, or it has none.
func (c *Cache) Head(ctx context.Context, tag string) (string, error) {
	sum, err := c.client.Get(ctx, readyKey(tag)).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask Redis for a version: %w", err)
	}
	return sum, nil
}

// Remaining returns how long a version will stay; 0 when it is not, or not wholly, there.
func (c *Cache) Remaining(ctx context.Context, tag string) (time.Duration, error) {
	ttl, err := c.client.TTL(ctx, readyKey(tag)).Result()
	if err != nil {
		return 0, fmt.Errorf("ask Redis for a version: %w", err)
	}
	return max(ttl, 0), nil
}

// Rows returns the encoded lists of items (see snapshot.DecodeRow), nil for each that is not there. It returns an error within patience,
// and at once for a while after.
func (c *Cache) Rows(ctx context.Context, tag string, items []int32, n int) ([][]byte, error) {
	now := time.Now()
	if now.UnixNano() < c.away.Load() {
		return nil, errAway
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, err := c.rows(limited, tag, items, n)
	if err != nil && ctx.Err() == nil { // else it is the asker who left
		c.away.Store(now.Add(rest).UnixNano())
		err = fmt.Errorf("%w: %w", errAway, err)
	}
	return rows, err
}

func (c *Cache) rows(ctx context.Context, tag string, items []int32, n int) ([][]byte, error) {
	pipe := c.client.Pipeline()
	replies := make([]*redis.StringCmd, len(items))
	for p, i := range items {
		replies[p] = pipe.Get(ctx, rowKey(tag, i))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read lists from Redis: %w", err)
	}
	rows := make([][]byte, len(items))
	for p, reply := range replies {
		data, err := reply.Bytes()
		if err == nil {
			rows[p] = unpack(data, n)
		}
	}
	return rows, nil
}

// pack shortens the 8-byte entries of a list of a model with n items to 7 where the index allows.
func pack(row []byte, n int) []byte {
	if n > narrowItems {
		return row
	}
	out := make([]byte, 0, len(row)/8*7)
	for ; len(row) >= 8; row = row[8:] {
		out = append(out, row[0], row[1], row[2])
		out = append(out, row[4:8]...)
	}
	return out
}

// unpack undoes pack; nil when the length is wrong.
func unpack(data []byte, n int) []byte {
	if n > narrowItems {
		return data
	}
	if len(data)%7 != 0 {
		return nil
	}
	out := make([]byte, 0, len(data)/7*8)
	for ; len(data) > 0; data = data[7:] {
		index := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16
		out = binary.LittleEndian.AppendUint32(out, index)
		out = append(out, data[3:7]...)
	}
	return out
}
