// Package topk finds the k best of a slice without sorting all of it: for ranked lists, of which few entries are shown and many are
// scored.
//
// Select moves them to the front, Keep drops the others. Both take the order as a function; where no two elements are equal under it, the
// same elements give the same k best in whatever order they arrive.
package topk

// Keep cuts s to its k best under the strict order before, in any order; k ≤ 0 keeps none. Expected cost O(len).
func Keep[T any](s *[]T, k int, before func(a, b T) bool) {
	k = min(max(k, 0), len(*s))
	Select(*s, k, before)
	*s = (*s)[:k]
}

// Select moves the k best of s to its front, in any order (Hoare, "Find", 1961). Expected cost O(len).
func Select[T any](s []T, k int, before func(a, b T) bool) {
	for len(s) > k && k > 0 {
		front := partition(s, before)
		if front >= k {
			s = s[:front]
		} else {
			s, k = s[front:], k-front
		}
	}
}

// partition splits a slice of two or more around the median of its first, middle and last: none behind the returned length goes before one
// in front of it. Both parts hold at least one.
func partition[T any](s []T, before func(a, b T) bool) int {
	a, pivot, c := s[0], s[len(s)/2], s[len(s)-1]
	if before(pivot, a) {
		a, pivot = pivot, a
	}
	if before(c, pivot) {
		if pivot = c; before(c, a) {
			pivot = a
		}
	}
	left, right := 0, len(s)-1
	for {
		for before(s[left], pivot) {
			left++
		}
		for before(pivot, s[right]) {
			right--
		}
		if left >= right {
			return max(left, 1)
		}
		s[left], s[right] = s[right], s[left]
		left++
		right--
	}
}
