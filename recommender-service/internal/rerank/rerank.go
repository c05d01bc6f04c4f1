// Package rerank orders scored items so that those near each other differ. It is pure and deterministic. The main function is Order.
package rerank

// Item is a scored item with what it has in common with others.
type Item struct {
	Score  float64 // positive
	Levels []int32 // categories, broadest first
	Brand  int32   // negative: none
}

const (
	categoryShare = .7
	brandShare    = .3
)

// Similarity is between 0 and 1: 0.7 times the share of category levels in common plus 0.3 for the same brand.
func Similarity(a, b *Item) float64 {
	s := 0.0
	if longest := max(len(a.Levels), len(b.Levels)); longest > 0 {
		common := 0
		for common < min(len(a.Levels), len(b.Levels)) && a.Levels[common] == b.Levels[common] {
			common++
		}
		s = categoryShare * float64(common) / float64(longest)
	}
	if a.Brand >= 0 && a.Brand == b.Brand {
		s += brandShare
	}
	return s
}

// Order returns the places of items in the order of maximal marginal relevance (Carbonell and Goldstein 1998): next comes the item with the largest
// (1−λ)·score/largest score − λ·similarity to the most similar item before it, ties by the earlier place. allow is asked about an item when its
// turn has come; what it refuses is left out. At most k places are returned. Items are ordered by falling score. Cost O(k·n).
func Order(items []Item, k int, lambda float64, allow func(place int) bool) []int {
	if len(items) == 0 {
		return nil
	}
	largest := items[0].Score
	nearest := make([]float64, len(items)) // similarity to the most similar item chosen
	gone := make([]bool, len(items))
	order := make([]int, 0, min(k, len(items)))
	for len(order) < k {
		best, value := -1, 0.0
		for p := range items {
			if gone[p] {
				continue
			}
			if v := (1-lambda)*items[p].Score/largest - lambda*nearest[p]; best < 0 || v > value {
				best, value = p, v
			}
		}
		if best < 0 {
			break
		}
		gone[best] = true
		if !allow(best) {
			continue
		}
		order = append(order, best)
		for p := range items {
			if !gone[p] {
				nearest[p] = max(nearest[p], Similarity(&items[best], &items[p]))
			}
		}
	}
	return order
}
