package affinity

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPartsAreOfWhatIsAboveZero(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ of, want map[string]float64 }{
		"shares":    {map[string]float64{"a": 1, "b": 3}, map[string]float64{"a": .25, "b": .75}},
		"dislikes":  {map[string]float64{"a": 1, "b": -3, "c": 0}, map[string]float64{"a": 1}},
		"none left": {map[string]float64{"b": -3}, map[string]float64{}},
	} {
		if diff := cmp.Diff(c.want, parts(c.of)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
