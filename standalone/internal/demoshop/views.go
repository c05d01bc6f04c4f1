package demoshop

import (
	"fmt"
	"net/url"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/sdk/tracker"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// layout is a whole page of the shop.
func layout(p *page) g.Node {
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")), h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.TitleEl(g.Text(p.Title+" – Gifts & More, a demo of Aisle")),
			h.Link(h.Rel("stylesheet"), h.Href(Root+"/static/shop.css")), h.Link(h.Rel("icon"), h.Href("data:,")),
			h.Script(h.Src(tracker.Path()), h.Integrity(tracker.Integrity()), h.CrossOrigin("anonymous"), h.Defer(),
				g.If(p.User != "", h.Data("user", p.User))),
			h.Script(h.Src(Root+"/static/shop.js"), h.Defer()),
		),
		h.Body(h.Data("page", p.Kind), h.Data("user", p.User), h.Data("cart", p.CartIDs),
			h.A(h.Class("skip"), h.Href("#main"), g.Text("To the products")),
			header(p),
			h.Div(h.Class("stage"), h.Main(h.ID("main"), h.TabIndex("-1"), p.Content), panel(p)),
			h.Footer(h.P(g.Text("A demo: nothing is sold. Products are of UCI Online Retail by Daqing Chen (CC BY 4.0); categories are "+
				"told from their titles, pictures are drawn."))),
		),
	))
}

func header(p *page) g.Node {
	return h.Header(
		h.Div(h.Class("bar"), h.A(h.Class("brand"), h.Href(Root+"/"), g.Text("Gifts & More")),
			h.Form(h.Action(Root+"/search"), h.Role("search"), h.Label(h.Class("skip"), h.For("q"), g.Text("Search")),
				h.Input(h.ID("q"), h.Name("q"), h.Type("search"), h.Placeholder("Search 3,900 gifts")), h.Button(g.Text("Search"))),
			h.A(h.Class("cart"), h.Href(Root+"/cart"), g.Text("Cart "), h.Span(h.Class("count"), g.Text(strconv.Itoa(len(p.Cart)))))),
		h.Nav(h.Aria("label", "Categories"), h.Ul(g.Map(p.Categories, func(name string) g.Node {
			return h.Li(h.A(h.Href(categoryPath(name)), g.If(name == p.Category, h.Aria("current", "page")), g.Text(name)))
		}))),
	)
}

// panel shows beside a page who its visitor is and, once the first list is there, how it came about.
func panel(p *page) g.Node {
	return h.Aside(h.Aria("label", "What Aisle does"),
		h.Details(g.Attr("open"), g.Attr("data-panel"), h.Summary(g.Text("Behind the page")),
			h.Form(h.Action(Root+"/visitor"), h.Method("post"), h.Class("play"),
				h.Label(h.For("user"), g.Text("You are")), g.Text(" "),
				h.Select(h.ID("user"), h.Name("user"), h.Option(h.Value(""), g.Text("a new visitor")),
					g.Map(p.Users, func(user string) g.Node {
						return h.Option(h.Value(user), g.If(user == p.User, h.Selected()), g.Text("customer "+user))
					})),
				g.Text(" "), h.Button(g.Text("Go"))),
			h.Div(h.ID("trace"), h.Aria("live", "polite"), soft(g.Text("Waiting for the first list …"))),
			soft(h.A(h.Href("/console/"), g.Text("Console")), g.Text(" · "), h.A(h.Href("/console/debugger"), g.Text("Event debugger")),
				g.Text(" · "), h.A(h.Href("/reference"), g.Text("API")))))
}

func soft(content ...g.Node) g.Node { return h.P(h.Class("soft"), g.Group(content)) }

func empty(content ...g.Node) g.Node { return h.P(h.Class("empty"), g.Group(content)) }

func categoryPath(name string) string { return Root + "/category?name=" + url.QueryEscape(name) }

func picturePath(i *profileapi.Item) string {
	return Root + "/picture/" + url.PathEscape(i.ItemID) + ".svg"
}

// picture is the square picture of a product, so many pixels wide.
func picture(i *profileapi.Item, side string, more ...g.Node) g.Node {
	return h.Img(g.Group(more), h.Src(picturePath(i)), h.Alt(""), h.Width(side), h.Height(side))
}

// card is a product of the shop's own lists.
func card(i *profileapi.Item) g.Node {
	return h.A(h.Class("card"), h.Href(Root+"/product?id="+url.QueryEscape(i.ItemID)), picture(i, "160", h.Loading("lazy")),
		h.Span(h.Class("title"), g.Text(words(i.Title))), h.Span(h.Class("price"), g.Text(price(i))))
}

// widget is a list that the tracker fills: of a placement, with what is known of the page, so many items long.
func widget(placement, title string, limit int, of ...g.Node) g.Node {
	return h.Div(h.Class("shelf"), h.Data("aisle", placement), g.Group(of), h.Data("limit", strconv.Itoa(limit)),
		h.H2(g.Attr("data-aisle-keep"), g.Text(title)),
		g.El("template", h.A(h.Class("card"), h.Data("href", "url"),
			h.Img(h.Data("src", "image_url"), h.Alt(""), h.Width("160"), h.Height("160"), h.Loading("lazy")),
			h.Span(h.Class("title"), h.Data("field", "title")), h.Span(h.Class("price"), h.Data("field", "price")))))
}

