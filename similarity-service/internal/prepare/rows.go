// Package prepare turns the stream of interactions into what models learn from: histories, baskets or sessions, cleaned and
// counted step by step, with the latest part set aside for evaluation.
//
// It holds 13 bytes per interaction while reading and frees them as it builds the sparse rows. The main type is Collector.
package prepare

import (
	"cmp"
	"slices"
)

const (
	buckets   = 256
	chunkRows = 2048
)

// row is one interaction, packed: who (user, basket or session), what, when and how strongly.
type row struct {
	subject, item uint32
	at            uint32 // Unix seconds
	weight        int8   // in steps of weightStep
}

// weightStep is the resolution of weights: a sixteenth, within ±7.9.
const weightStep = 1.0 / 16

func packWeight(w float32) int8 { return int8(max(-127, min(127, w/weightStep))) }

func (r row) value() float32 { return float32(r.weight) * weightStep }

// chunk holds rows in columns: 13 bytes a row, where a slice of structs would take 16.
type chunk struct {
	n                 int
	subject, item, at [chunkRows]uint32
	weight            [chunkRows]int8
}

// rowLog collects rows in buckets of subjects, so that they can be sorted bucket by bucket without a second copy of everything.
type rowLog struct {
	buckets [buckets][]*chunk
	rows    int64
}

func (l *rowLog) add(r row) {
	b := &l.buckets[r.subject%buckets]
	if len(*b) == 0 || (*b)[len(*b)-1].n == chunkRows {
		*b = append(*b, &chunk{})
	}
	c := (*b)[len(*b)-1]
	c.subject[c.n], c.item[c.n], c.at[c.n], c.weight[c.n] = r.subject, r.item, r.at, r.weight
	c.n++
	l.rows++
}

// each gives the rows of every subject, oldest first, and frees them as it goes. The order of subjects depends on the order in which
// they first appeared, not on time or scheduling. The slice is valid during the call.
func (l *rowLog) each(f func(rows []row)) {
	var rows []row
	for b := range l.buckets {
		rows = rows[:0]
		for _, c := range l.buckets[b] {
			for p := range c.n {
				rows = append(rows, row{c.subject[p], c.item[p], c.at[p], c.weight[p]})
			}
		}
		l.buckets[b] = nil
		slices.SortStableFunc(rows, func(x, y row) int {
			return cmp.Or(cmp.Compare(x.subject, y.subject), cmp.Compare(x.at, y.at), cmp.Compare(x.item, y.item))
		})
		for from := 0; from < len(rows); {
			to := from
			for to < len(rows) && rows[to].subject == rows[from].subject {
				to++
			}
			f(rows[from:to])
			from = to
		}
	}
}

// quantile returns the Unix second below which the share q of rows lies, to the day.
func (l *rowLog) quantile(q float64) uint32 {
	const day = 24 * 60 * 60
	perDay := map[uint32]int64{}
	for b := range l.buckets {
		for _, c := range l.buckets[b] {
			for p := range c.n {
				perDay[c.at[p]/day]++
			}
		}
	}
	days := make([]uint32, 0, len(perDay))
	for d := range perDay {
		days = append(days, d)
	}
	slices.Sort(days)
	left := int64(q * float64(l.rows))
	for _, d := range days {
		if left -= perDay[d]; left < 0 {
			return l.within(d, float64(left+perDay[d])/float64(perDay[d]))
		}
	}
	return 0
}

// within refines a quantile inside one day, so that a shop whose events all lie in a day can be split as well.
func (l *rowLog) within(day uint32, q float64) uint32 {
	var times []uint32
	for b := range l.buckets {
		for _, c := range l.buckets[b] {
			for p := range c.n {
				if c.at[p]/(24*60*60) == day {
					times = append(times, c.at[p])
				}
			}
		}
	}
	slices.Sort(times)
	return times[min(int(q*float64(len(times))), len(times)-1)]
}
