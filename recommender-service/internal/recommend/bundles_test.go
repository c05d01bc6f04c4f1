package recommend

import (
	"testing"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

func TestABundleGivesWayToALargerOneThatIsBoughtNearlyAsOften(t *testing.T) {
	t.Parallel()
	bundle := func(support int, ids ...string) similarityapi.Bundle {
		return similarityapi.Bundle{ItemIDs: ids, Support: support}
	}
	small := bundle(10, "a", "b")
	for name, c := range map[string]struct {
		other similarityapi.Bundle
		want  bool
	}{
		"half as often":       {bundle(5, "b", "c", "a"), true},
		"less than half":      {bundle(4, "b", "c", "a"), false},
		"without one of them": {bundle(10, "a", "c", "d"), false},
		"of the same size":    {bundle(10, "a", "c"), false},
	} {
		if got := outdone(&small, []similarityapi.Bundle{small, c.other}); got != c.want {
			t.Errorf("%s: gives way %t", name, got)
		}
	}
}
