package neighbours

import (
	"math"
	"slices"
)

// A Selector cuts candidate rows to their k largest weights. It holds scratch memory and serves one goroutine.
//
// Each candidate becomes one 64-bit key: the bits of |w| on top, which for floats order like the numbers themselves,
// then the complement of the item, so that of equal weights the lower item is the larger key, then the sign. The order
// of keys is total, hence the result does not depend on the order of the candidates.
type Selector struct {
	keys    []uint64
	sorted  []uint64               // the keys of the highest buckets, in falling order of buckets
	buckets [1 << bucketBits]int32 // of keys by the top bits of |w|, zero between calls
}

// bucketBits are the exponent of |w| and five bits of its fraction. Spreading the keys over buckets leaves few of
// them to compare with each other.
const (
	bucketBits  = 13
	bucketShift = 63 - bucketBits
)

// Select writes into list i the k largest of the given weights by size. Zero weights and the item i itself are
// skipped. items must be distinct and below 2³¹. Cost O(len(items) + k log k).
func (s *Selector) Select(l *Lists, i int32, items []int32, weights []float32) {
	lowest, highest := s.fill(i, items, weights)
	if len(s.keys) == 0 {
		l.Len[i] = 0
		return
	}
	cut := s.spread(l.K, lowest, highest)
	first, start := l.Start(i), 0
	from := first
	for b := highest; b >= cut; b-- {
		segment := s.sorted[start:s.buckets[b]]
		start = int(s.buckets[b])
		if room := first + l.K - from; len(segment) > room {
			selectLargest(segment, room)
			segment = segment[:room]
		}
		sortFalling(segment)
		for _, key := range segment {
			l.Items[from], l.Weight[from] = unkey(key)
			from++
		}
	}
	clear(s.buckets[lowest : highest+1])
	l.Len[i] = int32(from - first)
}

// shortSegment is the length up to which keys are sorted by insertion.
const shortSegment = 16

// sortFalling sorts keys, the largest first.
func sortFalling(keys []uint64) {
	if len(keys) > shortSegment {
		slices.Sort(keys)
		slices.Reverse(keys)
		return
	}
	for p := 1; p < len(keys); p++ {
		key, at := keys[p], p
		for ; at > 0 && keys[at-1] < key; at-- {
			keys[at] = keys[at-1]
		}
		keys[at] = key
	}
}

// fill makes the keys of the candidates, counts them by bucket and returns the lowest and the highest bucket that has any.
func (s *Selector) fill(i int32, items []int32, weights []float32) (lowest, highest int) {
	if cap(s.keys) < len(items) {
		s.keys = make([]uint64, 2*len(items))
	}
	s.keys = s.keys[:len(items)]
	keys, weights := s.keys, weights[:len(items)]
	n := 0
	lowest = len(s.buckets)
	for p, j := range items {
		w := weights[p]
		if w == 0 || j == i {
			continue
		}
		k := key(j, w)
		keys[n] = k
		n++
		b := int(k >> bucketShift)
		s.buckets[b]++
		lowest, highest = min(lowest, b), max(highest, b)
	}
	s.keys = keys[:n]
	return lowest, highest
}

// spread copies the keys of the highest buckets, as many as hold k keys or all, into sorted, bucket by bucket. It returns
// the lowest bucket that was copied and leaves in each bucket the end of its keys.
func (s *Selector) spread(k, lowest, highest int) (cut int) {
	cut = highest + 1
	end := int32(0)
	for end < int32(k) && cut > lowest {
		cut--
		n := s.buckets[cut]
		s.buckets[cut] = end
		end += n
	}
	if int(end) > cap(s.sorted) {
		s.sorted = make([]uint64, 2*end)
	}
	s.sorted = s.sorted[:cap(s.sorted)]
	for _, key := range s.keys[:s.compact(uint64(cut)<<bucketShift)] {
		b := key >> bucketShift
		s.sorted[s.buckets[b]] = key
		s.buckets[b]++
	}
	return cut
}

// compact moves the keys from least on to the front and returns their number. Every key is written and the place moves
// on only after a kept one, which spares the processor a branch that it cannot predict.
func (s *Selector) compact(least uint64) int {
	n := 0
	for _, key := range s.keys {
		s.keys[n] = key
		step := 0
		if key >= least {
			step = 1
		}
		n += step
	}
	return n
}

func key(j int32, w float32) uint64 {
	bits := math.Float32bits(w)
	return uint64(bits&0x7fffffff)<<32 | uint64(^uint32(j)<<1) | uint64(bits>>31)
}

func unkey(k uint64) (int32, float32) {
	return int32(^uint32(k) >> 1 & 0x7fffffff), math.Float32frombits(uint32(k>>32) | uint32(k&1)<<31)
}

// selectLargest permutes keys so that the k largest come first, in no order (Hoare's FIND with a median of three).
func selectLargest(keys []uint64, k int) {
	low, high := 0, len(keys)-1
	for low < high {
		mid := low + (high-low)/2
		pivot := median(keys[low], keys[mid], keys[high])
		i, j := low, high
		for i <= j {
			for keys[i] > pivot {
				i++
			}
			for keys[j] < pivot {
				j--
			}
			if i <= j {
				keys[i], keys[j] = keys[j], keys[i]
				i++
				j--
			}
		}
		switch {
		case k-1 <= j:
			high = j
		case k-1 >= i:
			low = i
		default:
			return
		}
	}
}

func median(a, b, c uint64) uint64 {
	return max(min(a, b), min(max(a, b), c))
}
