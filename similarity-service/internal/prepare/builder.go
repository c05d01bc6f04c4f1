package prepare

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// builder makes the two data sets row by row.
type builder struct {
	relation   string
	cut        uint32
	liked      float32 // least weight of an entry that is to be found
	items      *idmap.Map
	split      *csr.Builder
	together   csr.Marks // of the split
	support    []float32 // of histories: by item, how many there are with it
	rows       int       // histories
	baskets    []basket
	sessions   []session
	tests      []dataset.Case // of histories: every testStride-th
	maxTests   int
	histories  int // that could be tests
	testStride int
	splitRows  int32
	err        error
}

// basket is what one order holds, each item once, by the time of its last line.
type basket struct {
	at    uint32
	items []int32
}

// session is the clicks of one visit in their order, by the time of the last.
type session struct {
	at    uint32
	items []int32
}

// newBuilder returns a builder for rows of items, which are numbered by now; cut is a Unix
// second, liked a weight.
func newBuilder(o Options, items *idmap.Map, cut uint32, liked float32) *builder {
	return &builder{
		relation: o.Relation, cut: cut, liked: liked, items: items, split: csr.NewBuilder(items.Len()),
		support: make([]float32, items.Len()), maxTests: o.MaxTests, testStride: 1,
	}
}

// addTest keeps a case, if there is something to find, for all of those whose turn it is; whenever they become too many, every second goes.
func (b *builder) addTest(c dataset.Case) {
	if len(c.Relevant) == 0 {
		return
	}
	b.tests = append(b.tests, c)
	if len(b.tests) < b.maxTests {
		return
	}
	kept := b.tests[:0]
	for n := 0; n < len(b.tests); n += 2 {
		kept = append(kept, b.tests[n])
	}
	clear(b.tests[len(kept):])
	b.tests, b.testStride = kept, 2*b.testStride
}

// testsNext reports whether the next history that could be a test is to be one.
func (b *builder) testsNext() bool {
	b.histories++
	return (b.histories-1)%b.testStride == 0
}

// addBasket adds an order, whose entries are in order of time.
func (b *builder) addBasket(entries []entry) {
	set := basket{at: entries[len(entries)-1].last}
	for _, e := range entries {
		set.items = append(set.items, e.item)
	}
	b.baskets = append(b.baskets, set)
}

// addHistory counts the history of a visitor, and adds what of it lies before the cut as a row of the split; that row knows nothing of what
// came later, neither weights nor order. What is new after the cut is a test. A visitor who came after the cut only is one as well: the end
// of the visit, a fifth of it, is to be found from its beginning.
func (b *builder) addHistory(all, past []entry) {
	if len(all) > 0 {
		b.rows++
		for _, e := range all {
			b.support[e.item]++
		}
	}
	var seeds, relevant []int32
	if len(past) == 0 {
		if all = onlyAfter(all, b.cut); len(all) < 2 || !b.testsNext() {
			return
		}
		hide := dataset.LatestPart(len(all), sameTime(all))
		if hide == 0 {
			hide = dataset.Fifth(len(all))
		}
		for n, e := range all {
			if n < len(all)-hide {
				seeds = append(seeds, e.item)
			} else if e.weight >= b.liked {
				relevant = append(relevant, e.item)
			}
		}
		b.addTest(dataset.Case{Row: -1, Seeds: seeds, Relevant: relevant})
		return
	}
	b.keep(addRow(b.split, &b.together, past))
	if after := onlyAfter(all, b.cut); len(after) > 0 && b.testsNext() {
		for _, e := range after {
			if e.weight >= b.liked {
				relevant = append(relevant, e.item)
			}
		}
		b.addTest(dataset.Case{Row: b.splitRows, Relevant: relevant})
	}
	b.splitRows++
}

// onlyAfter returns the entries of items that were first touched at or after the cut.
func onlyAfter(entries []entry, cut uint32) []entry {
	var after []entry
	for _, e := range entries {
		if e.first >= cut {
			after = append(after, e)
		}
	}
	return after
}

// keep notes the first error: rows come from deep within a loop.
func (b *builder) keep(err error) {
	if err != nil && b.err == nil {
		b.err = err
	}
}

