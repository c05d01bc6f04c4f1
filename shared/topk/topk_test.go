package topk_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/topk"
)

func ExampleHeap() {
	best := topk.New[float32](2)
	for item, score := range []float32{0.1, 0.9, 0.9, 0.5} {
		best.Push(int32(item), score)
	}
	fmt.Println(best.AppendSorted(nil))
	// Output: [{1 0.9} {2 0.9}]
}

// The oracle sorts everything and cuts: the heap must agree on every input, ties included.
func TestHeapEqualsFullSort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(0, 12).Draw(t, "k")
		scores := rapid.SliceOf(rapid.Float64Range(-2, 2)).Draw(t, "scores")
		heap := topk.New[float64](k)
		var all []topk.Entry[float64]
		for i, s := range scores {
			s = math.Round(s)
			heap.Push(int32(i), s)
			all = append(all, topk.Entry[float64]{Item: int32(i), Score: s})
		}
		slices.SortFunc(all, func(x, y topk.Entry[float64]) int {
			if topk.Before(x, y) {
				return -1
			}
			return 1
		})
		want := all[:min(k, len(all))]
		got := heap.AppendSorted(nil)
		if len(want) == 0 && len(got) == 0 {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("k=%d: %s", k, diff)
		}
	})
}

func TestHeapEdges(t *testing.T) {
	t.Parallel()
	t.Run("NaN is never kept", func(t *testing.T) {
		t.Parallel()
		heap := topk.New[float32](3)
		if heap.Push(1, float32(math.NaN())) || heap.Len() != 0 {
			t.Fatal("a NaN score was kept")
		}
	})
	t.Run("reset changes k and empties", func(t *testing.T) {
		t.Parallel()
		heap := topk.New[float32](1)
		heap.Push(1, 1)
		heap.Reset(2)
		heap.Push(5, 1)
		heap.Push(4, 1)
		heap.Push(6, 1)
		want := []topk.Scored{{Item: 4, Score: 1}, {Item: 5, Score: 1}}
		if diff := cmp.Diff(want, heap.AppendSorted(nil)); diff != "" {
			t.Fatal(diff)
		}
	})
}
