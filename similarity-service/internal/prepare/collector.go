package prepare

import (
	"hash/fnv"
	"math"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Options steer the preparation.
type Options struct {
	Relation string
	// Family returns the family that an item counts for, and whether the catalogue knows it; nil knows all, each a family of its own.
	Family func(itemID string) (family string, known bool)
	// HistoryCap keeps a user's latest items; 0 means 500. Cost and influence of one user are bounded by it.
	HistoryCap int
	// BotEventsPerDay marks a subject with more events on one day as a robot, whose events all go; 0 means 1,000.
	BotEventsPerDay int
	// Since asks for Prepared.Touched: the items with an interaction at this Unix second or later; 0 does not ask.
	Since int64
	// SpillAfter is the number of interactions that are held in memory; more go to a temporary file. 0 means four million.
	SpillAfter int64
	// MaxTests bounds the tests of histories: from so many on every second is left out, and again. 0 means all.
	MaxTests int
	// Warn is told, once, why interactions stay in memory for want of room for the file; nil tells nobody.
	Warn func(error)
	// HoldOut is the share of latest events set aside for evaluation; 0 means .1.
	HoldOut float64
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.HistoryCap == 0 {
		o.HistoryCap = 500
	}
	if o.BotEventsPerDay == 0 {
		o.BotEventsPerDay = 1000
	}
	if o.SpillAfter == 0 {
		o.SpillAfter = 4 << 20
	}
	if o.Warn == nil {
		o.Warn = func(error) {}
	}
	if o.MaxTests == 0 {
		o.MaxTests = math.MaxInt
	}
	if o.HoldOut == 0 {
		o.HoldOut = .1
	}
	return o
}

// maxExamples bounds the examples that a step of the report shows.
const maxExamples = 5

// Collector reads blocks of interactions. It is not safe for concurrent use.
type Collector struct {
	options  Options
	log      rowLog            // what was read, packed
	subjects map[uint64]uint32 // by hash of the id: 10⁶ ids collide with a chance of 10⁻⁷
	items    map[string]uint32
	ids      []string // of items, by number
	report   report

	subjectOf, itemOf []int32 // of the tables of the present block
	room              []row   // of summed
	all, past         []entry // its results
}

// none marks an entry of a block's table that no row has used yet.
const none = -1

// NewCollector returns an empty collector.
func NewCollector(o Options) *Collector {
	return &Collector{options: o.withDefaults(), subjects: map[uint64]uint32{}, items: map[string]uint32{}}
}

// Close gives up what was read. It is called when reading fails; what Finish returns has a Close of its own.
func (c *Collector) Close() error { return c.log.file.close() }

// Add reads one block and keeps nothing of it. It costs a look-up for each new name of the
// block, not for each row.
func (c *Collector) Add(b *profileapi.InteractionBlock) {
	names, index := c.subjectColumn(b)
	c.subjectOf = reset(c.subjectOf, len(names))
	c.itemOf = reset(c.itemOf, len(b.Items))
	for p := range b.Len() {
		c.report.raw++
		subject := c.subject(b, names, index, p)
		weight := b.Weight[p]
		if subject == none || math.IsNaN(float64(weight)) || math.IsInf(float64(weight), 0) || b.OccurredAt[p] < 0 {
			c.report.drop(
				&c.report.invalid, func() string { return "item " + b.Items[b.Item[p]] + " without a usable visitor, order or weight" },
			)
			continue
		}
		item := c.item(b, b.Item[p])
		c.log.add(
			row{uint32(subject), uint32(item), uint32(min(b.OccurredAt[p]/1000, math.MaxUint32)), packWeight(weight)}, c.options.SpillAfter,
			c.options.Warn,
		)
	}
}

// reset makes a table of n entries without any number in it, in s's memory where it fits.
func reset(s []int32, n int) []int32 {
	s = s[:0]
	for range n {
		s = append(s, none)
	}
	return s
}

// subjectColumn is the column that rows are grouped by.
func (c *Collector) subjectColumn(b *profileapi.InteractionBlock) ([]string, []int32) {
	switch c.options.Relation {
	case similarityapi.BoughtTogether:
		return b.Orders, b.Order
	case similarityapi.ViewedNext:
		return b.Sessions, b.Session
	}
	return b.Users, b.User
}

// subject is the number of whoever row p is of, none when it names nobody.
func (c *Collector) subject(b *profileapi.InteractionBlock, names []string, index []int32, p int) int32 {
	at := index[p]
	if at != none {
		if c.subjectOf[at] == none {
			c.subjectOf[at] = c.subjectNumber(names[at], 0)
		}
		return c.subjectOf[at]
	}
	// A visitor may have only one of user and session; each can stand in for the other, under a name of its own.
	switch {
	case c.options.Relation == similarityapi.Similar && b.Session[p] != none:
		return c.subjectNumber(b.Sessions[b.Session[p]], 's')
	case c.options.Relation == similarityapi.ViewedNext && b.User[p] != none:
		return c.subjectNumber(b.Users[b.User[p]], 'u')
	}
	return none
}

// subjectNumber is the number of a subject by a hash of its id; kind keeps a user and a session
// of the same id apart.
func (c *Collector) subjectNumber(id string, kind byte) int32 {
	h := fnv.New64a()
	h.Write([]byte{kind})
	h.Write([]byte(id))
	n, ok := c.subjects[h.Sum64()]
	if !ok {
		n = uint32(len(c.subjects))
		c.subjects[h.Sum64()] = n
	}
	return int32(n)
}

// item is the number of an item of the block.
func (c *Collector) item(b *profileapi.InteractionBlock, at int32) int32 {
	if c.itemOf[at] == none {
		id := b.Items[at]
		n, ok := c.items[id]
		if !ok {
			n = uint32(len(c.ids))
			id = string([]byte(id)) // not the block's memory
			c.items[id] = n
			c.ids = append(c.ids, id)
		}
		c.itemOf[at] = int32(n)
	}
	return c.itemOf[at]
}

// report counts rows.
type report struct {
	raw                                int64
	invalid, duplicate, robot, unknown dropped
	other                              dropped // beyond the history cap, or without a positive sum
}

type dropped struct {
	rows     int64
	examples []string
}

func (r *report) drop(d *dropped, example func() string) {
	d.rows++
	if len(d.examples) < maxExamples {
		d.examples = append(d.examples, example())
	}
}

// steps is the report as the API shows it.
func (r *report) steps() *similarityapi.PreparationReport {
	left := r.raw
	out := []similarityapi.PreparationStep{{Name: "raw", Rows: left}}
	for _, s := range []struct {
		name string
		d    dropped
	}{{"valid", r.invalid}, {"deduplicated", r.duplicate}, {"bot_filtered", r.robot}, {"known_items", r.unknown}, {"used", r.other}} {
		left -= s.d.rows
		out = append(out, similarityapi.PreparationStep{Name: s.name, Rows: left, Dropped: s.d.rows, Examples: s.d.examples})
	}
	return &similarityapi.PreparationReport{Steps: out}
}
