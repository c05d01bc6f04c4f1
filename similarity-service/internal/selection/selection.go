// Package selection picks the best elements of a slice without sorting all of it. Its one function is KeepTop.
package selection

// KeepTop cuts s to its k first elements under the strict order less, in any order, in expected O(len) (Hoare's
// selection with the middle as pivot, so the result is the same for the same input).
func KeepTop[T any](s *[]T, k int, less func(a, b T) bool) {
	all := *s
	if k <= 0 {
		*s = all[:0]
		return
	}
	if len(all) <= k {
		return
	}
	low, high := 0, len(all)-1
	for low < high {
		pivot := all[(low+high)/2]
		i, j := low, high
		for i <= j {
			for less(all[i], pivot) {
				i++
			}
			for less(pivot, all[j]) {
				j--
			}
			if i <= j {
				all[i], all[j] = all[j], all[i]
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
			low, high = k, k
		}
	}
	*s = all[:k]
}
