package dataset_test

import (
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
)

func TestLatestPart(t *testing.T) {
	t.Parallel()
	for orders, want := range map[string]int{ // a letter for each order
		"": 0, "a": 0, "aaaa": 0, "ab": 1, "abcde": 1, "abcdefgh": 2, "aaaabbbb": 4, "aaaaaaab": 1, "abbbbbbb": 7,
		"aaaaabbbbbcccccdddde": 5, "aabbccddee": 2, "aaaaaaabcc": 2, "aaaaaaabbc": 3,
	} {
		together := func(n int) bool { return orders[n] == orders[n-1] }
		if got := dataset.LatestPart(len(orders), together); got != want {
			t.Errorf("of %q it has %d entries, want %d", orders, got, want)
		}
	}
}
