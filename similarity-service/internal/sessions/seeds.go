package sessions

import (
	"math"
	"slices"
)

// seed is a distinct known item of the running session at its latest position, latest seed first.
type seed struct {
	item   int32
	weight float64 // for matching sessions
	order  float64 // for the order model, summing to the blend's share
}

// bonus is what one seed adds to one item outside both models: for the return to an item of the running session.
type bonus struct {
	seed   int // place in scratch.seeds
	item   int32
	weight float64
}

// setSeeds takes the distinct known items of the prefix, latest first, and their bonuses. Unknown items do not count as
// clicks.
func (m *Model) setSeeds(sc *scratch, prefix []int32) {
	sc.seeds, sc.bonuses = sc.seeds[:0], sc.bonuses[:0]
	p := m.params
	var total float64
	follower := noSeed // the known item clicked after the one looked at
	age := 0
	for n := len(prefix) - 1; n >= 0 && age < p.MaxPrefix; n-- {
		item := prefix[n]
		if item < 0 || int(item) >= m.ix.items || m.ix.support(item) == 0 {
			continue
		}
		place := slices.IndexFunc(sc.seeds, func(s seed) bool { return s.item == item })
		if place < 0 {
			place = len(sc.seeds)
			s := seed{
				item:   item,
				weight: math.Pow(p.SeedDecay, float64(age)) * math.Pow(1+float64(age), -p.SeedPower) * m.idf[item],
				order:  math.Pow(p.OrderSeedDecay, float64(age)),
			}
			total += s.order
			sc.seeds = append(sc.seeds, s)
		}
		m.addBonuses(sc, place, age, follower)
		follower = item
		age++
	}
	for n := range sc.seeds {
		sc.seeds[n].order *= p.OrderShare / total
	}
}

// addBonuses adds those of one click.
func (m *Model) addBonuses(sc *scratch, place, age int, follower int32) {
	p := m.params
	weight := p.LastWeight
	if age > 0 {
		weight = p.RepeatWeight * math.Pow(p.RepeatDecay, float64(age))
	}
	if weight > 0 {
		sc.bonuses = append(sc.bonuses, bonus{place, sc.seeds[place].item, weight})
	}
	if place == 0 && age > 0 && p.EchoWeight > 0 {
		sc.bonuses = append(sc.bonuses, bonus{place, follower, p.EchoWeight})
	}
}
