package recommenderapi

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/wire"
)

// texts are the descriptions of properties that are too long for a tag, by type and JSON name.
func texts() map[string]map[string]string {
	return map[string]map[string]string{
		"Request": {
			"events": "What the visitor just did and was not posted yet; counts for this answer only",
			"q":      "Words as a seed beside items, in scenarios with a source of kind query such as search.for_query",
			"exclude_event_types": "Leave out items of which the visitor has such an event: view_item, select_item, " +
				"add_to_wishlist, add_to_cart, remove_from_cart, purchase, refund, rate, like, not_interested, share, …",
			"facets":   "How many fields to return that split best what may be shown: to ask the visitor back",
			"fallback": "strict: fewer items rather than less personal ones",
			"channel":  "What the visit comes through when it is not the shop's own pages. It has its own figures",
			"cursor":   "next_cursor of the answer before: more of the same without repeats",
			"test":     "A call to look at answers: it counts in no figure and does not make later answers rotate",
		},
		"PageRequest": {
			"channel": "What the visit comes through, of all placements",
		},
		"RecommendedItem": {
			"variant_id": "Of a product with a row of its own: the variant to sell. Where the catalogue has only variants, " +
				"item_id is that variant",
			"family_id": "Of a product with variants: what they name as parent_id, whether it is an item or not",
		},
		"ExplainAnswer": {
			"stage": "shown, or the first stage that dropped it: catalogue, candidates, score, context, cart, excluded, " +
				"elsewhere, seen, purchased, event_types, not_interested, filter, scenario_filter, rule:ID, status, unpublished, " +
				"expired, out_of_stock, market, shared_rule:ID, shown_before, max_per_category, max_per_brand, rank",
			"recommended_instead": "The item that is shown in place of the one asked for: of a variant its product, of an " +
				"alias its item",
			"rank": "Place by score among the candidates that may be shown, from 1; absent for an item that is none of them",
		},
		"Condition": {
			"field": "Of an item: item_id, title, category, category_path, brand, price, sale_price, margin, currency, " +
				"stock.status, stock.quantity, tags, language, countries, parent_id, age_days or attributes.NAME. In when: " +
				"user.segments, user.known, user.locale, user.attributes.NAME, request.scenario, request.category, " +
				"request.country, request.language, request.currency, request.price_list, request.weekday, request.hour, and " +
				"seed.FIELD of the page's first item",
			"op":    "eq when absent",
			"value": `A text, number, boolean or list of them, or {"ref": "seed.brand"}: the value that this field has now`,
		},
		"Rule": {
			"action": "filter keeps only what matches; boost and bury multiply the score; pin puts an item at a position; hide " +
				"drops what matches; limit_per allows so many items of one value of a field",
			"item_id": "Of pin; of hide, boost and bury, in place of where: an item, a family or an alias of one",
		},
		"Scenario": {
			"sources":             "Where candidates come from; their scores are blended by weight",
			"limit":               "Items when the request does not say; 20 when absent",
			"seen":                "exclude: nothing that the visitor already looked at. allow when absent",
			"exclude_event_types": "Leave out items of which the visitor has such an event",
			"max_per_category":    "Most items of one narrowest category; 0 for any number",
			"diversity": "0 ranks by score alone; towards 1 items like those above them go down (maximal marginal " +
				"relevance)",
			"rotation": "How far what this visitor was just shown goes down",
			"price_band": "How far items of the price bands that the visitor prefers go up: one of a band that all of his likes " +
				"are of scores 1 + price_band times as much",
			"exploration": "Share of places, never the first, for candidates from behind the list, the likelier the less they are " +
				"looked at",
			"objective": "What scores are multiplied with, relative to the shop's mean: nothing (clicks, when absent), how " +
				"likely those who look at the item are to buy it, its price, or its margin",
			"objective_strength": "The power of the objective: 1 ranks by the expected value of a click, towards 0 by the " +
				"click alone; .5 when absent",
		},
		"Source": {
			"weight": "The best candidate of the source scores this much; 1 when absent",
			"half_life_hours": "Of a list of what is popular: after so many hours an event counts half, at least .1; as the " +
				"kind when absent",
			"event_types": "Of a list of what is popular: the types of event that count; as the kind when absent",
		},
		"RowPlan": {
			"kind": "bundles: one row per set of two to four items that are bought as a set with the item of the page, else of " +
				"the cart, else of the last one that the visitor did something with; price and figures are in its bundle",
		},
		"Anomaly": {
			"series": "events:TYPE, rejected_share, warned_share, requests:PLACEMENT, click_rate:PLACEMENT, " +
				"revenue:PLACEMENT:CURRENCY, latency_ms:PLACEMENT, model_age_hours:RELATION, empty_share:PLACEMENT, " +
				"degraded_share, catalogue_items or catalogue_price (the median)",
			"kind": "step: far at once, in a window of up to a day. drift: away from expected day by day. level: of the " +
				"catalogue, or the age of a model",
			"spreads": "How many times the usual spread observed is from expected, negative below; a step opens at 6. Of a " +
				"drift: the sum of what days were beyond one spread, which opens at 5. Of a level: how many times the factor " +
				"of 1.5",
		},
		"AnomalySeries": {
			"counts": "What its values are. level: of the catalogue, or the age of a model",
		},
		"FeedFindings": {
			"left_out": "Items that are not in the feed: not_shown (hidden, archived, not yet or no longer sold, or not sold in " +
				"the market), no_title",
			"lacking": "Items that are in it without what assistants look for: no_price (or no currency), no_url, no_image, " +
				"no_description",
		},
		"Experiment": {
			"kind": "experiment when absent. holdout: a lasting part of the visitors for comparison; it goes before all " +
				"others",
			"traffic": "Share of the visitors that takes part. Raising it keeps everybody's arm",
		},
		"Guardrails": {
			"min_click_rate_ratio": "Clicks per visitor against the control's; counts when the difference is significant at 99 %",
		},
		"ExperimentResults": {
			"required_visitors_per_arm": "To find a relative change of min_effect in the conversion rate with 80 % power at 5 % " +
				"level; 0 when the control has none yet",
		},
		"ScenarioMetrics": {
			"impressions": "Items sent; of an answer whose items the shop reports with view_item_list and recommendation_id, " +
				"those that it reports",
			"clicks": "view_item or select_item with the recommendation_id, one per visitor and item however it is reported",
			"orders": "With at least one attributed line; the events of one order_id are one order. What was given back is " +
				"taken off",
			"unverified": "Events about an answer of which is not known, or no longer, what it showed; they count in no other " +
				"figure",
			"not_in_list": "Events that name an answer and an item which it did not show; they count in no other figure",
		},
	}
}

// describe gives the schema of a type its texts.
func describe(s *huma.Schema, name string) *huma.Schema { return wire.Describe(s, texts()[name]) }

// The types whose texts are above implement huma.SchemaTransformer.

func (Request) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Request")
}
func (PageRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "PageRequest")
}
func (RecommendedItem) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "RecommendedItem")
}
func (ExplainAnswer) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "ExplainAnswer")
}
func (Condition) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Condition")
}
func (Rule) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema { return describe(s, "Rule") }
func (Scenario) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Scenario")
}
func (Source) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(wire.Restrict(s, "kind", SourceKinds()), "Source")
}
func (RowPlan) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "RowPlan")
}
func (Anomaly) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Anomaly")
}
func (AnomalySeries) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "AnomalySeries")
}
func (FeedFindings) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "FeedFindings")
}
func (Experiment) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Experiment")
}
func (Guardrails) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "Guardrails")
}
func (ExperimentResults) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "ExperimentResults")
}
func (ScenarioMetrics) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describe(s, "ScenarioMetrics")
}
