package app

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	recommender "github.com/aisle-rec/aisle/recommender-service/service"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/standalone/internal/gateway"
)

// Clients are typed clients of the three services.
type Clients struct {
	Profile     *profileapi.Client
	Similarity  *similarityapi.Client
	Recommender *recommenderapi.Client
}

// newClients makes the three clients of one connection: the router knows which service a path
// is for.
func newClients(o httpclient.Options) Clients {
	c := httpclient.New(o)
	return Clients{profileapi.NewClient(c), similarityapi.NewClient(c), recommenderapi.NewClient(c)}
}

// peers are the handlers of the services, known to each other before they exist.
type peers struct {
	names    []string
	handlers map[string]*lateHandler
}

// lateHandler answers 503 until its service has been built.
type lateHandler struct{ handler atomic.Pointer[http.Handler] }

func (h *lateHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler := h.handler.Load()
	if handler == nil {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	(*handler).ServeHTTP(w, r)
}

// newPeers returns handlers that wait for their services, in the order of the names.
func newPeers(names ...string) *peers {
	p := &peers{names: names, handlers: map[string]*lateHandler{}}
	for _, name := range names {
		p.handlers[name] = &lateHandler{}
	}
	return p
}

// set gives a handler its service; url is the address under which the transports have it, which
// leads nowhere else.
func (p *peers) set(name string, h http.Handler) { p.handlers[name].handler.Store(&h) }

func (p *peers) url(name string) string { return "http://" + name }

func (p *peers) transports() map[string]http.RoundTripper {
	t := map[string]http.RoundTripper{}
	for name, h := range p.handlers {
		t[name] = httpserver.InProcess{Handler: h}
	}
	return t
}

// newRouter puts the services behind one address. It asks each for its document, which all of
// them can answer by then.
func newRouter(ctx context.Context, p *peers) (*gateway.Router, error) {
	documents, handlers := gateway.Documents{}, map[string]http.Handler{}
	for _, name := range p.names {
		document, err := gateway.Document(ctx, httpserver.InProcess{Handler: p.handlers[name]}, p.url(name))
		if err != nil {
			return nil, fmt.Errorf("read the OpenAPI document of the %s: %w", name, err)
		}
		documents[name], handlers[name] = document, p.handlers[name]
	}
	router := gateway.NewRouter(recommender.Name, handlers)
	return router, router.Describe(documents)
}
