package metrics

import (
	"math"
)

// Collector gathers the lists of one model. Cases may be recorded by several goroutines as long as each has its own
// index; the sums over lists are taken in [Collector.Summary], in case order, so they do not depend on scheduling.
type Collector struct {
	k          int
	popularity []float64 // interactions per item
	total      float64
	cases      []Accuracy
	lists      []int32 // k slots per case, −1 beyond the end of a list
}

// NewCollector returns a collector for n cases at cut-off k. popularity holds the training interactions of each item
// and decides novelty and popularity bias.
func NewCollector(n, k int, popularity []float64) *Collector {
	c := &Collector{k: k, popularity: popularity, cases: make([]Accuracy, n), lists: make([]int32, n*k)}
	for _, p := range popularity {
		c.total += p
	}
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

// Summary holds the means over cases and the figures of all lists together.
type Summary struct {
	Accuracy
	Coverage       float64 // share of the catalogue that appears in at least one list
	Novelty        float64 // mean self-information −log₂(popularity share) of the listed items, in bits
	PopularityBias float64 // mean share of the catalogue that is less popular than a listed item, 0 (tail) … 1 (top)
}

// Summary computes all means. Cost O(cases·k + n log n) for n items.
func (c *Collector) Summary() Summary {
	var s Summary
	s.Accuracy = Mean(c.cases)
	rank := percentile(c.popularity)
	seen := make([]bool, len(c.popularity))
	listed, distinct := 0, 0
	for _, item := range c.lists {
		if item < 0 {
			continue
		}
		listed++
		if !seen[item] {
			seen[item] = true
			distinct++
		}
		// One is added to each count, so that an item nobody chose has finite surprise.
		s.Novelty -= math.Log2((c.popularity[item] + 1) / (c.total + float64(len(c.popularity))))
		s.PopularityBias += rank[item]
	}
	if listed > 0 {
		s.Novelty /= float64(listed)
		s.PopularityBias /= float64(listed)
		s.Coverage = float64(distinct) / float64(len(c.popularity))
	}
	return s
}

// Mean averages the accuracy of cases; of no cases it is zero.
func Mean(cases []Accuracy) Accuracy {
	var m Accuracy
	for _, a := range cases {
		m.Recall += a.Recall
		m.NDCG += a.NDCG
		m.HR += a.HR
		m.MRR += a.MRR
	}
	if n := float64(len(cases)); n > 0 {
		m.Recall, m.NDCG, m.HR, m.MRR = m.Recall/n, m.NDCG/n, m.HR/n, m.MRR/n
	}
	return m
}
