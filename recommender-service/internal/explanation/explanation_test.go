package explanation

import (
	"testing"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

func TestTheTierIsThatOfTheLargestContribution(t *testing.T) {
	t.Parallel()
	of := func(list ...Contribution) string { return Tier(list) }
	value := func(source string, v float64) Contribution {
		return Contribution{candidate.Contribution{Value: v}, source}
	}
	personal, popular := tierOf(api.SourceHistory), tierOf(api.SourceTrending)
	if personal == popular {
		t.Fatalf("history and trending are of one tier, %s", personal)
	}
	for name, c := range map[string]struct{ got, want string }{
		"the larger":               {of(value(api.SourceTrending, 1), value(api.SourceHistory, 2)), personal},
		"the first of equal ones":  {of(value(api.SourceTrending, 1), value(api.SourceHistory, 1)), popular},
		"the least of what is bad": {of(value(api.SourceTrending, -2), value(api.SourceHistory, -1)), personal},
		"none of nothing":          {of(), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: tier %q, want %q", name, c.got, c.want)
		}
	}
}
