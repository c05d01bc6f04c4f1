// Package dataset reads recommendation data sets from files and splits them into a training and a test part.
//
// Five formats are read, each plain, gzipped or zstd-compressed: lightgcn (given train and test lines), sessions (given
// training sessions and test prefixes, or tables of clicks), baskets, movielens and csv (tables, which the package splits
// itself). Files are streamed; bad input is reported with its file, line and column. The main type is [Data].
//
// A data set made here is what package evaluate learns from and measures on; package prepare
// makes the same kind from a shop's own events. lines.go, sessions.go, baskets.go and ratings.go read the
// formats, with table.go and source.go beneath them; readings.go is how the values of a data set
// may weigh, folds.go cuts it for a cross-validation, and codec.go writes it for another process.
package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// Format names a file format.
type Format string

// The formats that [Load] reads.
const (
	LightGCN  Format = "lightgcn"
	Sessions  Format = "sessions"
	Baskets   Format = "baskets"
	MovieLens Format = "movielens"
	CSV       Format = "csv"
)

// Formats lists every format.
func Formats() []Format { return []Format{LightGCN, Sessions, Baskets, MovieLens, CSV} }

// The relations that a data set can teach.
const (
	Similar        = "similar"
	BoughtTogether = "bought_together"
	ViewedNext     = "viewed_next"
)

// Data is one data set. Items are numbered in the order of their ids (numbers by value, then
// text), so that ties by index are ties by id. It has training rows or sessions, never both,
// and is not changed once it was made.
type Data struct {
	Format   Format
	Relation string
	Items    *idmap.Map
	// Train has a row per user, basket or session, oldest entry first when Ordered. Its values are ratings or weights
	// as read, or nil. It is nil for sessions.
	Train   *csr.Matrix
	Ordered bool
	// Together marks the entries of an ordered Train, by their place in it, that came at the same time as the one before them in their row,
	// as the lines of an order do.
	Together csr.Marks
	// RowTimes are the Unix seconds of the training rows of baskets, rising; nil elsewhere.
	RowTimes []int64
	// Until is the Unix second where the test part of baskets starts.
	Until int64
	// Liked is the least value of an entry that is to be found; 0 when every one is.
	Liked float32
	// Rated says that the values of Train are ratings, not weights.
	Rated bool
	// Sessions are the training sessions, oldest first, each in the order of its clicks.
	Sessions [][]int32
	Tests    []Case
	// CappedRecall makes the recall's denominator min(k, relevant).
	CappedRecall bool
	// Lines counts what was read; Skipped what was left out, by reason.
	Lines   int
	Skipped map[string]int
	// Notes say what was found out about the files.
	Notes []string
}

// Rows is the number of training rows or sessions.
func (d *Data) Rows() int {
	if d.Train == nil {
		return len(d.Sessions)
	}
	return d.Train.Rows
}

// Interactions is the number of training entries or clicks.
func (d *Data) Interactions() int {
	if d.Train != nil {
		return d.Train.NNZ()
	}
	clicks := 0
	for _, s := range d.Sessions {
		clicks += len(s)
	}
	return clicks
}

// Case is one test: the items to find, given a training row or given seeds. An item to find is
// none of the seeds, but for sessions, in which one may come again.
type Case struct {
	Row      int32   // the training row whose items are the seeds and are not ranked; −1 when Seeds are given
	Seeds    []int32 // oldest first
	Relevant []int32 // distinct
}

// WithoutTests says what a test part needs that has no case.
func (d *Data) WithoutTests() string {
	switch d.Format {
	case LightGCN:
		return "no user of test.txt has an item there that is not among the user's items in train.txt"
	case Sessions:
		return "no session of it has two clicks on items of the training part"
	case Baskets:
		return fmt.Sprintf("no order of it has 2 to %d different items", maxTestBasket)
	}
	liked := ""
	if d.Liked > 0 {
		liked = fmt.Sprintf(", rated at least %v", d.Liked)
	}
	return "no user has, in the last part of the interactions, an item that is new to the user" + liked +
		"; a smaller train fraction holds out more of each user's, by default a fifth of five or more"
}

// Options steer how a data set is read and split.
type Options struct {
	Format        Format
	TrainFraction float64 // share of the training part of tables; 0 means the format's own rule
	Resplit       bool    // lightgcn: draw each user's test items again at random, keeping their number
	Ordered       bool    // lightgcn: the items of a line stand in the order in which they came, the oldest first
	// WithoutReloads, of sessions, takes an item clicked again at once for a page loaded again: such clicks go, and with them the cases
	// that ask for one.
	WithoutReloads bool
	Seed           uint64
	Table          Table
}

