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
	s.render(w, r, http.StatusOK, "home", page{Title: "Welcome"})
}

// category shows the most wanted products of a category.
func (s *Shop) category(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	items := s.goods.Load().byCategory[name]
	if len(items) == 0 {
		s.render(w, r, http.StatusNotFound, "search", page{Title: "No such category"})
		return
	}
	s.render(w, r, http.StatusOK, "category", page{Title: name, Category: name, Data: items[:min(perPage, len(items))]})
}

// productData is the page of a product; Category is its whole path, as widgets send it.
type productData struct {
	Item     *profileapi.Item
	Category string
}

// product shows one product; the tracker reports the view.
func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	item := s.goods.Load().byID[r.FormValue("id")]
	if item == nil {
		s.render(w, r, http.StatusNotFound, "search", page{Title: "No such product"})
		return
	}
	category := profileapi.CategoryValue(item.CategoryPath)
	s.render(w, r, http.StatusOK, "product", page{Title: item.Title, Category: category, Data: productData{item, category}})
}

// searchData is what a search found; also the page of an address that leads nowhere.
type searchData struct {
	Query string
	Items []*profileapi.Item
}

// search finds products whose title has every word of the query, a page of them. It is the
// shop's own search: Aisle is told of it and not asked.
func (s *Shop) search(w http.ResponseWriter, r *http.Request) {
	d := searchData{Query: strings.TrimSpace(r.FormValue("q"))}
	wanted := strings.Fields(strings.ToUpper(d.Query))
	g := s.goods.Load()
	for _, category := range g.categories {
		for _, item := range g.byCategory[category] {
			found := len(wanted) > 0
			for _, word := range wanted {
				found = found && strings.Contains(strings.ToUpper(item.Title), word)
			}
			if found && len(d.Items) < perPage {
				d.Items = append(d.Items, item)
			}
		}
	}
	s.render(w, r, http.StatusOK, "search", page{Title: "Search", Data: d})
}

// cartData is the cart with what it costs.
type cartData struct {
	Lines []cartLine
	Total float64
}

// cart shows what is in the cookie, at the prices of the catalogue.
func (s *Shop) cart(w http.ResponseWriter, r *http.Request) {
	d := cartData{Lines: s.cartOf(r)}
	for _, l := range d.Lines {
		d.Total += l.Sum()
	}
	s.render(w, r, http.StatusOK, "cart", page{Title: "Your cart", Data: d})
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

// orderData is an order; IDs are its items with commas between, for the tracker.
type orderData struct {
	Number string
	Lines  []cartLine
	Total  float64
	IDs    string
}

// ordered shows the last order. Seen again it has the same number, so that Aisle counts it
// once.
func (s *Shop) ordered(w http.ResponseWriter, r *http.Request) {
	number, cart, ok := strings.Cut(cookie(r, orderCookie), "!")
	if !ok {
		http.Redirect(w, r, Root+"/cart", http.StatusSeeOther)
		return
	}
	d := orderData{Number: number, Lines: s.readCart(cart)}
	var ids []string
	for _, l := range d.Lines {
		d.Total += l.Sum()
		ids = append(ids, l.Item.ItemID)
	}
	d.IDs = strings.Join(ids, ",")
	s.render(w, r, http.StatusOK, "order", page{Title: "Thank you", Data: d})
}

// play lets the visitor be a customer of the data set, or nobody in particular ("").
func (s *Shop) play(w http.ResponseWriter, r *http.Request) {
	setCookie(w, userCookie, r.FormValue("user"))
	http.Redirect(w, r, Root+"/", http.StatusSeeOther)
}

// money writes a price in the currency of the data set; "" for none.
func money(v any) string {
	switch f := v.(type) {
	case *float64:
		if f != nil {
			return fmt.Sprintf("£%.2f", *f)
		}
	case float64:
		return fmt.Sprintf("£%.2f", f)
	}
	return ""
}

// words writes a title of the data set, which is in capitals and in ASCII, for reading.
func words(title string) string {
	title = strings.ToLower(strings.TrimSpace(title))
	if title == "" {
		return ""
	}
	return strings.ToUpper(title[:1]) + title[1:]
}
