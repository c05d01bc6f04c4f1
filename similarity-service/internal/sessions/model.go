package sessions

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
)

// popularKept is how many popular items fill up lists that the session alone cannot fill.
const popularKept = 1000

// Model answers next-item queries. It is immutable and safe for concurrent use.
type Model struct {
	params Params
	ix     *index
	order  *rows

	idf      []float64 // per item, exponent applied
	vote     []float64 // per session: length and recency weight
	factor   []float64 // per item: trend and IDF
	after    []float64 // by distance in clicks, entry 0 is 0
	before   []float64
	popular  []int32 // most popular lately, first
	popRank  map[int32]int
	scratchs sync.Pool
}

// Build makes a model of the sessions, oldest first, each a list of items in [0, items) in click order. Sessions without
// clicks and an empty train are accepted; the model then answers less or nothing.
func Build(train [][]int32, items int, p Params) (*Model, error) {
	return buildAt(train, nil, items, p)
}

// buildAt is Build with the time of each session (not decreasing, any unit), by which sessions age; without times they
// age by their rank.
func buildAt(train [][]int32, times []int64, items int, p Params) (*Model, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("session parameters: %w", err)
	}
	ix, err := newIndex(train, times, items, p.MaxSession)
	if err != nil {
		return nil, fmt.Errorf("index sessions: %w", err)
	}
	return newModel(ix, buildOrder(ix, p), p), nil
}

// Params returns the parameters the model was built with.
func (m *Model) Params() Params { return m.params }

// Items returns the size of the item space; items are numbered from 0.
func (m *Model) Items() int { return m.ix.items }

// Sessions returns how many training sessions the model holds.
func (m *Model) Sessions() int { return m.ix.sessions() }

// newModel works out all powers that an answer needs: by session its vote, len^−LengthPower · e^(−Recency·age), and by the
// distance d between two clicks what one says of the other, d^−AfterPower forwards and BeforeWeight · d^−BeforePower back.
// Answers then only multiply. Cost O(sessions + longest session), and 8 bytes for each session.
func newModel(ix *index, order *rows, p Params) *Model {
	m := &Model{params: p, ix: ix, order: order}
	m.setItems()
	m.vote = make([]float64, ix.sessions())
	longest := 1
	for s := range m.vote {
		length := len(ix.session(int32(s)))
		longest = max(longest, length)
		m.vote[s] = math.Pow(float64(max(1, length)), -p.LengthPower) * math.Exp(-p.Recency*ix.age[s])
	}
	m.after, m.before = make([]float64, longest), make([]float64, longest)
	for d := 1; d < longest; d++ {
		m.after[d] = math.Pow(float64(d), -p.AfterPower)
		m.before[d] = p.BeforeWeight * math.Pow(float64(d), -p.BeforePower)
	}
	m.scratchs.New = func() any { return newScratch(ix) }
	return m
}

// setItems computes idf(i) = ln(1 + N/n(i))^SeedIDF, the score factor t(i)^TrendPower·n(i)^−IDFPower with t the
// recent popularity plus one over its mean, and the popular list.
func (m *Model) setItems() {
	ix, p := m.ix, m.params
	recent := make([]float64, ix.items)
	for s := range int32(ix.sessions()) {
		w := math.Exp(-p.TrendDecay * ix.age[s])
		for _, item := range ix.session(s) {
			recent[item] += w
		}
	}
	m.idf, m.factor = make([]float64, ix.items), make([]float64, ix.items)
	for i := range ix.items {
		support := float64(ix.support(int32(i)))
		if support == 0 {
			continue
		}
		m.popular = append(m.popular, int32(i))
		m.idf[i] = math.Pow(math.Log(1+float64(ix.sessions())/support), p.SeedIDF)
		m.factor[i] = math.Pow(1+recent[i], p.TrendPower) * math.Pow(support, -p.IDFPower)
	}
	slices.SortFunc(m.popular, func(a, b int32) int {
		return cmp.Or(cmp.Compare(recent[b], recent[a]), cmp.Compare(a, b))
	})
	m.popular = slices.Clone(m.popular[:min(len(m.popular), popularKept)])
	m.popRank = make(map[int32]int, len(m.popular))
	for rank, item := range m.popular {
		m.popRank[item] = rank
	}
}
