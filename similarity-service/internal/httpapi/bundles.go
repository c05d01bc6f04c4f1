package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/serving"
)

// registerBundles adds the one operation of package bundles.
func (a *API) registerBundles(api huma.API) {
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "look-up-bundles", Method: http.MethodPost, Path: "/v1/bundles", Tags: []string{"similarities"},
		Summary: "Sets of two to four items that are bought as a set",
		Description: "As the orders have them, found with the live model of bought_together: also sets with an " +
			"item that is hidden or sold out now, which the placement `product_detail.bundles` leaves out.",
	}, a.bundles)
}

// bundlesInput is the items of a page or a cart; a bundle has to hold one of them. Without
// items the best bundles of the shop are asked for.
type bundlesInput struct{ Body similarityapi.BundlesRequest }

type bundlesOutput struct{ Body similarityapi.BundlesAnswer }

// bundles answers from the live model of bought_together, whose bundles are read once and kept
// with it. Families go in and the items that stand for them come out. A shop without such a
// model has none, which is no error.
func (a *API) bundles(ctx context.Context, shop string, in *bundlesInput) (*bundlesOutput, error) {
	out := &bundlesOutput{similarityapi.BundlesAnswer{Bundles: []similarityapi.Bundle{}}}
	m, err := a.Registry.Model(ctx, shop, similarityapi.BoughtTogether, "")
	if errors.Is(err, serving.ErrNoModel) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	index, err := a.Registry.Bundles(ctx, m)
	if err != nil {
		return nil, err
	}
	families := make([]string, len(in.Body.ItemIDs))
	for n, id := range in.Body.ItemIDs {
		families[n] = id
		if family, known := a.Catalogue.Family(shop, id); known {
			families[n] = family
		}
	}
	out.Body.ModelVersion, out.Body.Orders, out.Body.Bundles = m.Version, index.Orders(), index.With(families, in.Body.Limit)
	for n := range out.Body.Bundles {
		out.Body.Bundles[n].ItemIDs = a.Catalogue.Heads(shop, out.Body.Bundles[n].ItemIDs)
	}
	return out, nil
}
