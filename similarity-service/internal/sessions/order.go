package sessions

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aisle-rec/aisle/shared/topk"
)

const (
	// orderWindow is the largest distance in clicks of a pair that the order model counts; it bounds the build by
	// O(clicks·orderWindow).
	orderWindow = 20
	// secondWidth is how many of the strongest successors the two-step walk follows at each step.
	secondWidth = 40
)

// rows is a sparse items×items matrix: the successors of an item, strongest first, ties by lower item.
type rows struct {
	start  []int32
	item   []int32
	weight []float32
}

func (r *rows) row(i int32) ([]int32, []float32) {
	return r.item[r.start[i]:r.start[i+1]], r.weight[r.start[i]:r.start[i+1]]
}

type pair struct {
	item   int32
	weight float64
}

// byWeight sorts pairs strongest first, ties by lower item.
func byWeight(a, b pair) int {
	switch {
	case a.weight > b.weight:
		return -1
	case a.weight < b.weight:
		return 1
	}
	return cmp.Compare(a.item, b.item)
}

// accumulator sums weights per item in a dense array; touched lists the items in use.
type accumulator struct {
	sum     []float64
	touched []int32
}

func newAccumulator(items int) *accumulator { return &accumulator{sum: make([]float64, items)} }

// add needs w > 0, because a zero sum marks an untouched item.
func (a *accumulator) add(item int32, w float64) {
	if a.sum[item] == 0 {
		a.touched = append(a.touched, item)
	}
	a.sum[item] += w
}

// drain appends all pairs to dst and empties the accumulator.
func (a *accumulator) drain(dst []pair) []pair {
	for _, i := range a.touched {
		dst = append(dst, pair{i, a.sum[i]})
		a.sum[i] = 0
	}
	a.touched = a.touched[:0]
	return dst
}

// buildOrder counts ordered pairs over all sessions:
//
//	c(a→b) = Σ_sessions e^(−OrderRecency·age) Σ_{positions x of a, y of b} (y−x)^−OrderAfterPower   for y > x,
//
// times OrderBeforeWeight for y < x, and normalises w(a→b) = c(a→b)·m(a)^−OrderSourcePower·m(b)^−OrderTargetPower with m
// the row sum of c plus one. It keeps the OrderKeep largest weights per source. Cost O(clicks·orderWindow).
func buildOrder(ix *index, p Params) *rows {
	var distance [orderWindow + 1]float64
	for d := 1; d <= orderWindow; d++ {
		distance[d] = math.Pow(float64(d), -p.OrderAfterPower)
	}
	recent := make([]float64, ix.sessions())
	for s := range recent {
		recent[s] = math.Exp(-p.OrderRecency * ix.age[s])
	}
	count := func(acc *accumulator, a int32) {
		for _, s := range ix.postSession[ix.postStart[a]:ix.postStart[a+1]] {
			countPairs(acc, ix.session(s), a, recent[s], p.OrderBeforeWeight, &distance)
		}
	}
	mass := make([]float64, ix.items)
	raw := eachRow(ix.items, func(acc *accumulator, buf []pair, a int32) []pair {
		count(acc, a)
		buf = acc.drain(buf)
		mass[a] = 1
		for _, b := range buf {
			mass[a] += b.weight
		}
		return buf
	})
	target := make([]float64, ix.items)
	for i, m := range mass {
		target[i] = math.Pow(m, -p.OrderTargetPower)
	}
	for a := range raw {
		source := math.Pow(mass[a], -p.OrderSourcePower)
		for n := range raw[a] {
			raw[a][n].weight *= source * target[raw[a][n].item]
		}
		slices.SortFunc(raw[a], byWeight)
	}
	if p.OrderSecond > 0 {
		raw = addSecond(raw, p.OrderSecond, p.OrderKeep)
	}
	return pack(raw, p.OrderKeep)
}

func countPairs(acc *accumulator, session []int32, a int32, recent, before float64, distance *[orderWindow + 1]float64) {
	for x, item := range session {
		if item != a {
			continue
		}
		for y := x + 1; y < min(len(session), x+orderWindow+1); y++ {
			acc.add(session[y], recent*distance[y-x])
		}
		if before == 0 {
			continue
		}
		for y := max(0, x-orderWindow); y < x; y++ {
			acc.add(session[y], before*recent*distance[x-y])
		}
	}
}

// addSecond returns W + weight·W̄² where W̄ holds the secondWidth strongest successors of each row, scaled to sum 1.
// Walks that return to their source are left out. It keeps the keep largest weights per row.
func addSecond(first [][]pair, weight float64, keep int) [][]pair {
	total := make([]float64, len(first))
	for a, row := range first {
		for _, b := range row[:min(len(row), secondWidth)] {
			total[a] += b.weight
		}
	}
	return eachRow(len(first), func(acc *accumulator, buf []pair, a int32) []pair {
		for _, b := range first[a] {
			acc.add(b.item, b.weight)
		}
		for _, b := range first[a][:min(len(first[a]), secondWidth)] {
			if total[b.item] == 0 || b.item == a {
				continue
			}
			step := weight * b.weight / total[b.item]
			for _, c := range first[b.item][:min(len(first[b.item]), secondWidth)] {
				if c.item != a && step*c.weight > 0 {
					acc.add(c.item, step*c.weight)
				}
			}
		}
		buf = acc.drain(buf)
		topk.Keep(&buf, keep, func(a, b pair) bool { return byWeight(a, b) < 0 })
		slices.SortFunc(buf, byWeight)
		return buf
	})
}

// eachRow computes independent rows on all processors; row a only depends on a, so the result does not depend on how
// many there are.
func eachRow(n int, row func(acc *accumulator, buf []pair, a int32) []pair) [][]pair {
	out := make([][]pair, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(max(1, n/256), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			acc, buf := newAccumulator(n), []pair(nil)
			for {
				low := int(next.Add(256)) - 256
				if low >= n {
					return
				}
				for a := low; a < min(n, low+256); a++ {
					buf = row(acc, buf[:0], int32(a))
					out[a] = slices.Clone(buf)
				}
			}
		})
	}
	wg.Wait()
	return out
}

func pack(sorted [][]pair, keep int) *rows {
	r := &rows{start: make([]int32, 1, len(sorted)+1)}
	for _, row := range sorted {
		for _, b := range row[:min(len(row), keep)] {
			r.item = append(r.item, b.item)
			r.weight = append(r.weight, float32(b.weight))
		}
		r.start = append(r.start, int32(len(r.item)))
	}
	return r
}
