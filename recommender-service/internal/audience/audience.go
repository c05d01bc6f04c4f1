// Package audience finds who should hear of an item: those whose own lists would have it nearest the top. Candidates come from what was
// done to the item and to those like it; how near it is says the recommender itself. The main type is Finder.
package audience

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// likeWanted is how many of the items most like one say who may want it.
	likeWanted = 200
	// asked is how many candidates are asked about for each person wanted.
	asked = 3
	// halfLife is after how long what somebody did says half as much of whether he is a candidate.
	halfLife = 30 * 24 * time.Hour
	// leastScore is what the item must score for a person whose best candidate scores 1.
	leastScore = .1
	// itself is what having looked at the item counts beside the item most like it.
	itself = 2
)

// Finder finds people. It is safe for concurrent use.
type Finder struct {
	Profile    *profileapi.Client
	Similarity *similarityapi.Client
	Catalogue  *catalogue.Catalogue
	Recommend  func(ctx context.Context, shop string, r *api.Request) (api.Answer, error)
	Now        func() time.Time
}

// Request is what a person is asked with: would the scenario show the item?
func Request(scenario, itemID, userID string, filter *api.Condition, market *api.Market) *api.Request {
	only := &api.Condition{Field: "item_id", Op: "in", Value: []any{itemID}}
	if filter != nil {
		only = &api.Condition{All: []api.Condition{*filter, *only}}
	}
	return &api.Request{
		Scenario: scenario, UserID: userID, Limit: 1, Filter: only, Market: market, Fallback: "strict", DeadlineMS: 5000,
	}
}

// Find returns up to limit people to whom a scenario would show an item, those first whose own lists would have it nearest the top. Who
// does not consent to personalisation, has bought the item or does not want it is none of them. It reads all interactions of the shop once.
func (f *Finder) Find(ctx context.Context, shop string, r *api.ExportRequest) ([]string, error) {
	weights, err := f.weights(ctx, shop, r.Audience.ItemID)
	if err != nil {
		return nil, err
	}
	candidates, err := f.candidates(ctx, shop, weights, asked*r.Audience.Limit)
	if err != nil {
		return nil, err
	}
	least := leastScore
	if r.Audience.MinScore != nil {
		least = *r.Audience.MinScore
	}
	type scored struct {
		id    string
		score float64
	}
	var list []scored
	for _, id := range candidates {
		ask := Request(r.Scenario, r.Audience.ItemID, id, r.Filter, r.Market)
		ask.Test = true
		answer, err := f.Recommend(ctx, shop, ask)
		if err != nil {
			return nil, fmt.Errorf("ask for a candidate of the audience: %w", err)
		}
		if len(answer.Items) > 0 && answer.Items[0].Score >= least {
			list = append(list, scored{id, answer.Items[0].Score})
		}
	}
	slices.SortFunc(list, func(a, b scored) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id)) })
	ids := make([]string, min(len(list), r.Audience.Limit))
	for n := range ids {
		ids[n] = list[n].id
	}
	return ids, nil
}

// weights says of the products that are like an item how much having cared for them makes a candidate, by index in the catalogue.
func (f *Finder) weights(ctx context.Context, shop, itemID string) (map[int32]float64, error) {
	answer, err := f.Similarity.ForShop(shop).Lookup(ctx, similarityapi.LookupRequest{
		Relation: similarityapi.Similar, ItemIDs: []string{itemID}, Limit: likeWanted,
	})
	if err != nil {
		return nil, fmt.Errorf("look up what is like the item: %w", err)
	}
	weights := map[int32]float64{}
	f.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		most := 1.0
		for n, like := range answer.Lists[0].Neighbours {
			if n == 0 && like.Score > 0 {
				most = like.Score
			}
			if i := v.Find(like.ItemID); i >= 0 && like.Score > 0 {
				weights[v.Head(i)] = like.Score / most
			}
		}
		if i := v.Find(itemID); i >= 0 {
			weights[v.Head(i)] = itself
		}
	})
	return weights, nil
}

// candidates reads the interactions of a shop and returns the n people who did most of late to the products that have weights.
func (f *Finder) candidates(ctx context.Context, shop string, weights map[int32]float64, n int) ([]string, error) {
	stream, err := f.Profile.ForShop(shop).Interactions(ctx, profileapi.InteractionsQuery{})
	if err != nil {
		return nil, fmt.Errorf("read interactions: %w", err)
	}
	defer stream.Close()
	sums := map[string]float64{}
	nowMs := f.Now().UnixMilli()
	for {
		block, err := stream.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read interactions: %w", err)
		}
		of := f.ofItems(shop, block.Items, weights)
		for k := range block.Len() {
			if block.User[k] < 0 || of[block.Item[k]] == 0 {
				continue
			}
			age := float64(nowMs-block.OccurredAt[k]) / float64(halfLife.Milliseconds())
			sums[block.Users[block.User[k]]] += float64(block.Weight[k]) * of[block.Item[k]] * math.Exp2(-max(0, age))
		}
	}
	ids := make([]string, 0, len(sums))
	for id, sum := range sums {
		if sum > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	return ids[:min(len(ids), n)], nil
}

// ofItems returns the weights of items by their place in a table.
func (f *Finder) ofItems(shop string, table []string, weights map[int32]float64) []float64 {
	of := make([]float64, len(table))
	f.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		for n, id := range table {
			if i := v.Find(id); i >= 0 {
				of[n] = weights[v.Head(i)]
			}
		}
	})
	return of
}
