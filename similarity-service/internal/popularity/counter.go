package popularity

import (
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

const (
	// farAhead is how many half-lives the newest event may lie ahead of the epoch before the sums are scaled anew: 2^farAhead is far from
	// overflowing.
	farAhead = 100
	// silence is for how many half-lives lists fade without any event. Then they stay as they are: what sold best before a long pause still
	// did.
	silence = 20
)

// counter is the state behind the lists of a shop; it is not safe for concurrent use. It takes about 100 bytes per item, a quarter
// of them for the sums.
type counter struct {
	cursor  string
	since   time.Time
	weights profileapi.EventWeights // that it was begun with
	robots  int64                   // time of the latest verdict on a robot that all of it was counted with
	stale   bool                    // there was a verdict since
	windows []window
	epoch   time.Time // weights are scaled to this moment, that of the newest event at some time
	newest  time.Time

	ids     []string // by item number, in the order of their first events; only ever appended to
	numbers map[string]int32
	sums    [][]float64 // by window and item number

	places  places
	ranking *ranking // of all that was counted; nil when that has grown since
}

func newCounter(windows []window, now time.Time) *counter {
	return &counter{since: now, windows: windows, numbers: map[string]int32{}, sums: make([][]float64, len(windows))}
}

// moveTo scales the sums to a moment.
func (c *counter) moveTo(epoch time.Time) {
	for w, window := range c.windows {
		fade := window.fade(epoch.Sub(c.epoch))
		for item := range c.sums[w] {
			c.sums[w][item] *= fade
		}
	}
	c.epoch = epoch
}

// add counts the interactions of a block. Cost O(interactions) for each window.
func (c *counter) add(b *profileapi.InteractionBlock) {
	if b.Len() == 0 {
		return
	}
	c.ranking = nil
	for _, at := range b.OccurredAt {
		if at := time.UnixMilli(at); at.After(c.newest) {
			c.newest = at
		}
	}
	for _, window := range c.windows {
		if c.newest.Sub(c.epoch) > farAhead*window.HalfLife {
			c.moveTo(c.newest)
		}
	}
	numbers := c.number(b.Items)
	sums := make([]float64, len(b.Items))
	counts := make([]bool, len(b.Types))
	for w, window := range c.windows {
		for t, name := range b.Types {
			counts[t] = window.Counts(name)
		}
		clear(sums)
		for n := range b.Len() {
			if !counts[b.Type[n]] {
				continue
			}
			// Growth from the epoch instead of decay to now: sums need no update as time passes.
			age := c.epoch.Sub(time.UnixMilli(b.OccurredAt[n]))
			sums[b.Item[n]] += float64(b.Weight[n]) * window.fade(age)
		}
		for at, sum := range sums {
			c.sums[w][numbers[at]] += sum
		}
	}
}

// number returns the numbers of items, new ones for those not seen before.
func (c *counter) number(ids []string) []int32 {
	var unseen []string
	for _, id := range ids {
		if _, ok := c.numbers[id]; !ok {
			unseen = append(unseen, id)
		}
	}
	for _, id := range idmap.Copies(unseen) { // the block's own ids would keep its text
		if _, again := c.numbers[id]; !again {
			c.numbers[id] = int32(len(c.ids))
			c.ids = append(c.ids, id)
		}
	}
	for w := range c.sums {
		c.sums[w] = append(c.sums[w], make([]float64, len(c.ids)-len(c.sums[w]))...)
	}
	numbers := make([]int32, len(ids))
	for at, id := range ids {
		numbers[at] = c.numbers[id]
	}
	return numbers
}

// fades returns for each window what is left of the sums at a moment.
func (c *counter) fades(now time.Time) []float64 {
	fades := make([]float64, len(c.windows))
	for w, window := range c.windows {
		at := now
		if last := c.newest.Add(silence * window.HalfLife); at.After(last) {
			at = last
		}
		fades[w] = window.fade(at.Sub(c.epoch))
	}
	return fades
}

// rank returns the lists of all that was counted, those of the last time when neither events nor the catalogue have changed them.
func (c *counter) rank(catalogue Catalogue, shop string) *ranking {
	if moved := c.places.follow(catalogue, shop, c.ids); moved || c.ranking == nil {
		c.ranking = newRanking(c)
	}
	return c.ranking
}
