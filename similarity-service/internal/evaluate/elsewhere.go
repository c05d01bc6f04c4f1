package evaluate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// Elsewhere has other processes do parts of a run. What it returns is, bit for bit, what the run would have made itself: see [SearchChain],
// [BuildLists], [Recipe.Model] and [SessionTrials].
type Elsewhere interface {
	// Search does the searches of chains, each by itself, and returns what they found in the same order.
	Search(chains []Chain) ([][]Found, error)
	// Build makes the model of a recipe from data of the run: those that it searches on, or all of them.
	Build(d *dataset.Data, r *Recipe) (*rank.Model, error)
	// Ahead measures points of the search of session models by [SessionTrials]; nil when nobody does.
	Ahead() sessions.Ahead
}

// Chain is some families whose searches go on from each other, so that one process does them, one after the other.
type Chain struct {
	Families []string
	Before   []Found // what was found before, without recipes: a search may ask who is ahead
}

// Found is the best member of a family as a search elsewhere reports it.
type Found struct {
	Name       string
	Recipe     []byte // as JSON
	Parameters map[string]any
	Cases      []metrics.Accuracy
	Path       []Point
}

// chains are the families of a run whose searches take time, those with the same base in one. One chain alone is none: it would be done
// elsewhere while nobody does anything here.
func (s *search) chains(competing []family) [][]string {
	if s.o.Elsewhere == nil || s.o.Recipe != nil {
		return nil
	}
	var chains [][]string
	var bases []string
	for _, f := range competing {
		base := f.base
		if base == "" {
			base = f.name
		}
		if base != TwoHop && base != EASE {
			continue
		}
		at := slices.Index(bases, base)
		if at < 0 {
			at, bases, chains = len(bases), append(bases, base), append(chains, nil)
		}
		chains[at] = append(chains[at], f.name)
	}
	if len(chains) < 2 {
		return nil
	}
	return chains
}

// handedOut replaces the searches of the families of chains by what other processes find. The first of them to be asked for has all chains
// done: what the run searches itself comes before.
func (s *search) handedOut(competing []family) []family {
	chains := s.chains(competing)
	if chains == nil {
		return competing
	}
	var found map[string]Found
	for at, f := range competing {
		if !slices.ContainsFunc(chains, func(c []string) bool { return slices.Contains(c, f.name) }) {
			continue
		}
		competing[at].search = func(s *search) (*candidate, error) {
			if found == nil {
				var err error
				if found, err = s.searchApart(chains); err != nil {
					return nil, err
				}
			}
			one, ok := found[f.name]
			if !ok {
				return nil, nil
			}
			return s.read(one)
		}
	}
	return competing
}

// searchApart has the chains searched and returns what they found, by the name of the family.
func (s *search) searchApart(chains [][]string) (map[string]Found, error) {
	var before []Found
	for _, c := range s.found {
		before = append(before, Found{Name: c.name, Cases: c.cases})
	}
	asked := make([]Chain, len(chains))
	for n, names := range chains {
		asked[n] = Chain{Families: names, Before: before}
	}
	answers, err := s.o.Elsewhere.Search(asked)
	if err != nil {
		return nil, err
	}
	all := map[string]Found{}
	for _, found := range answers {
		for _, f := range found {
			all[f.Name] = f
		}
	}
	return all, nil
}

// read makes what was found elsewhere a candidate.
func (s *search) read(f Found) (*candidate, error) {
	r := &Recipe{}
	if err := r.UnmarshalJSON(f.Recipe); err != nil {
		return nil, fmt.Errorf("read what was found elsewhere: %w", err)
	}
	m, err := s.member(r)
	if err != nil {
		return nil, err
	}
	s.path = f.Path
	return &candidate{name: f.Name, scored: scored[member]{described{m, f.Parameters}, f.Cases}}, nil
}

// described is a member with the parameters that its search told of: a recipe has fewer.
type described struct {
	member
	told map[string]any
}

func (d described) parameters(*search) map[string]any { return d.told }

// MarshalJSON encodes the member alone.
func (d described) MarshalJSON() ([]byte, error) { return json.Marshal(d.member) }

