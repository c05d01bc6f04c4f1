package factor

import (
	"math"
	"testing"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
)

func TestConversionsOfFewViewsAreNearTheMean(t *testing.T) {
	t.Parallel()
	list := func(items []int32, weights ...float32) *candidate.Row {
		return &candidate.Row{Items: items, Weights: weights}
	}
	viewed := list([]int32{0, 1, 2}, 60, 30, 30)
	// 12 were bought of 120 views: one in ten, and 40 views more at that rate are added to each item's own.
	c := NewConversions(viewed, list([]int32{1, 0, 3}, 9, 3, 1))
	for item, want := range map[int32]float64{
		0: (3 + 4.) / 100 / .1, 1: (9 + 4.) / 70 / .1, 2: (0 + 4.) / 70 / .1,
		3: (1 + 4.) / 70 / .1, // bought, and viewed as often as the last of the list at most
		4: 0,
	} {
		if got := c.Of(&catalogue.Item{Index: item}); math.Abs(got-want) > 1e-12 {
			t.Errorf("item %d converts %v times as often as the mean, want %v", item, got, want)
		}
	}
	for name, c := range map[string]*Conversions{
		"no views":           NewConversions(list(nil), list([]int32{0}, 1)),
		"nothing bought":     NewConversions(viewed, list(nil)),
		"more was returned":  NewConversions(viewed, list([]int32{0}, -2)),
		"bought, not viewed": NewConversions(viewed, list([]int32{9}, 2)),
	} {
		if len(c.rates) > 0 {
			t.Errorf("%s: %v", name, c.rates)
		}
	}
}
