package demoshop

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// home has lists of recommendations only, which the page asks Aisle for by itself, as on the
// other pages.
func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "home", page{Title: "Welcome", Content: homeView()})
}

// category shows the most wanted products of a category.
func (s *Shop) category(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	items := s.goods.Load().byCategory[name]
	if len(items) == 0 {
		s.notHere(w, r, "No such category")
		return
	}
	s.render(w, r, http.StatusOK, "category", page{
		Title: name, Category: name, Content: categoryView(name, items[:min(perPage, len(items))]),
	})
}

// product shows one product; the tracker reports the view.
func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	item := s.goods.Load().byID[r.FormValue("id")]
	if item == nil {
		s.notHere(w, r, "No such product")
		return
	}
	category := profileapi.CategoryValue(item.CategoryPath) // its whole path, as widgets send it
	s.render(w, r, http.StatusOK, "product", page{Title: item.Title, Category: category, Content: productView(item, category)})
}

// notHere is the page of an address that leads nowhere.
func (s *Shop) notHere(w http.ResponseWriter, r *http.Request, title string) {
	s.render(w, r, http.StatusNotFound, "search", page{Title: title, Content: searchView(title, "", "It is not here.", nil)})
}

// search finds products whose title has every word of the query, a page of them. It is the
// shop's own search: Aisle is told of it and not asked.
func (s *Shop) search(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.FormValue("q"))
	wanted := strings.Fields(strings.ToUpper(query))
	var items []*profileapi.Item
	g := s.goods.Load()
	for _, category := range g.categories {
		for _, item := range g.byCategory[category] {
			found := len(wanted) > 0
			for _, word := range wanted {
				found = found && strings.Contains(strings.ToUpper(item.Title), word)
			}
			if found && len(items) < perPage {
				items = append(items, item)
			}
		}
	}
	s.render(w, r, http.StatusOK, "search", page{
		Title: "Search", Content: searchView("Search", query, "Nothing fits “"+query+"”.", items),
	})
}

// cart shows what is in the cookie, at the prices of the catalogue.
func (s *Shop) cart(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "cart", page{Title: "Your cart", Content: cartView(s.cartOf(r))})
}

// changeCart puts an item into the cart or takes it out; the page itself has told Aisle.
func (s *Shop) changeCart(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	lines := s.cartOf(r)
	if item := s.goods.Load().byID[id]; item != nil {
		lines = changed(lines, item, r.FormValue("do") == "remove")
	}
	setCookie(w, cartCookie, writeCart(lines))
	http.Redirect(w, r, Root+"/cart", http.StatusSeeOther)
}

// order empties the cart into an order, which the next page shows and tells Aisle of.
func (s *Shop) order(w http.ResponseWriter, r *http.Request) {
	lines := s.cartOf(r)
	if len(lines) == 0 {
		http.Redirect(w, r, Root+"/cart", http.StatusSeeOther)
		return
	}
	setCookie(w, cartCookie, "")
	setCookie(
		w, orderCookie, fmt.Sprintf("demo-%08x!%s", rand.Uint32(), writeCart(lines)),
	) //nolint:gosec // an order number of a shop that sells nothing
	http.Redirect(w, r, Root+"/order", http.StatusSeeOther)
}

// ordered shows the last order. Seen again it has the same number, so that Aisle counts it
// once.
func (s *Shop) ordered(w http.ResponseWriter, r *http.Request) {
	number, cart, ok := strings.Cut(cookie(r, orderCookie), "!")
	if !ok {
		http.Redirect(w, r, Root+"/cart", http.StatusSeeOther)
		return
	}
	s.render(w, r, http.StatusOK, "order", page{Title: "Thank you", Content: orderView(number, s.readCart(cart))})
}

// play lets the visitor be a customer of the data set, or nobody in particular ("").
func (s *Shop) play(w http.ResponseWriter, r *http.Request) {
	setCookie(w, userCookie, r.FormValue("user"))
	http.Redirect(w, r, Root+"/", http.StatusSeeOther)
}

// money writes an amount in the currency of the data set.
func money(v float64) string { return fmt.Sprintf("£%.2f", v) }

// price is what a product costs; "" where that is not known.
func price(i *profileapi.Item) string {
	if i.Price == nil {
		return ""
	}
	return money(*i.Price)
}

// words writes a title of the data set, which is in capitals and in ASCII, for reading.
func words(title string) string {
	title = strings.ToLower(strings.TrimSpace(title))
	if title == "" {
		return ""
	}
	return strings.ToUpper(title[:1]) + title[1:]
}
