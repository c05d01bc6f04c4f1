package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Recipe is an algorithm with every parameter that its model depends on besides the data, exactly: a model built from the same data
// by the same recipe is the same model. The parameters of a [Result] are for readers; they are rounded and leave out what is usual.
// As JSON it is one object, with the name of the family under "algorithm".
type Recipe struct {
	Algorithm string          // the name of a family, perhaps one that this version does not have
	Values    string          // the reading of the training values
	Member    json.RawMessage // the whole object
}

// newRecipe is the recipe of a member, nil when its family has nothing to serve.
func newRecipe(name string, m member) (*Recipe, error) {
	if familyOf(name).read == nil {
		return nil, nil
	}
	data, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode a recipe of %s: %w", name, err)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("encode a recipe of %s: %w", name, err)
	}
	fields["algorithm"] = json.RawMessage(`"` + name + `"`)
	r := &Recipe{}
	if data, err = json.Marshal(fields); err != nil {
		return nil, fmt.Errorf("encode a recipe of %s: %w", name, err)
	}
	return r, r.UnmarshalJSON(data)
}

// MarshalJSON returns the object.
func (r Recipe) MarshalJSON() ([]byte, error) { return r.Member, nil }

// UnmarshalJSON keeps the object for the family that it names, which may be one of another version of this program.
func (r *Recipe) UnmarshalJSON(data []byte) error {
	var head struct {
		Algorithm string `json:"algorithm"`
		Values    string `json:"values"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	*r = Recipe{head.Algorithm, head.Values, bytes.Clone(data)}
	return nil
}

// decode reads a recipe over the fields of m. A field that m does not have is an error: the model depends on something unknown.
func decode[M any](r *Recipe, m M) (M, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(r.Member, &fields); err != nil {
		return m, fmt.Errorf("recipe of %s: %w", r.Algorithm, err)
	}
	delete(fields, "algorithm")
	data, err := json.Marshal(fields)
	if err != nil {
		return m, fmt.Errorf("recipe of %s: %w", r.Algorithm, err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("recipe of %s: %w", r.Algorithm, err)
	}
	return m, nil
}

// Readable reports why the recipe cannot be followed: it is of an algorithm, or has a parameter, that this program does not know.
func (r *Recipe) Readable() error {
	serving := listed(func(f family) bool { return f.read != nil })
	if !slices.Contains(serving, r.Algorithm) {
		return fmt.Errorf("recipe of the algorithm %q, want one of %v", r.Algorithm, serving)
	}
	_, err := familyOf(r.Algorithm).read(r)
	return err
}

// separable is a member whose lists can be built one by one.
type separable interface {
	// similarity is what weighs the pairs of g.
	similarity(g *neighbours.Graph) *neighbours.Similarity
	rows() weighing
}

// separable is the member of a recipe that [Refresh] can build single lists by, nil for others. Weights of rows that age all change from
// day to day, and a model with terms over the whole catalogue has no lists that stand alone.
func (r *Recipe) separable(relation string) separable {
	f := familyOf(r.Algorithm)
	if f == nil || f.read == nil || relation == dataset.ViewedNext {
		return nil
	}
	m, err := f.read(r)
	if err != nil {
		return nil
	}
	if alone, ok := m.(separable); ok && alone.rows().LogHalfLife >= noDecay {
		return alone
	}
	return nil
}

// Refreshable reports whether [Refresh] can build single lists by the recipe.
func (r *Recipe) Refreshable(relation string) bool { return r.separable(relation) != nil }

// Refresh builds the lists of the touched items again from d by a recipe that is refreshable, and takes the others from old, whose
// items are numbered as those of d.
func Refresh(d *dataset.Data, r *Recipe, old *neighbours.Lists, touched []int32, o Options) (*rank.Model, error) {
	m := r.separable(d.Relation)
	if m == nil {
		return nil, errors.New("refresh: the recipe gives no lists that stand alone")
	}
	s := newSearch(d, o.withDefaults())
	if _, err := s.member(r); err != nil {
		return nil, err
	}
	g, err := s.graph(m.rows(), d.Train.Rows, d.Until)
	if err != nil {
		return nil, err
	}
	lists, err := neighbours.Refresh(old, g, m.similarity(g), neighbours.Options{Rows: touched, Workers: s.o.Workers, Stop: s.o.Stop})
	if err != nil {
		return nil, fmt.Errorf("refresh %d lists: %w", len(touched), err)
	}
	return &rank.Model{Lists: lists, SeedHalfLife: m.rows().SeedHalfLife, Values: r.Values}, nil
}
