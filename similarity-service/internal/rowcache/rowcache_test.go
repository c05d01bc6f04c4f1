package rowcache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

func client(t *testing.T) redis.UniversalClient {
	t.Helper()
	return clientOf(t, testenv.Redis(t))
}

func clientOf(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	c, err := database.OpenRedis(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// model has n items with k neighbours each.
func model(t *testing.T, n, k int) *snapshot.Snapshot {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	c := &snapshot.Content{Support: make([]float32, n), Lists: neighbours.NewLists(n, k)}
	for i := range n {
		c.Items = append(c.Items, "item "+strconv.Itoa(i))
		c.Lists.Len[i] = int32(k)
		for p := range k {
			c.Lists.Items[i*k+p] = int32((i + p + 1) % n)
			c.Lists.Weight[i*k+p] = rng.Float32() - .3
		}
	}
	var file bytes.Buffer
	if _, err := snapshot.Write(&file, c); err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRowsAreThoseOfTheSnapshot(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{
		"one server":         func(t *testing.T) string { return testenv.Redis(t) },
		"a cluster of three": func(t *testing.T) string { return testenv.RedisCluster(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rowsOf(t, New(clientOf(t, url(t))))
		})
	}
}

func rowsOf(t *testing.T, c *Cache) {
	t.Helper()
	ctx, s := context.Background(), model(t, 700, 12)
	tag := Tag("shop", s.Checksum)
	if left, err := c.Remaining(ctx, tag); err != nil || left != 0 {
		t.Fatalf("before loading %v remain, %v", left, err)
	}
	if err := c.Load(ctx, tag, s); err != nil {
		t.Fatal(err)
	}
	if left, err := c.Remaining(ctx, tag); err != nil || left < TTL/2 || left > TTL {
		t.Fatalf("after loading %v remain, %v", left, err)
	}
	items := []int32{0, 699, 5}
	rows, err := c.Rows(ctx, tag, items, s.Len())
	if err != nil {
		t.Fatal(err)
	}
	for p, i := range items {
		want, err := s.Row(i)
		if err != nil || !cmp.Equal(rows[p], want) {
			t.Errorf("row %d differs: %v", i, err)
		}
	}
	other, err := c.Rows(ctx, "shop/0123456789", items, s.Len())
	if err != nil || other[0] != nil {
		t.Errorf("another version's rows are %v, %v", other[0], err)
	}
}

func TestAListTakesAtMostTenBytesPerNeighbour(t *testing.T) {
	t.Parallel()
	ctx, redis := context.Background(), client(t)
	const n, k = 300, 100
	s := model(t, n, k)
	tag := Tag("default", s.Checksum)
	if err := New(redis).Load(ctx, tag, s); err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for i := range int32(n) {
		used, err := redis.MemoryUsage(ctx, rowKey(tag, i)).Result()
		if err != nil {
			t.Fatal(err)
		}
		sum += used
	}
	if each := float64(sum) / (n * k); each > 10 {
		t.Errorf("%.2f bytes per neighbour with key and overhead, want at most 10", each)
	}
}

func TestKeysOfAVersionShareASlot(t *testing.T) {
	t.Parallel()
	for _, key := range []string{rowKey("shop/abc", 0), rowKey("shop/abc", 1<<20), readyKey("shop/abc")} {
		if !strings.HasPrefix(key, "aisle:{shop/abc}:") {
			t.Errorf("key %s has another hash tag", key)
		}
	}
}

func TestPackUndoes(t *testing.T) {
	t.Parallel()
	row := []byte{1, 2, 3, 0, 9, 8, 7, 6, 255, 255, 255, 0, 1, 1, 1, 1}
	for _, n := range []int{1 << 24, 1<<24 + 1} {
		packed := pack(row, n)
		if !bytes.Equal(unpack(packed, n), row) {
			t.Errorf("%d items: %v became %v", n, row, unpack(packed, n))
		}
	}
	if got := len(pack(row, 1000)); got != 14 {
		t.Errorf("two neighbours take %d bytes, want 14", got)
	}
	if unpack([]byte{1, 2, 3}, 1000) != nil {
		t.Error("a torn list was read")
	}
}

func ExampleTag() {
	fmt.Println(rowKey("default/1a2b3c4d5e", 1000))
	// Output: aisle:{default/1a2b3c4d5e}:rs
}

// TestARedisThatIsAwayIsLeftAlone asks one that accepts connections and never answers, and one that is not there: only the first in a while
// waits, and not for long.
func TestARedisThatIsAwayIsLeftAlone(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for name, address := range map[string]string{"silent": silent.Addr().String(), "not there": "127.0.0.1:1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := database.ParseRedisURL("redis://" + address + "/0")
			if err != nil {
				t.Fatal(err)
			}
			client := redis.NewUniversalClient(o)
			t.Cleanup(func() { client.Close() })
			c := New(client)
			var took []time.Duration
			for range 3 {
				begun := time.Now()
				if _, err := c.Rows(t.Context(), "tag", []int32{1}, 10); !errors.Is(err, errAway) {
					t.Errorf("error %v", err)
				}
				took = append(took, time.Since(begun))
			}
			t.Logf("took %v", took)
			// A busy machine makes any of them late; without the limits they take seconds each.
			if slices.Max(took) > 500*time.Millisecond || slices.Min(took) > patience {
				t.Errorf("took %v", took)
			}
			left, leave := context.WithCancel(t.Context())
			leave()
			c.away.Store(0)
			if _, err := c.Rows(left, "tag", []int32{1}, 10); errors.Is(err, errAway) || c.away.Load() != 0 {
				t.Errorf("who left made Redis count as away: %v", err)
			}
		})
	}
}
