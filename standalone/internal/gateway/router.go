// Package gateway puts the three services behind one address: the public API, its reference, the console, the page script and assistants. A
// Router sends a request to the service whose OpenAPI document has its path; what stands behind the name of a service is a handler, in the
// same process or the pool of its replicas. The package knows no operation of any service, keeps no state of callers and checks no keys:
// the services do.
package gateway

import (
	"context"
	_ "embed" // for samples.json
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/aisle-rec/aisle/docs"
	"github.com/aisle-rec/aisle/sdk/tracker"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/standalone/internal/agents"
)

// samples are programs that send the example of each operation, made by sdk/generate.
//
//go:embed samples.json
var samples []byte

// Router is the one address. It is safe for concurrent use.
type Router struct {
	pages     string // name of the service that has the console and the page script, and answers for paths that nobody has
	services  map[string]http.Handler
	reference http.Handler
	guides    http.Handler
	mcp       http.Handler
	known     atomic.Pointer[described]
}

// described is what documents say.
type described struct {
	routes   routes
	document []byte // of all services; nil until all are known
}

// NewRouter returns a router to services by name; pages names the one that has the console and the page script. It answers 503 until
// Describe.
func NewRouter(pages string, services map[string]http.Handler) *Router {
	rt := &Router{pages: pages, services: services, reference: httpserver.ReferencePage()}
	var err error
	if rt.guides, err = docs.Handler(); err != nil {
		panic(err) // the guides are a constant of the program
	}
	rt.known.Store(&described{})
	rt.mcp = agents.Handler(rt, process.Version())
	return rt
}

// Describe takes the routes from the documents of services, all of them or those that are known yet: until all are, the router answers 503
// for what it does not know. After an error it is as it was.
func (rt *Router) Describe(d Documents) error {
	routes, err := routesOf(d)
	if err != nil {
		return err
	}
	var document []byte
	if len(d) == len(rt.services) {
		if document, err = d.merged(); err != nil {
			return err
		}
	}
	rt.known.Store(&described{routes, document})
	return nil
}

// ServeHTTP implements http.Handler. What the router answers itself comes first; then the
// service that has the path.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, known := r.URL.Path, rt.known.Load()
	switch {
	case path == "/":
		httpserver.Protect(w.Header())
		http.Redirect(w, r, docs.Prefix, http.StatusFound)
	case path == httpserver.SamplesPath:
		httpserver.Protect(w.Header())
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(samples)
	case path == "/reference" || strings.HasPrefix(path, "/reference/"):
		rt.reference.ServeHTTP(w, r)
	case path == docs.IndexPath || strings.HasPrefix(path+"/", docs.Prefix):
		rt.guides.ServeHTTP(w, r)
	case path == "/mcp":
		rt.mcp.ServeHTTP(w, r)
	case path == "/console" || strings.HasPrefix(path, "/console/") || strings.HasPrefix(path, tracker.Prefix):
		rt.services[rt.pages].ServeHTTP(w, r)
	case path == "/openapi.json" && known.document != nil:
		httpserver.Protect(w.Header())
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(known.document)
	default:
		name, ok := known.routes.owner(r.URL.EscapedPath())
		switch {
		case ok:
			rt.services[name].ServeHTTP(w, r)
		case known.document == nil:
			problem(w, apierror.New(http.StatusServiceUnavailable, "unavailable",
				"The gateway has not reached all services since its start, so it does not know yet who has this "+
					"path. Send the request again in a moment."))
		default:
			rt.services[rt.pages].ServeHTTP(w, r) // whose frame answers 404 as a problem
		}
	}
}

// Document asks a service for its OpenAPI document once; address has no path.
func Document(ctx context.Context, transport http.RoundTripper, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/openapi.json", nil)
	if err != nil {
		return nil, err
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", r.URL, resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}
