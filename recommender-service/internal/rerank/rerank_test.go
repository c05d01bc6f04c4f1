package rerank_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/recommender-service/internal/rerank"
)

func draw(t *rapid.T) []rerank.Item {
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rerank.Item {
		return rerank.Item{
			Score: rapid.Float64Range(.01, 1).Draw(t, "score"), Brand: rapid.Int32Range(-1, 2).Draw(t, "brand"),
			Levels: rapid.SliceOfN(rapid.Int32Range(0, 2), 0, 3).Draw(t, "levels"),
		}
	}), 0, 12).Draw(t, "items")
	slices.SortStableFunc(list, func(a, b rerank.Item) int {
		if a.Score > b.Score {
			return -1
		} else if a.Score < b.Score {
			return 1
		}
		return 0
	})
	return list
}

// plain is the definition, which looks at every pair anew.
func plain(items []rerank.Item, k int, lambda float64) []int {
	var chosen []int
	for len(chosen) < min(k, len(items)) {
		best, value := -1, 0.0
		for p := range items {
			if slices.Contains(chosen, p) {
				continue
			}
			near := 0.0
			for _, c := range chosen {
				near = max(near, rerank.Similarity(&items[c], &items[p]))
			}
			if v := (1-lambda)*items[p].Score/items[0].Score - lambda*near; best < 0 || v > value {
				best, value = p, v
			}
		}
		chosen = append(chosen, best)
	}
	return chosen
}

func TestOrderIsTheDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		items, k, lambda := draw(t), rapid.IntRange(1, 15).Draw(t, "k"), rapid.Float64Range(0, 1).Draw(t, "lambda")
		got := new(rerank.Chooser).Order(items, k, lambda, func(int) bool { return true })
		if diff := cmp.Diff(
			plain(items, k, lambda), got, cmp.Transformer("nil", func(l []int) []int { return append([]int{}, l...) }),
		); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestWhatIsNotAllowedIsLeftOut(t *testing.T) {
	t.Parallel()
	items := []rerank.Item{{Score: 3, Brand: 1}, {Score: 2, Brand: 1}, {Score: 1, Brand: 2}}
	got := new(rerank.Chooser).Order(items, 2, 0, func(p int) bool { return p != 1 })
	if diff := cmp.Diff([]int{0, 2}, got); diff != "" {
		t.Error(diff)
	}
}
