package service_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// aged gives the items of a visitor's history ages, and weights that have decayed to so much.
func aged(d *shopData, user string, decayed float64, hours ...float64) {
	for n := range d.profiles[user].Recent {
		it := &d.profiles[user].Recent[n]
		it.AgeHours, it.Decayed = hours[n], decayed
	}
}

// TestSeedsFollowTheVisit: the weights of seeds show in a full explanation, within the seconds that the test takes. i003, i050 and i121
// were touched in this order, i003 last.
func TestSeedsFollowTheVisit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		decayed float64
		hours   []float64
		want    map[string]float64
		seeding *similarityapi.Seeding
	}{
		"who is not here now counts whole": {
			1, []float64{2, 30, 300}, map[string]float64{"i003": .5, "i050": .5, "i121": .5}, nil,
		},
		"during a visit the latest speaks loudest": {
			1, []float64{.1, .2, 300}, map[string]float64{"i003": .5, "i050": .25, "i121": .5 / 3}, nil,
		},
		"an import of this hour is no visit": {
			1, []float64{.1, .1, .1}, map[string]float64{"i003": .5, "i050": .5, "i121": .5}, nil,
		},
		"who comes back after decades is still who they were": {
			1e-103, []float64{24e4, 24e4, 24e4}, map[string]float64{"i003": 1, "i050": 1, "i121": 1}, nil,
		},
		"weights that have not faded stay comparable with ages": {
			.25, []float64{500, 500, 500}, map[string]float64{"i003": .2, "i050": .2, "i121": .2}, nil,
		},
		"a model that no age taught takes all alike": {
			.01, []float64{2, 30, 9000}, map[string]float64{"i003": 1, "i050": 1, "i121": 1}, &similarityapi.Seeding{Values: "ones"},
		},
		"a model may say how the past fades": {
			1, []float64{2, 30, 300}, map[string]float64{"i003": 1, "i050": .5, "i121": .25},
			&similarityapi.Seeding{Values: "weights", HalfLife: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := north(t)
			s.world.edit("north", func(d *shopData) {
				d.seeding = c.seeding
				d.did("ann", "view_item", "i003", "i050", "i121")
				aged(d, "ann", c.decayed, c.hours...)
			})
			answer := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 20, Explain: "full", Fallback: "strict"})
			got := map[string]float64{}
			for _, item := range answer.Items {
				for _, k := range item.Explanation.Contributions {
					if k.Source == api.SourceHistory {
						got[k.SeedItemID] = k.SeedWeight
					}
				}
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(0, 1e-4)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
