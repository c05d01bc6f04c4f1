package eventweights

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

const (
	// leastPairs of both halves, and leastEvents of a type among the histories, are needed to say anything.
	leastPairs, leastEvents = 200, 50
	// negatives is how many items that the visitor did not come to are compared with each that he did.
	negatives = 6
	// historyLength bounds a history, and perEvent how often events of one type on one item count.
	historyLength, perEvent = 100, 3
	// steps and shrinkage of Newton's method.
	steps, shrinkage = 30, 1e-3
)

// Data is what a sample is looked at with.
type Data struct {
	Lists *neighbours.Lists
	// Index gives the place of an item in Lists, false for one that they lack.
	Index func(itemID string) (int32, bool)
	// Cut is the Unix second before which Lists have learnt.
	Cut uint32
	// Configured is what each type weighs now. Types that weigh nothing are left out.
	Configured map[string]float64
}

// Weight is what an event of one type is worth.
type Weight struct {
	Type       string
	Configured float64
	Learnt     float64 // on the scale of those configured
	Low, High  float64 // 95 % interval
	Events     int     // in the histories that taught
}

// Result is what a fit came to. Ordered is the share of pairs of the visitors who did not teach of which the item that the visitor came to
// scores higher; half of them by chance.
type Result struct {
	Weights                          []Weight // by type
	Pairs                            int      // that the weights were measured on
	OrderedConfigured, OrderedLearnt float64
}

// pair is how the features of an item that a visitor came to differ from those of one he did not.
type pair []float64

// Fit learns the weights; it returns nil when there is too little to learn from. The same sample and data give the same result.
func (s *Sample) Fit(d Data) *Result {
	kinds := s.weighing(d.Configured)
	if len(kinds) < 2 {
		return nil
	}
	taught, asked, seen := s.pairs(d, kinds)
	keep := kinds[:0:0]
	for n, k := range kinds {
		if seen[n] >= leastEvents {
			keep = append(keep, k)
		}
	}
	if len(keep) < len(kinds) {
		if kinds = keep; len(kinds) < 2 {
			return nil
		}
		taught, asked, seen = s.pairs(d, kinds)
	}
	if len(taught) < leastPairs || len(asked) < leastPairs {
		return nil
	}
	beta, variance := fit(taught, len(kinds))
	configured := make([]float64, len(kinds))
	for n, k := range kinds {
		configured[n] = d.Configured[s.types[k]]
	}
	scale := scaleTo(configured, beta)
	if scale == 0 {
		return nil
	}
	r := &Result{Pairs: len(asked), OrderedConfigured: ordered(asked, configured), OrderedLearnt: ordered(asked, beta)}
	for n, k := range kinds {
		half := 1.96 * math.Sqrt(variance[n]) * scale
		r.Weights = append(r.Weights, Weight{
			Type: s.types[k], Configured: configured[n], Learnt: beta[n] * scale, Low: beta[n]*scale - half, High: beta[n]*scale + half,
			Events: seen[n],
		})
	}
	slices.SortFunc(r.Weights, func(a, b Weight) int { return cmp.Compare(a.Type, b.Type) })
	return r
}

// weighing are the kinds of event that weigh something.
func (s *Sample) weighing(configured map[string]float64) (kinds []uint8) {
	for k, name := range s.types {
		if configured[name] != 0 {
			kinds = append(kinds, uint8(k))
		}
	}
	return kinds
}

// scaleTo is the factor that brings learnt weights nearest to those configured; 0 when there is none above it.
func scaleTo(configured, learnt []float64) float64 {
	var both, own float64
	for n, b := range learnt {
		both += configured[n] * b
		own += b * b
	}
	if own == 0 || both <= 0 {
		return 0
	}
	return both / own
}

// ordered is the share of pairs that score right under weights; ties count half.
func ordered(pairs []pair, weights []float64) float64 {
	right := 0.
	for _, p := range pairs {
		switch v := dot(p, weights); {
		case v > 0:
			right++
		case v == 0:
			right += .5
		}
	}
	return right / float64(len(pairs))
}

func dot(a, b []float64) float64 {
	sum := 0.
	for n := range a {
		sum += a[n] * b[n]
	}
	return sum
}

// fit minimises Σ log(1 + exp(−β·x)) + shrinkage·|β|²/2 per pair by Newton's method, and returns the variances of β
// by the curvature there.
func fit(pairs []pair, k int) (beta, variance []float64) {
	beta, variance = make([]float64, k), make([]float64, k)
	n := float64(len(pairs))
	for range steps {
		slope, curve := curvature(pairs, beta)
		for a := range k {
			slope.SetVec(a, slope.AtVec(a)-shrinkage*n*beta[a])
			curve.SetSym(a, a, curve.At(a, a)+shrinkage*n)
		}
		var chol mat.Cholesky
		if !chol.Factorize(curve) {
			return beta, variance
		}
		var step mat.VecDense
		if err := chol.SolveVecTo(&step, slope); err != nil {
			return beta, variance
		}
		size := 0.
		for a := range k {
			beta[a] += step.AtVec(a)
			size = max(size, math.Abs(step.AtVec(a)))
		}
		var inverse mat.SymDense
		if err := chol.InverseTo(&inverse); err == nil {
			for a := range k {
				variance[a] = inverse.At(a, a)
			}
		}
		if size < 1e-8 {
			break
		}
	}
	return beta, variance
}

