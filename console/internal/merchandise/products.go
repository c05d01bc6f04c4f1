package merchandise

import (
	"math"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/chart"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// product is a recommended item as a page shows it.
type product struct {
	recommenderapi.RecommendedItem
	Title, Image, Price string
	Move                *move // beside another list
}

// move says how the place of an item differs from another list: {"▲ up 3", "good"}.
type move struct{ Text, Tone string }

// products are items as a page shows them.
func products(items []recommenderapi.RecommendedItem) []product {
	var all []product
	for _, it := range items {
		p := product{RecommendedItem: it, Title: words.Text(it.Fields.Get("title")), Image: words.Text(it.Fields.Get("image_url"))}
		if price, ok := it.Fields.Get("price").(float64); ok {
			p.Price = words.Price(price, words.Text(it.Fields.Get("currency")))
		}
		all = append(all, p)
	}
	return all
}

// beside returns two lists, with what moves between them marked in the second, and in the first
// what goes. Both are complete; an item that keeps its place has no mark.
func beside(before, after []recommenderapi.RecommendedItem) (now, then []product) {
	now, then = products(before), products(after)
	was, is := map[string]int{}, map[string]int{}
	for _, b := range before {
		was[b.ItemID] = b.Position
	}
	for n := range then {
		p := &then[n]
		is[p.ItemID] = p.Position
		switch up := was[p.ItemID] - p.Position; {
		case was[p.ItemID] == 0:
			p.Move = &move{"new", "good"}
		case up > 0:
			p.Move = &move{"▲ up " + words.Whole(int64(up)), "good"}
		case up < 0:
			p.Move = &move{"▼ down " + words.Whole(int64(-up)), "warn"}
		}
	}
	for n := range now {
		if is[now[n].ItemID] == 0 {
			now[n].Move = &move{"goes", "bad"}
		}
	}
	return now, then
}

// productList are products with what their scores are made of; nothing for none.
func productList(list []product) g.Node {
	if len(list) == 0 {
		return nil
	}
	largest := math.SmallestNonzeroFloat64
	for _, p := range list {
		for _, c := range p.contributions() {
			largest = max(largest, math.Abs(c.Value))
		}
	}
	return h.Ol(h.Class("products"), g.Map(list, func(p product) g.Node {
		about := words.Tier(p.Tier) + " · score " + words.Short(p.Score)
		if p.Price != "" {
			about = p.Price + " · " + about
		}
		return h.Li(p.place(), view.Thumb(p.Image, p.Title, false),
			h.Div(h.Strong(p.link()), g.Text(" "), p.Move.tag(),
				h.Div(h.Class("soft"), h.Small(g.Text(p.ItemID)), g.Text(" · "+about)),
				reasonsLine(p.Reasons), p.score(largest)))
	}))
}

// compactList are products in short, for lists beside each other; otherwise stands there when there is none.
func compactList(list []product, otherwise string) g.Node {
	if len(list) == 0 {
		return view.Nothing(g.Text(otherwise))
	}
	return h.Ol(h.Class("products compact"), g.Map(list, func(p product) g.Node {
		return h.Li(p.place(), view.Thumb(p.Image, p.Title, true),
			h.Div(p.link(), g.Text(" "), p.Move.tag(), h.Br(), h.Small(g.Text(p.Price+" · score "+words.Short(p.Score)))))
	}))
}

func (p product) place() g.Node { return h.Span(h.Class("place"), g.Text(strconv.Itoa(p.Position))) }

func (p product) link() g.Node { return view.ItemLink(words.ItemLink{ID: p.ItemID, Title: p.Title}) }

// tag marks an item that moves; nothing for nil.
func (m *move) tag() g.Node {
	if m == nil {
		return nil
	}
	return view.Tag(m.Tone, m.Text)
}

func reasonsLine(list []recommenderapi.Reason) g.Node {
	if len(list) == 0 {
		return nil
	}
	text := ""
	for n, r := range list {
		if n > 0 {
			text += "; "
		}
		text += words.Reason(r)
	}
	return h.Div(h.Small(g.Text(text)))
}

// score folds away what the score is made of. Bars are as long as their share of largest, which is above 0.
func (p product) score(largest float64) g.Node {
	parts := p.contributions()
	if len(parts) == 0 {
		return nil
	}
	rows := g.Map(parts, func(c recommenderapi.ScoreContribution) g.Node {
		return h.Tr(view.TextCell(c.Source), view.TextCell(c.SeedItemID+c.Category+" "+c.EventType), view.NumberCell(words.Short(c.Value)),
			view.Cell(chart.Bar(c.Value/largest)))
	})
	boosts := g.Map(p.Explanation.Boosts, func(b recommenderapi.Boost) g.Node {
		return h.Tr(view.TextCell(b.Source), view.TextCell("multiplies"), view.NumberCell("× "+words.Short(b.Factor)), view.Cell())
	})
	return h.Details(h.Class("more"),
		h.Summary(h.Small(g.Textf("What the score is made of (%d)", len(parts)))),
		view.Table("Contributions to the score",
			view.Head(view.Column("Source"), view.Column("Because of"), view.NumberColumn("Value"), view.Column("Share")), rows, boosts))
}

// contributions are what the score is made of, as far as it was explained.
func (p product) contributions() []recommenderapi.ScoreContribution {
	if p.Explanation == nil {
		return nil
	}
	return p.Explanation.Contributions
}

// previewed shows a list as it is and as it would be.
func previewed(nowTitle string, now []product, thenTitle string, then []product) g.Node {
	return h.Div(h.Class("pair"), view.Card(nowTitle, compactList(now, "The list is empty.")),
		view.Card(thenTitle, compactList(then, "The list would be empty.")))
}
