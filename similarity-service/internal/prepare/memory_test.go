package prepare

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestMemory reads a million interactions of a few visitors and items, so that what is kept per interaction stands out, and looks at the
// live heap: at most 16 bytes each while reading and when finished.
func TestMemory(t *testing.T) { // not parallel: it looks at the heap of the whole process
	const n = 1_000_000
	users, items := make([]string, 2000), make([]string, 1000)
	for u := range users {
		users[u] = fmt.Sprint("user ", u)
	}
	for i := range items {
		items[i] = fmt.Sprint("item ", i)
	}
	before := liveHeap()
	c := NewCollector(Options{Relation: similarityapi.Similar, HistoryCap: n, BotEventsPerDay: n})
	const blockRows = 4000
	for from := 0; from < n; from += blockRows {
		c.Add(block(users, items, from, blockRows))
	}
	if each := float64(liveHeap()-before) / n; each > 16 {
		t.Errorf("%.1f bytes per interaction while reading, want at most 16", each)
	}
	p, err := c.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if each := float64(liveHeap()-before) / n; each > 17 { // one of them for the ids and offsets of 3,000 rows and columns
		t.Errorf("%.1f bytes per interaction when finished, want at most 16 and the ids", each)
	}
	runtime.KeepAlive(p)
}

// block has rows in which no visitor meets an item twice in one second.
func block(users, items []string, from, n int) *profileapi.InteractionBlock {
	b := &profileapi.InteractionBlock{Users: users, Items: items, Types: []string{"view_item"}}
	for r := from; r < from+n; r++ {
		b.User = append(b.User, int32(r%len(users)))
		b.Item = append(b.Item, int32((r/len(users)+r%len(users))%len(items)))
		b.Session = append(b.Session, none)
		b.Order = append(b.Order, none)
		b.Type = append(b.Type, 0)
		b.Weight = append(b.Weight, 1)
		b.OccurredAt = append(b.OccurredAt, int64(r)*1000)
	}
	return b
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestFinishMakesLittleGarbage prepares a million interactions of many visitors: beside the two matrices, 8 bytes an entry each, hardly
// anything is made.
func TestFinishMakesLittleGarbage(t *testing.T) { // not parallel: it counts what the whole process allocates
	const n = 1_000_000
	users, items := make([]string, 25_000), make([]string, 1000)
	for u := range users {
		users[u] = fmt.Sprint("user ", u)
	}
	for i := range items {
		items[i] = fmt.Sprint("item ", i)
	}
	c := NewCollector(Options{Relation: similarityapi.Similar, BotEventsPerDay: n})
	const blockRows = 25_000
	for from := 0; from < n; from += blockRows {
		c.Add(block(users, items, from, blockRows))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := c.Finish()
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if each := float64(after.TotalAlloc-before.TotalAlloc) / n; each > 60 {
		t.Errorf(
			"%.1f bytes allocated per interaction, want at most 60: two matrices, times of which at most a million are kept, and tests",
			each,
		)
	}
	runtime.KeepAlive(p)
}
