package recommend

import (
	"cmp"
	"context"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/explanation"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// rowItems is how many items a row has when its plan does not say.
	rowItems = 10
	// leastRow is how many items a row needs to be worth showing.
	leastRow = 3
)

// row is one row to fill: a scenario of its own, derived from the page's, and the request for it.
type row struct {
	plan     *api.RowPlan
	scenario *api.Scenario
	req      api.Request
	title    string
	// What the row is about: the item whose similar ones it has, or the value of its category or brand; "" for neither.
	item   string
	value  string
	least  int // items without which it is not shown; 0 for leastRow
	bundle *api.BundleOffer
}

// RecommendRows answers with a page of rows, made with one reading of the visitor; no item is in two rows. find looks up scenarios that
// rows name.
func (e *Engine) RecommendRows(
	ctx context.Context, shop string, p Placement, req *api.Request, find func(string) (*api.Scenario, bool),
) (api.Answer, error) {
	ctx, v, done := e.admit(ctx, shop, req)
	defer done()
	who, err := v.open(ctx, p, req)
	if err != nil {
		return api.Answer{}, err
	}
	defer who.close()
	out := who.answer()
	out.NextCursor = nil
	shown := map[*api.RowPlan]int{}
	for _, planned := range who.rows(ctx, find) {
		if shown[planned.plan] == max(1, planned.plan.Count) { // of bundles more are planned than are wanted
			continue
		}
		p.Scenario, p.Derived = planned.scenario, true
		err := v.answerTo(ctx, p, &planned.req, func(r *run, a *api.Answer) {
			for _, name := range a.Degraded {
				who.degrade(name)
			}
			if len(a.Items) < cmp.Or(planned.least, leastRow) {
				return
			}
			shown[planned.plan]++
			r.remember(a)
			v.show(a)
			for relation, version := range a.ModelVersions {
				out.ModelVersions[relation] = version
			}
			out.Rows = append(out.Rows, api.Row{
				Kind: planned.plan.Kind, Title: planned.title, ItemID: planned.item, Value: planned.value,
				RecommendationID: a.RecommendationID, Bundle: planned.bundle, Items: a.Items,
			})
		})
		if err != nil {
			return api.Answer{}, err
		}
	}
	out.Degraded = who.degraded
	return out, nil
}

// rows lists the rows that the visitor's history gives reason for.
func (r *run) rows(ctx context.Context, find func(string) (*api.Scenario, bool)) []row {
	var list []row
	for n := range r.scenario.Rows {
		p := &r.scenario.Rows[n]
		count := max(1, p.Count)
		switch p.Kind {
		case "because_you_bought", "because_you_viewed":
			list = append(list, r.becauseRows(p, count)...)
		case "categories_for_you":
			liked := affinity.Liked(r.affinity().Categories)
			for _, c := range liked[:min(count, len(liked))] {
				parts := strings.Split(c.Value, " > ")
				one := r.row(p, parts[len(parts)-1], api.SourceCategory)
				one.req.Category, one.value = c.Value, c.Value
				list = append(list, one)
			}
		case "brands_for_you":
			for _, b := range r.affinity().Brands[:min(count, len(r.affinity().Brands))] {
				if b.Weight <= 0 {
					break
				}
				one := r.row(p, b.Value, api.SourceHistory, api.SourcePopular, api.SourceNewest)
				one.scenario.Filter, one.value = &api.Condition{Field: "brand", Value: b.Value}, b.Value
				list = append(list, one)
			}
		case "bundles":
			list = append(list, r.bundleRows(ctx, p, count)...)
		case "scenario":
			if sc, ok := find(p.Scenario); ok && len(sc.Rows) == 0 {
				one := r.row(p, sc.Title)
				copied := *sc
				one.scenario = &copied
				list = append(list, one)
			}
		}
	}
	return list
}

// becauseRows makes a row for each of the latest count items that the visitor bought, or looked
// at; those without a title, after which the row is named, are passed over.
func (r *run) becauseRows(p *api.RowPlan, count int) []row {
	var list []row
	for n := range r.visitor.History {
		t := &r.visitor.History[n]
		bought := explanation.Because(t.Type) == "because_you_bought"
		if len(list) == count || t.Weight <= 0 || bought != (p.Kind == "because_you_bought") {
			continue
		}
		title := ""
		r.read(func(v *catalogue.View) {
			if i := v.Index(t.Item, t.ItemID); i >= 0 {
				title = titleOf(v, i)
			}
		})
		if title == "" {
			continue
		}
		one := r.row(p, title, api.SourceContextSimilar)
		one.req.ContextItems, one.item = []string{t.ItemID}, t.ItemID
		list = append(list, one)
	}
	return list
}

// titleOf returns the title of an item, of a variant without one that of its product; "" for none.
func titleOf(v *catalogue.View, i int32) string {
	for _, it := range [...]*catalogue.Item{v.Item(i), v.Item(v.Head(i))} {
		if it != nil && it.Source.Title != "" {
			return it.Source.Title
		}
	}
	return ""
}

// row makes a row whose items come from sources of equal weight. "%s" in the planned title stands for name. Filters and rules are those of
// the page's scenario; fallbacks are left out, since a row of popular items would not be what its title says.
func (r *run) row(p *api.RowPlan, name string, kinds ...string) row {
	sc := *r.scenario
	sc.Rows, sc.Sources, sc.Fallback, sc.Limit = nil, nil, nil, rowItems
	for _, kind := range kinds {
		sc.Sources = append(sc.Sources, api.Source{Kind: kind, Weight: 1})
	}
	req := *r.req
	req.Limit, req.Cursor = rowItems, ""
	if p.Limit > 0 {
		req.Limit = p.Limit
	}
	title := name
	if p.Title != "" {
		title = strings.ReplaceAll(p.Title, "%s", name)
	}
	return row{plan: p, scenario: &sc, req: req, title: title}
}