func homeView() g.Node {
	return g.Group{
		h.Section(h.Class("hero"), h.H1(g.Text("Small things that make a home")),
			h.P(g.Text("Look at something, put it into the cart: the lists on every page follow at once. The panel shows how."))),
		widget("home.for_you", "For you", 10), widget("home.trending", "Trending", 10),
		widget("account.recently_viewed", "Recently viewed", 5, h.Data("fallback", "strict")), // hidden for who has looked at nothing
	}
}

// emptyView stands in place of every page until there is something to sell.
func emptyView() g.Node {
	return g.Group{
		h.H1(g.Text("The shop is being filled")),
		empty(g.Text("The demo imports a year of orders and learns from it, which takes half a minute. The terminal shows how far it is; " +
			"then load this page again.")),
	}
}

func categoryView(name string, items []*profileapi.Item) g.Node {
	return g.Group{
		h.H1(g.Text(name)), widget("category.best_sellers", "Best sellers", 5, h.Data("category", name)),
		h.H2(g.Text("All of it")), h.Div(h.Class("grid"), g.Map(items, card)),
	}
}

func productView(i *profileapi.Item, category string) g.Node {
	id := h.Data("items", i.ItemID)
	return g.Group{
		h.Article(h.Class("product"), h.Data("track", "view_item"), h.Data("item", i.ItemID), picture(i, "320", h.Class("large")),
			h.Div(soft(h.A(h.Href(categoryPath(category)), g.Text(category))), h.H1(g.Text(words(i.Title))),
				h.P(h.Class("price"), g.Text(price(i))), soft(g.Text("Item "+i.ItemID)),
				cartForm("add_to_cart", i, h.Button(h.Class("buy"), g.Text("Add to cart"))))),
		widget("product_detail.bought_together", "Bought together", 5, id),
		widget("product_detail.similar", "Similar", 10, id),
	}
}

// cartForm changes the cart by one product; event is what the tracker sends.
func cartForm(event string, i *profileapi.Item, button g.Node) g.Node {
	return h.Form(h.Action(Root+"/cart"), h.Method("post"), h.Data("track", event), h.Data("item", i.ItemID),
		h.Input(h.Type("hidden"), h.Name("id"), h.Value(i.ItemID)), button)
}

// searchView is what a search found; title and why say what happened where nothing is shown.
func searchView(title, query, why string, items []*profileapi.Item) g.Node {
	found := empty(g.Text(why + " Others bought these:"))
	if len(items) > 0 {
		found = g.Group{
			soft(g.Text("For “" + query + "”")),
			h.Div(h.Class("grid"), h.Data("track", "search"), h.Data("query", query), g.Map(items, card)),
		}
	}
	return g.Group{h.H1(g.Text(title)), found, widget("search_no_results.best_sellers", "Best sellers", 10)}
}

func cartView(lines []cartLine) g.Node {
	title := "You may like"
	content := empty(g.Text("The cart is empty. "), h.A(h.Href(Root+"/"), g.Text("Look around")), g.Text(", and put something in."))
	if len(lines) > 0 {
		title = "Goes with your cart"
		content = g.Group{
			h.Ul(h.Class("lines"), g.Map(lines, func(l cartLine) g.Node {
				name := words(l.Item.Title)
				return h.Li(picture(l.Item, "64"), h.A(h.Href(Root+"/product?id="+url.QueryEscape(l.Item.ItemID)), g.Text(name)), l.count(),
					h.Strong(g.Text(money(l.Sum()))),
					cartForm("remove_from_cart", l.Item, h.Button(h.Name("do"), h.Value("remove"), g.Text("Remove"),
						h.Span(h.Class("skip"), g.Text(" "+name)))))
			})),
			h.P(h.Class("total"), g.Text("Total "), h.Strong(g.Text(money(total(lines))))),
			h.Form(h.Action(Root+"/order"), h.Method("post"), h.Button(h.Class("buy"), g.Text("Order"))),
		}
	}
	return g.Group{h.H1(g.Text("Your cart")), content, widget("cart.complementary", title, 10, h.Data("cart", idsOf(lines)))}
}

// count is how many of a product are in the cart, and the price of one.
func (l cartLine) count() g.Node { return h.Span(g.Textf("%d × %s", l.Quantity, money(l.Price()))) }

func orderView(number string, lines []cartLine) g.Node {
	return g.Group{
		h.Section(h.Class("hero"), h.Data("track", "purchase"), h.Data("order", number), h.H1(g.Text("Thank you")),
			h.P(g.Textf("Order %s, %s. Nothing will be sent: this is a demo.", number, money(total(lines)))),
			h.Ul(h.Class("lines"), g.Map(lines, func(l cartLine) g.Node {
				return h.Li(h.Data("line", l.Item.ItemID), h.Data("quantity", strconv.Itoa(l.Quantity)),
					h.Data("price", fmt.Sprint(l.Price())),
					picture(l.Item, "64"), h.Span(g.Text(words(l.Item.Title))), l.count())
			}))),
		widget("order_confirmation.buy_again", "For next time", 10, h.Data("items", idsOf(lines))),
	}
}
