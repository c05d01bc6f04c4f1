package prepare

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/room"
)

// ErrTooLittle is wrapped when nothing is left to learn from.
var ErrTooLittle = errors.New("too little data to learn from")

// Prepared is what a recompute learns from. Close gives up what it holds beside memory.
type Prepared struct {
	// Full has all that is known and no tests: what is served is built on it. Of histories that lie in a file it has no training matrix before Complete.
	Full *dataset.Data
	// Split has the part before the cut for training and what came after as tests: what is measured is built on it.
	Split *dataset.Data
	// Support is the number of subjects behind each item of Full.
	Support []float32
	// Touched lists the items with an interaction at Options.Since or later, by index.
	Touched []int32
	// Cut is the Unix second before which the training rows of Split lie.
	Cut uint32
	// Until is the Unix second of the latest interaction that was used.
	Until  int64
	Report *similarityapi.PreparationReport

	large     bool
	collector *Collector // with the rows that Full is made of, until that is complete
}

// Complete builds the training matrix of Full where that was left for later; otherwise it does nothing.
func (p *Prepared) Complete() error {
	if p.collector == nil {
		return nil
	}
	c, b := p.collector, csr.NewBuilder(p.Full.Items.Len())
	room.For(int(c.log.rows) * 2 * rowBytes)
	b.Reserve(int(c.log.rows))
	var ending error
	err := c.log.each(false, func(rows []row) {
		if entries := c.summed(rows, &c.all, false); len(entries) > 0 && ending == nil {
			ending = addRow(b, entries)
		}
	})
	if err := errors.Join(err, ending, p.Close()); err != nil {
		return fmt.Errorf("build the interaction matrix: %w", err)
	}
	p.Full.Train = b.Matrix()
	return nil
}

// Large reports whether there were so many interactions that they went to a file.
func (p *Prepared) Large() bool { return p.large }

// Close gives up the file that interactions lie in, if there is one; Complete has done so.
func (p *Prepared) Close() error {
	if p.collector == nil {
		return nil
	}
	c := p.collector
	p.collector = nil
	return c.Close()
}

// addRow adds a history as a row.
func addRow(b *csr.Builder, entries []entry) error {
	for _, e := range entries {
		b.Add(e.item, e.weight)
	}
	return b.EndRow()
}

// entry is an item of a subject after cleaning: its summed weight and the times of its first and last event.
type entry struct {
	item        int32
	weight      float32
	first, last uint32
}

