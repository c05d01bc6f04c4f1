// Package merchandise has the pages about what is shown where: placements, rules, the catalogue with its quality report, and trying
// a placement as a visitor.
package merchandise

import (
	"maps"
	"slices"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/auth"
)

// Pages are about what is shown where. A preview changes nothing, so that the two
// editors post without a scope; what they save the service checks.
func Pages() []page.Page {
	const write = auth.ScopeConfigWrite
	return []page.Page{
		{
			Pattern: "GET /try", Title: "Try it", Handle: try,
			Lead: "What a visitor is shown in a placement, why, and why not something else.",
		},
		{
			Pattern: "GET /placements", Title: "Placements", Handle: placements,
			Lead: "The named places on the shop's pages, and how each is filled.",
		},
		{Pattern: "POST /placements", Title: "Placements", Scope: write, Handle: newPlacement},
		{Pattern: "GET /placements/{id}", Title: "Placement", Below: true, Handle: placement},
		{Pattern: "POST /placements/{id}", Title: "Placement", Below: true, Handle: editPlacement},
		{Pattern: "POST /placements/{id}/delete", Title: "Placement", Below: true, Scope: write, Handle: deletePlacement},
		{Pattern: "POST /placements/{id}/restore", Title: "Placement", Below: true, Scope: write, Handle: restorePlacement},
		{
			Pattern: "GET /rules", Title: "Rules", Handle: rules,
			Lead: "What is pinned, boosted, buried and hidden, and until when.",
		},
		{Pattern: "GET /rules/edit", Title: "Rule", Below: true, Handle: ruleForm},
		{Pattern: "POST /rules/edit", Title: "Rule", Below: true, Handle: editRule},
		{Pattern: "POST /rules/undo", Title: "Rules", Below: true, Scope: write, Handle: undoRule},
		{Pattern: "POST /rules/{id}/delete", Title: "Rules", Below: true, Scope: write, Handle: deleteRule},
		{
			Pattern: "GET /catalogue", Title: "Catalogue", Handle: catalogue,
			Lead: "The products that can be recommended.",
		},
		{Pattern: "GET /catalogue/item", Title: "Item", Below: true, Handle: item},
		{
			Pattern: "GET /catalogue/quality", Title: "Quality report", Below: true, Handle: quality,
			Lead: "What keeps products from being recommended well.",
		},
	}
}

// actionOptions are what a rule can do, with words for people who do not know the API's.
func actionOptions() []form.Option {
	return []form.Option{
		{Value: "boost", Label: "Boost: show more of these"}, {Value: "bury", Label: "Bury: show fewer of these"},
		{Value: "pin", Label: "Pin: one item at a place"},
		{Value: "hide", Label: "Hide: never show these"}, {Value: "filter", Label: "Filter: show only these"},
		{Value: "limit_per", Label: "Limit: so many of one kind"},
	}
}

// limitFields are the fields that limit_per is offered for; one of an attribute is written as
// JSON.
func limitFields() []form.Option { return form.Options("category", "brand") }

// fieldOptions are the fields that a comparison of a condition offers. A rule's "when" is about the visitor and the request, any other
// condition about items.
func fieldOptions(condition string) []form.Option {
	if condition == "when" {
		return form.Options("user.segments", "user.known", "user.locale", "request.scenario", "request.category",
			"request.country", "request.language", "request.weekday", "request.hour",
			"seed.category", "seed.brand", "user.attributes.")
	}
	return form.Options(
		"category", "category_path", "brand", "price", "sale_price", "title", "tags", "stock.status", "stock.quantity", "age_days",
		"item_id", "margin", "language", "attributes.",
	)
}

// operatorOptions are the operators of a comparison, in words.
func operatorOptions() []form.Option {
	var list []form.Option
	for _, op := range []string{"eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", "contains", "contains_any", "starts_with"} {
		list = append(list, form.Option{Value: op, Label: words.Operators()[op]})
	}
	return list
}

// sourceOptions are the kinds of source that can be added to a placement.
func sourceOptions() []form.Option {
	list := []form.Option{{Value: "", Label: "none"}}
	texts := sourceTexts()
	for _, kind := range slices.Sorted(maps.Keys(texts)) {
		list = append(list, form.Option{Value: kind, Label: kind + ": " + texts[kind]})
	}
	return list
}

// seenOptions say whether what the visitor saw may be shown again.
func seenOptions() []form.Option {
	return []form.Option{{Value: "allow", Label: "may be shown"}, {Value: "exclude", Label: "is left out"}}
}

// objectiveOptions are what a placement can be ordered for.
func objectiveOptions() []form.Option {
	return []form.Option{
		{Value: "clicks", Label: "clicks"}, {Value: "conversion", Label: "purchases"}, {Value: "revenue", Label: "revenue"},
		{Value: "margin", Label: "margin"},
	}
}
