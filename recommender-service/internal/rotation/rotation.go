// Package rotation remembers what visitors were just shown, so that the next list is another one, and tells it to the other replicas. What
// it knows is lost with the process, which only means that a list may repeat. The main type is Log.
package rotation

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/cacheclock"
)

const (
	// halfLife is after what time a list counts half as much.
	halfLife = 30 * time.Minute
	// kept is how many lists of a visitor in a scenario are remembered, and ttl for how long after the last.
	kept = 5
	ttl  = 3 * time.Hour
)

// List is a list that a visitor was shown.
type List struct {
	AtMs  int64    `json:"at_ms"`
	Items []string `json:"items"`
}

// Freshness is 1 for a list that was just shown, and half of that after half an hour.
func (l *List) Freshness(now time.Time) float64 {
	return math.Exp2(-max(0, float64(now.UnixMilli()-l.AtMs)) / float64(halfLife.Milliseconds()))
}

// Key is under what lists are remembered.
type Key struct{ Shop, Visitor, Scenario string }

// Log has the last lists of visitors in memory. It is safe for concurrent use.
type Log struct {
	lists   *otter.Cache[Key, []List]
	writing sync.Mutex
	bus     *bus // to and from the other replicas; nil without Redis
}

// NewLog returns an empty log that takes at most so many bytes. With a client, which may be nil, the logs of all replicas have the
// same; origin names this one.
func NewLog(bytes uint64, client redis.UniversalClient, origin string) *Log {
	l := &Log{lists: otter.Must(&otter.Options[Key, []List]{
		MaximumWeight: bytes,
		Weigher: func(_ Key, lists []List) uint32 {
			weight := 200
			for n := range lists {
				weight += 40 + 32*len(lists[n].Items)
			}
			return uint32(weight)
		},
		Clock: cacheclock.New(), ExpiryCalculator: otter.ExpiryWriting[Key, []List](ttl),
	})}
	if client != nil {
		l.bus = startBus(client, origin, l.hear)
	}
	return l
}

// Close ends what the log does in the background.
func (l *Log) Close() {
	if l.bus != nil {
		l.bus.close()
	}
	l.lists.StopAllGoroutines()
}

// Of returns the lists of a visitor in a scenario, the latest first, at most five. They are shared: nobody may change them.
func (l *Log) Of(k Key) []List {
	lists, _ := l.lists.GetIfPresent(k)
	return lists
}

// Add remembers what this replica has shown, and tells the others.
func (l *Log) Add(k Key, s List) {
	n := news{key: k, list: s}
	l.hear(n)
	if l.bus != nil {
		l.bus.tell(n)
	}
}

// Forget forgets a visitor, here and in the other replicas.
func (l *Log) Forget(shop, visitor string) {
	n := news{key: Key{Shop: shop, Visitor: visitor}, forget: true}
	l.hear(n)
	if l.bus != nil {
		l.bus.tell(n)
	}
}

// hear takes news, the lists of a visitor in any order and more than once.
func (l *Log) hear(n news) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if n.forget {
		for k := range l.lists.Keys() {
			if k.Shop == n.key.Shop && k.Visitor == n.key.Visitor {
				l.lists.Invalidate(k)
			}
		}
		return
	}
	old := l.Of(n.key)
	at, found := slices.BinarySearchFunc(old, n.list.AtMs, func(s List, atMs int64) int { return cmp.Compare(atMs, s.AtMs) })
	if found && slices.Equal(old[at].Items, n.list.Items) || at == kept {
		return
	}
	lists := slices.Insert(slices.Clone(old), at, n.list) // readers have the old ones
	l.lists.Set(n.key, lists[:min(len(lists), kept)])
}
