package recommend

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// sharedFormat begins the keys: another form of the values gets another number. Version 1: an array of sharedList as JSON.
	sharedFormat = "aisle:shown1:"
	// sharedKept bounds the lists of a visitor, of all scenarios together.
	sharedKept = 20
	// sharedPatience is what an answer waits for Redis beside the reading of the visitor, and sharedRest how long nobody asks it again when it
	// did not answer.
	sharedPatience = 20 * time.Millisecond
	sharedRest     = time.Second
	// sharedQueue is how many writes wait; more are dropped. sharedBatch go at once, and take at most sharedWriteLimit.
	sharedQueue      = 1024
	sharedBatch      = 64
	sharedWriteLimit = time.Second
)

// sharedList is a list with the scenario that it was made for.
type sharedList struct {
	Scenario string `json:"scenario"`
	Shown
}

// sharedShown keeps what visitors were just shown in Redis, a key for each, for the replicas that did not show it. It is a memory of some
// hours that can be lost: while Redis does not answer, each replica knows what it has shown itself. It is safe for concurrent use.
type sharedShown struct {
	client redis.UniversalClient
	away   atomic.Int64 // Unix nanoseconds until which Redis is not asked
	writes chan sharedWrite
	stop   chan struct{}
	done   chan struct{}
}

type sharedWrite struct {
	key   string
	lists []sharedList
}

func newSharedShown(client redis.UniversalClient) *sharedShown {
	s := &sharedShown{
		client: client, writes: make(chan sharedWrite, sharedQueue), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go s.writeAll()
	return s
}

func (s *sharedShown) close() {
	close(s.stop)
	<-s.done
}

// sharedKey is the key of a visitor, who cannot be read from it. What is between the braces tells a cluster which node has it.
func sharedKey(shop, visitor string) string {
	sum := sha256.Sum256([]byte(shop + "\x00" + visitor))
	return sharedFormat + "{" + shop + "/" + base64.RawURLEncoding.EncodeToString(sum[:16]) + "}"
}

// begin starts to read what a visitor was shown, and returns a function that waits for it, sharedPatience at most from now; nil when
// nothing is known.
func (s *sharedShown) begin(ctx context.Context, key string, now time.Time) func() []sharedList {
	if s.isAway() {
		return func() []sharedList { return nil }
	}
	limited, cancel := context.WithTimeout(ctx, sharedPatience)
	read := make(chan []sharedList, 1)
	go func() {
		defer cancel()
		data, err := s.client.Get(limited, key).Bytes()
		if err != nil && !errors.Is(err, redis.Nil) && ctx.Err() == nil { // else it is the asker who left
			s.rest()
		}
		read <- lately(data, now)
	}()
	return sync.OnceValue(func() []sharedList {
		select {
		case lists := <-read:
			return lists
		case <-limited.Done():
		}
		select { // both at once
		case lists := <-read:
			return lists
		default:
			return nil
		}
	})
}

// lately decodes a value without what is too old; nil for one that is damaged.
func lately(data []byte, now time.Time) (lists []sharedList) {
	var all []sharedList
	if len(data) == 0 || json.Unmarshal(data, &all) != nil {
		return nil
	}
	for n := range all {
		if now.UnixMilli()-all[n].AtMs < shownTTL.Milliseconds() {
			lists = append(lists, all[n])
		}
	}
	return lists
}

// write stores the lists of a visitor a moment later; nobody may change them.
func (s *sharedShown) write(key string, lists []sharedList) {
	select {
	case s.writes <- sharedWrite{key, lists}:
	default:
	}
}

func (s *sharedShown) writeAll() {
	defer close(s.done)
	for {
		select {
		case <-s.stop:
			return
		case w := <-s.writes:
			s.writeBatch(w)
		}
	}
}

// writeBatch stores what waits. A failure is counted by the client's metrics; the next answer of the visitor tries again.
func (s *sharedShown) writeBatch(first sharedWrite) {
	if s.isAway() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), sharedWriteLimit)
	defer cancel()
	pipe := s.client.Pipeline()
	for w, more := first, true; more; {
		data, err := json.Marshal(w.lists)
		if err == nil {
			pipe.Set(ctx, w.key, data, shownTTL)
		}
		if more = pipe.Len() < sharedBatch; more {
			select {
			case w = <-s.writes:
			default:
				more = false
			}
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		s.rest()
	}
}

// forget removes what is kept of visitors.
func (s *sharedShown) forget(ctx context.Context, shop string, visitors []string) error {
	ctx, cancel := context.WithTimeout(ctx, sharedWriteLimit)
	defer cancel()
	for _, visitor := range visitors {
		if err := s.client.Del(ctx, sharedKey(shop, visitor)).Err(); err != nil {
			return fmt.Errorf("delete from Redis what a visitor was shown: %w", err)
		}
	}
	return nil
}

func (s *sharedShown) isAway() bool { return time.Now().UnixNano() < s.away.Load() }

func (s *sharedShown) rest() { s.away.Store(time.Now().Add(sharedRest).UnixNano()) }
