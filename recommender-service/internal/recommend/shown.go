package recommend

import (
	"time"

	"github.com/maypok86/otter/v2"
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
	lists *otter.Cache[shownKey, []Shown]
}

// newShownLog returns an empty log that takes at most so many bytes.
func newShownLog(bytes uint64) *shownLog {
	return &shownLog{otter.Must(&otter.Options[shownKey, []Shown]{
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
}

func (l *shownLog) of(k shownKey) []Shown {
	lists, _ := l.lists.GetIfPresent(k)
	return lists
}

func (l *shownLog) add(k shownKey, s Shown) {
	old := l.of(k)
	l.lists.Set(k, append([]Shown{s}, old[:min(len(old), shownKept-1)]...))
}

// shownKey returns under what the request's visitor is remembered, and whether anything is to be.
func (r *run) shownKey() (shownKey, bool) {
	id := "u/" + r.req.UserID
	if r.req.UserID == "" {
		id = "s/" + r.req.SessionID
	}
	return shownKey{r.shop.Name, id, r.scenario.ScenarioID}, r.rotationStrength() > 0 && len(id) > 2 && r.visitor.Personal
}
