package sessions

import "math"

// axis is one searched parameter with its grid, smallest value first.
type axis struct {
	name   string
	field  func(*Params) *float64
	values []float64
}

// nearest is the place of the grid value closest to that of p.
func (a axis) nearest(p *Params) int {
	at, value := 0, *a.field(p)
	for n, v := range a.values {
		if math.Abs(v-value) < math.Abs(a.values[at]-value) {
			at = n
		}
	}
	return at
}

// Searched lists the names of the parameters that Search chooses.
func Searched() []string {
	var names []string
	for _, a := range axes() {
		names = append(names, a.name)
	}
	return names
}

// With returns p with the searched parameters of given in place of its own; other names are ignored.
func (p Params) With(given map[string]float64) Params {
	for _, a := range axes() {
		if v, ok := given[a.name]; ok {
			*a.field(&p) = v
		}
	}
	return p
}

// axes are the searched parameters. The grids span what is sensible on any data; none is made for a particular one.
func axes() []axis {
	decays := []float64{.02, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1}
	powers := []float64{0, .25, .5, .75, 1, 1.5, 2, 3}
	rates := []float64{0, .25, .5, 1, 2, 3, 4, 6, 8, 12, 20, 40}
	shares := []float64{0, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1}
	additions := []float64{0, .003, .01, .02, .05, .1, .2, .4, .8, 1.6}
	return []axis{
		{"seed_decay", func(p *Params) *float64 { return &p.SeedDecay }, decays},
		{"seed_power", func(p *Params) *float64 { return &p.SeedPower }, powers},
		{"seed_idf", func(p *Params) *float64 { return &p.SeedIDF }, powers},
		{"length_power", func(p *Params) *float64 { return &p.LengthPower }, []float64{-.25, 0, .125, .25, .5, .75, 1}},
		{"similarity_power", func(p *Params) *float64 { return &p.SimilarityPower }, []float64{.5, .75, 1, 1.5, 2, 3, 4, 6}},
		{"recency", func(p *Params) *float64 { return &p.Recency }, rates},
		{"after_power", func(p *Params) *float64 { return &p.AfterPower }, powers},
		{"before_weight", func(p *Params) *float64 { return &p.BeforeWeight }, shares},
		{"before_power", func(p *Params) *float64 { return &p.BeforePower }, powers},
		{"order_share", func(p *Params) *float64 { return &p.OrderShare }, shares},
		{"order_seed_decay", func(p *Params) *float64 { return &p.OrderSeedDecay }, decays},
		{"order_after_power", func(p *Params) *float64 { return &p.OrderAfterPower }, powers},
		{"order_before_weight", func(p *Params) *float64 { return &p.OrderBeforeWeight }, shares},
		{"order_recency", func(p *Params) *float64 { return &p.OrderRecency }, rates},
		{"order_source_power", func(p *Params) *float64 { return &p.OrderSourcePower }, []float64{.25, .5, .75, .9, 1}},
		{"order_target_power", func(p *Params) *float64 { return &p.OrderTargetPower }, []float64{0, .05, .1, .15, .2, .3, .4, .5}},
		{"order_second", func(p *Params) *float64 { return &p.OrderSecond }, []float64{0, .05, .1, .2, .4, .8, 1.6, 3, 6}},
		{"trend_power", func(p *Params) *float64 { return &p.TrendPower }, []float64{0, .05, .1, .15, .2, .3, .4}},
		{"trend_decay", func(p *Params) *float64 { return &p.TrendDecay }, []float64{2, 5, 10, 20, 40, 80, 160}},
		{"rarity_power", func(p *Params) *float64 { return &p.IDFPower }, []float64{-.2, -.1, 0, .05, .1, .15, .2, .3, .4, .5}},
		{"repeat_factor", func(p *Params) *float64 { return &p.RepeatFactor }, []float64{0, .1, .25, .5, .75, 1, 1.5, 2, 3}},
		{"last_factor", func(p *Params) *float64 { return &p.LastFactor }, []float64{0, .1, .25, .5, .75, 1, 1.5, 2, 3}},
		{"repeat_weight", func(p *Params) *float64 { return &p.RepeatWeight }, additions},
		{"repeat_decay", func(p *Params) *float64 { return &p.RepeatDecay }, decays},
		{"last_weight", func(p *Params) *float64 { return &p.LastWeight }, additions},
		{"echo_weight", func(p *Params) *float64 { return &p.EchoWeight }, additions},
	}
}
