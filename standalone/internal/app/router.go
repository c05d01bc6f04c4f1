package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	profile "github.com/aisle-rec/aisle/profile-service/service"
	recommender "github.com/aisle-rec/aisle/recommender-service/service"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	similarity "github.com/aisle-rec/aisle/similarity-service/service"
)

// owner says which service answers below /v1/<resource>.
var owner = map[string]string{
	"users": profile.Name, "sessions": profile.Name, "items": profile.Name, "events": profile.Name, "imports": profile.Name,
	"interactions": profile.Name, "changes": profile.Name, "stats": profile.Name,
	"similarities": similarity.Name, "popular": similarity.Name, "models": similarity.Name, "jobs": similarity.Name,
	"evaluations": similarity.Name, "schedules": similarity.Name,
	"recommendations": recommender.Name, "rankings": recommender.Name, "scenarios": recommender.Name, "rules": recommender.Name,
	"experiments": recommender.Name, "rollouts": recommender.Name, "metrics": recommender.Name, "exports": recommender.Name,
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
}

func newRouter(p *peers) (*router, error) {
	spec, err := mergedSpec(p)
	if err != nil {
		return nil, err
	}
	return &router{peers: p, spec: spec, docs: httpserver.ReferencePage("Aisle")}, nil
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case path == "/":
		http.Redirect(w, r, "/docs", http.StatusFound)
	case path == "/openapi.json":
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(rt.spec)
	case path == "/docs" || strings.HasPrefix(path, "/docs/"):
		rt.docs.ServeHTTP(w, r)
	default:
		resource, _, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
		name, ok := owner[resource]
		if !ok {
			name = rt.peers.names[0] // whose frame answers 404 as a problem
		}
		rt.peers.handlers[name].ServeHTTP(w, r)
	}
}

// mergedSpec joins the OpenAPI documents of the services into one: their paths are disjoint, and equal schemas may share a name.
func mergedSpec(p *peers) ([]byte, error) {
	var merged map[string]any
	for _, name := range p.names {
		data, err := fetchSpec(p.handlers[name])
		if err != nil {
			return nil, fmt.Errorf("read the OpenAPI document of %s: %w", name, err)
		}
		var doc map[string]any
		if err := json.Unmarshal(data, &doc); err != nil {
			return nil, fmt.Errorf("read the OpenAPI document of %s: %w", name, err)
		}
		if merged == nil {
			merged = doc
			continue
		}
		tags, _ := merged["tags"].([]any)
		more, _ := doc["tags"].([]any)
		merged["tags"] = append(tags, more...)
		if err := mergeInto(child(merged, "paths"), child(doc, "paths"), name+" path"); err != nil {
			return nil, err
		}
		if err := mergeInto(child(merged, "components", "schemas"), child(doc, "components", "schemas"), name+" schema"); err != nil {
			return nil, err
		}
	}
	const description = "Users, catalogue and events; similarities; recommendations: the three services behind one address.\n\n"
	merged["info"] = map[string]any{
		"title": "Aisle", "version": child(merged, "info")["version"], "description": description + httpserver.Authentication,
	}
	if err := inOrder(merged); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err := json.NewEncoder(&out).Encode(merged)
	return out.Bytes(), err
}

// chapters are the tags of the three services in the order of a shop's work.
var chapters = []string{
	"Events", "Catalogue", "Imports", "People", "Recommendations", "Scenarios", "Rules", "Experiments", "Exports",
	"Jobs", "Models", "Similarities", "Schedules", "Metrics",
}

// inOrder sorts the tags of a document as chapters do and numbers its operations through: those of a service are numbered from 1.
func inOrder(doc map[string]any) error {
	tags, _ := doc["tags"].([]any)
	chapter := func(tag any) int { return slices.Index(chapters, tag.(map[string]any)["name"].(string)) }
	slices.SortStableFunc(tags, func(a, b any) int { return chapter(a) - chapter(b) })
	if len(tags) != len(chapters) || chapter(tags[0]) < 0 {
		return fmt.Errorf("the services' tags are not those of the reference's chapters %v: name each in both", chapters)
	}
	var operations []map[string]any
	for _, path := range child(doc, "paths") {
		for _, op := range path.(map[string]any) {
			operations = append(operations, op.(map[string]any))
		}
	}
	place := func(op map[string]any) (int, float64) {
		return slices.Index(chapters, op["tags"].([]any)[0].(string)), op[httpserver.OrderExtension].(float64)
	}
	slices.SortFunc(operations, func(a, b map[string]any) int {
		chapterA, orderA := place(a)
		chapterB, orderB := place(b)
		return cmp.Or(cmp.Compare(chapterA, chapterB), cmp.Compare(orderA, orderB))
	})
	for n, op := range operations {
		op[httpserver.OrderExtension] = n + 1
	}
	return nil
}

func fetchSpec(h http.Handler) ([]byte, error) {
	target := url.URL{Scheme: "http", Host: "localhost", Path: "/openapi.json"}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := httpserver.InProcess{Handler: h}.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// child returns a nested object, made when absent.
func child(m map[string]any, names ...string) map[string]any {
	for _, name := range names {
		next, ok := m[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[name] = next
		}
		m = next
	}
	return m
}

func mergeInto(to, from map[string]any, what string) error {
	for name, v := range from {
		if have, ok := to[name]; ok && !reflect.DeepEqual(have, v) {
			return fmt.Errorf("%s %q differs from another service's of the same name: rename one", what, name)
		}
		to[name] = v
	}
	return nil
}
