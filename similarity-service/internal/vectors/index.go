// Package vectors finds items alike by vectors that a shop brings: of pictures, of texts, of whatever its own models say of an item.
//
// Each named space is searched exactly: the cosine of an item with all others of the space, a product of a matrix and a vector, takes
// about 25 ms for 100,000 items of 384 numbers. The package makes no vectors. The main type is Index.
package vectors

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/aisle-rec/aisle/shared/topk"
)

// Neighbour is an item alike. Scores are cosines in (0, 1].
type Neighbour struct {
	ID    string
	Score float64
}

// Index holds the vectors of a shop's items, 4 bytes a number. Reads may run at once with each other and wait for writes. Answers depend
// on the items that it holds, not on the order in which they came.
type Index struct {
	mu     sync.RWMutex
	spaces map[key]*space
	of     map[string][]key // the spaces of each item, in order of their names
	sum    uint64
}

// key names a space. Vectors of different lengths cannot be compared: under one name they are two spaces.
type key struct {
	name      string
	dimension int
}

// space holds vectors of length one, each a row.
type space struct {
	rows map[string]int
	ids  []string
	data []float32
}

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{spaces: map[key]*space{}, of: map[string][]key{}} }

// Upsert gives an item the vectors of the named spaces in place of those that it had; none takes it out. Vectors that say nothing, without
// a number other than 0 or with one that is not finite, are left out. It keeps neither the map nor the slices.
func (ix *Index) Upsert(id string, vectors map[string][]float32) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for _, k := range ix.of[id] {
		ix.sum -= ix.spaces[k].remove(id)
		if len(ix.spaces[k].ids) == 0 {
			delete(ix.spaces, k)
		}
	}
	delete(ix.of, id)
	for name, v := range vectors {
		unit, ok := normalised(v)
		if !ok {
			continue
		}
		k := key{name, len(unit)}
		if ix.spaces[k] == nil {
			ix.spaces[k] = &space{rows: map[string]int{}}
		}
		ix.sum += ix.spaces[k].add(id, unit)
		ix.of[id] = append(ix.of[id], k)
	}
	slices.SortFunc(ix.of[id], func(a, b key) int { return cmp.Compare(a.name, b.name) })
}

// Fingerprint changes with the vectors and is the same for indexes of the same vectors; 0 for none.
func (ix *Index) Fingerprint() uint64 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.sum
}

// Similar returns the k items most alike, best first, ties by lower id: those of largest mean cosine over the spaces of the item, where an
// item that a space lacks has 0. None when the item is unknown. Cost O(items·dimension).
func (ix *Index) Similar(id string, k int) []Neighbour {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	of := ix.of[id]
	if len(of) == 0 || k <= 0 {
		return nil
	}
	var found []Neighbour
	if len(of) == 1 {
		found = ix.spaces[of[0]].cosines(id)
	} else {
		sums := map[string]float64{}
		for _, name := range of {
			for _, n := range ix.spaces[name].cosines(id) {
				sums[n.ID] += n.Score / float64(len(of))
			}
		}
		for other, score := range sums {
			found = append(found, Neighbour{other, score})
		}
	}
	before := func(a, b Neighbour) bool { return a.Score > b.Score || a.Score == b.Score && a.ID < b.ID }
	topk.Keep(&found, k, before)
	slices.SortFunc(found, func(a, b Neighbour) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return found
}

// Cosine is the mean cosine of two items over the spaces of the first, as in Similar; 0 when it is not above 0.
func (ix *Index) Cosine(a, b string) float64 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	sum := 0.0
	for _, k := range ix.of[a] {
		s := ix.spaces[k]
		if row, ok := s.rows[b]; ok {
			sum += max(float64(blas32.Dot(s.vector(s.rows[a]), s.vector(row))), 0) / float64(len(ix.of[a]))
		}
	}
	return min(sum, 1)
}

// cosines returns the other items of a space with a cosine above 0, in no order.
func (s *space) cosines(id string) []Neighbour {
	n, self := len(s.ids), s.rows[id]
	query := s.vector(self)
	dots := make([]float32, n)
	all := blas32.General{Rows: n, Cols: query.N, Stride: query.N, Data: s.data}
	blas32.Gemv(blas.NoTrans, 1, all, query, 0, blas32.Vector{N: n, Inc: 1, Data: dots})
	out := make([]Neighbour, 0, n)
	for row, d := range dots {
		if d > 0 && row != self {
			out = append(out, Neighbour{s.ids[row], min(float64(d), 1)})
		}
	}
	return out
}

func (s *space) vector(row int) blas32.Vector {
	d := len(s.data) / len(s.ids)
	return blas32.Vector{N: d, Inc: 1, Data: s.data[row*d : (row+1)*d]}
}

// add appends a vector and returns its part of the fingerprint.
func (s *space) add(id string, unit []float32) uint64 {
	s.rows[id] = len(s.ids)
	s.ids, s.data = append(s.ids, id), append(s.data, unit...)
	return fingerprint(id, unit)
}

// remove takes a vector out, the last one into its place, and returns its part of the fingerprint.
func (s *space) remove(id string) uint64 {
	row, last := s.rows[id], len(s.ids)-1
	v, moved := s.vector(row).Data, s.vector(last).Data
	sum := fingerprint(id, v)
	copy(v, moved)
	s.ids[row] = s.ids[last]
	s.rows[s.ids[row]] = row
	delete(s.rows, id)
	s.data = s.data[:len(s.data)-len(v)]
	s.ids[last] = ""
	s.ids = s.ids[:last]
	return sum
}

// normalised returns v with length one, in memory of its own.
func normalised(v []float32) ([]float32, bool) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsInf(sum, 0) || math.IsNaN(sum) {
		return nil, false
	}
	length := math.Sqrt(sum)
	unit := make([]float32, len(v))
	for i, x := range v {
		unit[i] = float32(float64(x) / length)
	}
	return unit, true
}

// fingerprint scatters an item's vector over 64 bits (FNV-1a).
func fingerprint(id string, unit []float32) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	for _, x := range unit {
		h = (h ^ uint64(math.Float32bits(x))) * 1099511628211
	}
	return h
}
