package sessions

import (
	"cmp"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/shared/topk"
)

// neighbour is a session that votes. Its vote is the value divided by the sum of all.
type neighbour struct {
	session int32
	value   float64
}

// findNeighbours fills sc.near with the Neighbours strongest sessions among the Postings newest of every seed; ties go
// to the newer session. Their values sum to the blend's share of session kNN.
func (m *Model) findNeighbours(sc *scratch) {
	sc.near = sc.near[:0]
	if m.params.OrderShare == 1 {
		return
	}
	for n, s := range sc.seeds {
		low := m.ix.postStart[s.item]
		high := min(m.ix.postStart[s.item+1], low+int32(m.params.Postings))
		for at := low; at < high; at++ {
			session := m.ix.postSession[at]
			if sc.similar[session] == 0 {
				sc.touched = append(sc.touched, session)
				sc.anchor[session] = m.ix.postClick[at]
			}
			sc.similar[session] += s.weight
			sc.mask[session] |= 1 << n
		}
	}
	for _, session := range sc.touched {
		sc.near = append(sc.near, neighbour{session, m.strength(session, sc.similar[session])})
	}
	topk.Keep(&sc.near, m.params.Neighbours, func(a, b neighbour) bool {
		return a.value > b.value || a.value == b.value && a.session > b.session
	})
	// A fixed order of summation makes scores independent of how the selection moved things about.
	slices.SortFunc(sc.near, func(a, b neighbour) int { return cmp.Compare(b.session, a.session) })
	var total float64
	for _, nb := range sc.near {
		total += nb.value
	}
	if total == 0 {
		sc.near = sc.near[:0]
	}
	for n := range sc.near {
		sc.near[n].value *= (1 - m.params.OrderShare) / total
	}
}

func (m *Model) strength(session int32, similar float64) float64 {
	if power := m.params.SimilarityPower; power != 1 {
		similar = math.Pow(similar, power)
	}
	return similar * m.vote[session]
}
