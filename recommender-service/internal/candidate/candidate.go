// Package candidate is the arithmetic of ranking: lists of weighted candidates, one per seed, are blended into one score per item. It knows
// no catalogue, no rules and no network, and works on dense item indices. The main types are Row, Term and Blend.
//
// The score of item i is Σ over terms t of Factor(t) · w(t, i), added in the order of the terms in float64. The same products in the same
// order are what an explanation shows, so it sums to the score bit for bit.
package candidate

import "slices"

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

// Negligible is a sum so small that scaling it up to a source's weight could overflow.
const Negligible = 1e-100

// Contribution is the contribution of one term to one item.
type Contribution struct {
	Term  *Term
	Item  int32 // the candidate that the term named: the item itself or one of its family
	Value float64
	Raw   float32 // weight in the term's row
}

// Blend accumulates terms. The zero value works; reuse it, for it keeps an array as long as the catalogue. It is not safe for concurrent
// use.
//
// Candidates are numbered by slot in order of first appearance. Only finding the slot of an entry touches memory as large as the catalogue;
// it is done once per entry, and everything after works on arrays as long as the candidates.
type Blend struct {
	places  []uint32 // by item: when it was seen, and its slot
	now     uint32   // the number of this use, in the bits above slotBits
	items   []int32  // by slot
	score   []float64
	raw     []float64 // the source's sum with the seeds' weights alone
	wanted  []int32   // by slot: place among the items that Trace looks for, or −1
	slots   []int32   // by entry, in the order of the terms added
	added   [][]Term
	fetched float32 // keeps the compiler from leaving fetch out
}

// slotBits are the bits of a slot within a place; the others count uses of the blend. Four bytes per item keep the places of a large
// catalogue in the processor's cache. Rows are short: a million distinct candidates are out of reach.
const (
	slotBits = 20
	slotMask = 1<<slotBits - 1
)

// nearPlaces is how many places the processor keeps at hand anyway.
const nearPlaces = 1 << 14

// Reset empties the blend for items below n.
func (b *Blend) Reset(n int) {
	if len(b.places) < n {
		b.places, b.now = make([]uint32, n+n/8), 0 // room for a catalogue that grows
	}
	if b.now += 1 << slotBits; b.now == 0 {
		clear(b.places)
		b.now = 1 << slotBits
	}
	b.items, b.score, b.raw, b.slots, b.added = b.items[:0], b.score[:0], b.raw[:0], b.slots[:0], b.added[:0]
}

// Add blends the terms of one source: their scores are divided by the largest one, so that sources whose models count in different units
// can be compared, and multiplied by weight. It sets the Factor of each term, and keeps the terms until the next Reset. When the largest
// score is not above Negligible the source adds nothing. heads maps an item to the one that is recommended in its place; nil maps each to
// itself. Cost O(Σ row lengths).
func (b *Blend) Add(terms []Term, weight float64, heads []int32) {
	from := len(b.slots)
	largest := b.place(terms, heads)
	scale := 0.0
	if largest > Negligible {
		scale = float64(weight / largest)
	}
	at := from
	for t := range terms {
		term := &terms[t]
		term.Factor = float64(scale * term.Seed.Weight)
		slots := b.slots[at : at+len(term.Row.Weights)]
		at += len(slots)
		if term.Factor == 0 {
			continue
		}
		for k, slot := range slots {
			b.score[slot] += Product(term.Factor, term.Row.Weights[k])
		}
	}
	b.added = append(b.added, terms)
}

// place finds the slot of every entry and returns the largest sum that the terms give an item with their seeds' weights alone.
func (b *Blend) place(terms []Term, heads []int32) float64 {
	clear(b.raw)
	b.fetch(terms)
	entries := 0
	for t := range terms {
		entries += len(terms[t].Row.Items)
	}
	at := len(b.slots)
	b.slots = slices.Grow(b.slots, entries)[:at+entries]
	raw, places, now := b.raw, b.places, b.now
	for t := range terms {
		w := terms[t].Seed.Weight
		items := terms[t].Row.Items
		weights, slots := terms[t].Row.Weights[:len(items)], b.slots[at:][:len(items)]
		at += len(items)
		if len(places) > nearPlaces {
			b.fetchPlaces(items, heads)
		}
		for k, i := range items {
			if heads != nil {
				i = heads[i]
			}
			p := places[i]
			if p&^slotMask != now {
				p = now | uint32(len(raw))
				places[i] = p
				b.items, raw = append(b.items, i), append(raw, 0)
			}
			slot := p & slotMask
			slots[k] = int32(slot)
			raw[slot] += Product(w, weights[k])
		}
	}
	b.raw = raw
	b.score = slices.Grow(b.score, len(raw)-len(b.score))
	for len(b.score) < len(raw) {
		b.score = append(b.score, 0)
	}
	largest := 0.0
	for _, v := range b.raw {
		largest = max(largest, v)
	}
	return largest
}

// fetch reads a word of every cache line of the rows. The processor fetches many at once when nothing waits for them; in place each would
// be waited for.
func (b *Blend) fetch(terms []Term) {
	const words = 16 // of 4 bytes in a line
	var sum float32
	for t := range terms {
		row := terms[t].Row
		for k := 0; k < len(row.Items); k += words {
			sum += float32(row.Items[k])
		}
		for k := 0; k < len(row.Weights); k += words {
			sum += row.Weights[k]
		}
	}
	b.fetched = sum
}

// fetchPlaces does the same for the places of a row's items. In place, a wrong guess whether an item is new would hold up the reading of
// those after it.
func (b *Blend) fetchPlaces(items, heads []int32) {
	var sum uint32
	if heads == nil {
		for _, i := range items {
			sum += b.places[i]
		}
	} else {
		for _, i := range items {
			sum += b.places[heads[i]]
		}
	}
	b.fetched += float32(sum)
}

// Candidates returns the items that any term proposed, in order of first appearance, and beside it their scores. The slices are valid until
// the next Add or Reset.
func (b *Blend) Candidates() ([]int32, []float64) { return b.items, b.score }

// Score returns the score of an item; 0 for one that no term proposed.
func (b *Blend) Score(i int32) float64 {
	if !b.Has(i) {
		return 0
	}
	return b.score[b.slot(i)]
}

// Has reports whether any term proposed the item.
func (b *Blend) Has(i int32) bool { return int(i) < len(b.places) && b.places[i]&^slotMask == b.now }

func (b *Blend) slot(i int32) uint32 { return b.places[i] & slotMask }

// Trace returns the contributions to each of a few distinct items, in the order in which they were added: the values of an item's
// contributions, added in order to 0, give its score bit for bit. The result is in into, whose memory is reused. Cost O(Σ row lengths).
func (b *Blend) Trace(items []int32, into [][]Contribution) [][]Contribution {
	into = slices.Grow(into[:0], len(items))[:len(items)]
	for p := range into {
		into[p] = into[p][:0]
	}
	b.wanted = b.wanted[:0]
	for range b.items {
		b.wanted = append(b.wanted, -1)
	}
	for p, i := range items {
		if b.Has(i) {
			b.wanted[b.slot(i)] = int32(p)
		}
	}
	at := 0
	for _, terms := range b.added {
		for t := range terms {
			term := &terms[t]
			slots := b.slots[at : at+len(term.Row.Items)]
			at += len(slots)
			if term.Factor == 0 {
				continue
			}
			for k, slot := range slots {
				if p := b.wanted[slot]; p >= 0 {
					w := term.Row.Weights[k]
					into[p] = append(into[p], Contribution{term, term.Row.Items[k], Product(term.Factor, w), w})
				}
			}
		}
	}
	return into
}
