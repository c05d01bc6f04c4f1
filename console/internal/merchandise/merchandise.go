// Package merchandise has the pages about what is shown where: placements, rules, the catalogue with its quality report, and trying
// a placement as a visitor.
package merchandise

import (
	"html/template"
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
			Pattern: "GET /try", Template: "try", Title: "Try it", Handle: try,
			Lead: "What a visitor is shown in a placement, why, and why not something else.",
		},
		{
			Pattern: "GET /placements", Template: "placements", Title: "Placements", Handle: placements,
			Lead: "The named places on the shop's pages, and how each is filled.",
		},
		{Pattern: "POST /placements", Template: "placements", Title: "Placements", Scope: write, Handle: newPlacement},
		{Pattern: "GET /placements/{id}", Template: "placement", Title: "Placement", Below: true, Handle: placement},
		{Pattern: "POST /placements/{id}", Template: "placement", Title: "Placement", Below: true, Handle: editPlacement},
		{Pattern: "POST /placements/{id}/delete", Title: "Placement", Below: true, Scope: write, Handle: deletePlacement},
		{Pattern: "POST /placements/{id}/restore", Title: "Placement", Below: true, Scope: write, Handle: restorePlacement},
		{
			Pattern: "GET /rules", Template: "rules", Title: "Rules", Handle: rules,
			Lead: "What is pinned, boosted, buried and hidden, and until when.",
		},
		{Pattern: "GET /rules/edit", Template: "rule", Title: "Rule", Below: true, Handle: ruleForm},
		{Pattern: "POST /rules/edit", Template: "rule", Title: "Rule", Below: true, Handle: editRule},
		{Pattern: "POST /rules/undo", Title: "Rules", Below: true, Scope: write, Handle: undoRule},
		{Pattern: "POST /rules/{id}/delete", Title: "Rules", Below: true, Scope: write, Handle: deleteRule},
		{
			Pattern: "GET /catalogue", Template: "catalogue", Title: "Catalogue", Handle: catalogue,
			Lead: "The products that can be recommended.",
		},
		{Pattern: "GET /catalogue/item", Template: "item", Title: "Item", Below: true, Handle: item},
		{
			Pattern: "GET /catalogue/quality", Template: "quality", Title: "Quality report", Below: true, Handle: quality,
			Lead: "What keeps products from being recommended well.",
		},
	}
}

// Functions are what the templates of these pages call.
func Functions() template.FuncMap {
	return template.FuncMap{
		"actions": actionOptions, "sourceoptions": sourceOptions, "seenoptions": seenOptions, "objectives": objectiveOptions,
		"limitfields": limitFields, "joins": joinOptions, "comparison": newComparison, "rows": func() []int { return []int{0, 1, 2} },
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

// joinOptions say how the rows of a condition are joined.
func joinOptions() []form.Option {
	return []form.Option{{Value: "all", Label: "all of these"}, {Value: "any", Label: "at least one of these"}}
}

// comparison is one row of a condition in a form: its fields are Name, N and "_field", "_op" or
// "_value", such as "where0_field".
type comparison struct {
	Form              form.Form
	Name              string // where or when
	N                 int
	Fields, Operators []form.Option
}

// newComparison returns row n of the condition name. A rule's "where" is about items, its
// "when" about the visitor and the request, so that they have different fields.
func newComparison(f form.Form, name string, n int) comparison {
	c := comparison{Form: f, Name: name, N: n}
	c.Fields = form.Options(
		"category", "category_path", "brand", "price", "sale_price", "title", "tags", "stock.status", "stock.quantity", "age_days",
		"item_id", "margin", "language", "attributes.",
	)
	if name == "when" {
		c.Fields = form.Options("user.segments", "user.known", "user.locale", "request.scenario", "request.category",
			"request.country", "request.language", "request.weekday", "request.hour",
			"seed.category", "seed.brand", "user.attributes.")
	}
	for _, op := range []string{"eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", "contains", "contains_any", "starts_with"} {
		c.Operators = append(c.Operators, form.Option{Value: op, Label: words.Operators()[op]})
	}
	return c
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
