package history

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func TestAHistoryWeighsAsTheModelWasMeasured(t *testing.T) {
	t.Parallel()
	seeds := []candidate.Seed{
		{ItemID: "new", Weight: .8}, {ItemID: "unwanted", Weight: -.5}, {ItemID: "old", Weight: .001}, {ItemID: "older", Weight: .0001},
	}
	totals := []float64{5, -2, 6, 1}
	for name, c := range map[string]struct {
		seeding  similarityapi.Seeding
		visiting bool
		want     []float64
	}{
		"all the same, however old":            {similarityapi.Seeding{Values: "ones"}, false, []float64{1, -.5, 1, 1}},
		"by what was done, however long ago":   {similarityapi.Seeding{Values: "weights"}, false, []float64{5, -.5, 6, 1}},
		"fading with what came later":          {similarityapi.Seeding{Values: "ones", HalfLife: 1}, false, []float64{1, -.25, .5, .25}},
		"during a visit the latest is loudest": {similarityapi.Seeding{Values: "ones"}, true, []float64{1, -.5, 1. / 3, .25}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &Seeds{List: seeds, totals: totals, visiting: c.visiting}
			if diff := cmp.Diff(c.want, h.Weigh(&c.seeding)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAVisitIsItsClicksInOrder(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	weights := profileapi.DefaultEventWeights()
	for clicks, want := range map[string]string{
		"abc":   "cba",
		"abab":  "baba",
		"aab":   "ba", // a page loaded again
		"abaca": "acaba",
		"aabac": "caba", // two of three clicks on a are one, the other is taken to be half way to the last
		"":      "",
	} {
		v := visitor.Cold("", "s", now)
		for n, id := range clicks {
			at := now.Add(time.Duration(n-len(clicks)) * time.Minute)
			v.Add([]profileapi.Event{{Type: "view_item", ItemID: string(id), OccurredAt: wire.TimeOf(at)}}, weights, now)
		}
		got := ""
		for _, click := range Session(v) {
			got += click.ItemID
		}
		if got != want {
			t.Errorf("clicks on %s, latest first, are taken for %s, want %s", clicks, got, want)
		}
	}
}
