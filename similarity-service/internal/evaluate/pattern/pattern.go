// Package pattern finds where a function is largest that can only be evaluated, at a cost: [Search] moves along several axes, [Climb] along
// a row of places. Both visit points in a fixed order, so that the result depends on the function alone.
package pattern

import "math"

// Axis is one parameter of a search: where it starts, its first and last step and its range.
type Axis struct {
	Name                         string
	Start, Step, Last, Low, High float64
}

// Search maximises value by moving one axis at a time by its step, halving the steps when no move helps
// (Hooke and Jeeves, 1961, without pattern moves). It stops when every step is below its last or after limit
// evaluations. Points are visited in a fixed order and an equal value never replaces an earlier one, so the result
// depends on nothing but value. It returns the best point.
func Search(axes []Axis, limit int, value func(at []float64) (float64, error)) ([]float64, float64, error) {
	at, step := make([]float64, len(axes)), make([]float64, len(axes))
	for d, a := range axes {
		at[d], step[d] = a.Start, a.Step
	}
	seen := map[[8]float64]bool{}
	best, err := value(at)
	for calls := 1; err == nil && calls < limit; {
		moved, open := false, false
		for d, a := range axes {
			if step[d] < a.Last {
				continue
			}
			open = true
			for _, sign := range []float64{1, -1} {
				next := append([]float64(nil), at...)
				next[d] = Round(min(max(at[d]+sign*step[d], a.Low), a.High))
				var key [8]float64
				copy(key[:], next)
				if next[d] == at[d] || seen[key] || calls >= limit {
					continue
				}
				seen[key] = true
				calls++
				v, err := value(next)
				if err != nil {
					return at, best, err
				}
				if v > best {
					at, best, moved = next, v, true
					break
				}
			}
		}
		if !open {
			break
		}
		if !moved {
			for d := range step {
				step[d] /= 2
			}
		}
	}
	return at, best, err
}

// Round drops the noise of repeated additions, so that equal points are recognised.
func Round(x float64) float64 { return math.Round(x*1e6) / 1e6 }
