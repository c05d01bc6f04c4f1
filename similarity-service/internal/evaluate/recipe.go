package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// Recipe is an algorithm with every parameter that its model depends on besides the data, exactly: a model built from the same data
// by the same recipe is the same model. The parameters of a [Result] are for readers; they are rounded and leave out what is usual.
type Recipe struct {
	Algorithm      string           `json:"algorithm"`
	Values         string           `json:"values,omitempty"`        // the reading of the training values
	LogHalfLife    float64          `json:"log_half_life,omitempty"` // log₂ of the days in which rows lose half of their weight; 0 for none
	UserExponent   float64          `json:"user_exponent,omitempty"`
	SourceExponent float64          `json:"source_exponent,omitempty"`
	TargetExponent float64          `json:"target_exponent,omitempty"`
	SeedHalfLife   float64          `json:"seed_half_life,omitempty"`
	Rank           int              `json:"low_rank,omitempty"`
	Strength       float64          `json:"strength,omitempty"` // of the low-rank term
	VectorSeed     uint64           `json:"vector_seed,omitempty"`
	Lambda         float64          `json:"lambda,omitempty"`
	Refit          bool             `json:"refit,omitempty"`
	Session        *sessions.Params `json:"session,omitempty"`
}

// recipe is what c would be built by.
func (s *search) recipe(c *candidate) *Recipe {
	p := c.rows()
	r := &Recipe{
		Algorithm: c.name, Values: s.variants[p.variant].name,
		UserExponent: p.hop.UserExponent, SourceExponent: p.hop.SourceExponent, TargetExponent: p.hop.TargetExponent,
		SeedHalfLife: p.seedHalfLife, Rank: c.rank, Strength: c.strength, Lambda: cmp.Or(c.lambda, c.ease.lambda), Refit: c.ease.refit,
	}
	if p.logHalfLife < noDecay {
		r.LogHalfLife = p.logHalfLife
	}
	if c.rank > 0 {
		r.VectorSeed = s.o.vectorSeed()
	}
	return r
}

// vectorSeed starts the low-rank vectors.
func (o Options) vectorSeed() uint64 {
	if o.Recipe != nil {
		return o.Recipe.VectorSeed
	}
	return o.Seed
}

// rows is how the candidate reads and weighs rows.
func (c *candidate) rows() twoHopPoint {
	if c.name == EASE {
		return c.ease.rows
	}
	return c.point
}

// point is the recipe's reading and weighing of rows among the readings that the data offer.
func (r *Recipe) point(readings []variant) (twoHopPoint, error) {
	p := twoHopPoint{
		logHalfLife: noDecay, seedHalfLife: r.SeedHalfLife, llr: r.Algorithm == LLR,
		hop: neighbours.TwoHop{UserExponent: r.UserExponent, SourceExponent: r.SourceExponent, TargetExponent: r.TargetExponent},
	}
	if r.LogHalfLife > 0 {
		p.logHalfLife = r.LogHalfLife
	}
	p.variant = slices.IndexFunc(readings, func(v variant) bool { return v.name == r.Values })
	if p.variant < 0 {
		return p, fmt.Errorf("the recipe reads the values as %q, which these data do not offer", r.Values)
	}
	return p, nil
}

func (r *Recipe) validate() error {
	if r.Algorithm == Popular || !slices.Contains(Algorithms(), r.Algorithm) {
		return fmt.Errorf("recipe of the algorithm %q, want one of %v", r.Algorithm, Algorithms()[1:])
	}
	if (r.Session != nil) != (r.Algorithm == NextItem) {
		return fmt.Errorf("recipe of %s: session parameters are for %s, which needs them", r.Algorithm, NextItem)
	}
	return nil
}

// given validates the candidate of a recipe, without a search.
func (s *search) given(r *Recipe) (*candidate, error) {
	p, err := r.point(s.variants)
	if err != nil {
		return nil, err
	}
	switch r.Algorithm {
	case NextItem:
		return nil, fmt.Errorf("%s is for sessions", NextItem)
	case TwoHopLowRank:
		return s.givenLowRank(p, r)
	case EASE:
		return s.givenEASE(easePoint{rows: p, lambda: r.Lambda, refit: r.Refit})
	}
	c, err := s.fixed(r.Algorithm, p)
	if err != nil || r.Algorithm != Ridge {
		return c, err
	}
	trials, err := s.ridgeTrials(c)
	if err != nil {
		return nil, err
	}
	return trials.candidate(r.Lambda)
}

func (s *search) givenLowRank(p twoHopPoint, r *Recipe) (*candidate, error) {
	l := &lowSearch{search: s, held: s.held.first(searchCases), rank: min(r.Rank, s.data.Train.Cols), byTarget: map[float64]*listScores{}}
	g, err := s.graph(p, l.held.rows, l.held.until)
	if err != nil {
		return nil, err
	}
	if l.vectors, err = closedform.NewLowRank(g, l.rank, s.o.vectorSeed(), s.o.Stop); err != nil {
		return nil, err
	}
	return l.validate(p, r.Strength)
}

func (s *search) givenEASE(p easePoint) (*candidate, error) {
	held := s.held.first(searchCases)
	scores, p, err := s.easeScores(p, held)
	if err != nil {
		return nil, err
	}
	cases, err := scores.accuracy(held, s.o, p.rows)
	return s.easeCandidate(p, cases), err
}

// Refreshable reports whether [Refresh] can build single lists by the recipe. Weights of rows that age all change from day to day,
// and a model with terms over the whole catalogue has no lists that stand alone.
func (r *Recipe) Refreshable(relation string) bool {
	return relation != dataset.ViewedNext && r.LogHalfLife == 0 && slices.Contains([]string{Cosine, RP3Beta, GFCF, LLR, TwoHop}, r.Algorithm)
}

// Refresh builds the lists of the touched items again from d by a recipe that is refreshable, and takes the others from old, whose
// items are numbered as those of d.
func Refresh(d *dataset.Data, r *Recipe, old *neighbours.Lists, touched []int32, o Options) (*Trained, error) {
	if !r.Refreshable(d.Relation) {
		return nil, errors.New("refresh: the recipe gives no lists that stand alone")
	}
	s := &search{data: d, variants: variants(d), graphs: map[graphKey]*neighbours.Graph{}, o: o.withDefaults()}
	p, err := r.point(s.variants)
	if err != nil {
		return nil, err
	}
	g, err := s.graph(p, d.Train.Rows, d.Until)
	if err != nil {
		return nil, err
	}
	sim := neighbours.LLR(g)
	if !p.llr {
		sim = p.hop.Similarity(g)
	}
	lists, err := neighbours.Refresh(old, g, sim, neighbours.Options{Rows: touched, Workers: s.o.Workers, Stop: s.o.Stop})
	if err != nil {
		return nil, fmt.Errorf("refresh %d lists: %w", len(touched), err)
	}
	return &Trained{Lists: lists, SeedHalfLife: p.seedHalfLife, Values: r.Values}, nil
}
