package dataset

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

const (
	day = 24 * 60 * 60
	// testDays is the length of the test part of baskets: the last thirty days and the day they end in.
	testDays = 30
	// Test baskets have between 2 items, so that there is something to find, and maxTestBasket.
	maxTestBasket = 200
)

// basket is one order, by its time in Unix seconds, 0 where the table has none; baskets are
// kept in the order in which they first stand in the file.
type basket struct {
	seconds int64
	items   []int32
}

// loadBaskets reads a table of order lines (order, item, and optionally quantity and time). Lines without a positive
// quantity, which are returns and corrections, are left out; an item counts once per basket. Baskets from thirty days
// before the last day on are the test part (or the last ones, as TrainFraction says); each test basket of 2 to 200
// items gives one seed, drawn at random, and its other items are to be found. A table without times is taken to be in
// order, with the last fifth as test part.
func loadBaskets(path string, o Options) (*Data, error) {
	file, err := findTable(path, "transactions", "baskets", "orders", "invoices")
	if err != nil {
		return nil, err
	}
	d := &Data{Format: Baskets, Relation: BoughtTogether, CappedRecall: true, Skipped: map[string]int{}}
	baskets, items, timed, err := readBaskets(file, o, d)
	if err != nil {
		return nil, err
	}
	sorted, renumber, err := byID(items)
	if err != nil {
		return nil, err
	}
	for n := range baskets {
		renumberRows([][]int32{baskets[n].items}, renumber)
		baskets[n].items = distinct(baskets[n].items, nil)
	}
	if timed {
		slices.SortStableFunc(baskets, func(x, y basket) int { return cmp.Compare(x.seconds, y.seconds) })
	}
	d.Items = sorted
	if !timed {
		d.Notes = append(d.Notes, "no column of times: the rows are taken to be in order, and the last baskets are the test part")
	}
	return d, d.splitBaskets(baskets, timed, o)
}

// readBaskets collects the lines of each order. Lines of an order need not stand together; its
// time is that of the first.
func readBaskets(file string, o Options, d *Data) ([]basket, *idmap.Map, bool, error) {
	var ids, items idmap.Map
	var baskets []basket
	timed := false
	fallback := []column{basketColumn, itemColumn, timeColumn}
	err := eachRecord(file, o, d, fallback, [][]column{{basketColumn, sessionColumn}, {itemColumn}}, func(r *record) error {
		d.Lines++
		if r.at[quantityColumn] > 0 {
			quantity, err := r.number(quantityColumn, "quantity")
			if err != nil {
				return err
			}
			if quantity <= 0 {
				d.Skipped["lines without a positive quantity"]++
				return nil
			}
		}
		basketOrVisit := basketColumn
		if r.at[basketColumn] == 0 {
			basketOrVisit = sessionColumn
		}
		if r.fields[basketOrVisit] == "" {
			d.Skipped["lines without an order"]++
			return nil
		}
		id, err := r.id(basketOrVisit, "basket")
		if err != nil {
			return err
		}
		item, err := r.id(itemColumn, "item")
		if err != nil {
			return err
		}
		var seconds int64
		if r.at[timeColumn] > 0 {
			timed = true
			if seconds, err = r.seconds(); err != nil {
				return err
			}
		}
		at, err := ids.Add(id)
		if err != nil {
			return err
		}
		if int(at) == len(baskets) {
			baskets = append(baskets, basket{seconds: seconds})
		}
		j, err := items.Add(item)
		baskets[at].items = append(baskets[at].items, j)
		return err
	})
	return baskets, &items, timed, err
}

// splitBaskets cuts baskets, which are in order of time, into the training rows and the test
// cases. d.Until is the beginning of the test part.
func (d *Data) splitBaskets(baskets []basket, timed bool, o Options) error {
	if len(baskets) == 0 {
		return errors.New("the table has no baskets")
	}
	cut := int(float64(len(baskets)) * cmp.Or(o.TrainFraction, defaultTrainFraction))
	if timed && o.TrainFraction == 0 {
		last := baskets[len(baskets)-1].seconds
		d.Until = (last/day - testDays) * day
		cut, _ = slices.BinarySearchFunc(baskets, d.Until, func(b basket, at int64) int { return cmp.Compare(b.seconds, at) })
	} else if timed && cut < len(baskets) {
		d.Until = baskets[cut].seconds
	}
	if cut == 0 {
		return errors.New("no basket is older than the test part: give a train fraction")
	}
	b := csr.NewBuilder(d.Items.Len())
	for _, one := range baskets[:cut] {
		for _, j := range one.items {
			b.Add(j, 1)
		}
		if err := b.EndRow(); err != nil {
			return err
		}
		if timed {
			d.RowTimes = append(d.RowTimes, one.seconds)
		}
	}
	d.Train = b.Matrix()
	d.Train.Val = nil
	d.Tests = BasketCases(baskets[cut:], func(b basket) []int32 { return b.items }, rand.New(rand.NewPCG(o.Seed, 0xba5ce7)))
	return nil
}

// BasketCases draws one seed from each basket of 2 to 200 items; the rest is relevant. The
// lists are not changed. Smaller and larger baskets are left out.
func BasketCases[B any](baskets []B, items func(B) []int32, rng *rand.Rand) []Case {
	var cases []Case
	for _, b := range baskets {
		all := items(b)
		if len(all) < 2 || len(all) > maxTestBasket {
			continue
		}
		at := rng.IntN(len(all))
		rest := slices.Delete(slices.Clone(all), at, at+1)
		cases = append(cases, Case{Row: -1, Seeds: []int32{all[at]}, Relevant: rest})
	}
	return cases
}
