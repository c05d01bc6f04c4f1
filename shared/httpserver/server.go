// Package httpserver is the HTTP frame that the three services share: a gin engine with a huma API on it, problem details,
// keys and scopes, request ids, metrics, limits, documentation pages, and an orderly start and stop.
//
// It knows nothing of any service's domain. A service makes a Server with New and adds operations with Register.
//
// The way of a request: run.go accepts the connection (crowd.go makes room, deadlines.go bounds
// each step of it), and New's chain of middlewares gives it an id, measures it (observe.go),
// finds a panic, sets headers of safety and answers preflights (middleware.go). Of an operation
// of the API it then finds the caller (authenticate, beacon.go) and counts the request
// (ratelimit.go); what goes wrong becomes a problem in problems.go.
package httpserver

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
)

// defaultMaxBodyBytes bounds a request body where an operation sets no limit of its own.
const defaultMaxBodyBytes = 2 << 20

// bodyTimeout bounds how long a body may take, so that a sender that stalls does not hold a connection for ever.
const bodyTimeout = 30 * time.Second

// Options describe a server.
type Options struct {
	Service     string // "profile-service"; the label of its metrics
	Description string // Markdown, shown on top of the reference page
	Version     string
	Auth        *auth.Authenticator
	Logger      *slog.Logger
	Registry    prometheus.Registerer
	RateLimits  RateLimits // zero values take the defaults
	// Elsewhere are names that other products have for fields and parameters of the service, without marks and in lower case; of several
	// the first that belongs where the name was sent is meant. A refusal names it.
	Elsewhere map[string][]string
}

// Server is a gin engine and the huma API on it.
type Server struct {
	Engine *gin.Engine
	API    huma.API

	auth *auth.Authenticator
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Engine.ServeHTTP(w, r) }

// New builds the frame: documentation at /openapi.json and /reference, problem details for every error, no routes of its own.
// The order of the middlewares matters: what refuses comes behind what measures, so that
// refusals are measured and logged as well.
func New(o Options) *Server {
	installProblemErrors()
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.UseRawPath = true // ids may hold an encoded slash
	engine.UnescapePathValues = true
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.ContextWithFallback = true

	engine.Use(requestIdentity(), observe(o), recoverPanics(o.Logger), securityHeaders(), cors(o.Auth))
	engine.NoRoute(func(c *gin.Context) {
		WriteProblem(
			c, apierror.New(http.StatusNotFound, "no_such_path",
				"There is nothing at "+c.Request.URL.Path+". /reference lists what there is."),
		)
	})
	engine.NoMethod(func(c *gin.Context) {
		WriteProblem(c, apierror.New(http.StatusMethodNotAllowed, "method_not_allowed",
			c.Request.Method+" is not possible here; the Allow header names what is."))
	})

	api := humagin.New(engine, humaConfig(o))
	limits := newLimiter(o)
	api.UseMiddleware(authenticate(o.Auth, limits), limits.middleware, plainBodies)
	page := gin.WrapH(ReferencePage())
	engine.GET("/reference", page)
	engine.GET("/reference/*asset", page)
	return &Server{Engine: engine, API: api, auth: o.Auth}
}

// humaConfig sets what differs from huma's defaults: strict JSON, problems instead of its
// errors, no query parameter that is not known.
func humaConfig(o Options) huma.Config {
	version, _, _ := strings.Cut(o.Version, "+") // the commit changes no operation
	config := huma.DefaultConfig("Aisle "+o.Service, version)
	config.Info.Description = o.Description
	config.DocsPath = "" // the reference page is embedded instead of loaded from a CDN
	config.CreateHooks = nil
	config.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	config.Transformers = []huma.Transformer{finishProblem(o.Logger, o.Elsewhere, config.Components.Schemas), tellStages}
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "A key made with `aisle keys create`."},
		"apiKey": {Type: "apiKey", In: "header", Name: "X-API-Key"},
	}
	return config
}

const (
	// What Register leaves at an operation for authenticate.
	scopeMetadata     = "scope"
	keyInBodyMetadata = "key_in_body"
)

// Register adds an operation that asks for a scope ("" for a public one). The body limit
// defaults to defaultMaxBodyBytes, and the time to send it to 30 seconds. An operation whose
// output is a *huma.StreamResponse may take as long as it takes. It panics, as huma does, for
// types that make no operation.
func Register[I, O any](api huma.API, scope string, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	if op.Metadata == nil {
		op.Metadata = map[string]any{}
	}
	op.Metadata[scopeMetadata] = scope
	if scope != "" {
		op.Security = []map[string][]string{{"bearer": {}}, {"apiKey": {}}}
		op.Description += "\n\nScope: `" + scope + "`."
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = defaultMaxBodyBytes
	}
	if op.BodyReadTimeout == 0 {
		op.BodyReadTimeout = bodyTimeout // huma has a default of its own, but not for bodies that are read by hand
	}
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError)
	if op.Method != http.MethodGet && op.Method != http.MethodDelete {
		op.Errors = append(op.Errors, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if _, streams := any(new(O)).(*huma.StreamResponse); streams {
		op.Middlewares = append(op.Middlewares, streamed)
	}
	huma.Register(api, op, handler)
}

// KeyInBody marks an operation whose caller may send a publishable key in the body, as its member "key" (navigator.sendBeacon sets no
// headers).
func KeyInBody(op huma.Operation) huma.Operation {
	if op.Metadata == nil {
		op.Metadata = map[string]any{}
	}
	op.Metadata[keyInBodyMetadata] = true
	return op
}
