// Package scenario holds the placements that a shop can ask for: the ones delivered with Aisle
// and the shop's own changes to them. It checks and completes them; package config keeps them,
// and package recommend answers from them. The main types are recommenderapi.Scenario and
// Collection.
package scenario

import api "github.com/aisle-rec/aisle/shared/recommenderapi"

// fill returns the order in which what is left of a list is filled, from what still has to do
// with the visitor to what always exists: the newest items are there before anybody did
// anything.
func fill() []string {
	return []string{api.SourceAffinityCategory, api.SourceCategory, api.SourceTrending, api.SourcePopular, api.SourceNewest}
}

// builtinScenarios returns the scenarios that work out of the box, in order of id. Their weights are a start: docs/quality.md says what
// held-out visits say of them, and "aisle tune" fits them to a shop's own.
func builtinScenarios() []api.Scenario {
	all := []api.Scenario{
		{
			ScenarioID: "account.recently_viewed", Title: "Recently viewed",
			Sources: []api.Source{{Kind: api.SourceRecentlyViewed, Weight: 1}}, AllowPurchased: true,
			Description: "What the visitor looked at, the latest first.",
		},
		{
			ScenarioID: "cart.complementary", Title: "Goes with your cart",
			Sources:     []api.Source{{Kind: api.SourceCart, Weight: 1}, {Kind: api.SourceHistory, Weight: .01}},
			Description: "What others bought together with what is in the cart.",
		},
		{
			ScenarioID: "category.best_sellers", Title: "Best sellers of the category",
			Sources: []api.Source{{Kind: api.SourceCategory, Weight: 1}}, AllowPurchased: true,
			Description: "The best sellers of the page's category.",
		},
		{
			ScenarioID: "email.for_you", Title: "For you (e-mail)", Seen: "exclude",
			Sources:     []api.Source{{Kind: api.SourceHistory, Weight: 1}},
			Description: "Recommendations for a person who is not on the site now.",
		},
		{
			ScenarioID: "email.item_alert", Title: "News of an item (e-mail)",
			Sources:     []api.Source{{Kind: api.SourceHistory, Weight: 1}, {Kind: api.SourceRecentlyViewed, Weight: 1}},
			Description: "Whether a person should hear of an item that is back in stock, new or costs less: it may be one that was seen.",
		},
		{
			ScenarioID: "home.for_you", Title: "For you", Seen: "exclude",
			Sources:     []api.Source{{Kind: api.SourceHistory, Weight: 1}, {Kind: api.SourceSession, Weight: 2}},
			Description: "Recommendations from everything the visitor did, the present session first.",
		},
		{
			ScenarioID: "home.trending", Title: "Trending", Sources: []api.Source{{Kind: api.SourceTrending, Weight: 1}},
			AllowPurchased: true,
			Description:    "What is popular in the shop these days.",
		},
		{
			ScenarioID: "order_confirmation.buy_again", Title: "Buy again", AllowPurchased: true,
			Sources:     []api.Source{{Kind: api.SourceBuyAgain, Weight: 1}, {Kind: api.SourceContextTogether, Weight: .2}},
			Description: "What the visitor buys again and again and is due, by the intervals between purchases.",
		},
		{
			ScenarioID: "product_detail.bought_together", Title: "Bought together", AllowPurchased: true,
			Sources:     []api.Source{{Kind: api.SourceContextTogether, Weight: 1}, {Kind: api.SourceContextSimilar, Weight: .05}},
			Description: "What others bought together with the product shown.",
		},
		{
			ScenarioID: "product_detail.bundles", Title: "Bought as a set", AllowPurchased: true,
			Rows:        []api.RowPlan{{Kind: "bundles", Count: 3}},
			Description: "Sets of two to four products that are bought as a set with the product shown, each a row with its price.",
		},
		{
			ScenarioID: "product_detail.next", Title: "Others went on to", AllowPurchased: true,
			Sources: []api.Source{{Kind: api.SourceSession, Weight: 1}},
			Description: "What visitors open next who came the same way, things that were seen included; without a " +
				"visit under way, what they open after the product shown.",
			Fallback: []string{api.SourceContextNext, api.SourceContextSimilar},
		},
		{
			ScenarioID: "product_detail.similar", Title: "Similar products", AllowPurchased: true,
			Sources:     []api.Source{{Kind: api.SourceContextSimilar, Weight: 1}, {Kind: api.SourceContextNext, Weight: 1}},
			Description: "Products like the one shown.",
		},
		{
			ScenarioID: "search.for_query", Title: "For your search", AllowPurchased: true,
			Sources: []api.Source{{Kind: api.SourceQuery, Weight: 1}, {Kind: api.SourceHistory, Weight: .1}},
			Description: "What the words of a search find, and what is like it by what visitors do; for a page without " +
				"results, and for assistants.",
		},
		{
			ScenarioID: "search_no_results.best_sellers", Title: "Best sellers", AllowPurchased: true,
			Sources:     []api.Source{{Kind: api.SourceBestSellers, Weight: 1}, {Kind: api.SourceAffinityCategory, Weight: .5}},
			Description: "Best sellers, those of the categories that the visitor likes first.",
		},
	}
	for i := range all {
		all[i].Limit, all[i].Builtin, all[i].Version = 20, true, 1
		if len(all[i].Rows) == 0 {
			all[i].Fallback = append(all[i].Fallback, fill()...)
		}
	}
	return all
}
