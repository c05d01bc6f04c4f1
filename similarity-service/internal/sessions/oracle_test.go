package sessions

import (
	"cmp"
	"math"
	"slices"
	"testing"
)

// oracle is the model written plainly: maps, full scans of all sessions, no index. It follows the formulas of the
// package and shares no code with the fast path but Params.
type oracle struct {
	p        Params
	sessions [][]int32
	items    int
}

func (o oracle) age(s int) float64 {
	if len(o.sessions) < 2 {
		return 0
	}
	return float64(len(o.sessions)-1-s) / float64(len(o.sessions)-1)
}

func (o oracle) support(item int32) (n float64) {
	for _, s := range o.sessions {
		if slices.Contains(s, item) {
			n++
		}
	}
	return n
}

func (o oracle) factor(item int32) float64 {
	var recent float64
	for s, session := range o.sessions {
		for _, i := range session {
			if i == item {
				recent += math.Exp(-o.p.TrendDecay * o.age(s))
			}
		}
	}
	return math.Pow(1+recent, o.p.TrendPower) / math.Pow(o.support(item), o.p.IDFPower)
}

func strongest(row map[int32]float64, k int) []pair {
	var out []pair
	for i, w := range row {
		out = append(out, pair{i, w})
	}
	slices.SortFunc(out, func(a, b pair) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.item, b.item)) })
	return out[:min(k, len(out))]
}

// transitions is the order model's matrix.
func (o oracle) transitions() []map[int32]float64 {
	raw := make([]map[int32]float64, o.items)
	for a := range raw {
		raw[a] = map[int32]float64{}
	}
	for s, session := range o.sessions {
		for x, a := range session {
			for y, b := range session {
				d := math.Abs(float64(y - x))
				w := math.Exp(-o.p.OrderRecency*o.age(s)) * math.Pow(d, -o.p.OrderAfterPower)
				if y < x {
					w *= o.p.OrderBeforeWeight
				}
				if d > 0 && d <= 20 && w > 0 {
					raw[a][b] += w
				}
			}
		}
	}
	mass := make([]float64, o.items)
	for a := range raw {
		mass[a] = 1
		for _, b := range strongest(raw[a], o.items) {
			mass[a] += b.weight
		}
	}
	for a := range raw {
		for b := range raw[a] {
			raw[a][b] *= math.Pow(mass[a], -o.p.OrderSourcePower) * math.Pow(mass[b], -o.p.OrderTargetPower)
		}
	}
	out := make([]map[int32]float64, o.items)
	for a := range raw {
		row := map[int32]float64{}
		for b, w := range raw[a] {
			row[b] = w
		}
		for _, b := range strongest(raw[a], 40) {
			var total float64
			for _, c := range strongest(raw[b.item], 40) {
				total += c.weight
			}
			for _, c := range strongest(raw[b.item], 40) {
				if int(c.item) != a && int(b.item) != a && o.p.OrderSecond > 0 {
					row[c.item] += o.p.OrderSecond * b.weight * c.weight / total
				}
			}
		}
		out[a] = map[int32]float64{}
		for _, b := range strongest(row, o.p.OrderKeep) {
			out[a][b.item] = b.weight
		}
	}
	return out
}

// scores of all items after the prefix; all items of the prefix must be known.
func (o oracle) scores(prefix []int32, order []map[int32]float64) map[int32]float64 {
	p := o.p
	prefix = prefix[max(0, len(prefix)-p.MaxPrefix):]
	ageOf := map[int32]int{}
	for n, item := range prefix {
		ageOf[item] = len(prefix) - 1 - n
	}
	weight := map[int32]float64{}
	var orderTotal float64
	for item, age := range ageOf {
		idf := math.Pow(math.Log(1+float64(len(o.sessions))/o.support(item)), p.SeedIDF)
		weight[item] = math.Pow(p.SeedDecay, float64(age)) * math.Pow(float64(1+age), -p.SeedPower) * idf
		orderTotal += math.Pow(p.OrderSeedDecay, float64(age))
	}
	out := map[int32]float64{}
	o.vote(out, weight, ageOf)
	for item, age := range ageOf {
		for b, w := range order[item] {
			out[b] += p.OrderShare * math.Pow(p.OrderSeedDecay, float64(age)) / orderTotal * float64(float32(w))
		}
	}
	last := prefix[len(prefix)-1]
	for item := range out {
		out[item] *= o.factor(item)
		if item == last {
			out[item] *= p.LastFactor
		} else if _, ok := ageOf[item]; ok {
			out[item] *= p.RepeatFactor
		}
	}
	for n, item := range prefix {
		if age := len(prefix) - 1 - n; age == 0 {
			out[item] += p.LastWeight
		} else {
			out[item] += p.RepeatWeight * math.Pow(p.RepeatDecay, float64(age))
			if item == last {
				out[prefix[n+1]] += p.EchoWeight
			}
		}
	}
	return out
}

// vote adds the votes of the neighbour sessions.
func (o oracle) vote(out map[int32]float64, weight map[int32]float64, ageOf map[int32]int) {
	p := o.p
	type voter struct {
		session int
		value   float64
		anchor  int
	}
	similar := map[int]float64{}
	latest := map[int]int32{}
	for item, w := range weight {
		found := 0
		for s := len(o.sessions) - 1; s >= 0 && found < p.Postings; s-- {
			if !slices.Contains(o.sessions[s], item) {
				continue
			}
			found++
			similar[s] += w
			if before, ok := latest[s]; !ok || ageOf[item] < ageOf[before] {
				latest[s] = item
			}
		}
	}
	var voters []voter
	for s, sim := range similar {
		length := float64(len(o.sessions[s]))
		value := math.Pow(sim, p.SimilarityPower) * math.Pow(length, -p.LengthPower) * math.Exp(-p.Recency*o.age(s))
		anchor := len(o.sessions[s]) - 1
		for o.sessions[s][anchor] != latest[s] {
			anchor--
		}
		voters = append(voters, voter{s, value, anchor})
	}
	slices.SortFunc(voters, func(a, b voter) int {
		return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(b.session, a.session))
	})
	voters = voters[:min(len(voters), p.Neighbours)]
	var total float64
	for _, v := range voters {
		total += v.value
	}
	for _, v := range voters {
		for c, item := range o.sessions[v.session] {
			w := math.Pow(float64(c-v.anchor), -p.AfterPower)
			if c < v.anchor {
				w = p.BeforeWeight * math.Pow(float64(v.anchor-c), -p.BeforePower)
			}
			if c != v.anchor {
				out[item] += (1 - p.OrderShare) * v.value / total * w
			}
		}
	}
}

func TestFastPathEqualsThePlainOne(t *testing.T) {
	t.Parallel()
	const items = 60
	train := walks(12, 250, items)
	for name, p := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mustBuild(t, train, items, p)
			plain := oracle{p, train, items}
			order := plain.transitions()
			for _, prefix := range walks(13, 40, items) {
				want := plain.scores(prefix, order)
				for _, it := range m.Recommend(prefix, items) {
					w, ok := want[it.Item]
					if it.Score < smallestScore {
						ok, w = true, it.Score // filled up by popularity
					}
					// The sums run in another order, so the last bits may differ.
					if !ok || math.Abs(w-it.Score) > 1e-9*(1+math.Abs(w)) {
						t.Fatalf("prefix %v item %d: score %v, plainly %v", prefix, it.Item, it.Score, w)
					}
					delete(want, it.Item)
				}
				for item, w := range want {
					if w > 1e-9 {
						t.Fatalf("prefix %v: item %d with score %v is missing", prefix, item, w)
					}
				}
			}
		})
	}
}
