package merchandise

import (
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// View implements page.View.
func (d *catalogueData) View(*page.Visit) g.Node {
	return g.Group{d.form(), h.Section(h.Class("card"), h.ID("items"), h.Aria("live", "polite"), d.list())}
}

// form is the filter; typing in it asks again.
func (d *catalogueData) form() g.Node {
	states := h.Select(h.ID("status"), h.Name("status"), h.Option(h.Value(""), g.Text("any")),
		g.Map([]string{profileapi.ItemActive, profileapi.ItemHidden, profileapi.ItemArchived}, func(state string) g.Node {
			return choice(state, state, d.Status)
		}))
	return h.Form(h.Method("get"), h.Action(page.Root+"/catalogue"), h.Class("card"), h.Data("live", "#items"), h.Role("search"),
		h.Div(h.Class("row"),
			view.Field("q", "Search", h.Input(h.ID("q"), h.Name("q"), h.Type("search"), h.Value(d.Query),
				h.Placeholder("words of title, brand, category; id, alias, GTIN"), h.AutoComplete("off"))),
			view.Field("category", "Category", h.Input(h.ID("category"), h.Name("category"), h.Value(d.Category),
				h.Placeholder("Home > Lighting"))),
			view.Input("brand", "Brand", d.Brand),
			view.Field("status", "State", states)),
		view.Actions(h.Button(h.Class("main"), g.Text("Search")), view.Button("/catalogue/quality", "Quality report")))
}

func (d *catalogueData) list() g.Node {
	switch {
	case len(d.Items) > 0:
		head := view.Head(view.Column(""), view.Column("Item"), view.Column("Category"), view.NumberColumn("Price"), view.Column("Stock"),
			view.Column("State"))
		var next g.Node
		if d.Next != "" {
			next = view.Actions(view.Button("/catalogue?"+d.Next, "Next page"))
		}
		return g.Group{view.Table("Items", head, g.Map(d.Items, itemRow)), next}
	case d.Query+d.Category+d.Brand+d.Status != "":
		return view.Empty("No item fits.", g.Text(d.unfitting()))
	}
	return view.Empty("The catalogue is empty.", view.Link("/imports", "Import a file"),
		g.Text(" with your products: CSV, xlsx, a Google feed, a Shopify or WooCommerce export."))
}

// unfitting says how to ask for more when no item fits, of each field that was filled in.
func (d *catalogueData) unfitting() string {
	var mends []string
	for _, m := range []struct{ value, mend string }{
		{d.Query, "Use fewer words, or parts of them."},
		{d.Category, "A category is named by its path from the broadest level on, capitals and all, such as Home > Lighting."},
		{d.Brand, "A brand is named in full, capitals and all."},
		{d.Status, "The state leaves out items of the others."},
	} {
		if m.value != "" {
			mends = append(mends, m.mend)
		}
	}
	return strings.Join(mends, " ")
}

func itemRow(i profileapi.Item) g.Node {
	about := i.ItemID
	if i.ParentID != "" {
		about += " · variant of " + i.ParentID
	}
	stock := h.Span(h.Class("soft"), g.Text("not counted"))
	if i.Stock != nil {
		stock = view.State(i.Stock.Status)
	}
	return h.Tr(view.Cell(view.Thumb(i.ImageURL, i.Title, true)),
		h.Th(h.Scope("row"), view.ItemLink(words.ItemLink{ID: i.ItemID, Title: i.Title}), view.Below(about)),
		view.TextCell(strings.Join(i.CategoryPath, " › ")), view.NumberCell(price(i)), view.Cell(stock),
		view.Cell(view.State(i.Status)))
}

// price is what an item costs now, and before a reduction.
func price(i profileapi.Item) string {
	switch {
	case i.Price == nil:
		return view.None
	case i.SalePrice != nil && *i.SalePrice < *i.Price:
		return words.Price(*i.SalePrice, i.Currency) + " instead of " + words.Price(*i.Price, i.Currency)
	}
	return words.Price(*i.Price, i.Currency)
}

// View implements page.View.
func (d *qualityData) View(*page.Visit) g.Node {
	var findings g.Node = g.Map(d.Findings, finding.card)
	switch {
	case len(d.Findings) > 0:
	case d.Items > 0:
		findings = view.Empty("Nothing to mend.")
	default:
		findings = view.Empty("There are no active items.", view.Link("/imports", "Import a file"), g.Text(" with your products."))
	}
	return g.Group{
		h.P(g.Textf("%s active items were looked at, and the latest %s events.", words.Number(d.Items), words.Number(d.Events))),
		findings, d.smallCategories(),
	}
}

func (f finding) card() g.Node {
	which := "Which"
	if f.Count > int64(len(f.Items)) {
		which = "The first " + words.Number(len(f.Items))
	}
	return h.Section(h.Class("card"),
		h.H2(g.Text(f.Name+" "), view.Tag("warn", words.Number(f.Count))), h.P(g.Text(f.Mend)),
		view.Fold(which, view.List(g.Map(f.Items, func(i words.ItemLink) g.Node {
			return g.Group{view.ItemLink(i), g.Text(" "), h.Small(g.Text(i.ID))}
		})...)))
}

func (d *qualityData) smallCategories() g.Node {
	if len(d.SmallCategories) == 0 {
		return nil
	}
	return view.Card("Categories with too few items",
		h.P(g.Text("Placements of these categories fill up with what is popular elsewhere.")),
		view.Table("Categories", view.Head(view.Column("Category"), view.NumberColumn("Items")),
			g.Map(d.SmallCategories, func(c profileapi.CategorySize) g.Node {
				return view.Row(g.Text(c.Category), view.NumberCell(words.Number(c.Items)))
			})))
}
