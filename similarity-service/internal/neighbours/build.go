package neighbours

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
)

// ErrStopped is returned by a build whose Options.Stop said so.
var ErrStopped = errors.New("stopped")

// Options steer a build. The zero value of every field but K is useful.
type Options struct {
	K          int                   // neighbours per item, at least 1
	Workers    int                   // goroutines; 0 means GOMAXPROCS. The result does not depend on it
	Rows       []int32               // the source items to build; nil means all
	KeepCounts bool                  // fill Lists.Counts
	Arena      *mmap.Arena           // where the lists lie; nil means where the interactions do
	Progress   func(done, total int) // called after each block of rows, from several goroutines
	Stop       func() bool           // asked before each block of rows
}

// rowBlock is the number of rows a worker takes at a time: small enough to spread long rows, large enough to make the
// shared counter cheap.
const rowBlock = 64

// Build returns the neighbour lists of every item (or of Options.Rows) under sim. Rows are independent of each other,
// so any split over workers or machines gives the same lists. Cost O(Σ_u d_u²) additions plus O(c + k log k) per row
// of c candidates; memory 8·K per list and 8 bytes per item and worker.
func Build(g *Graph, sim *Similarity, o Options) (*Lists, error) {
	if o.K < 1 {
		return nil, fmt.Errorf("neighbours per item is %d, want at least 1", o.K)
	}
	if o.Arena == nil {
		o.Arena = g.users.Arena()
	}
	var l *Lists
	if o.Rows != nil {
		l = newListsOf(o.Rows, g.Items(), o)
	} else {
		l = NewListsIn(o.Arena, g.Items(), o.K)
	}
	if o.KeepCounts {
		l.Counts = mmap.Make[float32](l.Arena, len(l.Items))
	}
	return l, fill(l, g, sim, o)
}

// Refresh returns a copy of old in which the lists of Options.Rows are built again from g, for instance those of the
// items that new events touched. g may hold more items than old; K is old's.
func Refresh(old *Lists, g *Graph, sim *Similarity, o Options) (*Lists, error) {
	if g.Items() < old.N() {
		return nil, fmt.Errorf("the graph has %d items, the lists %d: items may be added but not taken away", g.Items(), old.N())
	}
	l := NewListsIn(g.users.Arena(), g.Items(), old.K)
	copy(l.Len, old.Len)
	copy(l.Items, old.Items)
	copy(l.Weight, old.Weight)
	o.K, o.KeepCounts = old.K, false
	if o.Rows == nil {
		o.Rows = []int32{}
	}
	return l, fill(l, g, sim, o)
}

func fill(l *Lists, g *Graph, sim *Similarity, o Options) error {
	total := g.Items()
	if o.Rows != nil {
		total = len(o.Rows)
	}
	return Blocks(total, o, func() func(int) {
		w := &worker{g: g, sim: sim, acc: make([]float32, g.Items())}
		return func(n int) {
			i := int32(n)
			if o.Rows != nil {
				i = o.Rows[n]
			}
			w.row(l, i)
		}
	})
}

// Blocks runs row(0…total−1) on Options.Workers goroutines, with progress and stop. newRow is called once per worker
// to make its scratch memory. It returns ErrStopped when stopped early.
func Blocks(total int, o Options, newRow func() func(n int)) error {
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, (total+rowBlock-1)/rowBlock)
	var next, done atomic.Int64
	var stopped atomic.Bool
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			row := newRow()
			for {
				from := int(next.Add(rowBlock)) - rowBlock
				if from >= total {
					return
				}
				if o.Stop != nil && o.Stop() {
					stopped.Store(true)
					return
				}
				to := min(from+rowBlock, total)
				for n := from; n < to; n++ {
					row(n)
				}
				if sum := done.Add(int64(to - from)); o.Progress != nil {
					o.Progress(int(sum), total)
				}
			}
		})
	}
	wg.Wait()
	if stopped.Load() {
		return ErrStopped
	}
	return nil
}

// worker holds the scratch memory of one goroutine.
type worker struct {
	g       *Graph
	sim     *Similarity
	acc     []float32 // length n, zero between rows
	touched []int32
	weights []float32
	room    []float32
	sel     Selector
}

func (w *worker) row(l *Lists, i int32) {
	w.touched = w.g.accumulate(i, w.acc, w.touched[:0], &w.room)
	kept := w.drain()
	if l.Counts == nil {
		w.sim.weigh(i, kept, w.weights)
		w.sel.Select(l, i, kept, w.weights)
		return
	}
	for p, j := range kept {
		w.acc[j] += w.weights[p]
	}
	w.sim.weigh(i, kept, w.weights)
	w.sel.Select(l, i, kept, w.weights)
	items, _ := l.Of(i)
	for p, j := range items {
		l.Counts[l.Start(i)+p] = w.acc[j]
	}
	for _, j := range kept {
		w.acc[j] = 0
	}
}

// drain moves the sums of the touched items to weights, clears them and returns the items with a sum other than zero.
func (w *worker) drain() []int32 {
	if cap(w.weights) < len(w.touched) {
		w.weights = make([]float32, 2*len(w.touched))
	}
	w.weights = w.weights[:len(w.touched)]
	if w.g.users.Val == nil && w.g.order == nil { // sums of ones neither vanish nor repeat
		for p, j := range w.touched {
			w.weights[p] = w.acc[j]
			w.acc[j] = 0
		}
		return w.touched
	}
	kept := w.touched[:0]
	for _, j := range w.touched {
		if c := w.acc[j]; c != 0 {
			w.weights[len(kept)] = c
			kept = append(kept, j)
		}
		w.acc[j] = 0
	}
	w.weights = w.weights[:len(kept)]
	return kept
}
