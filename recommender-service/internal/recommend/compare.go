package recommend

import (
	"context"
	"math/rand/v2"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Compare answers a request as two placements would, from the same profile and the same seed of randomness. Neither answer is remembered.
func (e *Engine) Compare(ctx context.Context, shop string, a, b Placement, req *api.Request) (first, second api.Answer, err error) {
	ctx, cancel := withDeadline(ctx, req)
	defer cancel()
	now, nonce := e.Now(), rand.Uint64()
	var who *run
	for n, p := range [...]Placement{a, b} {
		r := e.newRun(shop, p, req, now, nonce)
		if who == nil {
			if err := r.start(ctx); err != nil {
				e.scratch.Put(r.scratch)
				return api.Answer{}, api.Answer{}, err
			}
			who = r
		} else {
			r.before = who.before
			r.share(who)
		}
		r.rank(ctx)
		answer := r.answer()
		e.scratch.Put(r.scratch)
		if n == 0 {
			first = answer
		} else {
			second = answer
		}
	}
	return first, second, nil
}

// Overlap returns the share of the items of a that b has too; 1 when a is empty.
func Overlap(a, b *api.Answer) float64 {
	if len(a.Items) == 0 {
		return 1
	}
	have := map[string]bool{}
	for n := range b.Items {
		have[b.Items[n].ItemID] = true
	}
	common := 0
	for n := range a.Items {
		if have[a.Items[n].ItemID] {
			common++
		}
	}
	return float64(common) / float64(len(a.Items))
}

// Try answers a request without remembering the answer: no decision, no count, no rotation.
func (e *Engine) Try(ctx context.Context, shop string, p Placement, req *api.Request) (api.Answer, error) {
	ctx, cancel := withDeadline(ctx, req)
	defer cancel()
	r := e.newRun(shop, p, req, e.Now(), rand.Uint64())
	defer e.scratch.Put(r.scratch)
	if err := r.start(ctx); err != nil {
		return api.Answer{}, err
	}
	r.rank(ctx)
	return r.answer(), nil
}
