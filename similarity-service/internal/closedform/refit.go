package closedform

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

const (
	// refitSteps and refitTolerance end the conjugate gradients of one target: the start is close to the solution.
	refitSteps     = 12
	refitTolerance = 1e-4
)

// Refit returns lists with the neighbours of l and new weights: for each target j, b_S = (G_SS + λI)⁻¹·G_Sj, where S are
// the sources that list j. It is the ridge regression of EASE under the constraint that all other weights are zero, as
// SLIM restricted to a neighbour support, where cutting EASE merely drops what does not fit. It is solved by conjugate
// gradients (Hestenes and Stiefel, 1952) from the weights of l. Cost O(Σ_j |S_j|²·steps); a worker holds max |S_j|²
// floats. The sums of a target are taken in the order of its sources, so the result does not depend on the workers.
func Refit(l *neighbours.Lists, gram *Dense, lambda float64, o neighbours.Options) (*neighbours.Lists, error) {
	if l.N() != gram.N {
		return nil, fmt.Errorf("lists of %d items and a Gram matrix of %d", l.N(), gram.N)
	}
	sources := bySource(l)
	weights := mmap.Make[float32](l.Arena, len(l.Weight))
	o.Rows = nil
	err := neighbours.Blocks(gram.N, o, func() func(int) {
		r := &refit{gram: gram, lambda: float32(lambda)}
		return func(j int) { r.target(int32(j), sources[j], l, weights) }
	})
	if err != nil {
		return nil, err
	}
	return reorder(l, weights, l.K), nil
}

// place is where a target stands in a source's list.
type place struct {
	source int32
	at     int // index into Lists.Items
}

// bySource lists the places of every target, by rising source.
func bySource(l *neighbours.Lists) [][]place {
	out := make([][]place, l.N())
	for i := range l.N() {
		items, _ := l.Of(int32(i))
		for q, j := range items {
			out[j] = append(out[j], place{int32(i), i*l.K + q})
		}
	}
	return out
}

// reorder sorts lists by their new weights and keeps the k largest.
func reorder(l *neighbours.Lists, weights []float32, k int) *neighbours.Lists {
	out := neighbours.NewListsIn(l.Arena, l.N(), k)
	var sel neighbours.Selector
	for i := range l.N() {
		items, _ := l.Of(int32(i))
		sel.Select(out, int32(i), items, weights[i*l.K:i*l.K+len(items)])
	}
	return out
}

// refit is the scratch memory of one worker.
type refit struct {
	gram   *Dense
	lambda float32
	sub    []float32 // G_SS + λI
	gradients
}

func (r *refit) target(j int32, sources []place, l *neighbours.Lists, weights []float32) {
	s := len(sources)
	if s == 0 {
		return
	}
	if s*s > len(r.sub) {
		r.sub = make([]float32, s*s)
	}
	r.resize(s)
	right := r.gram.Row(int(j))
	for x, from := range sources {
		row := r.gram.Row(int(from.source))
		sub := r.sub[x*s : (x+1)*s]
		for y, to := range sources {
			sub[y] = row[to.source]
		}
		sub[x] += r.lambda
		r.b[x] = l.Weight[from.at]
	}
	limit := 0.0
	r.multiply(s, r.b, r.ap)
	for x, from := range sources {
		g := right[from.source]
		r.residual[x] = g - r.ap[x]
		limit += float64(g) * float64(g)
	}
	r.iterate(s, refitSteps, limit*refitTolerance*refitTolerance, r.multiply)
	for x, from := range sources {
		weights[from.at] = r.b[x]
	}
}

func (r *refit) multiply(s int, x, y []float32) {
	for i := range s {
		row := r.sub[i*s : (i+1)*s]
		sum := float32(0)
		for k, v := range row {
			sum += v * x[k]
		}
		y[i] = sum
	}
}
