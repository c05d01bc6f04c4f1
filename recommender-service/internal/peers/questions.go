package peers

import (
	"context"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Search finds products by words.
func (p *Peers) Search(ctx context.Context, shop string, r similarityapi.SearchRequest) (similarityapi.SearchAnswer, error) {
	return guarded(p, guard{forLists, shop}, func() (similarityapi.SearchAnswer, error) {
		return p.options.Similarity.ForShop(shop).Search(ctx, r)
	})
}

// Bundles looks up sets of items that are bought together.
func (p *Peers) Bundles(ctx context.Context, shop string, r similarityapi.BundlesRequest) (similarityapi.BundlesAnswer, error) {
	return guarded(p, guard{forLists, shop}, func() (similarityapi.BundlesAnswer, error) {
		return p.options.Similarity.ForShop(shop).Bundles(ctx, r)
	})
}
