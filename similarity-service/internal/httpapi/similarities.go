package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// itemInput asks about one item, by any of its ids or aliases.
type itemInput struct {
	ItemID       string `path:"item_id" minLength:"1" maxLength:"256"`
	Relation     string `query:"relation" enum:"similar,bought_together,viewed_next" default:"similar"`
	Limit        int    `query:"limit" minimum:"1" maximum:"200" default:"20"`
	ModelVersion string `query:"model_version" maxLength:"128" pattern:"^[A-Za-z0-9_.-]*$" doc:"The live model when absent"`
}

// itemOutput is one list with its model version, so that an answer can be asked for again.
type itemOutput struct {
	Body struct {
		ModelVersion string `json:"model_version"`
		Relation     string `json:"relation"`
		similarityapi.NeighbourList
	}
}

// lookupInput is the question that the recommender-service asks for the items of a history.
type lookupInput struct{ Body similarityapi.LookupRequest }

type lookupOutput struct{ Body similarityapi.LookupAnswer }

// nextInput is the items of a session, in the order in which they were looked at.
type nextInput struct{ Body similarityapi.NextRequest }

type nextOutput struct{ Body similarityapi.NextAnswer }

// searchInput is words as a person types them.
type searchInput struct{ Body similarityapi.SearchRequest }

type searchOutput struct{ Body similarityapi.SearchAnswer }

// pairInput asks what one item is to another; the order matters, since lists are not symmetric.
type pairInput struct {
	ItemID       string `path:"item_id" minLength:"1" maxLength:"256"`
	OtherID      string `path:"other_id" minLength:"1" maxLength:"256"`
	Relation     string `query:"relation" enum:"similar,bought_together,viewed_next" default:"similar"`
	ModelVersion string `query:"model_version" maxLength:"128" pattern:"^[A-Za-z0-9_.-]*$"`
}

type pairOutput struct{ Body similarityapi.Pair }

