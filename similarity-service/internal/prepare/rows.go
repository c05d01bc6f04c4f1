// Package prepare turns the stream of interactions into what models learn from: histories, baskets or sessions, cleaned and counted step by
// step, with the latest part set aside for evaluation.
//
// It holds 13 bytes per interaction while reading: in memory up to four million of them, beyond in a temporary file. The main type is
// Collector.
//
// The steps: Collector.Add (collector.go) numbers visitors and items and packs each interaction
// into a rowLog (rows.go), which spills to a chunkFile; Finish (prepared.go) cleans subject by
// subject, finds the cut, and has a builder (builder.go) make both data sets.
package prepare

import (
	"cmp"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/garbage"
)

const (
	// A bucket is sorted at a time: of four million rows that is 16,000.
	buckets   = 256
	chunkRows = 2048
	// rowBytes is what a row takes, and readBytes about what its reading leaves behind, which is collected after collectRows of them.
	rowBytes, readBytes = 13, 64
	collectRows         = 1 << 20
)

// row is one interaction, packed: who (user, basket or session), what, when and how strongly.
type row struct {
	subject, item uint32
	at            uint32 // Unix seconds
	weight        int8   // in steps of weightStep
}

// weightStep is the resolution of weights: a sixteenth, within ±7.9.
const weightStep = 1.0 / 16

// packWeight cuts a weight to its resolution; one beyond the range is the nearest within it.
func packWeight(w float32) int8 { return int8(max(-127, min(127, w/weightStep))) }

func (r row) value() float32 { return float32(r.weight) * weightStep }

// chunk holds up to chunkRows rows in columns: 13 bytes a row, where a slice of structs would
// take 16.
type chunk struct {
	n                 int
	subject, item, at [chunkRows]uint32
	weight            [chunkRows]int8
}

func (c *chunk) put(p int, r row) {
	c.subject[p], c.item[p], c.at[p], c.weight[p] = r.subject, r.item, r.at, r.weight
}

func (c *chunk) row(p int) row { return row{c.subject[p], c.item[p], c.at[p], c.weight[p]} }

// part is a chunk of a bucket: in memory, or in the file.
type part struct {
	chunk *chunk
	place place
}

// rowLog collects rows in buckets of subjects, so that they can be sorted bucket by bucket without a second copy of everything.
type rowLog struct {
	buckets [buckets][]part
	open    [buckets]*chunk // takes what is added
	rows    int64
	file    *chunkFile // nil while everything is in memory
	scratch chunk
}

// add adds a row; from spillAfter rows on full chunks go to a file. Without room for it they stay in memory, and warn is told why, once.
func (l *rowLog) add(r row, spillAfter int64, warn func(error)) {
	b := r.subject % buckets
	c := l.open[b]
	if c == nil {
		c = &chunk{}
		l.open[b] = c
	}
	c.put(c.n, r)
	if c.n++; c.n == chunkRows {
		l.close(b, l.rows >= spillAfter, warn)
	}
	if l.rows++; l.rows%collectRows == 0 {
		garbage.Before(collectRows * readBytes)
	}
}

// close ends the open chunk of a bucket.
func (l *rowLog) close(b uint32, spill bool, warn func(error)) {
	c := l.open[b]
	if spill && l.file == nil {
		l.file = newChunkFile(warn)
		l.spill()
	}
	if spill {
		if at, ok := l.file.append(c); ok {
			l.buckets[b] = append(l.buckets[b], part{place: at})
			c.n = 0
			return
		}
	}
	l.buckets[b], l.open[b] = append(l.buckets[b], part{chunk: c}), nil
}

// spill moves the chunks that are closed to the file, as far as it takes them.
func (l *rowLog) spill() {
	for b := range l.buckets {
		for n, one := range l.buckets[b] {
			if at, ok := l.file.append(one.chunk); ok {
				l.buckets[b][n] = part{place: at}
			}
		}
	}
}

// spilled reports whether some rows lie in a file.
func (l *rowLog) spilled() bool { return l.file != nil && l.file.size > 0 }

