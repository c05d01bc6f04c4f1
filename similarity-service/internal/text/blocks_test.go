package text

import (
	"runtime"
	"strings"
	"testing"
)

func TestBlocksKeepWhatWasPutIntoThem(t *testing.T) {
	t.Parallel()
	var b blocks
	var texts []string
	var rooms [][]entry
	for n := range 3000 { // into several blocks, also beyond the largest
		size := n * 7919 % 200
		if n%1000 == 999 {
			size = largestBlock + n
		}
		texts = append(texts, b.copy(strings.Repeat(string(rune('a'+n%26)), size)))
		room := b.take(size)
		for at := range room {
			room[at] = entry{int32(n), float64(at)}
		}
		rooms = append(rooms, room)
	}
	for n, room := range rooms {
		if want := strings.Repeat(string(rune('a'+n%26)), len(room)); texts[n] != want {
			t.Fatalf("text %d is %.20q…, want %.20q…", n, texts[n], want)
		}
		for at, e := range room {
			if e != (entry{int32(n), float64(at)}) {
				t.Fatalf("entry %d of room %d is %v", at, n, e)
			}
		}
		if cap(room) != len(room) {
			t.Fatalf("room %d can grow over its neighbour", n)
		}
	}
}

// BenchmarkMemory shows what an index of 100,000 items costs the garbage collector, by item.
func BenchmarkMemory(b *testing.B) {
	b.Run("plain", func(b *testing.B) { memory(b, catalogue(5, 100_000)) })
	b.Run("with three attributes and a translation", func(b *testing.B) { memory(b, described(catalogue(5, 100_000))) })
}

func memory(b *testing.B, items []Item) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		ix := newIndex(b, DefaultOptions(), items...)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapObjects-before.HeapObjects)/float64(len(items)), "objects/item")
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(items)), "B/item")
		runtime.KeepAlive(ix)
	}
	runtime.KeepAlive(items)
}
