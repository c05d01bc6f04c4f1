package catalogue

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/segmentio/encoding/json"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	benchItems = 100_000
	benchPage  = 1000
)

// benchFeed calls f with the pages of a catalogue of 100,000 items as the client decodes them: title, brand, three levels, price, counted
// stock, a tag and four attributes.
func benchFeed(b *testing.B, f func([]profileapi.ItemChange)) {
	colours, sizes := []string{"red", "green", "blue", "black", "white"}, []string{"XS", "S", "M", "L", "XL"}
	for from := 0; from < benchItems; from += benchPage {
		page := profileapi.ItemChanges{}
		for i := from; i < from+benchPage; i++ {
			price, quantity := float64(i*7919%20_000)/100+1, float64(i%50+1)
			at := wire.TimeOf(time.UnixMilli(1_700_000_000_000 + int64(i*7919%benchItems)*60_000))
			id := fmt.Sprintf("item-%06d", i)
			page.Changes = append(page.Changes, profileapi.ItemChange{Cursor: fmt.Sprint(i), ItemID: id, Item: &profileapi.Item{
				ItemID: id, Title: fmt.Sprintf("Linen shirt number %d", i), Brand: fmt.Sprintf("Brand %d", i%500), Price: &price,
				Currency:     "EUR",
				CategoryPath: []string{fmt.Sprintf("Level %d", i%10), fmt.Sprintf("Shelf %d", i%100), fmt.Sprintf("Class %d", i%1000)},
				Stock:        &profileapi.Stock{Status: profileapi.InStock, Quantity: &quantity}, Status: profileapi.ItemActive,
				Tags:       []string{fmt.Sprintf("tag-%d", i%20)},
				Attributes: map[string]any{"colour": colours[i%5], "size": sizes[i/5%5], "weight": float64(i % 400), "organic": i%2 == 0},
				CreatedAt:  at, UpdatedAt: at, Version: 1,
			}})
		}
		data, err := json.Marshal(page)
		if err != nil {
			b.Fatal(err)
		}
		read := profileapi.ItemChanges{}
		if err := json.Unmarshal(data, &read); err != nil {
			b.Fatal(err)
		}
		f(read.Changes)
	}
}

func heap() (objects, bytes uint64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapObjects, m.HeapAlloc
}

// BenchmarkReplica fills a replica and reports what an item takes.
func BenchmarkReplica(b *testing.B) {
	for b.Loop() {
		objects, bytes := heap()
		s := newShop("north", time.Now)
		applying, longest := time.Duration(0), time.Duration(0)
		benchFeed(b, func(changes []profileapi.ItemChange) {
			start := time.Now()
			s.apply(changes)
			took := time.Since(start)
			applying, longest = applying+took, max(longest, took)
		})
		objectsAfter, bytesAfter := heap()
		b.ReportMetric(float64(objectsAfter-objects)/benchItems, "objects/item")
		b.ReportMetric(float64(bytesAfter-bytes)/benchItems, "heap-B/item")
		b.ReportMetric(float64(applying.Nanoseconds())/benchItems, "apply-ns/item")
		b.ReportMetric(float64(longest.Microseconds()), "longest-page-µs")
		runtime.KeepAlive(s)
	}
}

// BenchmarkChurn changes the stock of every item and reports what a change takes as long as it can be undone.
func BenchmarkChurn(b *testing.B) {
	for b.Loop() {
		s := newShop("north", time.Now)
		benchFeed(b, s.apply)
		objects, bytes := heap()
		benchFeed(b, func(changes []profileapi.ItemChange) {
			for n := range changes {
				*changes[n].Item.Stock.Quantity++
			}
			s.apply(changes)
		})
		objectsAfter, bytesAfter := heap()
		b.ReportMetric(float64(objectsAfter-objects)/benchItems, "objects/change")
		b.ReportMetric(float64(bytesAfter-bytes)/benchItems, "heap-B/change")
		runtime.KeepAlive(s)
	}
}

// BenchmarkNewest makes the list again after each change.
func BenchmarkNewest(b *testing.B) {
	now := time.Now()
	s := newShop("north", func() time.Time { return now })
	var last []profileapi.ItemChange
	benchFeed(b, func(changes []profileapi.ItemChange) {
		s.apply(changes)
		last = changes
	})
	for b.Loop() {
		now = now.Add(time.Minute)
		last[0].Item.PublishedAt = wire.TimeOf(now)
		s.apply(last[:1])
		if list, _ := s.Newest(); len(list) != newestListed {
			b.Fatal("the list is not full")
		}
	}
}

// BenchmarkField reads what most answers ask for.
func BenchmarkField(b *testing.B) {
	s := newShop("north", time.Now)
	benchFeed(b, s.apply)
	b.ReportAllocs()
	s.Read(func(v *View) {
		n := int32(0)
		for b.Loop() {
			it := v.Item(n % benchItems)
			for _, name := range [...]string{"title", "price", "attributes.colour"} {
				if _, ok := it.Field(name); !ok {
					b.Fatal(name)
				}
			}
			n += 7919
			if n < 0 {
				n = 0
			}
		}
	})
}