// popularInput chooses what is counted: one of the windows that every shop has, or one of its
// own by HalfLife and Types.
type popularInput struct {
	Category string   `query:"category" maxLength:"4096" doc:"A category path joined by \" > \"; the whole shop when absent"`
	Window   string   `query:"window" enum:"popular,trending,best_sellers" default:"popular"`
	HalfLife float64  `query:"half_life_hours" minimum:"0" maximum:"87600" doc:"Hours, from .1, that halve an event; the window's when 0"`
	Types    []string `query:"event_types" maxItems:"20" doc:"Types of event that count, joined by commas; the window's when absent"`
	Limit    int      `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// Resolve refuses a half-life within which no two events lie.
func (in *popularInput) Resolve(huma.Context) []error {
	if in.HalfLife != 0 && in.HalfLife < similarityapi.ShortestHalfLife {
		return []error{&huma.ErrorDetail{
			Location: "query.half_life_hours", Value: in.HalfLife,
			Message: "is shorter than .1 hours: use a longer one, or 0 for that of the window",
		}}
	}
	return nil
}

type popularOutput struct{ Body similarityapi.PopularAnswer }

// longestList is the longest list that a model keeps; see neighboursKept of package recompute.
const longestList = 200

// liked answers a question about one item for people, who ask what goes with it: what a model
// holds against other items, a negative weight, is left out. The list is then asked for once
// more at its full length, to fill the places. Services get the negative weights too, since
// they count in their sums.
func (a *API) liked(ctx context.Context, shop string, r similarityapi.LookupRequest) (similarityapi.LookupAnswer, error) {
	disliked := func(n similarityapi.Neighbour) bool { return n.Score < 0 }
	answer, err := a.Lookup.Lists(ctx, shop, r)
	if err != nil || !slices.ContainsFunc(answer.Lists[0].Neighbours, disliked) {
		return answer, err
	}
	limit := r.Limit
	r.Limit = longestList
	if answer, err = a.Lookup.Lists(ctx, shop, r); err != nil {
		return answer, err
	}
	list := slices.DeleteFunc(answer.Lists[0].Neighbours, disliked)
	answer.Lists[0].Neighbours = list[:min(len(list), limit)]
	return answer, nil
}

// registerSimilarities adds the questions about items. Package lookup and package popularity
// answer in families; the replica of the catalogue then names the items that stand for them,
// and says for people whether one can be bought now.
func (a *API) registerSimilarities(api huma.API) {
	tags := []string{"similarities"}
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "get-similarities", Method: http.MethodGet, Path: "/v1/similarities/{item_id}", Tags: tags,
		Summary: "Neighbours of one item", Errors: []int{http.StatusNotFound},
		Description: "As the model has them: also items that are hidden or sold out now, which have `available: false` and which " +
			"recommendations leave out. A product and its variants " +
			"are one; any of their ids and aliases finds them.",
	}, func(ctx context.Context, shop string, in *itemInput) (*itemOutput, error) {
		answer, err := a.liked(ctx, shop, similarityapi.LookupRequest{
			Relation: in.Relation, ItemIDs: []string{in.ItemID}, Limit: in.Limit, ModelVersion: in.ModelVersion,
		})
		if err != nil {
			return nil, err
		}
		// What a model knows may have left the catalogue; what neither knows is a slip of the pen.
		if _, known := a.Catalogue.Family(shop, in.ItemID); !known && len(answer.Lists[0].Neighbours) == 0 && a.Catalogue.Whole(shop) {
			return nil, apierror.NotFound("item", in.ItemID)
		}
		a.Catalogue.Name(shop, answer.Lists[0].Neighbours)
		a.Catalogue.Offer(shop, answer.Lists[0].Neighbours)
		out := &itemOutput{}
		out.Body.ModelVersion, out.Body.Relation, out.Body.NeighbourList = answer.ModelVersion, answer.Relation, answer.Lists[0]
		return out, nil
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "look-up-similarities", Method: http.MethodPost, Path: "/v1/similarities", Tags: tags,
		Summary: "Neighbours of up to 200 items",
	}, func(ctx context.Context, shop string, in *lookupInput) (*lookupOutput, error) {
		answer, err := a.Lookup.Lists(ctx, shop, in.Body)
		for n := range answer.Lists {
			a.Catalogue.Name(shop, answer.Lists[n].Neighbours)
		}
		return &lookupOutput{answer}, err
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "next-items", Method: http.MethodPost, Path: "/v1/similarities/next", Tags: tags,
		Summary: "What a session may look at next, with the share of each of its items",
	}, func(ctx context.Context, shop string, in *nextInput) (*nextOutput, error) {
		answer, err := a.Lookup.Next(ctx, shop, in.Body)
		return &nextOutput{answer}, err
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "search-items", Method: http.MethodPost, Path: "/v1/similarities/search", Tags: tags,
		Summary: "Products by words",
		Description: "By the words' stems in titles, brands, categories, tags and descriptions, rare words first " +
			"(BM25); an id or an alias finds its item. The scenario `search.for_query` ranks what is found for a " +
			"visitor.",
	}, func(_ context.Context, shop string, in *searchInput) (*searchOutput, error) {
		items := a.Lookup.Search(shop, in.Body)
		a.Catalogue.Offer(shop, items)
		a.Catalogue.Name(shop, items)
		return &searchOutput{similarityapi.SearchAnswer{Items: items}}, nil
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "explain-pair", Method: http.MethodGet, Path: "/v1/similarities/{item_id}/{other_id}", Tags: tags,
		Summary: "What links two items: weights, ranks, supports and shared terms", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, shop string, in *pairInput) (*pairOutput, error) {
		pair, err := a.Lookup.Pair(ctx, shop, in.Relation, in.ModelVersion, in.ItemID, in.OtherID)
		if err != nil {
			return nil, err
		}
		for n, support := range []float64{pair.Support, pair.OtherSupport} {
			id := []string{in.ItemID, in.OtherID}[n]
			if _, known := a.Catalogue.Family(shop, id); !known && support == 0 && a.Catalogue.Whole(shop) {
				return nil, apierror.NotFound("item", id)
			}
		}
		return &pairOutput{pair}, nil
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "get-popular", Method: http.MethodGet, Path: "/v1/popular", Tags: tags,
		Summary: "What is popular now, in the shop or in one category", Errors: []int{http.StatusServiceUnavailable},
		Description: "As it was counted: also items that are hidden or sold out now, which have `available: false` and which " +
			"recommendations leave out. A product and its variants count together. A window of one's own (`half_life_hours`, " +
			"`event_types`), of which a shop may have eight, is counted from the first time that it is asked for: until then " +
			"the answer is 503.",
	}, func(ctx context.Context, shop string, in *popularInput) (*popularOutput, error) {
		answer, err := a.Popularity.List(ctx, shop, similarityapi.NewPopularWindow(in.Window, in.HalfLife, in.Types), in.Category, in.Limit)
		if err != nil {
			return nil, err
		}
		if answer.Items == nil {
			answer.Items = []similarityapi.Neighbour{}
		}
		a.Catalogue.Offer(shop, answer.Items)
		a.Catalogue.Name(shop, answer.Items)
		return &popularOutput{answer}, nil
	})
}
