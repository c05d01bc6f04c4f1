package sessions

import "slices"

// attribute computes sc.parts, the contribution of every seed to every given item, sets the items' scores to the sums in
// order, and clears the matches of the query.
func (m *Model) attribute(sc *scratch, items []Scored) {
	width := len(sc.seeds)
	sc.parts = append(sc.parts[:0], make([]float64, width*len(items))...)
	for n, it := range items {
		sc.slot[it.Item] = int32(n) + 1
	}
	for _, nb := range sc.near {
		m.attributeVotes(sc, nb)
	}
	for n, s := range sc.seeds {
		if s.order == 0 {
			continue
		}
		successors, weights := m.order.row(s.item)
		for at, item := range successors {
			if slot := sc.slot[item]; slot > 0 {
				sc.parts[int(slot-1)*width+n] += s.order * float64(weights[at])
			}
		}
	}
	for n := range items {
		m.finish(sc, &items[n], sc.parts[n*width:(n+1)*width])
		sc.slot[items[n].Item] = 0
	}
	for _, session := range sc.touched {
		sc.similar[session], sc.mask[session] = 0, 0
	}
	sc.touched = sc.touched[:0]
}

// attributeVotes shares a neighbour's votes among its matched seeds by their part of its similarity.
func (m *Model) attributeVotes(sc *scratch, nb neighbour) {
	at, width := int(sc.anchor[nb.session]), len(sc.seeds)
	for c, item := range m.ix.session(nb.session) {
		slot := sc.slot[item]
		if slot == 0 {
			continue
		}
		w := nb.value * m.closeness(c-at) / sc.similar[nb.session]
		for n := range sc.seeds {
			if sc.mask[nb.session]&(1<<n) != 0 {
				sc.parts[int(slot-1)*width+n] += w * sc.seeds[n].weight
			}
		}
	}
}

// finish applies the item's factors to its parts, adds its bonuses and sums all.
func (m *Model) finish(sc *scratch, it *Scored, parts []float64) {
	factor := m.factor[it.Item]
	if own := slices.IndexFunc(sc.seeds, func(s seed) bool { return s.item == it.Item }); own >= 0 {
		factor *= m.repeat(own)
	}
	for n := range parts {
		parts[n] *= factor
	}
	for _, b := range sc.bonuses {
		if b.item == it.Item {
			parts[b.seed] += b.weight
		}
	}
	it.Score = 0
	for _, part := range parts {
		it.Score += part
	}
}
