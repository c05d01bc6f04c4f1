package console

import (
	"maps"
	"slices"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

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
		c.Operators = append(c.Operators, form.Option{Value: op, Label: operators()[op]})
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

// jobKinds are the jobs that a person can start.
func jobKinds() []form.Option {
	return []form.Option{
		{Value: "recompute", Label: "Recompute: new models, through the gate"},
		{Value: "evaluation", Label: "Evaluation: compare algorithms, publish nothing"},
	}
}

// publishOptions say when a recompute's models become live; the service's default stands first.
func publishOptions() []form.Option {
	return []form.Option{
		{Value: "gate", Label: "when the gate lets it pass"}, {Value: "never", Label: "never"},
		{Value: "always", Label: "always, whatever the gate says"},
	}
}

// cronOptions are suggestions: the field takes any cron expression, in UTC.
func cronOptions() []form.Option {
	return []form.Option{
		{Value: "0 3 * * *", Label: "each night at 3"}, {Value: "0 */4 * * *", Label: "every four hours"},
		{Value: "@daily", Label: "at midnight"},
	}
}

// experimentKinds are the kinds of an experiment; a rollout has pages of its own.
func experimentKinds() []form.Option {
	return []form.Option{{Value: "experiment", Label: "experiment"}, {Value: "holdout", Label: "holdout: a lasting comparison"}}
}

// experimentStates are the states that a person can set.
func experimentStates() []form.Option {
	return []form.Option{{Value: "draft", Label: "draft"}, {Value: "running", Label: "running"}, {Value: "stopped", Label: "stopped"}}
}

// importKinds are what a file can hold, in the words of a shop.
func importKinds() []form.Option {
	return []form.Option{
		{Value: "items", Label: "products"}, {Value: "events", Label: "events or orders"}, {Value: "users", Label: "users"},
	}
}

func importFormats() []form.Option { return form.Options(profileapi.ImportFormats()...) }
