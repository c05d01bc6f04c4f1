package evaluate

import (
	"fmt"
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/leaveownout"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

const (
	daySeconds = 24 * 60 * 60
	// noDecay is the logarithm of a half-life in days beyond which rows do not age: 2¹² days are eleven years.
	noDecay = 12
)

// weighing is how a member reads and weighs rows and seeds.
type weighing struct {
	Values         string  `json:"values,omitempty"`        // the reading of the training values
	LogHalfLife    logDays `json:"log_half_life,omitzero"`  // in which rows lose half of their weight
	UserExponent   float64 `json:"user_exponent,omitempty"` // as in [neighbours.TwoHop], like the other two
	SourceExponent float64 `json:"source_exponent,omitempty"`
	TargetExponent float64 `json:"target_exponent,omitempty"`
	SeedHalfLife   float64 `json:"seed_half_life,omitempty"` // in later seeds; 0 for none
	Direction      float64 `json:"direction,omitempty"`      // as in [neighbours.Order], like the other
	Nearness       float64 `json:"nearness,omitempty"`
}

// logDays is log₂ of a number of days; noDecay or more, and no field in a recipe, mean for ever.
type logDays float64

// IsZero says what a recipe leaves out.
func (d logDays) IsZero() bool { return d >= noDecay }

// lasting is how the data are read as they are, without any exponents and for ever.
func (s *search) lasting() weighing {
	return weighing{Values: s.readings[0].Name, LogHalfLife: noDecay}
}

// hop is the exponents as package neighbours takes them.
func (p weighing) hop() neighbours.TwoHop {
	return neighbours.TwoHop{UserExponent: p.UserExponent, SourceExponent: p.SourceExponent, TargetExponent: p.TargetExponent}
}

// with sets the exponents.
func (p weighing) with(t neighbours.TwoHop) weighing {
	p.UserExponent, p.SourceExponent, p.TargetExponent = t.UserExponent, t.SourceExponent, t.TargetExponent
	return p
}

// set sets the field that an axis of a search moves along.
func (p *weighing) set(axis string, at float64) {
	switch axis {
	case TargetExponent:
		p.TargetExponent = at
	case UserExponent:
		p.UserExponent = at
	case HalfLifeDays:
		p.LogHalfLife = logDays(at)
	case Direction:
		p.Direction = at
	case Nearness:
		p.Nearness = at
	}
}

// order is what the order of histories tells, as package neighbours takes it.
func (p weighing) order() neighbours.Order {
	return neighbours.Order{Direction: p.Direction, Nearness: p.Nearness}
}

// seeding is how seeds weigh over lists without the source exponent.
func (p weighing) seeding() leaveownout.Seeding {
	return leaveownout.Seeding{SourceExponent: p.SourceExponent, HalfLife: p.SeedHalfLife}
}

// rows is the weighing of a member that embeds it.
func (p weighing) rows() weighing { return p }

// parameters names the values for a report.
func (p weighing) parameters(s *search) map[string]any {
	out := map[string]any{"user_exponent": p.UserExponent, "source_exponent": p.SourceExponent, "target_exponent": p.TargetExponent}
	if len(s.readings) > 1 {
		out["values"] = p.Values
	}
	if p.LogHalfLife < noDecay {
		out["half_life_days"] = math.Round(math.Exp2(float64(p.LogHalfLife))*10) / 10
	}
	if p.SeedHalfLife > 0 {
		out["seed_half_life"] = p.SeedHalfLife
	}
	if p.order() != (neighbours.Order{}) {
		out["direction"], out["nearness"] = p.Direction, p.Nearness
	}
	return out
}

// graphKey tells apart the graphs of a run: other exponents of a point share one.
type graphKey struct {
	values      string
	logHalfLife logDays
	rows        int
}

// graph returns the graph of a reading's first rows, aged to the moment until.
func (s *search) graph(p weighing, rows int, until int64) (*neighbours.Graph, error) {
	key := graphKey{p.Values, p.LogHalfLife, rows}
	g, ok := s.graphs[key]
	if !ok {
		clear(s.graphs) // one at a time: a graph takes as much memory as the data
		var err error
		g, err = neighbours.NewGraph(s.matrix(p.Values).First(rows).Latest(s.o.HistoryCap), s.ages(p.LogHalfLife, rows, until))
		if err != nil {
			return nil, fmt.Errorf("graph of %d rows: %w", rows, err)
		}
		s.graphs[key] = g
	}
	return s.weighed(g, p), nil
}

// weighed is a graph of rows of the training part with the weights of a point.
func (s *search) weighed(g *neighbours.Graph, p weighing) *neighbours.Graph {
	g = g.WithUserExponent(p.UserExponent)
	if p.order() == (neighbours.Order{}) {
		return g
	}
	return g.WithOrder(p.order(), s.data.TogetherIn(g.Users()))
}

// graphOf is the graph of rows that are not those of a reading, aged as the validation is.
func (s *search) graphOf(rows *csr.Matrix, p weighing) (*neighbours.Graph, error) {
	g, err := neighbours.NewGraph(rows.Latest(s.o.HistoryCap), s.ages(p.LogHalfLife, rows.Rows, s.heldOut.Until))
	if err != nil {
		return nil, err
	}
	return s.weighed(g, p), nil
}

// whole is the graph of the whole training part.
func (s *search) whole(p weighing) (*neighbours.Graph, error) {
	return s.graph(p, s.train.Rows, s.data.Until)
}

// ages returns the weights of the first rows by their age at until, nil when nothing ages.
func (s *search) ages(half logDays, rows int, until int64) []float64 {
	if s.data.RowTimes == nil || half >= noDecay {
		return nil
	}
	out := make([]float64, rows)
	halfLife := math.Exp2(float64(half)) * daySeconds
	for u := range out {
		out[u] = math.Exp2(-math.Max(float64(until-s.data.RowTimes[u]), 0) / halfLife)
	}
	return out
}

// rankHeld ranks cases whose hidden entries are not in the lists.
func (s *search) rankHeld(l *neighbours.Lists, p weighing, cases *validation.Set) ([]metrics.Accuracy, error) {
	return cases.Measure(p.model(l), s.matrix(p.Values), s.o.ranking())
}

// build are the options of a build of lists.
func (o Options) build() neighbours.Options {
	return neighbours.Options{K: o.Neighbours, Workers: o.Workers, Stop: o.Stop}
}
