package pattern_test

import (
	"errors"
	"math"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
)

// The peak of the function lies at (.3, −1.2), whose second place is beyond the range of its axis.
func TestSearchFindsThePeakWithinItsRange(t *testing.T) {
	t.Parallel()
	axes := []pattern.Axis{
		{Name: "x", Start: 0, Step: .4, Last: .05, Low: -2, High: 2}, {Name: "y", Start: 1, Step: .5, Last: .05, Low: -1, High: 2},
	}
	seen := map[[2]float64]bool{}
	at, best, err := pattern.Search(axes, 200, func(at []float64) (float64, error) {
		point := [2]float64{at[0], at[1]}
		if seen[point] {
			t.Errorf("%v is evaluated twice", point)
		}
		seen[point] = true
		return -math.Pow(at[0]-.3, 2) - math.Pow(at[1]+1.2, 2), nil
	})
	if err != nil || math.Abs(at[0]-.3) > .05 || at[1] != -1 || best != -math.Pow(at[0]-.3, 2)-math.Pow(at[1]+1.2, 2) {
		t.Errorf("%v at %v (%v), want a point within .05 of (.3, -1)", best, at, err)
	}
}

func TestSearchEnds(t *testing.T) {
	t.Parallel()
	axes := []pattern.Axis{{Start: 0, Step: 1, Last: .01, Low: -100, High: 100}}
	calls := 0
	at, _, err := pattern.Search(axes, 7, func(at []float64) (float64, error) { calls++; return at[0], nil })
	if err != nil || calls != 7 || at[0] != 6 {
		t.Errorf("at %v after %d calls (%v), want 6 after 7", at, calls, err)
	}
	at, _, err = pattern.Search(axes, 100, func([]float64) (float64, error) { return 1, nil })
	if err != nil || at[0] != 0 {
		t.Errorf("where all are equal it moves to %v (%v)", at, err)
	}
	broken := errors.New("broken")
	if _, _, err = pattern.Search(axes, 100, func([]float64) (float64, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
