package demoshop

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// The cookies of the shop.
const (
	// The cart as writeCart writes it, the customer who is played, and the last order with its
	// lines.
	cartCookie  = "aisle_demo_cart"
	userCookie  = "aisle_demo_user"
	orderCookie = "aisle_demo_order"
)

// maxLines is how many products the cart takes.
const maxLines = 30

// cartLine is a product in the cart.
type cartLine struct {
	Item     *profileapi.Item
	Quantity int
}

// Price is the unit price; 0 when the item has none.
func (l cartLine) Price() float64 {
	if l.Item.Price == nil {
		return 0
	}
	return *l.Item.Price
}

// Sum is what the line costs.
func (l cartLine) Sum() float64 { return l.Price() * float64(l.Quantity) }

// total is what lines of a cart cost together.
func total(lines []cartLine) (sum float64) {
	for _, l := range lines {
		sum += l.Sum()
	}
	return sum
}

// idsOf are the items of lines with commas between, as the tracker takes them.
func idsOf(lines []cartLine) string {
	ids := make([]string, len(lines))
	for n, l := range lines {
		ids[n] = l.Item.ItemID
	}
	return strings.Join(ids, ",")
}

// cartOf is the cart of a visitor: the cookie is all there is of it.
func (s *Shop) cartOf(r *http.Request) []cartLine { return s.readCart(cookie(r, cartCookie)) }

// readCart reads what writeCart wrote: ids with quantities, "85123A*2.22423*1". What cannot be
// read or is not sold is not in the cart: a cookie is input as any other.
func (s *Shop) readCart(text string) []cartLine {
	var lines []cartLine
	g := s.goods.Load()
	for part := range strings.SplitSeq(text, ".") {
		id, count, _ := strings.Cut(part, "*")
		quantity, err := strconv.Atoi(count)
		if item := g.byID[id]; item != nil && err == nil && quantity > 0 && quantity < 1000 && len(lines) < maxLines {
			lines = append(lines, cartLine{item, quantity})
		}
	}
	return lines
}

// writeCart writes a cart for a cookie, as readCart reads it.
func writeCart(lines []cartLine) string {
	var parts []string
	for _, l := range lines {
		parts = append(parts, l.Item.ItemID+"*"+strconv.Itoa(l.Quantity))
	}
	return strings.Join(parts, ".")
}

// changed returns the cart with one more of an item, or without it. The given cart is not
// changed.
func changed(lines []cartLine, item *profileapi.Item, remove bool) []cartLine {
	var list []cartLine
	found := false
	for _, l := range lines {
		if l.Item.ItemID == item.ItemID {
			found = true
			if remove {
				continue
			}
			l.Quantity++
		}
		list = append(list, l)
	}
	if !found && !remove {
		list = append(list, cartLine{item, 1})
	}
	return list
}

// cookie is the value of a cookie; "" for none.
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	value, err := url.QueryUnescape(c.Value)
	if err != nil {
		return ""
	}
	return value
}

// setCookie sets a cookie of the shop for as long as the browser is open; an empty value
// deletes it.
func setCookie(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{Name: name, Value: url.QueryEscape(value), Path: Root, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
