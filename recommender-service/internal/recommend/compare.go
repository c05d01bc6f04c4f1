package recommend

import (
	"context"
	"math/rand/v2"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Compare answers a request as two placements would, for the same visitor and from the same seed of randomness, so that all differences are
// those of the placements. Neither answer is remembered. Both together have the deadline of one.
func (e *Engine) Compare(ctx context.Context, shop string, a, b Placement, req *api.Request) (first, second api.Answer, err error) {
	ctx, cancel := withDeadline(ctx, req)
	defer cancel()
	v, nonce := e.visit(shop, e.Now()), rand.Uint64()
	v.nonces = func() uint64 { return nonce }
	if err = v.answerTo(ctx, a, req, func(_ *run, answer *api.Answer) { first = *answer }); err == nil {
		err = v.answerTo(ctx, b, req, func(_ *run, answer *api.Answer) { second = *answer })
	}
	return first, second, err
}

// Overlap returns the share of the items of a that b has too, wherever they stand; 1 when a is empty.
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
func (e *Engine) Try(ctx context.Context, shop string, p Placement, req *api.Request) (a api.Answer, err error) {
	ctx, cancel := withDeadline(ctx, req)
	defer cancel()
	err = e.visit(shop, e.Now()).answerTo(ctx, p, req, func(_ *run, answer *api.Answer) { a = *answer })
	return a, err
}
