// Package demoshop is a small shop for the demo: home, category, product, cart and order pages of a catalogue, with pictures that are
// drawn. It uses Aisle as any shop does, through the tracker and the public API, and beside each page it shows how what the visitor did
// became the list that he sees. It sells nothing and keeps nothing: the cart is a cookie. The main type is Shop.
package demoshop

import (
	"bytes"
	"cmp"
	"embed"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Root is the path of the shop.
const Root = "/shop"

const perPage = 24 // items on a page of a category

// static has the style sheet and the scripts.
//
//go:embed static
var static embed.FS

// Aisle are the clients with which the shop's server asks Aisle; its pages ask by themselves.
type Aisle struct {
	Profile     *profileapi.Client
	Similarity  *similarityapi.Client
	Recommender *recommenderapi.Client
}

// Shop answers everything below Root. It is safe for concurrent use, also while Stock replaces
// what it sells.
type Shop struct {
	aisle  Aisle
	users  []string // who may be played
	logger *slog.Logger
	mux    *http.ServeMux
	goods  atomic.Pointer[goods]
}

// goods is the catalogue as the shop's own pages need it. It is immutable; categories are those
// with most products first.
type goods struct {
	byID       map[string]*profileapi.Item
	byCategory map[string][]*profileapi.Item
	categories []string
}

// New returns a shop that has nothing to sell until Stock is called. users are the customers whom a visitor can play.
func New(aisle Aisle, users []string, logger *slog.Logger) *Shop {
	s := &Shop{aisle: aisle, users: users, logger: logger, mux: http.NewServeMux()}
	s.Stock(nil)
	s.mux.Handle("GET "+Root+"/static/", http.StripPrefix(Root+"/", http.FileServerFS(static)))
	s.mux.HandleFunc("GET "+Root+"/picture/{name}", s.picture)
	s.mux.HandleFunc("GET "+Root+"/{$}", s.home)
	s.mux.HandleFunc("GET "+Root+"/category", s.category)
	s.mux.HandleFunc("GET "+Root+"/product", s.product)
	s.mux.HandleFunc("GET "+Root+"/search", s.search)
	s.mux.HandleFunc("GET "+Root+"/cart", s.cart)
	s.mux.HandleFunc("POST "+Root+"/cart", s.changeCart)
	s.mux.HandleFunc("POST "+Root+"/order", s.order)
	s.mux.HandleFunc("GET "+Root+"/order", s.ordered)
	s.mux.HandleFunc("POST "+Root+"/visitor", s.play)
	s.mux.HandleFunc("GET "+Root+"/trace", s.trace)
	return s
}

// Stock sets what the shop sells: items with titles, prices and categories, the most wanted first in each category.
func (s *Shop) Stock(items []profileapi.Item) {
	g := &goods{byID: map[string]*profileapi.Item{}, byCategory: map[string][]*profileapi.Item{}}
	for n := range items {
		i := &items[n]
		g.byID[i.ItemID] = i
		category := profileapi.CategoryValue(i.CategoryPath)
		g.byCategory[category] = append(g.byCategory[category], i)
	}
	g.categories = slices.SortedFunc(maps.Keys(g.byCategory), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(g.byCategory[b]), len(g.byCategory[a])), cmp.Compare(a, b))
	})
	s.goods.Store(g)
}

// ServeHTTP implements http.Handler.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	httpserver.Protect(w.Header())
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src "+
		"'self' http: https: data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	// with none at all a browser does not say where a form comes from, and forms of nowhere are refused
	w.Header().Set("Referrer-Policy", "same-origin")
	if r.URL.Path == Root {
		http.Redirect(w, r, Root+"/", http.StatusSeeOther)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// page is what every page of the shop shows around its own content.
type page struct {
	Title      string
	Kind       string // home, category …: what the widgets and the side panel are told
	Categories []string
	Category   string
	Cart       []cartLine
	CartIDs    string
	User       string
	Users      []string
	Content    g.Node
}

// render writes a page, of a kind, with what stands around it. A shop that has nothing to sell yet shows that instead. The page is made
// in memory first, so that one that cannot be written is an error and not half a page.
func (s *Shop) render(w http.ResponseWriter, r *http.Request, status int, kind string, p page) {
	goods := s.goods.Load()
	if len(goods.byID) == 0 {
		kind, p.Title, p.Content = "empty", "The shop is being filled", emptyView()
	}
	p.Kind, p.Categories, p.Users, p.User = kind, goods.categories, s.users, cookie(r, userCookie)
	p.Cart = s.cartOf(r)
	p.CartIDs = idsOf(p.Cart)
	s.write(w, status, layout(&p))
}

func (s *Shop) write(w http.ResponseWriter, status int, n g.Node) {
	var b bytes.Buffer
	if err := n.Render(&b); err != nil {
		s.logger.Error("a page of the demo shop cannot be written", "error", err)
		http.Error(w, "This page cannot be shown; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}
