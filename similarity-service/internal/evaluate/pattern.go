package evaluate

import "math"

// axis is one parameter of a pattern search: where it starts, its first and last step and its range.
type axis struct {
	name                        string
	start, step, last, low, top float64
}

// patternSearch maximises value by moving one axis at a time by its step, halving the steps when no move helps
// (Hooke and Jeeves, 1961, without pattern moves). It stops when every step is below its last or after limit
// evaluations. Points are visited in a fixed order and an equal value never replaces an earlier one, so the result
// depends on nothing but value. It returns the best point.
func patternSearch(axes []axis, limit int, value func(at []float64) (float64, error)) ([]float64, float64, error) {
	at, step := make([]float64, len(axes)), make([]float64, len(axes))
	for d, a := range axes {
		at[d], step[d] = a.start, a.step
	}
	seen := map[[8]float64]bool{}
	best, err := value(at)
	for calls := 1; err == nil && calls < limit; {
		moved, open := false, false
		for d, a := range axes {
			if step[d] < a.last {
				continue
			}
			open = true
			for _, sign := range []float64{1, -1} {
				next := append([]float64(nil), at...)
				next[d] = round(min(max(at[d]+sign*step[d], a.low), a.top))
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

// round drops the noise of repeated additions, so that equal points are recognised.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }
