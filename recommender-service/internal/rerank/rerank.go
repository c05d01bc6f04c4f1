// Package rerank orders scored items: the best first (Queue), not too many of one value (Limits), and so that those near each other differ
// (Chooser). It is pure and deterministic.
package rerank

import "math"

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

// Order returns the places of items in the order of maximal marginal relevance (Carbonell and Goldstein 1998): next comes the item
// with the largest (1−λ)·score/largest score − λ·similarity to the most similar item before it, ties by the earlier place. allow is
// asked about an item when its turn has come; what it refuses is left out. At most k places are returned. Items are ordered by falling
// score. Cost O(k·n) at worst; an item whose value would be too low even if it were like none of those before it is not compared with
// them. The result is in the chooser's memory, valid until the next Order.
func (c *Chooser) Order(items []Item, k int, lambda float64, allow func(place int) bool) []int {
	if len(items) == 0 {
		return nil
	}
	c.items, c.lambda, c.states, c.order = items, lambda, c.states[:0], c.order[:0]
	for p := range items {
		c.states = append(c.states, state{relevance: (1 - lambda) * items[p].Score / items[0].Score})
	}
	for len(c.order) < k {
		best := c.best()
		if best < 0 {
			break
		}
		c.states[best].gone = true
		if allow(best) {
			c.order = append(c.order, best)
		}
	}
	return c.order
}

// Chooser has the memory of Orders, one after the other. The zero value works.
type Chooser struct {
	items  []Item
	lambda float64
	states []state // by place
	order  []int   // chosen
}

// state is what is known of an item. The similarity to the nearest chosen one only grows, so an old one gives a bound of the item's value.
type state struct {
	relevance float64 // (1−λ)·score/largest score
	nearest   float64
	compared  int // with so many of those chosen
	gone      bool
}

// best returns the place whose turn has come; −1 when none is left.
func (c *Chooser) best() int {
	best, value := -1, math.Inf(-1)
	for p := range c.states {
		s := &c.states[p]
		if s.relevance <= value {
			break // and so it is with all behind it, whose scores are no higher
		}
		if s.gone || s.worth(c.lambda) <= value {
			continue
		}
		for _, chosen := range c.order[s.compared:] {
			s.nearest = max(s.nearest, Similarity(&c.items[chosen], &c.items[p]))
		}
		s.compared = len(c.order)
		if v := s.worth(c.lambda); v > value {
			best, value = p, v
		}
	}
	return best
}

// worth is what the item is worth next, or at most worth when it was not compared with all of those chosen.
func (s *state) worth(lambda float64) float64 { return s.relevance - float64(lambda*s.nearest) }
