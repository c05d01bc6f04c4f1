package similarityapi

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/wire"
)

// texts are the descriptions of properties that are too long for a tag, by type and JSON name.
func texts() map[string]map[string]string {
	return map[string]map[string]string{
		"JobRequest": {
			"budget_seconds": "Time for the search of parameters; 0 takes the default",
			"algorithms": "Only these compete, beside popularity and cosine; one alone pins it. Those that do not suit a " +
				"relation are left out there, and a relation that none suits has all compete",
			"parameters": `By algorithm and name, such as {"two_hop": {"target_exponent": 0.2}}: the search leaves them as they are`,
			"folds": "Of an evaluation: cross-validate in so many folds, every algorithm on each, instead of scoring the latest " +
				"part",
			"seeds": "Of an evaluation: repeat it with so many seeds, the given one and those after it",
		},
		"ReviewSentiment": {
			"method": "learnt: logistic regression on the shop's own ratings; word_list: there are fewer than 200 texts with a " +
				"clear rating, or it tells them apart better",
		},
		"Bundle": {
			"confidence": "Share of the orders with the item asked for that hold all; of the item with the largest share when " +
				"none was asked for",
		},
		"BundlesRequest": {
			"item_ids": "Those that hold one of these items, those of the first item first; the best of all when absent",
		},
		"ItemReviews": {
			"as_of": "When the reviews were read; absent before the first recompute of a shop that has some",
			"mean_rating": "As if five further reviews had the mean rating of the shop, so that one review is not taken for " +
				"many; absent without ratings",
		},
		"Report": {
			"event_weights": "What an event of each type is worth as learnt from visitors who came back",
			"test_optimum": "What the winning family could have reached had it been chosen on the test part; for judging the " +
				"choice only",
		},
		"ReportEventWeights": {
			"pairs":              "Of an item that a visitor came to and one that he did not, by visitors who taught nothing",
			"ordered_configured": "Share of the pairs that are in the right order under the configured weights; .5 is chance",
		},
	}
}

// describe gives the schema of a type its texts.
func describe(s *huma.Schema, name string) *huma.Schema { return wire.Describe(s, texts()[name]) }

// The types whose texts are above implement huma.SchemaTransformer.

func (JobRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "JobRequest")
}
func (ReviewSentiment) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "ReviewSentiment")
}
func (Bundle) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Bundle")
}
func (BundlesRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "BundlesRequest")
}
func (ItemReviews) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "ItemReviews")
}
func (Report) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Report")
}
func (ReportEventWeights) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "ReportEventWeights")
}
