package evaluate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// family is a kind of model with all that a run, a recipe and a request need to know of it. A new one is a file and a line in [families].
type family struct {
	name       string
	relations  []string    // whose data it suits
	base       string      // the family whose best member its search starts from; "" for none
	baseline   bool        // it is measured whatever was asked for
	parameters []Parameter // those that can be given by hand
	// search finds the best member on the held-out part of the training data; nil when it is out of reach for the data and the budget.
	search func(s *search) (*candidate, error)
	// read is the member of a recipe; nil when the family has nothing to serve.
	read func(r *Recipe) (member, error)
}

// member is one model of a family, with every parameter. As JSON it is a recipe, less the name of the family.
type member interface {
	// parameters are for readers of a report: rounded, and without what is usual.
	parameters(s *search) map[string]any
	// validate ranks held-out cases with a model that has not seen what they hide.
	validate(s *search, heldOut *validation.Set) ([]metrics.Accuracy, error)
	// build makes the model from all training data of s, which need not be the search that chose the member.
	build(s *search) (*rank.Model, error)
}

// families is the table of all that can compete, in the order in which they are searched.
func families() []family {
	rows := []string{dataset.Similar, dataset.BoughtTogether}
	return []family{
		popularFamily(append(rows, dataset.ViewedNext)),
		cosineFamily(append(rows, dataset.ViewedNext)),
		twoHopFamily(rows),
		lowRankFamily(rows),
		easeFamily(rows),
		ridgeFamily(rows),
		nextItemFamily(),
	}
}

// familyOf is the family of that name, nil for none. The pointer is the caller's.
func familyOf(name string) *family {
	all := families()
	at := slices.IndexFunc(all, func(f family) bool { return f.name == name })
	if at < 0 {
		return nil
	}
	return &all[at]
}

// Algorithms lists the families that [Run] knows.
func Algorithms() []string { return listed(func(family) bool { return true }) }

// listed names the families that which chooses, in their order.
func listed(which func(family) bool) []string {
	var out []string
	for _, f := range families() {
		if which(f) {
			out = append(out, f.name)
		}
	}
	return out
}

// retired names families of earlier versions, which stored models, schedules and run files may still name, and what to ask for instead.
func retired() map[string]string {
	const point = "two_hop with the parameters user_exponent %s, source_exponent %s and target_exponent %s is the same model"
	return map[string]string{
		"rp3beta": fmt.Sprintf(point, "-1", "1", "0.5"),
		"gfcf":    fmt.Sprintf(point, "-1", "0.5", "0.5"),
		"llr":     "two_hop did better wherever it was measured",
	}
}

// Known says why there is no family of that name, and what to do about it; nil when there is one.
func Known(name string) error {
	if familyOf(name) != nil {
		return nil
	}
	if instead, ok := retired()[name]; ok {
		return fmt.Errorf("algorithm %q is no longer offered: %s", name, instead)
	}
	return fmt.Errorf("algorithm %q is unknown, want some of %v", name, Algorithms())
}

// Suits reports whether a family is for data of a relation.
func Suits(name, relation string) bool {
	f := familyOf(name)
	return f != nil && slices.Contains(f.relations, relation)
}

// IsBaseline reports whether a family is measured whatever was asked for.
func IsBaseline(name string) bool {
	f := familyOf(name)
	return f != nil && f.baseline
}

// Uses reports whether the search of one of the families that were asked for, all where none was, chooses the parameters of this one.
func Uses(asked []string, name string) bool {
	return slices.ContainsFunc(families(), func(f family) bool {
		return f.asked(asked) && (f.name == name || f.base == name)
	})
}

// asked reports whether a request names the family; nil names all.
func (f family) asked(names []string) bool {
	return names == nil || slices.Contains(names, f.name)
}

// families are those of a run: the baselines and what was asked for, or the one of the recipe.
func (s *search) families() []family {
	var out []family
	for _, f := range families() {
		suits := slices.Contains(f.relations, s.data.Relation)
		switch r := s.o.Recipe; {
		case r != nil && f.name == r.Algorithm:
			f.search = func(s *search) (*candidate, error) { return s.given(f, suits) }
			out = append(out, f)
		case suits && (f.baseline || r == nil && f.asked(s.o.Algorithms)):
			out = append(out, f)
		}
	}
	return out
}

// given validates the member of the run's recipe, without a search.
func (s *search) given(f family, suits bool) (*candidate, error) {
	if !suits {
		return nil, fmt.Errorf("the recipe is of %s, which is not for the relation %s", f.name, s.data.Relation)
	}
	m, err := s.member(s.o.Recipe)
	if err != nil {
		return nil, err
	}
	cases, err := m.validate(s, s.heldOut)
	return &candidate{name: f.name, scored: scored[member]{m, cases}}, err
}

// member reads a recipe for the data of s.
func (s *search) member(r *Recipe) (member, error) {
	if err := r.Readable(); err != nil {
		return nil, err
	}
	if r.Values == "" && len(s.readings) > 1 {
		return nil, errors.New("the recipe does not say how it reads the values of the data")
	}
	if _, ok := s.reading(r.Values); !ok {
		return nil, fmt.Errorf("the recipe reads the values as %q, which these data do not offer", r.Values)
	}
	return familyOf(r.Algorithm).read(r)
}

// scored is a member with what it reached on held-out cases; without cases it stands for none yet.
type scored[M any] struct {
	at    M
	cases []metrics.Accuracy
}

// better reports whether c has a strictly higher NDCG than best.
func (best *scored[M]) better(c *scored[M]) bool { return best.cases == nil || c.ndcg() > best.ndcg() }

// clearlyBetter reports whether cases have a higher NDCG than the same cases under another model, by more than two standard errors of the
// difference. In few cases chance alone makes an order.
func clearlyBetter(cases, than []metrics.Accuracy) bool {
	n, sum, squares := float64(len(cases)), 0.0, 0.0
	for at := range cases {
		d := cases[at].NDCG - than[at].NDCG
		sum += d
		squares += d * d
	}
	mean := sum / n
	return mean > 0 && mean*mean*(n-1) > 4*(squares/n-mean*mean)
}

func (c *scored[M]) ndcg() float64 { return metrics.Mean(c.cases).NDCG }

// candidate is the best member of a family, with what the leaderboard tells of its search.
type candidate struct {
	name string
	scored[member]
	path []Point // what the search tried
	cpu  float64 // seconds of the search
	peak int64   // bytes that the process has used at most by its end
}

// confirmed is found with the cases that the search looked at, and all the others: it was chosen on those, which flatters it.
func confirmed[M member](s *search, name string, c *scored[M]) (*candidate, error) {
	if len(c.cases) == len(s.heldOut.Cases) {
		return found(name, c), nil
	}
	return s.score(name, c.at)
}

// found makes what a search found a candidate.
func found[M member](name string, c *scored[M]) *candidate {
	return &candidate{name: name, scored: scored[member]{c.at, c.cases}}
}
