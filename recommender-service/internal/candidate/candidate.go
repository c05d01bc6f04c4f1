// Package candidate is the arithmetic of ranking: lists of weighted candidates, one per seed, are blended into one score per item. It knows
// no catalogue, no rules and no network, and works on dense item indices. The main types are Row, Term and Blend.
//
// The score of item i is Σ over terms t of Factor(t) · w(t, i), added in the order of the terms in float64. The same products in the same order
// are what an explanation shows, so it sums to the score bit for bit.
package candidate

// Row is a list of candidates, heaviest first. Items and Weights have the same length; no item appears twice. Weights may be negative.
type Row struct {
	Items   []int32
	Weights []float32
}

// Len returns the number of candidates.
func (r *Row) Len() int { return len(r.Items) }

// Term is one seed with the candidates that it proposes.
type Term struct {
	Source int // index of the source within the plan; the terms of a source are adjacent
	Seed   Seed
	// Factor multiplies every weight of the row. It is set by Blend from the source's weight, its scale and the seed's weight.
	Factor float64
	Row    *Row
}

// Seed is what a term comes from: an item of the visitor's history, session or cart, or a list of the shop.
type Seed struct {
	ItemID    string
	Category  string // of a popularity list
	EventType string
	AgeHours  float64
	Weight    float64
}

// Product is the contribution of one candidate of a term. The conversion keeps a compiler from fusing it with the addition that follows,
// so that every machine gives the same bits.
func Product(factor float64, weight float32) float64 { return float64(factor * float64(weight)) }

// Blend accumulates terms. The zero value works; reuse it, for it keeps arrays as long as the catalogue. It is not safe for concurrent use.
type Blend struct {
	score   []float64
	raw     []float64
	stamp   []uint32 // score[i] counts when stamp[i] == now
	rawAt   []uint32
	now     uint32
	touched []int32
	rawSeen []int32
}

// Reset empties the blend for items below n.
func (b *Blend) Reset(n int) {
	if len(b.score) < n {
		n += n / 8 // room for a catalogue that grows
		b.score, b.raw = make([]float64, n), make([]float64, n)
		b.stamp, b.rawAt, b.now = make([]uint32, n), make([]uint32, n), 0
	}
	b.touched = b.touched[:0]
	b.tick()
}

// tick makes every entry of the stamps old.
func (b *Blend) tick() {
	if b.now++; b.now == 0 {
		clear(b.stamp)
		clear(b.rawAt)
		b.now = 1
	}
}

// Add blends the terms of one source: their scores are divided by the largest one, so that sources whose models count in different units can be
// compared, and multiplied by weight. It sets the Factor of each term. When the largest score is not positive the source adds nothing.
// head maps an item to the one that is recommended in its place. Cost O(Σ row lengths).
func (b *Blend) Add(terms []Term, weight float64, head func(int32) int32) {
	largest := b.largest(terms, head)
	scale := 0.0
	if largest > 0 {
		scale = float64(weight / largest)
	}
	for t := range terms {
		term := &terms[t]
		term.Factor = float64(scale * term.Seed.Weight)
		if term.Factor == 0 {
			continue
		}
		for k, i := range term.Row.Items {
			i = head(i)
			if i < 0 {
				continue
			}
			if b.stamp[i] != b.now {
				b.stamp[i] = b.now
				b.score[i] = 0
				b.touched = append(b.touched, i)
			}
			b.score[i] += Product(term.Factor, term.Row.Weights[k])
		}
	}
}

// largest returns the largest score that the terms give an item with their seeds' weights alone.
func (b *Blend) largest(terms []Term, head func(int32) int32) float64 {
	b.rawSeen = b.rawSeen[:0]
	for t := range terms {
		w := terms[t].Seed.Weight
		for k, i := range terms[t].Row.Items {
			if i = head(i); i < 0 {
				continue
			}
			if b.rawAt[i] != b.now {
				b.rawAt[i] = b.now
				b.raw[i] = 0
				b.rawSeen = append(b.rawSeen, i)
			}
			b.raw[i] += Product(w, terms[t].Row.Weights[k])
		}
	}
	largest := 0.0
	for _, i := range b.rawSeen {
		largest = max(largest, b.raw[i])
		b.rawAt[i] = b.now - 1
	}
	return largest
}

// Candidates returns the items that any term proposed, in order of first appearance. The slice is valid until the next Reset.
func (b *Blend) Candidates() []int32 { return b.touched }

// Score returns the score of an item; 0 for one that no term proposed.
func (b *Blend) Score(i int32) float64 {
	if int(i) >= len(b.stamp) || b.stamp[i] != b.now {
		return 0
	}
	return b.score[i]
}

// Has reports whether any term proposed the item.
func (b *Blend) Has(i int32) bool { return int(i) < len(b.stamp) && b.stamp[i] == b.now }
