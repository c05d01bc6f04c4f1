package text

import (
	"cmp"
	"math"
	"slices"
)

// Blend joins the neighbours of an item found from behaviour with those found from its text into one list of at most k,
// best first, ties by lower id. support is how many events stand behind the item and prior how many of them are as
// trustworthy as the text: the text's weight is prior/(prior + support), 1 for an item without events, ½ at prior
// events, and falls towards 0. Each list is first divided by its largest absolute score, so that only its shape counts;
// an item missing from a list has 0 in it. Without usable behaviour the text decides alone, and the other way round.
func Blend[ID cmp.Ordered](behaviour, text []Neighbour[ID], support, prior float64, k int) []Neighbour[ID] {
	share := 1.0
	if support > 0 && prior >= 0 {
		share = prior / (prior + support)
	}
	switch {
	case largest(behaviour) == 0:
		share = 1
	case largest(text) == 0:
		share = 0
	}
	sums := make(map[ID]float64, len(behaviour)+len(text))
	add := func(list []Neighbour[ID], share float64) {
		top := largest(list)
		if top == 0 || share == 0 {
			return
		}
		for _, n := range list {
			sums[n.ID] += share * n.Score / top
		}
	}
	add(behaviour, 1-share)
	add(text, share)
	out := make([]Neighbour[ID], 0, len(sums))
	for id, score := range sums {
		out = append(out, Neighbour[ID]{id, score})
	}
	slices.SortFunc(out, byScore)
	return out[:min(len(out), max(0, k))]
}

func largest[ID cmp.Ordered](list []Neighbour[ID]) float64 {
	var top float64
	for _, n := range list {
		top = max(top, math.Abs(n.Score))
	}
	return top
}
