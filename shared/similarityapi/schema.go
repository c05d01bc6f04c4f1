package similarityapi

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/wire"
)

// TransformSchema implements huma.SchemaTransformer with the texts that are too long for a tag.
func (JobRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return wire.Describe(s, map[string]string{
		"budget_seconds": "Time for the search of parameters; 0 takes the default",
		"algorithms": "Only these compete, beside popularity and cosine; one alone pins it. Those that do not suit a " +
			"relation are left out there, and a relation that none suits has all compete",
		"parameters": `By algorithm and name, such as {"two_hop": {"target_exponent": 0.2}}: the search leaves them as they are`,
		"folds": "Of an evaluation: cross-validate in so many folds, every algorithm on each, instead of scoring the latest " +
			"part",
		"seeds": "Of an evaluation: repeat it with so many seeds, the given one and those after it",
	})
}

// TransformSchema implements huma.SchemaTransformer with the texts that are too long for a tag.
func (ReviewSentiment) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return wire.Describe(s, map[string]string{
		"method": "learnt: logistic regression on the shop's own ratings; word_list: there are fewer than 200 texts with a " +
			"clear rating, or it tells them apart better",
	})
}

// TransformSchema implements huma.SchemaTransformer with the texts that are too long for a tag.
func (Bundle) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return wire.Describe(s, map[string]string{
		"confidence": "Share of the orders with the item asked for that hold all; of the item with the largest share when " +
			"none was asked for",
	})
}

// TransformSchema implements huma.SchemaTransformer with the texts that are too long for a tag.
func (BundlesRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return wire.Describe(s, map[string]string{
		"item_ids": "Those that hold one of these items, those of the first item first; the best of all when absent",
	})
}

// TransformSchema implements huma.SchemaTransformer with the texts that are too long for a tag.
func (ItemReviews) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return wire.Describe(s, map[string]string{
		"as_of": "When the reviews were read; absent before the first recompute of a shop that has some",
		"mean_rating": "As if five further reviews had the mean rating of the shop, so that one review is not taken for " +
			"many; absent without ratings",
	})
}

// TransformSchema implements huma.SchemaTransformer with the texts that are too long for a tag.
func (Report) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return wire.Describe(s, map[string]string{
		"event_weights": "What an event of each type is worth as learnt from visitors who came back",
		"test_optimum": "What the winning family could have reached had it been chosen on the test part; for judging the " +
			"choice only",
	})
}

// TransformSchema implements huma.SchemaTransformer with the texts that are too long for a tag.
func (ReportEventWeights) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return wire.Describe(s, map[string]string{
		"pairs":              "Of an item that a visitor came to and one that he did not, by visitors who taught nothing",
		"ordered_configured": "Share of the pairs that are in the right order under the configured weights; .5 is chance",
	})
}