// addSessions cuts the rows of one session id, or of one visitor, at pauses. A click on the
// same item again is no new one: pages are loaded twice.
func (b *builder) addSessions(rows []row) {
	var s session
	flush := func() {
		if len(s.items) > 0 {
			b.sessions = append(b.sessions, s)
		}
		s = session{}
	}
	last := rows[0].at
	for _, r := range rows {
		if r.at-last > dataset.SessionGap {
			flush()
		}
		if n := len(s.items); n == 0 || s.items[n-1] != int32(r.item) {
			s.items = append(s.items, int32(r.item))
		}
		s.at, last = r.at, r.at
	}
	flush()
}

// finish orders what was added and makes the two data sets. It returns ErrTooLittle when
// nothing is left. Of histories the full one has no matrix yet: see Prepared.Complete.
func (b *builder) finish(r *report) (*Prepared, error) {
	if b.err != nil {
		return nil, fmt.Errorf("build the interaction matrix: %w", b.err)
	}
	p := &Prepared{Report: r.steps()}
	switch b.relation {
	case similarityapi.BoughtTogether:
		p.Full, p.Split = b.basketData()
	case similarityapi.ViewedNext:
		p.Full, p.Split = b.sessionData()
	default:
		p.Full = &dataset.Data{Relation: dataset.Similar, Items: b.items, Ordered: true, Liked: b.liked}
		p.Split = &dataset.Data{
			Relation: dataset.Similar, Items: b.items, Train: b.split.Matrix(), Ordered: true, Together: b.together, Tests: b.tests,
			Liked: b.liked,
		}
	}
	if p.Support = b.support; b.relation != similarityapi.Similar {
		b.rows, p.Support = p.Full.Rows(), support(p.Full)
	}
	if b.rows == 0 {
		return nil, fmt.Errorf("%w: nothing is left of %d interactions", ErrTooLittle, r.raw)
	}
	return p, nil
}

// basketData orders the baskets by time; those after the cut are the tests: one random seed item each, the rest to be found.
func (b *builder) basketData() (full, split *dataset.Data) {
	slices.SortStableFunc(b.baskets, func(x, y basket) int { return cmp.Compare(x.at, y.at) })
	at, _ := slices.BinarySearchFunc(b.baskets, b.cut, func(one basket, cut uint32) int { return cmp.Compare(one.at, cut) })
	build := func(baskets []basket) *dataset.Data {
		m := csr.NewBuilder(b.items.Len())
		var times []int64
		for _, one := range baskets {
			for _, j := range one.items {
				m.Add(j, 1)
			}
			b.keep(m.EndRow())
			times = append(times, int64(one.at))
		}
		train := m.Matrix()
		train.Val = nil
		d := &dataset.Data{Relation: dataset.BoughtTogether, Items: b.items, Train: train, RowTimes: times, CappedRecall: true}
		if len(times) > 0 {
			d.Until = times[len(times)-1]
		}
		return d
	}
	full, split = build(b.baskets), build(b.baskets[:at])
	split.Tests = dataset.BasketCases(b.baskets[at:], func(one basket) []int32 { return one.items }, rand.New(rand.NewPCG(1, 0xba5)))
	return full, split
}

// sessionData orders the sessions by time; every prefix of those after the cut is a test for the click that follows.
func (b *builder) sessionData() (full, split *dataset.Data) {
	slices.SortStableFunc(b.sessions, func(x, y session) int { return cmp.Compare(x.at, y.at) })
	full = &dataset.Data{Relation: dataset.ViewedNext, Items: b.items}
	split = &dataset.Data{Relation: dataset.ViewedNext, Items: b.items}
	for _, s := range b.sessions {
		full.Sessions = append(full.Sessions, s.items)
		if s.at < b.cut {
			split.Sessions = append(split.Sessions, s.items)
			continue
		}
		split.Tests = append(split.Tests, dataset.NextClicks([][]int32{s.items})...)
	}
	return full, split
}

// support counts the rows or clicks of each item.
func support(d *dataset.Data) []float32 {
	out := make([]float32, d.Items.Len())
	if d.Train != nil {
		for _, j := range d.Train.ColIdx {
			out[j]++
		}
	}
	for _, s := range d.Sessions {
		for _, j := range s {
			out[j]++
		}
	}
	return out
}
