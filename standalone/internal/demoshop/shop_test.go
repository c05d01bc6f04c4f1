package demoshop

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func stocked(t *testing.T) *Shop {
	t.Helper()
	price := 2.5
	items := []profileapi.Item{
		{ItemID: "A1", Title: "RED HEART <b>CANDLE</b>", Price: &price}, {ItemID: "B2", Title: "BIG BAG", Price: &price},
		{ItemID: "C3", Title: "CHRISTMAS BAG"},
	}
	Furnish(items, "http://shop.example")
	s := New(Aisle{}, []string{"17850"}, slog.New(slog.DiscardHandler))
	s.Stock(items)
	return s
}

func ask(s *Shop, method, path string, form url.Values, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestCategoriesAreToldFromTitles(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"WHITE HANGING HEART T-LIGHT HOLDER": "Lights & candles", "JUMBO BAG RED RETROSPOT": "Bags", "Christmas bag": "Christmas",
		"SET OF 3 CAKE TINS PANTRY DESIGN": "Kitchen & dining", "XYZ": "More",
	} {
		if got := categoryOf(title); got != want {
			t.Errorf("%s is %s, want %s", title, got, want)
		}
	}
}

func TestPagesShowWhatIsSold(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	for path, want := range map[string]string{
		"/shop/": "home.for_you", "/shop/category?name=Bags": "Big bag", "/shop/product?id=A1": "Red heart &lt;b&gt;candle&lt;/b&gt;",
		"/shop/search?q=big": "Big bag", "/shop/search?q=none": "Nothing fits",
		"/shop/cart": "The cart is empty", "/shop/picture/A1.svg": "<svg",
	} {
		if w := ask(s, http.MethodGet, path, nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, lacks %q", path, w.Code, want)
		}
	}
	for _, path := range []string{"/shop/product?id=none", "/shop/category?name=none", "/shop/picture/none.svg", "/shop/none"} {
		if w := ask(s, http.MethodGet, path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	s.Stock(nil)
	if w := ask(s, http.MethodGet, "/shop/", nil); !strings.Contains(w.Body.String(), "being filled") {
		t.Errorf("an empty shop says %s", w.Body)
	}
}

func TestTheCartIsACookieThatBecomesAnOrder(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	var cart *http.Cookie
	for _, id := range []string{"A1", "A1", "B2", "none"} {
		var with []*http.Cookie
		if cart != nil {
			with = []*http.Cookie{cart}
		}
		w := ask(s, http.MethodPost, "/shop/cart", url.Values{"id": {id}}, with...)
		cart = w.Result().Cookies()[0]
	}
	w := ask(s, http.MethodGet, "/shop/cart", nil, cart)
	for _, want := range []string{"2 × £2.50", "1 × £2.50", "£7.50", `data-cart="A1,B2"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the cart lacks %s", want)
		}
	}
	ordered := ask(s, http.MethodPost, "/shop/order", nil, cart).Result().Cookies()
	if len(ordered) != 2 || ordered[0].Name != cartCookie || ordered[0].MaxAge >= 0 {
		t.Fatalf("cookies %v", ordered)
	}
	w = ask(s, http.MethodGet, "/shop/order", nil, ordered[1])
	if !strings.Contains(w.Body.String(), `data-line="A1" data-quantity="2" data-price="2.5"`) {
		t.Errorf("the order is %s", w.Body)
	}
	for _, text := range []string{"A1*0", "A1*-1", "A1*1e9", "A1", "***", "none*1"} {
		if lines := s.readCart(text); len(lines) > 0 {
			t.Errorf("%q is %v", text, lines)
		}
	}
}