// clean replaces the rows of every subject, oldest first, by what f returns, which may be fewer and need no order. f must not keep the
// slice. No row can be added after it.
func (l *rowLog) clean(f func(rows []row) []row) error {
	var rows, kept []row
	for b := range l.buckets {
		if l.open[b] != nil {
			l.close(uint32(b), false, nil)
		}
		var err error
		if rows, err = l.sorted(b, rows); err != nil {
			return err
		}
		kept = kept[:0]
		eachSubject(rows, func(of []row) { kept = append(kept, f(of)...) })
		l.rows += int64(len(kept)) - int64(len(rows))
		if err := l.repack(b, kept); err != nil {
			return err
		}
	}
	return nil
}

// repack fills the parts of a bucket with rows and drops those that are not needed any more.
func (l *rowLog) repack(b int, rows []row) error {
	parts, used := l.buckets[b], 0
	for ; len(rows) > 0; used++ {
		c := parts[used].chunk
		if c == nil {
			c = &l.scratch
		}
		c.n = min(len(rows), chunkRows)
		for p, r := range rows[:c.n] {
			c.put(p, r)
		}
		if parts[used].chunk == nil {
			if err := l.file.rewrite(&parts[used].place, c); err != nil {
				return err
			}
		}
		rows = rows[c.n:]
	}
	clear(parts[used:])
	l.buckets[b] = parts[:used]
	return nil
}

// each gives the rows of every subject, oldest first, and frees them as it goes unless they are to be kept. The order of subjects depends
// on the order in which they first appeared, not on time or scheduling. The slice is valid during the call.
func (l *rowLog) each(keep bool, f func(rows []row)) error {
	var rows []row
	freed := 0
	for b := range l.buckets {
		var err error
		if rows, err = l.sorted(b, rows); err != nil {
			return err
		}
		if !keep {
			l.buckets[b] = nil
		}
		if freed += len(rows); freed >= collectRows {
			garbage.Before(freed * readBytes)
			freed = 0
		}
		eachSubject(rows, f)
	}
	return nil
}

// sorted returns the rows of a bucket by subject and time; they take the place of room.
func (l *rowLog) sorted(bucket int, room []row) ([]row, error) {
	rows := room[:0]
	for _, one := range l.buckets[bucket] {
		c := one.chunk
		if c == nil {
			c = &l.scratch
			if err := l.file.read(one.place, c); err != nil {
				return nil, err
			}
		}
		for p := range c.n {
			rows = append(rows, c.row(p))
		}
	}
	slices.SortStableFunc(rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.subject, y.subject), cmp.Compare(x.at, y.at), cmp.Compare(x.item, y.item))
	})
	return rows, nil
}

// eachSubject calls f with the rows of each subject, which stand together.
func eachSubject(rows []row, f func(rows []row)) {
	for from := 0; from < len(rows); {
		to := from
		for to < len(rows) && rows[to].subject == rows[from].subject {
			to++
		}
		f(rows[from:to])
		from = to
	}
}

// sampled is how many times a sample holds at most.
const sampled = 1 << 20

// sample keeps evenly spaced values of a sequence: all of them up to its size, then every second, fourth and so on.
type sample struct {
	values       []uint32
	stride, next int // every stride-th value is kept; so many are passed over before the next
}

// add adds the next value. Which are kept depends on the order of the sequence alone.
func (s *sample) add(v uint32) {
	if s.next > 0 {
		s.next--
		return
	}
	if len(s.values) == sampled {
		half := s.values[:0]
		for n := 0; n < sampled; n += 2 {
			half = append(half, s.values[n])
		}
		s.values, s.stride = half, max(1, s.stride)*2
	}
	s.values = append(s.values, v)
	s.next = max(1, s.stride) - 1
}

// quantile returns the value below which the share q of the sample lies, 0 when it is empty. The sample is sorted after it.
func (s *sample) quantile(q float64) uint32 {
	if len(s.values) == 0 {
		return 0
	}
	slices.Sort(s.values)
	return s.values[min(int(q*float64(len(s.values))), len(s.values)-1)]
}

// histogram counts rows by their weight, in steps, of those above 0.
type histogram [math.MaxInt8 + 1]int

func (h *histogram) add(r row) { h[max(0, r.weight)]++ }

// median returns the weight that half of the rows do not reach, 0 for none.
func (h *histogram) median() float32 {
	total := 0
	for _, n := range h[1:] {
		total += n
	}
	below := 0
	for weight, n := range h[1:] {
		if below += n; 2*below > total {
			return row{weight: int8(weight + 1)}.value()
		}
	}
	return 0
}