// Table says how to read tables; what is left out is found out by itself.
type Table struct {
	// column to user_id, item_id, order_id, session_id, rating, weight, quantity or occurred_at; without a header columns are 1, 2, 3
	Mapping    map[string]string `json:"mapping,omitempty"`
	Separator  string            `json:"separator,omitempty"`   // one character, or tab
	Encoding   string            `json:"encoding,omitempty"`    // such as windows-1252
	Decimal    string            `json:"decimal,omitempty"`     // . or ,
	DateFormat string            `json:"date_format,omitempty"` // such as DD/MM/YYYY
	Timezone   string            `json:"timezone,omitempty"`    // IANA name; UTC when ""
}

// Load reads the data set at path, a folder or one file. The same files, options and seed give
// the same data set. All of it is in memory.
func Load(path string, o Options) (*Data, error) {
	if !(o.TrainFraction >= 0 && o.TrainFraction < 1) { // NaN is refused as well
		return nil, fmt.Errorf("train fraction is %v, want a number above 0 and below 1", o.TrainFraction)
	}
	if o.TrainFraction > 0 && o.Format == LightGCN {
		return nil, fmt.Errorf("the format %s has a test part of its own: leave out the train fraction", LightGCN)
	}
	if o.Resplit && o.Format != LightGCN {
		return nil, fmt.Errorf("only the format %s can be split again, not %s", LightGCN, o.Format)
	}
	if o.Ordered && (o.Format != LightGCN || o.Resplit) {
		return nil, fmt.Errorf("only the format %s, as it was split, can be said to be in order", LightGCN)
	}
	if o.WithoutReloads && o.Format != Sessions {
		return nil, fmt.Errorf("only the format %s has reloads to leave out, not %s", Sessions, o.Format)
	}
	load := map[Format]func(string, Options) (*Data, error){
		LightGCN: loadLightGCN, Sessions: loadSessions, Baskets: loadBaskets, MovieLens: loadRatings, CSV: loadRatings,
	}[o.Format]
	if load == nil {
		return nil, fmt.Errorf("format is %q, want one of %v", o.Format, Formats())
	}
	d, err := load(path, o)
	if err != nil {
		return nil, fmt.Errorf("load %s data from %s: %w", o.Format, path, err)
	}
	if o.WithoutReloads {
		d.leaveOutReloads()
	}
	return d, nil
}

// leaveOutReloads drops clicks on the item clicked just before, and cases that ask for it.
func (d *Data) leaveOutReloads() {
	clicks := d.Interactions()
	for n := range d.Sessions {
		d.Sessions[n] = slices.Compact(d.Sessions[n])
	}
	cases := len(d.Tests)
	d.Tests = slices.DeleteFunc(d.Tests, func(c Case) bool { return c.Seeds[len(c.Seeds)-1] == c.Relevant[0] })
	for n := range d.Tests {
		d.Tests[n].Seeds = slices.Compact(d.Tests[n].Seeds)
	}
	if d.Skipped == nil {
		d.Skipped = map[string]int{}
	}
	d.Skipped["reload"] = clicks - d.Interactions() + cases - len(d.Tests)
}

// byID renumbers items so that their indices follow their ids, and returns the new map with the new index of each old
// one. Ids that are numbers order by value and come before all others.
func byID(items *idmap.Map) (*idmap.Map, []int32, error) {
	type entry struct {
		id     string
		number int64
		text   bool
		old    int32
	}
	entries := make([]entry, items.Len())
	for i, id := range items.IDs() {
		number, err := strconv.ParseInt(id, 10, 64)
		entries[i] = entry{id: id, number: number, text: err != nil, old: int32(i)}
	}
	slices.SortFunc(entries, func(x, y entry) int {
		switch {
		case x.text != y.text && x.text:
			return 1
		case x.text != y.text:
			return -1
		case !x.text && x.number != y.number:
			return cmp.Compare(x.number, y.number)
		}
		return cmp.Compare(x.id, y.id)
	})
	ids, renumber := make([]string, len(entries)), make([]int32, len(entries))
	for i, e := range entries {
		ids[i], renumber[e.old] = e.id, int32(i)
	}
	sorted, err := idmap.New(ids)
	return sorted, renumber, err
}

// renumberRows replaces old item numbers by new ones, in place.
func renumberRows(rows [][]int32, renumber []int32) {
	for _, row := range rows {
		for p, j := range row {
			row[p] = renumber[j]
		}
	}
}

// distinct returns the items without repeats, in order of first appearance, leaving out those in without.
func distinct(items []int32, without map[int32]bool) []int32 {
	seen := make(map[int32]bool, len(items))
	out := make([]int32, 0, len(items))
	for _, j := range items {
		if !seen[j] && !without[j] {
			seen[j] = true
			out = append(out, j)
		}
	}
	return out
}
