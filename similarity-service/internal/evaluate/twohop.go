package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Names of the two-hop family and of the named points that compete beside it.
const (
	TwoHop  = "two_hop"
	Cosine  = "cosine"
	RP3Beta = "rp3beta"
	GFCF    = "gfcf"
	LLR     = "llr"
)

// pairSeconds and listSeconds are nominal costs of a pair update and of a scored list entry. They turn the search's
// time budget into a number of evaluations that does not depend on the machine, so that the choice is reproducible.
const (
	pairSeconds = 25e-9
	listSeconds = 8e-9
)

// twoHop is one member of the two-hop family, or one that weighs pairs by their log-likelihood ratio.
type twoHop struct {
	weighing
	llr bool
}

func twoHopFamily(relations []string) family {
	return family{name: TwoHop, relations: relations, parameters: weighingParameters(), search: twoHopInReach, read: readTwoHop}
}

func readTwoHop(r *Recipe) (member, error) {
	w, err := decode(r, weighing{LogHalfLife: noDecay}.with(points[r.Algorithm]))
	return twoHop{w, r.Algorithm == LLR}, err
}

// points are the named ones.
var points = map[string]neighbours.TwoHop{
	Cosine: neighbours.Cosine(), RP3Beta: neighbours.RP3Beta(.5), GFCF: neighbours.GFCF(),
}

// namedFamily has one member only.
func namedFamily(name string, relations []string, baseline bool) family {
	return family{name: name, relations: relations, baseline: baseline, read: readTwoHop, search: func(s *search) (*candidate, error) {
		return s.score(name, twoHop{s.lasting().with(points[name]), name == LLR})
	}}
}

func (p twoHop) parameters(s *search) map[string]any {
	out := p.weighing.parameters(s)
	if p.llr {
		delete(out, "user_exponent")
		delete(out, "source_exponent")
		delete(out, "target_exponent")
	}
	return out
}

func (p twoHop) similarity(g *neighbours.Graph) neighbours.Similarity {
	if p.llr {
		return neighbours.LLR(g)
	}
	return p.hop().Similarity(g)
}

func (p twoHop) validate(s *search, held *validation) ([]metrics.Accuracy, error) {
	scores, err := s.scores(p, held)
	if err != nil {
		return nil, err
	}
	return scores.accuracy(held, s.o, p.seeding(scores.graph))
}

// scores builds the lists of a point for the validation part, without the source exponent, which scales seeds alike.
func (s *search) scores(p twoHop, held *validation) (*listScores, error) {
	g, err := s.graph(p.weighing, held.rows, held.until)
	if err != nil {
		return nil, err
	}
	p.SourceExponent = 0
	sim, o := p.similarity(g), s.o.build()
	o.Rows, o.KeepCounts = held.neededRows(s.matrix(p.Values)), held.cases[0].row >= 0
	lists, err := neighbours.Build(g, sim, o)
	return &listScores{graph: g, sim: sim, lists: lists}, err
}

// seeding is how the seeds of a point weigh over lists without the source exponent.
func (p twoHop) seeding(g *neighbours.Graph) seeding {
	if p.llr {
		return seeding{halfLife: p.SeedHalfLife}
	}
	return seeding{scale: neighbours.Powers(g.Degree(), -p.SourceExponent), halfLife: p.SeedHalfLife}
}

func (p twoHop) build(s *search) (*Trained, error) {
	g, err := s.whole(p.weighing)
	if err != nil {
		return nil, err
	}
	o := s.o.build()
	o.Progress = s.o.progress("build")
	lists, err := neighbours.Build(g, p.similarity(g), o)
	return p.trained(lists), err
}

// trained is a model of lists whose seeds weigh as w says.
func (p weighing) trained(lists *neighbours.Lists) *Trained {
	return &Trained{Lists: lists, SeedHalfLife: p.SeedHalfLife, Values: p.Values}
}
