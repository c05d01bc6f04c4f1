package pattern_test

import (
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
)

func TestClimbFindsAPeak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values     []float64
		from       int
		all        bool
		want, most int // place, and how many are looked at
	}{
		"upwards":                        {[]float64{1, 2, 3, 2, 1}, 1, false, 2, 3},
		"downwards":                      {[]float64{1, 3, 2, 1, 0}, 3, false, 1, 5},
		"from the peak":                  {[]float64{1, 2, 3, 2, 1}, 2, false, 2, 3},
		"behind a valley, all looked at": {[]float64{2, 1, 0, 3, 1}, 0, true, 3, 5},
		"one place":                      {[]float64{1}, 0, false, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			best, calls := -1., 0
			at, err := pattern.Climb(len(c.values), c.from, c.all, func(at int) (bool, error) {
				calls++
				better := c.values[at] > best
				best = max(best, c.values[at])
				return better, nil
			})
			if err != nil || at != c.want || calls > c.most {
				t.Errorf("place %d after %d calls, want %d after at most %d (%v)", at, calls, c.want, c.most, err)
			}
		})
	}
}
