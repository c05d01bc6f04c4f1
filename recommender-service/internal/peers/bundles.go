package peers

import (
	"context"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Bundles looks up sets of items that are bought together.
func (p *Peers) Bundles(ctx context.Context, shop string, r similarityapi.BundlesRequest) (similarityapi.BundlesAnswer, error) {
	return guarded(p, guard{forLists, shop}, func() (similarityapi.BundlesAnswer, error) {
		return p.options.Similarity.ForShop(shop).Bundles(ctx, r)
	})
}
