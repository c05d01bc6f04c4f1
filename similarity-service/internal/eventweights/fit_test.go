package eventweights

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Items are in groups; the lists know which belong together.
const groups, each = 20, 10

func lists() *neighbours.Lists {
	l := neighbours.NewLists(groups*each, each-1)
	for i := range int32(groups * each) {
		for j := i / each * each; j < (i/each+1)*each; j++ {
			if j != i {
				l.Items[int(i)*l.K+int(l.Len[i])], l.Weight[int(i)*l.K+int(l.Len[i])] = j, 1
				l.Len[i]++
			}
		}
	}
	return l
}

// history has visitors who view items of four groups and put one of a fifth into the cart. What they come to after the cut is of the group
// in the cart with the chance cart, else of one of those viewed.
func history(cart float64) *profileapi.InteractionBlock {
	rng := rand.New(rand.NewPCG(1, 2))
	b := &profileapi.InteractionBlock{Types: []string{"view_item", "add_to_cart", "view_promotion"}}
	for i := range groups * each {
		b.Items = append(b.Items, fmt.Sprint(i))
	}
	add := func(user, item, kind int, at int64) {
		b.User, b.Item, b.Type = append(b.User, int32(user)), append(b.Item, int32(item)), append(b.Type, int32(kind))
		b.OccurredAt, b.Weight = append(b.OccurredAt, at*1000), append(b.Weight, 1)
	}
	for u := range 2000 {
		b.Users = append(b.Users, fmt.Sprint("user ", u))
		order := rng.Perm(groups)
		for n, g := range order[:4] {
			add(u, g*each+rng.IntN(5), 0, int64(10+n))
		}
		add(u, order[4]*each+rng.IntN(5), 1, 20)
		add(u, order[5]*each, 2, 21)
		next := order[rng.IntN(4)]
		if rng.Float64() < cart {
			next = order[4]
		}
		add(u, next*each+5+rng.IntN(5), 0, 200)
	}
	return b
}

func learn(block *profileapi.InteractionBlock, limit int) *Result {
	s := NewSample()
	s.limit = limit
	s.Add(block)
	at := map[string]int32{}
	for i, id := range block.Items {
		at[id] = int32(i)
	}
	return s.Fit(Data{
		Lists: lists(), Cut: 100, Configured: map[string]float64{"view_item": 1, "add_to_cart": 1, "view_promotion": 0},
		Index: func(id string) (int32, bool) { i, ok := at[id]; return i, ok },
	})
}

func ratio(r *Result) float64 { return r.Weights[0].Learnt / r.Weights[1].Learnt }

func TestWhatVisitorsComeBackForWeighsMore(t *testing.T) {
	t.Parallel()
	often, seldom := learn(history(.9), sampled), learn(history(.2), sampled)
	if often == nil || seldom == nil || len(often.Weights) != 2 || often.Weights[0].Type != "add_to_cart" {
		t.Fatalf("learnt %+v and %+v", often, seldom)
	}
	// By chance a fifth of what they come to is of the group in the cart: then a cart is worth what a view is.
	if r := ratio(seldom); r < .7 || r > 1.4 {
		t.Errorf("a cart that says nothing weighs %.2f views", r)
	}
	if r := ratio(often); r < 2.5 {
		t.Errorf("a cart that says all weighs %.2f views", r)
	}
	cart, view := often.Weights[0], often.Weights[1]
	if cart.Low <= view.High || cart.Low >= cart.Learnt || cart.Events < 900 || cart.Events > 1100 {
		t.Errorf("intervals or counts are wrong: %+v, %+v", cart, view)
	}
	if often.OrderedLearnt <= often.OrderedConfigured+.1 || often.Pairs < 1000 {
		t.Errorf("of %d pairs %.3f are in order, %.3f as configured", often.Pairs, often.OrderedLearnt, often.OrderedConfigured)
	}
}

func TestASampleOfVisitorsTellsTheSame(t *testing.T) {
	t.Parallel()
	block := history(.9)
	all, some := learn(block, sampled), learn(block, 6000)
	if some == nil || some.Pairs >= all.Pairs*3/4 {
		t.Fatalf("the sample is not one: %+v", some)
	}
	if r := ratio(some) / ratio(all); r < .6 || r > 1.7 {
		t.Errorf("a cart weighs %.2f views instead of %.2f", ratio(some), ratio(all))
	}
	if diff := cmp.Diff(some, learn(block, 6000)); diff != "" {
		t.Errorf("the same sample gives another result: %s", diff)
	}
}

func TestTooLittleIsNothing(t *testing.T) {
	t.Parallel()
	block := history(.9)
	block.User, block.Item, block.Type = block.User[:140], block.Item[:140], block.Type[:140]
	block.OccurredAt, block.Weight = block.OccurredAt[:140], block.Weight[:140]
	if r := learn(block, sampled); r != nil {
		t.Errorf("of twenty visitors it learnt %+v", r)
	}
}
