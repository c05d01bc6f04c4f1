package evaluate

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// Names of the parameters of the list models. Those of [NextItem] are the searched fields of [sessions.Params].
const (
	UserExponent   = "user_exponent"
	SourceExponent = "source_exponent"
	TargetExponent = "target_exponent"
	HalfLifeDays   = "half_life_days"
	SeedHalfLife   = "seed_half_life"
	Direction      = "direction"
	Nearness       = "nearness"
	Strength       = "strength"
	Lambda         = "lambda"
)

// Parameter is one that the search chooses, with the range in which it may be given by hand.
type Parameter struct {
	Name      string
	Symbol    string // a short name that is understood as well; "" for none
	Low, High float64
	Means     string // what it is, for messages and the documentation
}

// weighingParameters are those of a [weighing].
func weighingParameters() []Parameter {
	return []Parameter{
		{UserExponent, "a", -2, 2, "exponent of the size of a user's history"},
		{SourceExponent, "alpha", -1, 2, "exponent by which the popularity of an item of the history is damped"},
		{TargetExponent, "beta", -1, 2, "exponent by which the popularity of a recommended item is damped"},
		{HalfLifeDays, "", .1, 1 << noDecay, "days in which an order loses half of its weight, 4096 for no loss"},
		{SeedHalfLife, "", 0, 10_000, "later items of a history after which one weighs half, 0 for no loss"},
	}
}

// orderParameters are those of families whose lists tell what came first.
func orderParameters() []Parameter {
	return []Parameter{
		{Direction, "", 0, 1, "share by which a pair of a history weighs less when its target came before its source"},
		{Nearness, "", 0, 8, "exponent by which pairs of a history weigh less the further apart they came"},
	}
}

var lambdaParameter = Parameter{Lambda, "", 1e-6, 1e9, "weight of the ridge"}

// Parameters lists those of an algorithm that can be given, nil for algorithms without any.
func Parameters(algorithm string) []Parameter {
	if f := familyOf(algorithm); f != nil {
		return f.parameters
	}
	return nil
}

// Pinned are parameters given by hand, by algorithm and name: the search leaves them as they are and chooses the others.
type Pinned map[string]map[string]float64

// Checked returns the parameters under their full names. The error names every one that no algorithm has or that lies out of range, and
// what would do.
func (p Pinned) Checked() (Pinned, error) {
	out := Pinned{}
	var errs []error
	for _, algorithm := range slices.Sorted(maps.Keys(p)) {
		known := Parameters(algorithm)
		if known == nil {
			errs = append(errs, fmt.Errorf("parameters of %q: only %s have any", algorithm, strings.Join(tunable(), ", ")))
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(p[algorithm])) {
			v := p[algorithm][name]
			at := slices.IndexFunc(known, func(k Parameter) bool { return k.Name == name || k.Symbol != "" && k.Symbol == name })
			if at < 0 {
				errs = append(errs, fmt.Errorf("%s has no parameter %q, want one of %s", algorithm, name, strings.Join(names(known), ", ")))
				continue
			}
			k := known[at]
			if !(v >= k.Low && v <= k.High) {
				errs = append(errs, fmt.Errorf("%s.%s is %v, want %v to %v", algorithm, k.Name, v, k.Low, k.High))
			}
			if out[algorithm] == nil {
				out[algorithm] = map[string]float64{}
			}
			if _, twice := out[algorithm][k.Name]; twice {
				errs = append(errs, fmt.Errorf("%s.%s is given twice, also as %s: leave one out", algorithm, k.Name, k.Symbol))
			}
			out[algorithm][k.Name] = v
		}
	}
	if session := out[NextItem]; session != nil {
		errs = append(errs, sessions.DefaultParams().With(session).Validate())
	}
	return out, errors.Join(errs...)
}

// fit reports parameters that would change nothing: of algorithms that do not compete on these data, or of times that the data do not have.
func (p Pinned) fit(d *dataset.Data, o Options) error {
	var errs []error
	for _, algorithm := range slices.Sorted(maps.Keys(p)) {
		if !Uses(o.Algorithms, algorithm) || !Suits(algorithm, d.Relation) {
			errs = append(
				errs,
				fmt.Errorf(
					"parameters of %s are given, but it does not compete on these data: name it among the algorithms or leave them out",
					algorithm,
				),
			)
		}
		if _, given := p[algorithm][HalfLifeDays]; given && d.RowTimes == nil {
			errs = append(errs, fmt.Errorf("%s.%s is given, but these data have no times of orders: leave it out", algorithm, HalfLifeDays))
		}
	}
	return errors.Join(errs...)
}

// tunable names the algorithms that have parameters to be given.
func tunable() []string {
	return listed(func(f family) bool { return f.parameters != nil })
}

// names lists the names of parameters.
func names(list []Parameter) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Name)
	}
	return out
}

// pinned puts the given parameters of an algorithm into a point.
func (s *search) pinned(algorithm string, p weighing) weighing {
	given := s.o.Pinned[algorithm]
	for name, field := range map[string]*float64{
		UserExponent: &p.UserExponent, SourceExponent: &p.SourceExponent, TargetExponent: &p.TargetExponent, SeedHalfLife: &p.SeedHalfLife,
		Direction: &p.Direction, Nearness: &p.Nearness,
	} {
		if v, ok := given[name]; ok {
			*field = v
		}
	}
	if days, ok := given[HalfLifeDays]; ok {
		p.LogHalfLife = logDays(math.Log2(days))
	}
	return p
}

// isPinned reports whether a parameter of an algorithm is given.
func (s *search) isPinned(algorithm, name string) bool {
	_, ok := s.o.Pinned[algorithm][name]
	return ok
}

// axes pins those of an algorithm whose parameters are given: they do not move.
func (s *search) axes(algorithm string, all ...pattern.Axis) []pattern.Axis {
	for n := range all {
		v, ok := s.o.Pinned[algorithm][all[n].Name]
		switch {
		case !ok:
			continue
		case all[n].Name == HalfLifeDays:
			v = math.Log2(v)
		case all[n].Name == Lambda: // its axis is relative to the data, the point carries λ itself
			v = all[n].Start
		}
		all[n].Start, all[n].Low, all[n].High = v, v, v
	}
	return all
}
