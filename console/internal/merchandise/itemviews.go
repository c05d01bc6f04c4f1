package merchandise

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// View implements page.View.
func (d *itemData) View(*page.Visit) g.Node {
	return g.Group{
		view.Columns(d.recordCard(), d.eventsCard()),
		d.variantsCard(), d.pairsCard(),
		h.Div(h.Class("columns wide"), g.Map(d.Relations, d.relationCard)),
		textCard(d.Text), reviewsCard(d.Reviews),
	}
}

// recordCard is what the catalogue says.
func (d *itemData) recordCard() g.Node {
	id := url.QueryEscape(d.Item.ItemID)
	var image g.Node
	if d.Item.ImageURL != "" {
		image = h.P(view.Thumb(d.Item.ImageURL, d.Item.Title, false))
	}
	return view.Card("What the catalogue says", image, d.facts(),
		view.Actions(view.Button("/try?missing="+id, "Why is it not shown?"), view.Button("/rules/edit?item="+id, "Make a rule for it")),
		view.Fold("As JSON", view.JSON(d.Item)))
}

func (d *itemData) facts() g.Node {
	i := d.Item
	category, stock := g.Text("none"), "not counted: it can be sold"
	if len(i.CategoryPath) > 0 {
		path := strings.Join(i.CategoryPath, ">")
		category = view.Link("/catalogue?category="+url.QueryEscape(path), strings.Join(i.CategoryPath, " › "))
	}
	if i.Stock != nil {
		stock = i.Stock.Status
		if i.Stock.Quantity != nil {
			stock += ", " + words.Number(*i.Stock.Quantity)
		}
	}
	return view.Facts(
		view.TextFact("Id", i.ItemID), view.Fact("State", view.State(i.Status)), view.Fact("Category", category),
		view.TextFact("Brand", cmp.Or(i.Brand, "none")), view.TextFact("Price", price(i)), view.TextFact("Stock", stock),
		g.If(i.ParentID != "", view.Fact("Variant of", view.Item(i.ParentID))),
		g.If(len(i.Aliases) > 0, view.TextFact("Also known as", strings.Join(i.Aliases, ", "))),
		g.If(i.URL != "", view.Fact("Page", view.External(i.URL))),
		view.TextFact("Changed", words.When(i.UpdatedAt.Time)))
}

// eventsCard is what happened with the item.
func (d *itemData) eventsCard() g.Node {
	events := view.Nothing(g.Text("No event names it yet."))
	if len(d.Counts) > 0 {
		of := "In all"
		if !d.All {
			of = "Of the latest " + words.Number(d.Read)
		}
		events = g.Group{
			view.Table("Events", view.Head(view.Column("Event"), view.NumberColumn(of)), g.Map(d.Counts, func(c typeCount) g.Node {
				return view.Row(g.Text(c.Name), view.NumberCell(words.Number(c.Count)))
			})),
			h.P(view.Link("/debugger?item="+url.QueryEscape(d.Item.ItemID), "The events")),
		}
	}
	return view.Card("What happened with it", events, h.H3(g.Text("How popular it is")),
		view.Facts(g.Map(d.Ranks, func(r rank) g.Node {
			if r.Of == 0 {
				return view.TextFact(r.Window, "no item is listed yet")
			}
			if r.Place == 0 {
				return view.TextFact(r.Window, "not among the first "+words.Number(r.Of))
			}
			return view.TextFact(r.Window, "place "+strconv.Itoa(r.Place))
		})))
}

func (d *itemData) variantsCard() g.Node {
	if len(d.Variants) == 0 {
		return nil
	}
	return view.Card("Variants", view.List(g.Map(d.Variants, func(i profileapi.Item) g.Node {
		var stock g.Node
		if i.Stock != nil {
			stock = view.State(i.Stock.Status)
		}
		return g.Group{
			view.ItemLink(words.ItemLink{ID: i.ItemID, Title: i.Title}), g.Text(" "), h.Small(g.Text(i.ItemID)), g.Text(" "), stock,
		}
	})...))
}

// pairsCard is what links the item with another, by relation.
func (d *itemData) pairsCard() g.Node {
	if len(d.Pairs) == 0 {
		return nil
	}
	head := view.Head(view.Column("Relation"), view.Column("Algorithm"), view.NumberColumn("Weight"), view.NumberColumn("Place"),
		view.NumberColumn("The other way"), view.NumberColumn("Visitors or orders"), view.Column("Words in common"))
	return view.Card("What links it with "+d.Other, h.ID("pair"), view.Table("Links", head, g.Map(d.Pairs, pairRow)))
}

func pairRow(p similarityapi.Pair) g.Node {
	place, back := view.None, view.None
	if p.Rank > 0 {
		place = strconv.Itoa(p.Rank)
	}
	if p.ReverseRank > 0 {
		back = words.Short(p.ReverseWeight) + ", place " + strconv.Itoa(p.ReverseRank)
	}
	var shared []string
	for _, t := range p.SharedTerms {
		shared = append(shared, t.Term)
	}
	return view.Row(g.Text(p.Relation), view.TextCell(p.Algorithm), view.NumberCell(words.Short(p.Weight)), view.NumberCell(place),
		view.NumberCell(back), view.NumberCell(words.Number(p.Support)+" and "+words.Number(p.OtherSupport)),
		view.TextCell(cmp.Or(strings.Join(shared, ", "), "none")))
}

// relationCard are the neighbours in one relation, or why there are none.
func (d *itemData) relationCard(r relationList) g.Node {
	switch {
	case r.Problem != "":
		return view.Card(r.Relation, h.P(h.Class("warn"), g.Text(r.Problem)))
	case len(r.Neighbours) == 0 && r.Version == "":
		return view.Card(r.Relation, view.Nothing(g.Text("No neighbours: no model of this relation is live.")))
	case len(r.Neighbours) == 0:
		return view.Card(r.Relation, view.Nothing(g.Text("No neighbours.")))
	}
	from := "From " + r.Source
	if r.Version != "" {
		from += ", " + r.Version
	}
	return view.Card(r.Relation, h.Ul(h.Class("plain"), g.Map(r.Neighbours, d.neighbour)), h.P(h.Class("hint"), g.Text(from)))
}

func (d *itemData) neighbour(n neighbour) g.Node {
	why := "/catalogue/item?id=" + url.QueryEscape(d.Item.ItemID) + "&other=" + url.QueryEscape(n.ItemID) + "#pair"
	return h.Li(h.Class("items"), view.Thumb(n.Image, n.Title, true),
		h.Span(view.ItemLink(words.ItemLink{ID: n.ItemID, Title: n.Title}), view.Below(n.ItemID+", weight "+words.Short(n.Score))),
		h.A(h.Href(page.Root+why), g.Text("Why"), skip(n.ItemID)))
}