// curvature returns the gradient of the log-likelihood and its negative second derivative.
func curvature(pairs []pair, beta []float64) (*mat.VecDense, *mat.SymDense) {
	k := len(beta)
	slope, curve := mat.NewVecDense(k, nil), mat.NewSymDense(k, nil)
	for _, x := range pairs {
		wrong := 1 / (1 + math.Exp(dot(x, beta)))
		for a := range k {
			slope.SetVec(a, slope.AtVec(a)+wrong*x[a])
			for b := a; b < k; b++ {
				curve.SetSym(a, b, curve.At(a, b)+wrong*(1-wrong)*x[a]*x[b])
			}
		}
	}
	return slope, curve
}

// pairs makes the pairs of the visitors who teach and of those who are asked, and counts the events of each kind in the histories of the
// former. Features are in units of their mean size over all pairs, so that shrinkage means the same on all data.
func (s *Sample) pairs(d Data, kinds []uint8) (taught, asked []pair, seen []int) {
	seen = make([]int, len(kinds))
	at := make([]int, 256) // of a kind, one more than its place
	for n, k := range kinds {
		at[k] = n + 1
	}
	index := make([]int32, len(s.items))
	for n, id := range s.items {
		index[n] = -1
		if i, ok := d.Index(id); ok {
			index[n] = i
		}
	}
	slices.SortFunc(s.events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.at, b.at), cmp.Compare(a.item, b.item), cmp.Compare(a.kind, b.kind))
	})
	v := &visitor{data: d, index: index, at: at, kinds: len(kinds)}
	for from := 0; from < len(s.events); {
		to := from
		for to < len(s.events) && s.events[to].subject == s.events[from].subject {
			to++
		}
		// Another bit than those that the sample goes by decides who teaches.
		if s.events[from].subject>>40&1 == 0 {
			taught = append(taught, v.pairs(s.events[from:to], seen)...)
		} else {
			asked = append(asked, v.pairs(s.events[from:to], nil)...)
		}
		from = to
	}
	size := 0.
	for _, x := range taught {
		for _, f := range x {
			size += math.Abs(f)
		}
	}
	if size > 0 {
		unit := float64(len(taught)*len(kinds)) / size
		for _, list := range [][]pair{taught, asked} {
			for _, x := range list {
				for n := range x {
					x[n] *= unit
				}
			}
		}
	}
	return taught, asked, seen
}

// visitor makes the pairs of one visitor after the other.
type visitor struct {
	data  Data
	index []int32
	at    []int
	kinds int
}

// pairs compares what a visitor came to after the cut with what his history leads to as well. The events of the history are counted in
// seen.
func (v *visitor) pairs(events []event, seen []int) (out []pair) {
	type itemAndKind struct {
		item int32
		kind int
	}
	known, counts, later := map[int32]bool{}, map[itemAndKind]int{}, []int32{}
	var order []itemAndKind
	for _, e := range events {
		i := v.index[e.item]
		switch kind := v.at[e.kind] - 1; {
		case i < 0 || kind < 0:
		case e.at < v.data.Cut:
			known[i] = true
			if counts[itemAndKind{i, kind}]++; counts[itemAndKind{i, kind}] == 1 {
				order = append(order, itemAndKind{i, kind})
			}
		case !known[i] && !slices.Contains(later, i):
			later = append(later, i)
		}
	}
	if len(later) == 0 || len(order) == 0 {
		return nil
	}
	features := map[int32][]float64{}
	for _, t := range order[max(0, len(order)-historyLength):] {
		if seen != nil {
			seen[t.kind] += counts[t]
		}
		items, weights := v.data.Lists.Of(t.item)
		for n, j := range items {
			if known[j] {
				continue
			}
			if features[j] == nil {
				features[j] = make([]float64, v.kinds)
			}
			features[j][t.kind] += float64(min(counts[t], perEvent)) * float64(weights[n])
		}
	}
	return v.compare(events[0].subject, known, later, features)
}

// compare draws items that the visitor did not come to for each that he did: by turns one that his history leads to, which tells types
// apart, and any, which tells what a type is worth at all.
func (v *visitor) compare(seed uint64, known map[int32]bool, later []int32, features map[int32][]float64) (out []pair) {
	var reached []int32
	for j := range features {
		if !slices.Contains(later, j) {
			reached = append(reached, j)
		}
	}
	slices.Sort(reached) // the order of a map is none
	if len(reached) == 0 {
		return nil
	}
	rng := rand.New(rand.NewPCG(seed, 0xe7e47))
	for _, j := range later {
		for n := range negatives {
			other := reached[rng.IntN(len(reached))]
			if n%2 == 1 {
				other = int32(rng.IntN(v.data.Lists.N()))
			}
			mine, theirs := features[j], features[other]
			if known[other] || slices.Contains(later, other) || mine == nil && theirs == nil {
				continue
			}
			x := make(pair, v.kinds)
			for k := range x {
				if mine != nil {
					x[k] += mine[k]
				}
				if theirs != nil {
					x[k] -= theirs[k]
				}
			}
			out = append(out, x)
		}
	}
	return out
}
