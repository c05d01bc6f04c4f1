// Package console is the web console of a shop: pages for the people who look after its
// recommendations. It holds no data and has no rights of its own: everything that it shows and
// does goes through the public API of the three services with the key of the person who signed
// in. Pages work as plain HTML; one script makes them livelier. The main type is Options.
//
// Here are the way of every request (frame.go), the frame around every page (layout.go) and who somebody is (signin.go, with
// package session). The pages are packages by area, each of which lists its own with their addresses and the scopes that they
// need: overview, merchandise, visitors, learning and operations. What they have in common is in package page; words says what
// values look like, view, form and chart write HTML.
package console

import (
	"embed"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/console/internal/learning"
	"github.com/aisle-rec/aisle/console/internal/merchandise"
	"github.com/aisle-rec/aisle/console/internal/operations"
	"github.com/aisle-rec/aisle/console/internal/overview"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/session"
	"github.com/aisle-rec/aisle/console/internal/visitors"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

// Root is the path of the console.
const Root = page.Root

// Bounds of one request.
const (
	// maxForm bounds the body of a form, maxUpload that of a file to import; larger files go to the API directly.
	maxForm   = 1 << 20
	maxUpload = 64 << 20
	// patience is how long a page waits for the services, and uploadPatience how long a file may take.
	patience       = 15 * time.Second
	uploadPatience = 10 * time.Minute
)

// static has the style sheet and the script of the console.
//
//go:embed static
var static embed.FS

// Peer is where a service is: at URL over the network, or in this process behind Transport,
// which makes URL needless.
type Peer struct {
	URL       string
	Transport http.RoundTripper // nil: over the network
}

// Options are what a console needs.
type Options struct {
	Auth     *auth.Authenticator
	Secret   []byte               // 32 random bytes that all replicas share: sessions are sealed with it
	Attempts *httpserver.Attempts // of signing in
	Limits   httpserver.RateLimits

	Profile, Similarity, Recommender Peer

	Logger  *slog.Logger
	Version string
	Now     func() time.Time
}

// console answers everything below Root. It keeps nothing between two requests.
type console struct {
	o    Options
	seal *session.Seal
}

// New returns the handler of everything at and below Root. It panics when the secret has not 32
// bytes. Forms that another site posts are refused before any page sees them.
func New(o Options) http.Handler {
	c := &console{o: o, seal: session.New(o.Secret)}
	mux := http.NewServeMux()
	mux.Handle("GET "+Root+"/static/", http.StripPrefix(Root+"/", http.FileServerFS(static)))
	mux.HandleFunc("GET "+Root+"/sign-in", c.signInForm)
	mux.HandleFunc("POST "+Root+"/sign-in", c.signIn)
	mux.HandleFunc("POST "+Root+"/sign-out", c.signOut)
	for _, p := range slices.Concat(overview.Pages(), merchandise.Pages(), visitors.Pages(), learning.Pages(), operations.Pages()) {
		method, path, _ := strings.Cut(p.Pattern, " ")
		mux.HandleFunc(method+" "+Root+path, c.serve(p))
	}
	mux.HandleFunc(Root+"/", c.missing)
	protected := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		if r.URL.Path == Root {
			http.Redirect(w, r, Root+"/", http.StatusSeeOther)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// protect lets a page load what belongs to the console and pictures of products, which are anywhere; no script or style stands in a page.
func protect(h http.Header) {
	httpserver.Protect(h)
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; "+
		"connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	// with none at all a browser does not say where a form comes from, and forms of nowhere are refused
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// client returns the client of a service that acts with a key; "" in open mode. In one process
// there is no network, and the name in the address is that of this machine, to which alone open
// mode answers.
func (p Peer) client(key string) *httpclient.Client {
	url := p.URL
	if p.Transport != nil {
		url = "http://localhost"
	}
	return httpclient.New(httpclient.Options{BaseURL: url, Key: key, Transport: p.Transport})
}
