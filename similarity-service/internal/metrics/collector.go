package metrics

import (
	"math"
	"slices"
)

// diverseLists bounds the lists that the diversity is the mean of; they are spread evenly.
const diverseLists = 500

// Catalogue is what is known of the items that lists are made of.
type Catalogue struct {
	Popularity []float64 // training interactions of each item
	New        []bool    // whether an item has only just arrived; nil when that is not known
	// Likeness says how alike two items are, 0…1; nil leaves the diversity out. It is asked from one goroutine.
	Likeness func(i, j int32) float64
}

// Collector gathers the lists of one model. Cases may be recorded by several goroutines as long as each has its own
// index; the sums over lists are taken in [Collector.Summary], in case order, so they do not depend on scheduling.
type Collector struct {
	k         int
	catalogue Catalogue
	cases     []Accuracy
	lists     []int32 // k slots per case, −1 beyond the end of a list
}

// NewCollector returns a collector for n cases at cut-off k.
func NewCollector(n, k int, catalogue Catalogue) *Collector {
	c := &Collector{k: k, catalogue: catalogue, cases: make([]Accuracy, n), lists: make([]int32, n*k)}
	for i := range c.lists {
		c.lists[i] = -1
	}
	return c
}

// Record stores the accuracy and the list of case n.
func (c *Collector) Record(n int, a Accuracy, ranked []int32) {
	c.cases[n] = a
	copy(c.lists[n*c.k:(n+1)*c.k], ranked)
}

// Cases returns the accuracy of every case.
func (c *Collector) Cases() []Accuracy { return c.cases }

// List returns the recorded list of case n.
func (c *Collector) List(n int) []int32 {
	list := c.lists[n*c.k : (n+1)*c.k]
	if end := slices.Index(list, -1); end >= 0 {
		list = list[:end]
	}
	return list
}

// Lists returns every recorded list.
func (c *Collector) Lists() [][]int32 {
	out := make([][]int32, len(c.cases))
	for n := range out {
		out[n] = c.List(n)
	}
	return out
}

// Summary holds the means over cases and the figures of all lists together.
type Summary struct {
	Accuracy
	Coverage       float64  // share of the catalogue that appears in at least one list
	Novelty        float64  // mean self-information −log₂(popularity share) of the listed items, in bits
	PopularityBias float64  // mean share of the catalogue that is less popular than a listed item, 0 (tail) … 1 (top)
	Gini           float64  // inequality of how often items are listed, 0 (all alike) … 1 (one item has all places)
	Diversity      *float64 // mean of 1 − likeness over the pairs of a list; nil when likeness is not known
	NewItems       *float64 // share of the places that new items have; nil when it is not known which are new
}

// Beyond lists the figures of all lists together that are known, by name.
func (s Summary) Beyond() map[string]float64 {
	out := map[string]float64{"coverage": s.Coverage, "novelty": s.Novelty, "popularity_bias": s.PopularityBias, "gini": s.Gini}
	if s.Diversity != nil {
		out["diversity"] = *s.Diversity
	}
	if s.NewItems != nil {
		out["new_items"] = *s.NewItems
	}
	return out
}

// Figures lists all that is known, by name.
func (s Summary) Figures() map[string]float64 {
	out := s.Beyond()
	for n, v := range s.Values() {
		out[AccuracyNames()[n]] = v
	}
	return out
}

// Summary computes all means. Cost O(cases·k + n log n) for n items, and k² likenesses for each of some hundred lists.
func (c *Collector) Summary() Summary {
	s := Summary{Accuracy: Mean(c.cases)}
	popularity := c.catalogue.Popularity
	total := float64(len(popularity))
	for _, p := range popularity {
		total += p
	}
	rank := percentile(popularity)
	times := make([]float64, len(popularity))
	listed, fresh := 0.0, 0.0
	for _, item := range c.lists {
		if item < 0 {
			continue
		}
		listed++
		times[item]++
		// One is added to each count, so that an item nobody chose has finite surprise.
		s.Novelty -= math.Log2((popularity[item] + 1) / total)
		s.PopularityBias += rank[item]
		if c.catalogue.New != nil && c.catalogue.New[item] {
			fresh++
		}
	}
	if listed == 0 {
		return s
	}
	s.Novelty /= listed
	s.PopularityBias /= listed
	s.Coverage, s.Gini = spread(times)
	s.Diversity = c.diversity()
	if fresh /= listed; c.catalogue.New != nil {
		s.NewItems = &fresh
	}
	return s
}

// spread returns the share of items that were listed and the Gini coefficient of how often, Σᵢ (2i−n−1)·xᵢ / (n·Σx)
// over the counts in rising order. It sorts times.
func spread(times []float64) (coverage, gini float64) {
	slices.Sort(times)
	n, sum := float64(len(times)), 0.0
	for at, x := range times {
		if x > 0 {
			coverage++
		}
		sum += x
		gini += (2*float64(at+1) - n - 1) * x
	}
	return coverage / n, gini / (n * sum)
}

// diversity is the mean over lists of two items or more.
func (c *Collector) diversity() *float64 {
	if c.catalogue.Likeness == nil {
		return nil
	}
	sum, lists := 0.0, 0.0
	step := max(len(c.cases)/diverseLists, 1)
	for n := 0; n < len(c.cases); n += step {
		list := c.List(n)
		apart, pairs := 0.0, 0.0
		for p, i := range list {
			for _, j := range list[:p] {
				apart += 1 - c.catalogue.Likeness(i, j)
				pairs++
			}
		}
		if pairs > 0 {
			sum += apart / pairs
			lists++
		}
	}
	if lists == 0 {
		return nil
	}
	sum /= lists
	return &sum
}

// Mean averages the accuracy of cases; of no cases it is zero.
func Mean(cases []Accuracy) Accuracy {
	var m Accuracy
	for _, a := range cases {
		m.Recall += a.Recall
		m.NDCG += a.NDCG
		m.HR += a.HR
		m.MRR += a.MRR
		m.MAP += a.MAP
		m.Precision += a.Precision
	}
	if n := float64(len(cases)); n > 0 {
		m.Recall, m.NDCG, m.HR, m.MRR, m.MAP, m.Precision = m.Recall/n, m.NDCG/n, m.HR/n, m.MRR/n, m.MAP/n, m.Precision/n
	}
	return m
}
