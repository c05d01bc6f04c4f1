package selection

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
)

func TestKeepTopEqualsSorting(t *testing.T) {
	t.Parallel()
	for n := range 60 {
		for spread := 1; spread < 13; spread += 3 { // few values make many ties
			all := make([]int, n)
			for i := range all {
				all[i] = i * 7 % spread
			}
			want := slices.Sorted(slices.Values(all))
			for k := -1; k < n+2; k++ {
				got := slices.Clone(all)
				KeepTop(&got, k, cmp.Less[int])
				slices.Sort(got)
				if !slices.Equal(got, want[:min(max(k, 0), n)]) {
					t.Fatalf("first %d of %v: %v", k, all, got)
				}
			}
		}
	}
}

func ExampleKeepTop() {
	scores := []int{3, 9, 1, 7}
	KeepTop(&scores, 2, func(a, b int) bool { return a > b })
	slices.Sort(scores)
	fmt.Println(scores)
	// Output: [7 9]
}
