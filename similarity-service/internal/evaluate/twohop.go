package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/leaveownout"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Names of the two-hop family and of the point of it that everything is compared with.
const (
	TwoHop = "two_hop"
	Cosine = "cosine"
)

// pairSeconds and listSeconds are nominal costs of a pair update and of a scored list entry. They turn the search's
// time budget into a number of evaluations that does not depend on the machine, so that the choice is reproducible.
const (
	pairSeconds = 25e-9
	listSeconds = 8e-9
)

// twoHop is one member of the two-hop family.
type twoHop struct{ weighing }

// twoHopFamily is w(i→j) = d_i^−α·d_j^−β·Σ_u w_u·r_ui·r_uj with w_u = d_u^a: two steps over the
// graph of users and items. Where histories have an order, the terms of a sum weigh by it: see [neighbours.Order].
func twoHopFamily(relations []string) family {
	return family{
		name: TwoHop, relations: relations, parameters: append(weighingParameters(), orderParameters()...), search: twoHopInReach,
		read: func(r *Recipe) (member, error) {
			w, err := decode(r, weighing{LogHalfLife: noDecay})
			return twoHop{w}, err
		},
	}
}

// cosineFamily is the point of it that needs no search, as the baseline: a shop's own script
// would do as much.
func cosineFamily(relations []string) family {
	return family{
		name: Cosine, relations: relations, baseline: true,
		search: func(s *search) (*candidate, error) {
			return s.score(Cosine, twoHop{s.lasting().with(neighbours.Cosine())})
		},
		read: func(r *Recipe) (member, error) {
			w, err := decode(r, weighing{LogHalfLife: noDecay}.with(neighbours.Cosine()))
			return twoHop{w}, err
		},
	}
}

func (p twoHop) similarity(g *neighbours.Graph) *neighbours.Similarity { return p.hop().Similarity(g) }

func (p twoHop) validate(s *search, heldOut *validation.Set) ([]metrics.Accuracy, error) {
	scores, err := s.scores(p, heldOut)
	if err != nil {
		return nil, err
	}
	defer scores.Close()
	return scores.Accuracy(heldOut, p.seeding(), s.o.ranking())
}

// scores builds the lists of a point for the validation part, without the source exponent, which scales seeds alike. Those of many
// interactions lie in files until they are closed.
func (s *search) scores(p twoHop, heldOut *validation.Set) (*leaveownout.TwoHop, error) {
	g, err := s.graph(p.weighing, heldOut.Rows, heldOut.Until)
	if err != nil {
		return nil, err
	}
	p.SourceExponent = 0
	sim, o := p.similarity(g), s.o.build()
	o.Rows, o.KeepCounts = heldOut.SeedItems(s.matrix(p.Values)), heldOut.OfRows()
	scores := &leaveownout.TwoHop{Graph: g, Similarity: sim}
	if s.train.Arena() != nil {
		scores.Arena = mmap.NewArena(nil)
		o.Arena = scores.Arena
	}
	if scores.Lists, err = neighbours.Build(g, sim, o); err != nil {
		scores.Close()
	}
	return scores, err
}

// build makes the lists from all training data of s, with the source exponent in them.
func (p twoHop) build(s *search) (*rank.Model, error) {
	g, err := s.whole(p.weighing)
	if err != nil {
		return nil, err
	}
	o := s.o.build()
	o.Progress = s.o.progress("build")
	lists, err := neighbours.Build(g, p.similarity(g), o)
	return p.model(lists), err
}

// model is that of lists whose seeds weigh as w says.
func (p weighing) model(lists *neighbours.Lists) *rank.Model {
	return &rank.Model{Lists: lists, SeedHalfLife: p.SeedHalfLife, Values: p.Values}
}
