package candidate

// Share is the contribution of one term to one item.
type Share struct {
	Term  *Term
	Item  int32 // the candidate that the term named: the item itself or one of its family
	Value float64
	Raw   float32 // weight in the term's row
}

// Trace finds the contributions to a few items by reading the terms again.
type Trace struct {
	slot   []int32
	stamp  []uint32
	now    uint32
	shares [][]Share
}

// Run collects the shares of the items, in the order in which Blend added them: the values of an item's shares, added in order to 0, give its
// score bit for bit. n bounds the item indices. Cost O(Σ row lengths).
func (t *Trace) Run(terms []Term, items []int32, n int, head func(int32) int32) {
	if len(t.slot) < n {
		t.slot, t.stamp, t.now = make([]int32, n+n/8), make([]uint32, n+n/8), 0
	}
	if t.now++; t.now == 0 {
		clear(t.stamp)
		t.now = 1
	}
	for len(t.shares) < len(items) {
		t.shares = append(t.shares, nil)
	}
	for p, i := range items {
		t.slot[i], t.stamp[i] = int32(p), t.now
		t.shares[p] = t.shares[p][:0]
	}
	for k := range terms {
		term := &terms[k]
		if term.Factor == 0 {
			continue
		}
		for p, i := range term.Row.Items {
			h := head(i)
			if h < 0 || t.stamp[h] != t.now {
				continue
			}
			w := term.Row.Weights[p]
			t.shares[t.slot[h]] = append(t.shares[t.slot[h]], Share{term, i, Product(term.Factor, w), w})
		}
	}
}

// Of returns the shares of the p-th item given to Run; valid until the next Run.
func (t *Trace) Of(p int) []Share { return t.shares[p] }
