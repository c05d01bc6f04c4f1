package explanation

import "github.com/aisle-rec/aisle/recommender-service/internal/rules"

// The stages beside the checks and the limits per value, which have names of their own.
const (
	StageCatalogue  = "catalogue"
	StageCandidates = "candidates"
	StageScore      = "score"
	StageRank       = "rank"
	StageShown      = "shown"
)

// Detail says what a stage means, in a sentence for people; what is none of the names is a rule.
func Detail(stage string) string {
	switch stage {
	case StageCatalogue:
		return "The catalogue has no such item."
	case StageCandidates:
		return "No source of the scenario proposed it: it is not near anything that the visitor did, and not on the popularity lists."
	case StageScore:
		return "Its score is not positive: what the visitor disliked outweighs the rest."
	case "context":
		return "It is an item of the page itself."
	case "cart":
		return "It is in the cart."
	case "excluded":
		return "The request excludes it."
	case "seen":
		return "The visitor has already looked at it, and the scenario leaves that out."
	case "purchased":
		return "The visitor has bought it, and the scenario does not allow purchased items."
	case "event_types":
		return "The visitor has an event of an excluded type on it."
	case "not_interested":
		return "The visitor is not interested in it."
	case "filter":
		return "It does not meet the filter of the request."
	case "scenario_filter":
		return "It does not meet the filter of the scenario."
	case "status":
		return "It is hidden or archived."
	case "unpublished":
		return "It is not published yet."
	case "expired":
		return "It has expired."
	case "out_of_stock":
		return "It is out of stock, or all of its variants are."
	case "market":
		return "It is not sold in the visitor's market."
	case "shown_before":
		return "An earlier page showed it."
	case "elsewhere":
		return "Another placement of the page shows it."
	case "max_per_category", "max_per_brand":
		return "The list already has as many items of its category or brand as the scenario allows."
	case StageRank:
		return "Others scored higher, or were preferred for diversity: rank is its place by score, total how many could be shown."
	}
	if rules.IsShared(stage) {
		return "A rule that holds in all scenarios dropped it."
	}
	return "A rule of the scenario dropped it."
}
