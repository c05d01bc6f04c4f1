// Package explanation says in words of the API why an item is in a list, or what keeps it out. It decides nothing. The main functions are
// Reasons, Of and Detail.
package explanation

import (
	"math"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// reasonsShown is how many reasons an item has at most: a card has room for a line or two.
const reasonsShown = 2

// Contribution is a contribution with the kind of source that its term comes from.
type Contribution struct {
	candidate.Contribution
	Source string
}

// Reasons names the sources that did most for an item, the largest contribution first; before them first, for an item that is in a list for
// another reason than its score.
func Reasons(first api.Reason, contributions []Contribution) []api.Reason {
	list := make([]api.Reason, 0, reasonsShown)
	if first.Code != "" {
		list = append(list, first)
	}
	above := math.Inf(1) // the value of the contribution before; among equal ones the first comes first
	for at := -1; len(list) < reasonsShown; {
		if at = nextLargest(contributions, above, at); at < 0 {
			break
		}
		above = contributions[at].Value
		if reason := reasonOf(&contributions[at]); !slices.Contains(list, reason) {
			list = append(list, reason)
		}
	}
	return list
}

// nextLargest returns the place of the largest positive share behind the one at the given place in falling order of value, ties by place;
// −1 for none.
func nextLargest(contributions []Contribution, value float64, at int) int {
	best := -1
	for k := range contributions {
		v := contributions[k].Value
		if v > 0 && (v < value || v == value && k > at) && (best < 0 || v > contributions[best].Value) {
			best = k
		}
	}
	return best
}

// reasonOf says in words of the API why a contribution exists: by the source that proposed the item, and for the visitor's
// own history by what he did to the seed. A shop shows it as "because you viewed …".
func reasonOf(s *Contribution) api.Reason {
	switch s.Source {
	case api.SourceHistory, api.SourceSession:
		return api.Reason{Code: Because(s.Term.Seed.EventType), ItemID: s.Term.Seed.ItemID}
	case api.SourceContextSimilar:
		return api.Reason{Code: "similar_to", ItemID: s.Term.Seed.ItemID}
	case api.SourceContextTogether:
		return api.Reason{Code: "bought_together_with", ItemID: s.Term.Seed.ItemID}
	case api.SourceContextNext:
		return api.Reason{Code: "viewed_after", ItemID: s.Term.Seed.ItemID}
	case api.SourceCart:
		return api.Reason{Code: "goes_with_cart", ItemID: s.Term.Seed.ItemID}
	case api.SourceQuery:
		if s.Term.Seed.ItemID != "" {
			return api.Reason{Code: "similar_to", ItemID: s.Term.Seed.ItemID}
		}
		return api.Reason{Code: "matches_search"}
	case api.SourceBuyAgain, api.SourceRecentlyViewed:
		return api.Reason{Code: s.Source, ItemID: s.Term.Seed.ItemID}
	case api.SourceAffinityCategory, api.SourceCategory:
		return api.Reason{Code: "popular_in_category", Value: s.Term.Seed.Category}
	}
	return api.Reason{Code: s.Source}
}

// Because names what the visitor did with a seed.
func Because(eventType string) string {
	switch eventType {
	case "purchase", "refund":
		return "because_you_bought"
	case "add_to_cart":
		return "because_in_your_cart"
	case "add_to_wishlist":
		return "because_on_your_wishlist"
	case "like", "rate", "share":
		return "because_you_liked"
	}
	return "because_you_viewed"
}

// Of copies what a score is made of: contributions live in memory that the next request uses. They sum to base, which the boosts change.
func Of(base float64, contributions []Contribution, boosts []api.Boost) *api.Explanation {
	e := &api.Explanation{BaseScore: base, Boosts: boosts, Contributions: make([]api.ScoreContribution, len(contributions))}
	for k := range contributions {
		s := &contributions[k]
		seed := &s.Term.Seed
		e.Contributions[k] = api.ScoreContribution{
			Source: s.Source, SeedItemID: seed.ItemID, Category: seed.Category, EventType: seed.EventType, AgeHours: seed.AgeHours,
			SeedWeight: seed.Weight,
			Factor:     s.Term.Factor, Similarity: float64(s.Raw), Value: s.Value,
		}
	}
	return e
}

// Tier names the tier of the largest contribution.
func Tier(contributions []Contribution) string {
	tier, largest := "", 0.0
	for k := range contributions {
		if s := &contributions[k]; k == 0 || s.Value > largest {
			largest, tier = s.Value, tierOf(s.Source)
		}
	}
	return tier
}

// tierOf names what a source stands for, from the most personal on.
func tierOf(kind string) string {
	switch kind {
	case api.SourceHistory, api.SourceBuyAgain, api.SourceRecentlyViewed:
		return "personal"
	case api.SourceSession:
		return "session"
	case api.SourceContextSimilar, api.SourceContextTogether, api.SourceContextNext, api.SourceCart, api.SourceQuery:
		return "context"
	case api.SourceAffinityCategory, api.SourceCategory:
		return "category"
	case api.SourceNewest:
		return "newest"
	}
	return "popular"
}
