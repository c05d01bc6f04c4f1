package recommend

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

func TestAHistoryWeighsAsTheModelWasMeasured(t *testing.T) {
	t.Parallel()
	seeds := []candidate.Seed{{ItemID: "new", Weight: .8}, {ItemID: "unwanted", Weight: -.5}, {ItemID: "old", Weight: .001}, {ItemID: "older", Weight: .0001}}
	totals := []float64{5, -2, 6, 1}
	for name, c := range map[string]struct {
		seeding  similarityapi.Seeding
		visiting bool
		want     []float64
	}{
		"all the same, however old":            {similarityapi.Seeding{Values: "ones"}, false, []float64{1, -.5, 1, 1}},
		"by what was done, however long ago":   {similarityapi.Seeding{Values: "weights"}, false, []float64{5, -.5, 6, 1}},
		"fading with what came later":          {similarityapi.Seeding{Values: "ones", HalfLife: 1}, false, []float64{1, -.5, .5, .25}},
		"during a visit the latest is loudest": {similarityapi.Seeding{Values: "ones"}, true, []float64{1, -.5, 1. / 3, .25}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &history{seeds: seeds, totals: totals, visiting: c.visiting}
			if diff := cmp.Diff(c.want, h.weigh(&c.seeding)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
