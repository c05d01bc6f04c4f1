package recommend

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/redis/go-redis/v9"
)

const (
	// shownHalfLife is after what time rotation lowers an item half as much.
	shownHalfLife = 30 * time.Minute
	shownKept     = 5
	shownTTL      = 3 * time.Hour
)

// Shown is a list that a visitor was shown.
type Shown struct {
	AtMs  int64    `json:"at_ms"`
	Items []string `json:"items"`
}

type shownKey struct{ shop, visitor, scenario string }

// shownLog remembers what visitors were just shown, in memory: losing it only means that a list may repeat. It is safe for concurrent use.
type shownLog struct {
	lists   *otter.Cache[shownKey, []Shown]
	writing sync.Mutex
	bus     *shownBus // to and from the other replicas; nil without Redis
}

// newShownLog returns an empty log that takes at most so many bytes. With a client, which may be nil, the logs of all replicas have the
// same; origin names this one.
func newShownLog(bytes uint64, client redis.UniversalClient, origin string) *shownLog {
	l := &shownLog{lists: otter.Must(&otter.Options[shownKey, []Shown]{
		MaximumWeight: bytes,
		Weigher: func(_ shownKey, lists []Shown) uint32 {
			weight := 200
			for n := range lists {
				weight += 40 + 32*len(lists[n].Items)
			}
			return uint32(weight)
		},
		ExpiryCalculator: otter.ExpiryWriting[shownKey, []Shown](shownTTL),
	})}
	if client != nil {
		l.bus = startShownBus(client, origin, l.hear)
	}
	return l
}

// close ends what the log does in the background.
func (l *shownLog) close() {
	if l.bus != nil {
		l.bus.close()
	}
	l.lists.StopAllGoroutines()
}

// of returns the lists of a visitor in a scenario, the latest first, at most shownKept. They
// are shared: nobody may change them.
func (l *shownLog) of(k shownKey) []Shown {
	lists, _ := l.lists.GetIfPresent(k)
	return lists
}

// add remembers what this replica has shown, and tells the others.
func (l *shownLog) add(k shownKey, s Shown) {
	n := news{key: k, list: s}
	l.hear(n)
	if l.bus != nil {
		l.bus.tell(n)
	}
}

// forget forgets a visitor, here and in the other replicas.
func (l *shownLog) forget(shop, visitor string) {
	n := news{key: shownKey{shop: shop, visitor: visitor}, forget: true}
	l.hear(n)
	if l.bus != nil {
		l.bus.tell(n)
	}
}

// hear takes news, the lists of a visitor in any order and more than once.
func (l *shownLog) hear(n news) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if n.forget {
		for k := range l.lists.Keys() {
			if k.shop == n.key.shop && k.visitor == n.key.visitor {
				l.lists.Invalidate(k)
			}
		}
		return
	}
	old := l.of(n.key)
	at, found := slices.BinarySearchFunc(old, n.list.AtMs, func(s Shown, atMs int64) int { return cmp.Compare(atMs, s.AtMs) })
	if found && slices.Equal(old[at].Items, n.list.Items) || at == shownKept {
		return
	}
	lists := slices.Insert(slices.Clone(old), at, n.list) // readers have the old ones
	l.lists.Set(n.key, lists[:min(len(lists), shownKept)])
}

// shownKey returns under what the request's visitor is remembered, and whether anything is to
// be: not without rotation, not for nobody, and not for somebody who withholds consent.
func (r *run) shownKey() (shownKey, bool) {
	id := shownVisitor(r.req.UserID, r.req.SessionID)
	return shownKey{r.shop.Name, id, r.scenario.ScenarioID}, r.rotationStrength() > 0 && id != "" && r.visitor.Personal
}

// shownVisitor names the visitor of a request; "" for nobody.
func shownVisitor(userID, sessionID string) string {
	switch {
	case userID != "":
		return "u/" + userID
	case sessionID != "":
		return "s/" + sessionID
	}
	return ""
}

// Forget forgets what a user and a session were shown; "" for neither.
func (e *Engine) Forget(shop, userID, sessionID string) {
	for _, visitor := range []string{shownVisitor(userID, ""), shownVisitor("", sessionID)} {
		if visitor != "" {
			e.shown.forget(shop, visitor)
		}
	}
}