// builtApart is a member that other processes build.
type builtApart struct {
	member
	recipe *Recipe
}

func (b builtApart) build(s *search) (*rank.Model, error) {
	if s.o.Elsewhere == nil {
		return b.member.build(s)
	}
	return s.o.Elsewhere.Build(s.data, b.recipe)
}

// winner is the member that a run chose, to be built elsewhere where it is one of lists.
func (o Options) winner(m member, r *Recipe) member {
	if o.Elsewhere == nil || r == nil || r.Algorithm == NextItem {
		return m
	}
	return builtApart{m, r}
}

// SearchChain does the searches of a chain for a run on d with the same options.
func SearchChain(d *dataset.Data, c Chain, o Options) ([]Found, error) {
	o.Elsewhere = nil
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	heldOut, err := validation.New(d, o.Seed, o.MaxCases)
	if err != nil {
		return nil, err
	}
	s := newSearch(d, o)
	s.heldOut = heldOut
	for _, f := range c.Before {
		s.found = append(s.found, &candidate{name: f.Name, scored: scored[member]{cases: f.Cases}})
	}
	competing := s.families()
	named := func(name string) bool {
		return slices.ContainsFunc(competing, func(f family) bool { return f.name == name })
	}
	if named(TwoHop) && !slices.Contains(c.Families, TwoHop) { // which would have scouted before this chain comes
		if err := s.scout(); err != nil {
			return nil, fmt.Errorf("scout: %w", err)
		}
	}
	var all []Found
	for _, f := range competing {
		if !slices.Contains(c.Families, f.name) {
			continue
		}
		s.path = nil
		best, err := f.search(s)
		if err != nil {
			return nil, fmt.Errorf("search %s: %w", f.name, err)
		}
		if best == nil {
			continue
		}
		recipe, err := newRecipe(best.name, best.at)
		if err != nil {
			return nil, err
		}
		if recipe == nil {
			return nil, fmt.Errorf("search %s: it has no recipe to hand on", f.name)
		}
		all = append(all, Found{best.name, recipe.Member, best.at.parameters(s), best.cases, s.path})
	}
	return all, nil
}

// SessionTrials measures points as the search of session models does in a run on d with the same options.
func SessionTrials(d *dataset.Data, o Options) (*sessions.Trials, error) {
	return sessions.NewTrials(newSearch(d, o.withDefaults()).sessionSearch())
}

// Divisible reports whether [BuildLists] can make the lists of some items alone, in the share of the time.
func (r *Recipe) Divisible(relation string) bool {
	m, err := r.member()
	_, ok := m.(separable)
	return err == nil && ok && relation != dataset.ViewedNext
}

// member is the member that a recipe describes, of whichever data.
func (r *Recipe) member() (member, error) {
	if err := r.Readable(); err != nil {
		return nil, err
	}
	return familyOf(r.Algorithm).read(r)
}

// BuildLists makes the lists of the items [from, to) by a recipe that is divisible, or those of all items by another one; the other lists
// are empty.
func BuildLists(d *dataset.Data, r *Recipe, from, to int, o Options) (*neighbours.Lists, error) {
	o.Elsewhere = nil
	s := newSearch(d, o.withDefaults())
	m, err := s.member(r)
	if err != nil {
		return nil, err
	}
	alone, ok := m.(separable)
	if !ok || from == 0 && to == d.Items.Len() {
		t, err := m.build(s)
		if err != nil {
			return nil, err
		}
		return t.Lists, nil
	}
	g, err := s.whole(alone.rows())
	if err != nil {
		return nil, err
	}
	run := s.o.build()
	run.Rows = make([]int32, to-from)
	for n := range run.Rows {
		run.Rows[n] = int32(from + n)
	}
	return neighbours.Build(g, alone.similarity(g), run)
}

// Model is the model of a recipe whose lists are built.
func (r *Recipe) Model(lists *neighbours.Lists) (*rank.Model, error) {
	m, err := r.member()
	if err != nil {
		return nil, err
	}
	weighed, ok := m.(interface{ rows() weighing })
	if !ok {
		return nil, errors.New("the recipe is of a model without lists")
	}
	return weighed.rows().model(lists), nil
}
