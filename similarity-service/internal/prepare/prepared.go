package prepare

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/garbage"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
)

// ErrTooLittle is wrapped when nothing is left to learn from.
var ErrTooLittle = errors.New("too little data to learn from")

// Prepared is what a recompute learns from. Close gives up what it holds beside memory.
type Prepared struct {
	// Full has all that is known and no tests: what is served is built on it. Of histories that lie in a file it has no training matrix
	// before Complete.
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
	collector *Collector  // with the rows that Full is made of, until that is complete
	arena     *mmap.Arena // of what is made of interactions that lie in a file
}

// Complete builds the training matrix of Full where that was left for later; otherwise it does nothing.
func (p *Prepared) Complete() error {
	if p.collector == nil {
		return nil
	}
	c, b := p.collector, csr.NewBuilder(p.Full.Items.Len())
	garbage.Before(int(c.log.rows) * 2 * rowBytes)
	b.Reserve(int(c.log.rows), p.arena)
	var ending error
	err := c.log.each(false, func(rows []row) {
		if entries := c.summed(rows, &c.all, false); len(entries) > 0 && ending == nil {
			ending = addRow(b, &p.Full.Together, entries)
		}
	})
	if err := errors.Join(err, ending, p.closeLog()); err != nil {
		return fmt.Errorf("build the interaction matrix: %w", err)
	}
	p.Full.Train = b.Matrix()
	return nil
}

// Large reports whether there were so many interactions that they went to a file.
func (p *Prepared) Large() bool { return p.large }

// Close gives up the files of a large data set. Neither its matrices nor what was made of them may be used afterwards.
func (p *Prepared) Close() error { return errors.Join(p.closeLog(), p.arena.Close()) }

// closeLog gives up the file that interactions lie in, if there still is one.
func (p *Prepared) closeLog() error {
	if p.collector == nil {
		return nil
	}
	c := p.collector
	p.collector = nil
	return c.Close()
}

// addRow adds a history as a row, and notes what of it came at the same time.
func addRow(b *csr.Builder, together *csr.Marks, entries []entry) error {
	same := sameTime(entries)
	for n, e := range entries {
		if same(n) {
			together.Add(b.Entries())
		}
		b.Add(e.item, e.weight)
	}
	return b.EndRow()
}

// sameTime says of an entry of a history whether it came at the same time as the one before it.
func sameTime(entries []entry) func(n int) bool {
	return func(n int) bool { return n > 0 && entries[n].last == entries[n-1].last }
}

// entry is an item of a subject after cleaning: its summed weight and the times of its first and last event.
type entry struct {
	item        int32
	weight      float32
	first, last uint32
}

// Finish cleans what was read and builds the data sets; the collector is empty afterwards. Items are families, numbered in the order of
// their names, so that the order of the stream does not matter. The cut is made through what is left after cleaning: a visitor who looks at
// one item 800 times does not move it.
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

// finish does so; what it returns holds the collector until Full is complete, and the arena
// until it is closed.
func (c *Collector) finish() (p *Prepared, err error) {
	var arena *mmap.Arena
	if c.log.spilled() {
		arena = mmap.NewArena(c.options.Warn)
		defer func() {
			if err != nil {
				err = errors.Join(err, arena.Close())
			}
		}()
	}
	order := c.numberItems()
	if len(c.ids) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrTooLittle, c.nothingKnown())
	}
	items, err := idmap.New(c.ids)
	if err != nil {
		return nil, fmt.Errorf("number the items: %w", err)
	}
	seen := newLateness(c.options.Since, items.Len())
	cut, liked, err := c.clean(order, seen)
	if err != nil {
		return nil, err
	}
	b := newBuilder(c.options, items, cut, liked)
	if c.options.Relation == similarityapi.Similar {
		garbage.Before(int(c.log.rows) * rowBytes)
		b.split.Reserve(int(c.log.rows), arena)
	}
	if err := c.log.each(c.options.Relation == similarityapi.Similar, func(rows []row) { c.build(b, rows) }); err != nil {
		return nil, err
	}
	p, err = b.finish(&c.report)
	if err != nil {
		return nil, err
	}
	p.Cut, p.Until, p.Touched, p.large, p.arena = cut, seen.until, seen.items(), c.log.spilled(), arena
	if c.options.Relation == similarityapi.Similar {
		p.collector, c.subjects, c.items, c.past = c, nil, nil, nil // what Complete needs is the rows
		if !c.log.spilled() {
			err = p.Complete()
		}
	}
	garbage.Return(int(c.report.raw) * rowBytes)
	return p, err
}

// nothingKnown says why there is nothing to learn from, and the mend.
func (c *Collector) nothingKnown() string {
	if c.report.raw == 0 {
		return "there is no interaction yet"
	}
	return fmt.Sprintf("none of the %d interactions is of an item of the catalogue: import the catalogue, with the ids that events name",
		c.report.raw)
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

// clean drops duplicates, robots and unknown items, numbers the items by order, and returns the moment before which the share 1 − HoldOut
// of what is left lies. There an item counts once for each subject, when it was first touched, and a subject for HistoryCap items at most.
// It returns, too, what an item weighs at least that is to be found: half of what an interaction usually weighs. So a low rating is none
// among ratings, nor a view among purchases, and a view is one among views.
func (c *Collector) clean(order []int32, seen *lateness) (cut uint32, liked float32, err error) {
	var times sample
	var weights histogram
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
			weights.add(r)
			if !touched[r.item] && len(touched) < c.options.HistoryCap {
				touched[r.item] = true
				times.add(r.at)
			}
		}
		return known
	})
	return times.quantile(1 - c.options.HoldOut), weights.median() / 2, err
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

// isRobot reports whether a subject has more rows on one day of UTC than a person makes. rows
// are in order of time.
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
				c.report.robot.examples = append(
					c.report.robot.examples, fmt.Sprintf("a visitor with more than %d events on one day", c.options.BotEventsPerDay),
				)
			}
			return true
		}
	}
	return false
}

// summed adds up the rows of each item of one subject, oldest item (by its last event) first, at most HistoryCap of them. Items whose sum
// is not positive go: they were taken back. What goes is counted in the report when asked for. rows stay as they are. The result lies in
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
