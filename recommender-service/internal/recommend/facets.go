package recommend

import (
	"context"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/facet"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// facetItems is how many items facets are to split.
const facetItems = 100

// Facets returns the fields that split best what an answer to the request may show: each tells most of what those before it leave open. It
// makes the answer once more, a hundred items long, and so costs more than the answer itself. There may be fewer than asked for, or none.
func (e *Engine) Facets(ctx context.Context, shop string, p Placement, req *api.Request) (list []api.Facet, err error) {
	ctx, v, done := e.admit(ctx, shop, req)
	defer done()
	wide := *req
	wide.Limit = facetItems
	err = v.answerTo(ctx, p, &wide, func(r *run, _ *api.Answer) {
		r.read(func(view *catalogue.View) {
			items := make([]*catalogue.Item, 0, len(r.picks))
			for n := range r.picks {
				if it := view.Item(r.picks[n].index); it != nil {
					items = append(items, it)
				}
			}
			list = facet.Split(items, req.Facets, req.Market)
		})
	})
	return list, err
}
