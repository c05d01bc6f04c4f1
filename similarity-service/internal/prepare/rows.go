// Package prepare turns the stream of interactions into what models learn from: histories, baskets or sessions, cleaned and
// counted step by step, with the latest part set aside for evaluation.
//
// It holds 13 bytes per interaction while reading and frees them as it builds the sparse rows. The main type is Collector.
package prepare

import (
	"cmp"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/room"
)

const (
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
	if l.rows++; l.rows%collectRows == 0 {
		room.For(collectRows * readBytes)
	}
}

// clean replaces the rows of every subject, oldest first, by what f returns, which may be fewer and need no order. f must not keep the slice.
func (l *rowLog) clean(f func(rows []row) []row) {
	var rows, kept []row
	for b := range l.buckets {
		kept = kept[:0]
		rows = l.sorted(b, rows)
		eachSubject(rows, func(of []row) { kept = append(kept, f(of)...) })
		l.rows += int64(len(kept)) - int64(len(rows))
		l.buckets[b] = repacked(l.buckets[b], kept)
	}
}

// repacked fills chunks with rows and drops those that are not needed any more.
func repacked(chunks []*chunk, rows []row) []*chunk {
	used := 0
	for ; len(rows) > 0; used++ {
		c := chunks[used]
		c.n = min(len(rows), chunkRows)
		for p, r := range rows[:c.n] {
			c.subject[p], c.item[p], c.at[p], c.weight[p] = r.subject, r.item, r.at, r.weight
		}
		rows = rows[c.n:]
	}
	clear(chunks[used:])
	return chunks[:used]
}

// each gives the rows of every subject, oldest first, and frees them as it goes. The order of subjects depends on the order in which
// they first appeared, not on time or scheduling. The slice is valid during the call.
func (l *rowLog) each(f func(rows []row)) {
	var rows []row
	freed := 0
	for b := range l.buckets {
		rows = l.sorted(b, rows)
		l.buckets[b] = nil
		if freed += len(rows); freed >= collectRows {
			room.For(freed * readBytes)
			freed = 0
		}
		eachSubject(rows, f)
	}
}

// sorted returns the rows of a bucket by subject and time; they take the place of room.
func (l *rowLog) sorted(bucket int, room []row) []row {
	rows := room[:0]
	for _, c := range l.buckets[bucket] {
		for p := range c.n {
			rows = append(rows, row{c.subject[p], c.item[p], c.at[p], c.weight[p]})
		}
	}
	slices.SortStableFunc(rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.subject, y.subject), cmp.Compare(x.at, y.at), cmp.Compare(x.item, y.item))
	})
	return rows
}

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
