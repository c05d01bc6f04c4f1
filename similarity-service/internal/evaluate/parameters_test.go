package evaluate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
)

func TestGivenParametersAreLeftAsTheyAre(t *testing.T) {
	t.Parallel()
	for relation, pinned := range map[string]evaluate.Pinned{
		dataset.Similar: {
			evaluate.TwoHop: {"beta": .27, "a": -.31, "alpha": .77}, evaluate.EASE: {"lambda": 12.5, "user_exponent": -.11},
			evaluate.TwoHopLowRank: {"strength": .33},
		},
		dataset.BoughtTogether: {evaluate.TwoHop: {"beta": .27, "a": -.31}, evaluate.EASE: {"lambda": 12.5}},
		dataset.ViewedNext:     {evaluate.NextItem: {"recency": 2.5, "seed_decay": .33}},
	} {
		t.Run(relation, func(t *testing.T) {
			t.Parallel()
			o := options()
			o.Pinned = pinned
			board, err := evaluate.Run(modeltest.Grouped(t, 450, relation), o)
			if err != nil {
				t.Fatal(err)
			}
			for algorithm, given := range pinned {
				r := board.ByName(algorithm)
				if r == nil {
					t.Errorf("%s did not compete", algorithm)
					continue
				}
				text, err := json.Marshal(r.Parameters)
				if err != nil {
					t.Fatal(err)
				}
				for name, v := range given {
					for _, p := range evaluate.Parameters(algorithm) {
						if p.Symbol == name {
							name = p.Name
						}
					}
					value, _ := json.Marshal(v)
					if want := `"` + name + `":` + string(value); !strings.Contains(string(text), want) {
						t.Errorf("%s has %s, want %s", algorithm, text, want)
					}
				}
			}
		})
	}
}

func TestParametersThatCannotBeGiven(t *testing.T) {
	t.Parallel()
	for want, pinned := range map[string]evaluate.Pinned{
		`"magic": only two_hop`:                {"magic": {"beta": 1}},
		`no parameter "gamma", want one of us`: {evaluate.TwoHop: {"gamma": 1}},
		"two_hop.target_exponent is 9":         {evaluate.TwoHop: {"beta": 9}},
		"does not compete on these data":       {evaluate.NextItem: {"recency": 2}},
		"have no times of orders":              {evaluate.TwoHop: {"half_life_days": 2}},
		"recency is 501":                       {evaluate.NextItem: {"recency": 501}},
	} {
		o := options()
		o.Pinned = pinned
		if _, err := evaluate.Run(modeltest.Grouped(t, 50, dataset.Similar), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", pinned, err, want)
		}
	}
}
