package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

type itemTextInput struct {
	ItemID string `path:"item_id" minLength:"1" maxLength:"256"`
}

type itemTextOutput struct{ Body similarityapi.ItemText }

// registerTexts adds what people look at to see why texts of items are understood as they are.
func (a *API) registerTexts(api huma.API) {
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "get-item-text", Method: http.MethodGet, Path: "/v1/items/{item_id}/text", Tags: []string{"texts"},
		Summary: "What the text pipeline makes of an item, step by step", Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
		Description: "Its language; of each field the normalised text, tokens, stems, stop words and entities; and " +
			"the terms of its vector with their weights. A variant is read as the product that stands for it. The " +
			"item is asked of the profile-service, so that it is as it was stored last.",
	}, func(ctx context.Context, shop string, in *itemTextInput) (*itemTextOutput, error) {
		id := in.ItemID
		if head, _, known := a.Catalogue.FamilyOf(shop, id); known {
			id = head
		}
		item, err := a.Item(ctx, shop, id)
		if err != nil {
			return nil, fromPeer(err)
		}
		return &itemTextOutput{a.Lookup.ItemText(shop, &item)}, nil
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "get-item-reviews", Method: http.MethodGet, Path: "/v1/items/{item_id}/reviews", Tags: []string{"texts"},
		Summary: "What buyers write and rate about an item", Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
		Description: "Summed up by each recompute from events of type `review`, a product with its variants together: counts, ratings, " +
			"what texts without a rating say, and what reviews speak of. It is not used for ranking.",
	}, a.reviews)
}

type itemReviewsOutput struct{ Body similarityapi.ItemReviews }

// reviews answers for the family of an item; its id is as it was asked for. An item that is in
// the catalogue and has no reviews has empty sums; 404 is for one that is known to neither.
func (a *API) reviews(ctx context.Context, shop string, in *itemTextInput) (*itemReviewsOutput, error) {
	family, known := a.Catalogue.Family(shop, in.ItemID)
	if !known {
		family = in.ItemID
	}
	item, ok, err := a.Reviews(ctx, shop, family)
	if err != nil {
		return nil, apierror.Unavailable("The snapshot store, which has the reviews, does not answer. Ask again in a "+
			"moment.", 2*time.Second, err)
	}
	if !ok && !known {
		return nil, apierror.NotFound("item", in.ItemID)
	}
	item.ItemID = in.ItemID
	if !ok {
		item.Ratings, item.Aspects = make([]int, 5), []similarityapi.ReviewAspect{}
	}
	if item.Sentiment.Method == "" {
		item.Sentiment.Method = similarityapi.SentimentWordList
	}
	return &itemReviewsOutput{item}, nil
}

// fromPeer is an error of the profile-service: what it says itself, or that it does not answer.
func fromPeer(err error) error {
	var told *apierror.Problem
	if errors.As(err, &told) {
		return told
	}
	return apierror.Unavailable("The profile-service, which has the item, does not answer. Ask again in a moment.", 2*time.Second, err)
}
