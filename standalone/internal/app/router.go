package app

import (
	"net/http"
	"strings"
	"sync/atomic"

	profile "github.com/aisle-rec/aisle/profile-service/service"
	recommender "github.com/aisle-rec/aisle/recommender-service/service"
	"github.com/aisle-rec/aisle/sdk/tracker"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	similarity "github.com/aisle-rec/aisle/similarity-service/service"
	"github.com/aisle-rec/aisle/standalone/internal/agents"
)

// owner says which service answers below /v1/<resource>. The parts of the audit log, which every service has of what it owns, are the exception.
var owner = map[string]string{
	"users": profile.Name, "sessions": profile.Name, "items": profile.Name, "events": profile.Name, "imports": profile.Name,
	"interactions": profile.Name, "changes": profile.Name, "stats": profile.Name,
	"similarities": similarity.Name, "popular": similarity.Name, "models": similarity.Name, "jobs": similarity.Name,
	"evaluations": similarity.Name, "schedules": similarity.Name,
	"recommendations": recommender.Name, "rankings": recommender.Name, "scenarios": recommender.Name, "rules": recommender.Name,
	"experiments": recommender.Name, "rollouts": recommender.Name, "metrics": recommender.Name, "exports": recommender.Name,
	"persons": recommender.Name, "keys": recommender.Name, "audit": recommender.Name, "audit/people": profile.Name, "audit/models": similarity.Name,
}

// Clients are typed clients of the three services.
type Clients struct {
	Profile     *profileapi.Client
	Similarity  *similarityapi.Client
	Recommender *recommenderapi.Client
}

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

func newPeers(names ...string) *peers {
	p := &peers{names: names, handlers: map[string]*lateHandler{}}
	for _, name := range names {
		p.handlers[name] = &lateHandler{}
	}
	return p
}

func (p *peers) set(name string, h http.Handler) { p.handlers[name].handler.Store(&h) }

func (p *peers) url(name string) string { return "http://" + name }

func (p *peers) transports() map[string]http.RoundTripper {
	t := map[string]http.RoundTripper{}
	for name, h := range p.handlers {
		t[name] = httpserver.InProcess{Handler: h}
	}
	return t
}

// router sends a request to the service that owns its path.
type router struct {
	peers *peers
	spec  []byte
	docs  http.Handler
	mcp   http.Handler // for assistants
}

func newRouter(p *peers) (*router, error) {
	spec, err := mergedSpec(p)
	if err != nil {
		return nil, err
	}
	rt := &router{peers: p, spec: spec, docs: httpserver.ReferencePage("Aisle")}
	rt.mcp = agents.Handler(rt, process.Version())
	return rt, nil
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case path == "/":
		httpserver.Protect(w.Header())
		http.Redirect(w, r, "/docs", http.StatusFound)
	case path == "/openapi.json":
		httpserver.Protect(w.Header())
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(rt.spec)
	case path == "/docs" || strings.HasPrefix(path, "/docs/"):
		rt.docs.ServeHTTP(w, r)
	case path == "/mcp":
		rt.mcp.ServeHTTP(w, r)
	case path == "/console" || strings.HasPrefix(path, "/console/"):
		rt.peers.handlers[recommender.Name].ServeHTTP(w, r)
	case strings.HasPrefix(path, tracker.Prefix):
		rt.peers.handlers[recommender.Name].ServeHTTP(w, r)
	default:
		resource, _, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
		name, ok := owner[strings.TrimPrefix(path, "/v1/")]
		if !ok {
			name, ok = owner[resource]
		}
		if !ok {
			name = rt.peers.names[0] // whose frame answers 404 as a problem
		}
		rt.peers.handlers[name].ServeHTTP(w, r)
	}
}
