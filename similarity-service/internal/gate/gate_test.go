package gate

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// cases have NDCGs around mean; the same seed gives the same noise, so that two sets differ by their means alone.
func cases(mean float64) []metrics.Accuracy {
	rng := rand.New(rand.NewPCG(7, 7))
	out := make([]metrics.Accuracy, 400)
	for p := range out {
		out[p].NDCG = mean + .1*rng.Float64()
	}
	return out
}

// good passes every check.
func good() Candidate {
	return Candidate{
		Cases: cases(.3), Popular: cases(.1), Final: cases(.35), Items: 100, Listed: 90, Used: 1000,
		Live: &Live{Version: "before", Cases: cases(.3), Used: 1000, Overlap: .6},
	}
}

func failed(g similarityapi.Gate) []string {
	var names []string
	for _, c := range g.Checks {
		if !c.Passed {
			names = append(names, c.Name)
		}
	}
	return names
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(c *Candidate)
		want  string // the check that refuses; "" when the model passes
	}{
		{"a model as good as the live one passes", func(*Candidate) {}, ""},
		{"the first model has nothing to be compared with", func(c *Candidate) { c.Live = nil }, ""},
		{"a live model without a twin is not compared by figures", func(c *Candidate) { c.Live.Cases = nil }, ""},
		{"worse than popularity", func(c *Candidate) { c.Popular = cases(.31); c.Live.Cases = cases(.3) }, "not_worse_than_popularity"},
		{"worse than popularity by no more than chance explains", func(c *Candidate) {
			for n := range c.Popular { // better on some cases, worse on others, on average a little above the model
				c.Popular[n].NDCG = c.Cases[n].NDCG + .01 + .2*float64(n%2*2-1)
			}
		}, ""},
		{"clearly worse than the live model", func(c *Candidate) { c.Live.Cases = cases(.32) }, "not_worse_than_live"},
		{"the model that would serve is not the one that was measured", func(c *Candidate) { c.Final = cases(.05) }, "serves_as_measured"},
		{"half of the events are gone", func(c *Candidate) { c.Used = 500 }, "data_volume"},
		{"the items were mixed up", func(c *Candidate) { c.Live.Overlap = .01 }, "list_overlap"},
		{"few items have neighbours", func(c *Candidate) { c.Listed = 20 }, "coverage"},
		{"a weight is not a number", func(c *Candidate) { c.Problem = errors.New("item 3, neighbour 4: the weight is NaN") }, "sound"},
		{"too little of anything to judge by", func(c *Candidate) {
			young(c)
			c.Validation, c.PopularValidation = c.Validation[:9], c.PopularValidation[:9]
		}, "validation_cases"},
		{"too little is held out, and the search found nothing better than popularity", func(c *Candidate) {
			young(c)
			c.PopularValidation = cases(.5)
		}, "validation_not_worse_than_popularity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			candidate := good()
			c.spoil(&candidate)
			g := Decide(candidate)
			names := failed(g)
			if g.Passed != (c.want == "") || c.want != "" && (len(names) != 1 || names[0] != c.want) {
				t.Errorf("passed %v, refused by %v, want %q", g.Passed, names, c.want)
			}
		})
	}
}

// young makes a candidate one of a shop in which too little was held out.
func young(c *Candidate) {
	c.Validation, c.PopularValidation = cases(.3), cases(.1)
	c.Cases, c.Popular, c.Final, c.Live = c.Cases[:9], c.Popular[:9], c.Final[:9], nil
}

func TestWhatCannotBeMeasuredIsAVerdictOfItsOwn(t *testing.T) {
	t.Parallel()
	c := good()
	if g := Decide(c); g.Verdict != passed || g.Missing != "" {
		t.Errorf("%s, missing %q", g.Verdict, g.Missing)
	}
	young(&c)
	if g := Decide(c); !g.Passed || g.Verdict != unmeasured || g.Missing == "" {
		t.Errorf("passed %v as %s, missing %q", g.Passed, g.Verdict, g.Missing)
	}
	c.PopularValidation = cases(.5)
	if g := Decide(c); g.Passed || g.Verdict != refused {
		t.Errorf("passed %v as %s", g.Passed, g.Verdict)
	}
}

func TestADifferenceWithinTheNoiseIsNoReason(t *testing.T) {
	t.Parallel()
	c := good()
	rng := rand.New(rand.NewPCG(3, 4))
	c.Live.Cases = cases(.3)
	for p := range c.Live.Cases {
		c.Live.Cases[p].NDCG += rng.NormFloat64()*.2 + .001
	}
	if g := Decide(c); !g.Passed {
		t.Errorf("refused by %v", failed(g))
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	list := func(rows ...[]int32) *neighbours.Lists {
		l := neighbours.NewLists(len(rows), 2)
		for i, row := range rows {
			l.Len[i] = int32(copy(l.Items[i*2:], row))
		}
		return l
	}
	same := func(i int32) int32 { return i }
	a := list([]int32{1, 2}, []int32{0, 2}, nil)
	if got := Overlap(a, a, same, 20); got != 1 {
		t.Errorf("overlap with itself is %v", got)
	}
	if got := Overlap(a, list([]int32{1, 0}, []int32{2, 0}, []int32{0}), same, 20); got != .75 {
		t.Errorf("overlap is %v, want 3/4: one of two, and two of two", got)
	}
	if got := Overlap(a, list(nil, nil, nil), same, 20); !math.IsNaN(got) {
		t.Errorf("overlap with nothing is %v", got)
	}
}