// Finish cleans what was read and builds the data sets; the collector is empty afterwards. Items are families, numbered in the order of their names,
// so that the order of the stream does not matter. The cut is made through what is left after cleaning: a visitor who looks at one item 800 times does
// not move it.
func (c *Collector) Finish() (*Prepared, error) {
	p, err := c.finish()
	if err != nil || p.collector == nil {
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (c *Collector) finish() (*Prepared, error) {
	order := c.numberItems()
	if len(c.ids) == 0 {
		return nil, fmt.Errorf("%w: no interaction of a known item (%d read)", ErrTooLittle, c.report.raw)
	}
	items, err := idmap.New(c.ids)
	if err != nil {
		return nil, fmt.Errorf("number the items: %w", err)
	}
	seen := newLateness(c.options.Since, items.Len())
	cut, err := c.clean(order, seen)
	if err != nil {
		return nil, err
	}
	b := newBuilder(c.options.Relation, items, cut)
	if c.options.Relation == similarityapi.Similar {
		room.For(int(c.log.rows) * rowBytes)
		b.split.Reserve(int(c.log.rows))
	}
	if err := c.log.each(c.options.Relation == similarityapi.Similar, func(rows []row) { c.build(b, rows) }); err != nil {
		return nil, err
	}
	c.report.used = c.report.raw
	p, err := b.finish(&c.report)
	if err != nil {
		return nil, err
	}
	p.Cut, p.Until, p.Touched, p.large = cut, seen.until, seen.items(), c.log.spilled()
	if c.options.Relation == similarityapi.Similar {
		p.collector, c.subjects, c.items, c.past = c, nil, nil, nil // what Complete needs is the rows
		if !c.log.spilled() {
			err = p.Complete()
		}
	}
	room.GiveBack(int(c.report.raw) * rowBytes)
	return p, err
}

// build adds the rows of one subject.
func (c *Collector) build(b *builder, rows []row) {
	switch c.options.Relation {
	case similarityapi.ViewedNext:
		b.addSessions(rows)
	case similarityapi.BoughtTogether:
		if entries := c.summed(rows, &c.all, true); len(entries) > 0 {
			b.addBasket(entries)
		}
	default:
		b.addHistory(c.summed(rows, &c.all, true), c.summed(before(rows, b.cut), &c.past, false))
	}
}

// clean drops duplicates, robots and unknown items, numbers the items by order, and returns the moment before which the share 1 − HoldOut of what is
// left lies. There an item counts once for each subject, when it was first touched, and a subject for HistoryCap items at most.
func (c *Collector) clean(order []int32, seen *lateness) (cut uint32, err error) {
	var times sample
	touched := map[uint32]bool{}
	err = c.log.clean(func(rows []row) []row {
		rows = c.withoutDuplicates(rows)
		if c.isRobot(rows) {
			c.report.robot.rows += int64(len(rows))
			return nil
		}
		known := rows[:0]
		clear(touched)
		for _, r := range rows {
			if order[r.item] < 0 {
				c.report.unknown.rows++
				continue
			}
			r.item = uint32(order[r.item])
			known = append(known, r)
			seen.add(r)
			if !touched[r.item] && len(touched) < c.options.HistoryCap {
				touched[r.item] = true
				times.add(r.at)
			}
		}
		return known
	})
	return times.quantile(1 - c.options.HoldOut), err
}

// before returns the rows of a subject, which are in order of time, up to a moment.
func before(rows []row, cut uint32) []row {
	n, _ := slices.BinarySearchFunc(rows, cut, func(r row, cut uint32) int { return cmp.Compare(r.at, cut) })
	return rows[:n]
}

// lateness notes when the latest interaction was and which items had one since a moment.
type lateness struct {
	since, until int64
	touched      []bool // by item, nil when nobody asked
}

func newLateness(since int64, items int) *lateness {
	l := &lateness{since: since}
	if since > 0 {
		l.touched = make([]bool, items)
	}
	return l
}

func (l *lateness) add(r row) {
	at := int64(r.at)
	l.until = max(l.until, at)
	if l.touched != nil && at >= l.since {
		l.touched[r.item] = true
	}
}

func (l *lateness) items() []int32 {
	var out []int32
	for i, yes := range l.touched {
		if yes {
			out = append(out, int32(i))
		}
	}
	return out
}

// numberItems replaces c.ids by the families of known items in order and returns the new number of each old one, −1 for unknown items.
func (c *Collector) numberItems() []int32 {
	old := c.ids
	family := make([]string, len(old))
	number := make(map[string]int32, len(old))
	c.ids = nil
	for i, id := range old {
		name, known := id, true
		if c.options.Family != nil {
			name, known = c.options.Family(id)
		}
		if !known {
			if len(c.report.unknown.examples) < maxExamples {
				c.report.unknown.examples = append(c.report.unknown.examples, "item "+id+" is not in the catalogue")
			}
			continue
		}
		family[i] = name
		if _, have := number[name]; !have {
			number[name] = 0
			c.ids = append(c.ids, name)
		}
	}
	slices.Sort(c.ids)
	for i, id := range c.ids {
		number[id] = int32(i)
	}
	order := make([]int32, len(old))
	for i, name := range family {
		order[i] = none
		if name != "" {
			order[i] = number[name]
		}
	}
	return order
}

// withoutDuplicates drops rows that repeat item, second and weight of the row before.
func (c *Collector) withoutDuplicates(rows []row) []row {
	kept := slices.Compact(rows)
	c.report.duplicate.rows += int64(len(rows) - len(kept))
	return kept
}

func (c *Collector) isRobot(rows []row) bool {
	if c.options.Relation == similarityapi.BoughtTogether {
		return false // a big order is a wholesaler, not a robot; its size is damped by the model
	}
	const day = 24 * 60 * 60
	n := 0
	for p := range rows {
		if p > 0 && rows[p].at/day != rows[p-1].at/day {
			n = 0
		}
		if n++; n > c.options.BotEventsPerDay {
			if len(c.report.robot.examples) < maxExamples {
				c.report.robot.examples = append(c.report.robot.examples, fmt.Sprintf("a visitor with more than %d events on one day", c.options.BotEventsPerDay))
			}
			return true
		}
	}
	return false
}

// summed adds up the rows of each item of one subject, oldest item (by its last event) first, at most HistoryCap of them. Items
// whose sum is not positive go: they were taken back. What goes is counted in the report when asked for. rows stay as they are. The result lies in
// into and is valid until that is used again.
func (c *Collector) summed(rows []row, into *[]entry, counted bool) []entry {
	dropped := &c.report.other.rows
	if !counted {
		dropped = new(int64)
	}
	rows = append(c.room[:0], rows...)
	c.room = rows
	slices.SortStableFunc(rows, func(x, y row) int { return cmp.Compare(x.item, y.item) })
	entries := (*into)[:0]
	for from := 0; from < len(rows); {
		e := entry{item: int32(rows[from].item), first: rows[from].at}
		to := from
		for ; to < len(rows) && int32(rows[to].item) == e.item; to++ {
			e.weight += rows[to].value()
			e.last = rows[to].at
		}
		if e.weight > 0 {
			entries = append(entries, e)
		} else {
			*dropped += int64(to - from)
		}
		from = to
	}
	*into = entries
	slices.SortFunc(entries, func(x, y entry) int { return cmp.Or(cmp.Compare(x.last, y.last), cmp.Compare(x.item, y.item)) })
	if over := len(entries) - c.options.HistoryCap; over > 0 {
		*dropped += int64(over)
		entries = entries[over:]
	}
	return entries
}

// builder makes the two data sets row by row.
type builder struct {
	relation  string
	cut       uint32
	items     *idmap.Map
	split     *csr.Builder
	support   []float32 // of histories: by item, how many there are with it
	rows      int       // histories
	baskets   []basket
	sessions  []session
	tests     []dataset.Case
	splitRows int32
	err       error
}

type basket struct {
	at    uint32
	items []int32
}

type session struct {
	at    uint32
	items []int32
}

func newBuilder(relation string, items *idmap.Map, cut uint32) *builder {
	return &builder{relation: relation, cut: cut, items: items, split: csr.NewBuilder(items.Len()), support: make([]float32, items.Len())}
}

func (b *builder) addBasket(entries []entry) {
	set := basket{at: entries[len(entries)-1].last}
	for _, e := range entries {
		set.items = append(set.items, e.item)
	}
	b.baskets = append(b.baskets, set)
}

// addHistory counts the history of a visitor, and adds what of it lies before the cut as a row of the split; that row knows nothing of what came
// later, neither weights nor order. What is new after the cut is a test. A visitor who came after the cut only is one as well: the end of the visit,
// a fifth of it, is to be found from its beginning.
func (b *builder) addHistory(all, past []entry) {
	if len(all) > 0 {
		b.rows++
		for _, e := range all {
			b.support[e.item]++
		}
	}
	var seeds, relevant []int32
	if len(past) == 0 {
		if all = onlyAfter(all, b.cut); len(all) < 2 {
			return
		}
		hide := max(1, (len(all)+2)/5)
		for n, e := range all {
			if n < len(all)-hide {
				seeds = append(seeds, e.item)
			} else {
				relevant = append(relevant, e.item)
			}
		}
		b.tests = append(b.tests, dataset.Case{Row: -1, Seeds: seeds, Relevant: relevant})
		return
	}
	b.keep(addRow(b.split, past))
	for _, e := range onlyAfter(all, b.cut) {
		relevant = append(relevant, e.item)
	}
	if len(relevant) > 0 {
		b.tests = append(b.tests, dataset.Case{Row: b.splitRows, Relevant: relevant})
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

func (b *builder) keep(err error) {
	if err != nil && b.err == nil {
		b.err = err
	}
}

// addSessions cuts the rows of one session id, or of one visitor, at pauses.
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
		if r.at-last > sessionGap {
			flush()
		}
		if n := len(s.items); n == 0 || s.items[n-1] != int32(r.item) {
			s.items = append(s.items, int32(r.item))
		}
		s.at, last = r.at, r.at
	}
	flush()
}

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
		p.Full = &dataset.Data{Relation: dataset.Similar, Items: b.items, Ordered: true}
		p.Split = &dataset.Data{Relation: dataset.Similar, Items: b.items, Train: b.split.Matrix(), Ordered: true, Tests: b.tests}
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
	at := len(b.baskets)
	for p, one := range b.baskets {
		if one.at >= b.cut {
			at = p
			break
		}
	}
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
