package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// Popular ranks by the number of interactions, the same for everybody.
const Popular = "popular"

// popularFamily is the baseline that every model has to beat: a shop can have it without
// learning anything.
func popularFamily(relations []string) family {
	return family{name: Popular, relations: relations, baseline: true, search: func(s *search) (*candidate, error) {
		return s.score(Popular, popular{})
	}}
}

// popular is the only member of its family.
type popular struct{}

func (popular) parameters(*search) map[string]any { return map[string]any{} }

// validate takes the hidden interactions of a case out of the counts while it is ranked.
func (popular) validate(s *search, heldOut *validation.Set) ([]metrics.Accuracy, error) {
	mass := s.train.First(heldOut.Rows).ColMass()
	return heldOut.Each(s.o.ranking(), len(mass), func(r *rank.Ranker) func(*validation.Case) []int32 {
		t := rank.Popular(mass)
		return func(c *validation.Case) []int32 {
			for _, j := range c.Hidden {
				t.Prior[j]--
			}
			ranked := r.Rank(t, nil, nil, c.Known, s.o.K)
			for _, j := range c.Hidden {
				t.Prior[j]++
			}
			return ranked
		}
	})
}

func (popular) build(s *search) (*rank.Model, error) { return rank.Popular(s.train.ColMass()), nil }
