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
type Selector struct{ keys []uint64 }

// Select writes into list i the k largest of the given weights by size. Zero weights and the item i itself are
// skipped. items must be distinct and below 2³¹. Cost O(len(items) + k log k).
func (s *Selector) Select(l *Lists, i int32, items []int32, weights []float32) {
	s.keys = s.keys[:0]
	for p, j := range items {
		if w := weights[p]; w != 0 && j != i {
			s.keys = append(s.keys, key(j, w))
		}
	}
	top := s.keys
	if len(top) > l.K {
		selectLargest(top, l.K)
		top = top[:l.K]
	}
	slices.Sort(top)
	from := int(i) * l.K
	for p := range top {
		l.Items[from+p], l.Weight[from+p] = unkey(top[len(top)-1-p])
	}
	l.Len[i] = int32(len(top))
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
