package topk_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/topk"
)

func ExampleKeep() {
	scores := []int{3, 9, 1, 7}
	topk.Keep(&scores, 2, func(a, b int) bool { return a > b })
	slices.Sort(scores)
	fmt.Println(scores)
	// Output: [7 9]
}

// The oracle sorts everything and cuts.
func TestKeepEqualsSorting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.IntRange(0, 12).Draw(t, "few values, which make many ties")
		all := rapid.SliceOf(rapid.IntRange(0, few)).Draw(t, "all")
		k := rapid.IntRange(-1, len(all)+2).Draw(t, "k")
		want := slices.Sorted(slices.Values(all))[:min(max(k, 0), len(all))]
		got := slices.Clone(all)
		topk.Keep(&got, k, cmp.Less[int])
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("first %d of %v: %v", k, all, got)
		}
	})
}

func TestSelectKeepsEveryElement(t *testing.T) {
	t.Parallel()
	all := []int{5, 1, 4, 1, 3, 9, 2, 6}
	got := slices.Clone(all)
	topk.Select(got, 3, cmp.Less[int])
	if first := slices.Sorted(slices.Values(got[:3])); !slices.Equal(first, []int{1, 1, 2}) {
		t.Errorf("the first 3 are %v", first)
	}
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(all))) {
		t.Errorf("%v has other elements than %v", got, all)
	}
}
