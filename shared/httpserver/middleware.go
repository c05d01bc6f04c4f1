package httpserver

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/propagation"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/stages"
)

// requestIDHeader has the id of a request, which its answer, the log and problems have as well.
const requestIDHeader = "X-Request-Id"

var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// requestIdentity gives each request an id (the caller's, when it is harmless) and joins it to the caller's trace.
func requestIdentity() gin.HandlerFunc {
	w3c := propagation.TraceContext{}
	return func(c *gin.Context) {
		id := c.GetHeader(requestIDHeader)
		if !requestIDPattern.MatchString(id) {
			id = uuid.NewString()
		}
		c.Header(requestIDHeader, id)
		if c.GetHeader("Traceparent") != "" {
			ctx := w3c.Extract(c.Request.Context(), propagation.HeaderCarrier(c.Request.Header))
			c.Request = c.Request.WithContext(ctx)
		}
		c.Next()
	}
}

// recoverPanics answers 500 where a handler has panicked, and logs where. http.ErrAbortHandler
// passes: by it a handler breaks the connection on purpose.
func recoverPanics(logger *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			logger.ErrorContext(
				c.Request.Context(), "request panicked", "path", c.Request.URL.Path, "panic", fmt.Sprint(v), "stack", string(debug.Stack()),
			)
			if !c.Writer.Written() {
				WriteProblem(c, apierror.Internal(nil))
			}
		}()
		c.Next()
	}
}

// securityHeaders protects every answer of the API.
func securityHeaders() gin.HandlerFunc {
	return func(c *gin.Context) {
		Protect(c.Writer.Header())
		c.Next()
	}
}

// Protect tells a browser to make nothing of an answer but what it is: data, which is shown in no frame and loads and runs nothing.
func Protect(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// cors answers preflights for the origins of publishable keys and lets their pages read answers.
func cors(a *auth.Authenticator) gin.HandlerFunc {
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Add("Vary", "Origin") // an answer without the headers below is another one, too
		origin := c.GetHeader("Origin")
		if origin == "" || !a.KnowsOrigin(origin) {
			c.Next()
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Server-Timing")
		if c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set(
				"Access-Control-Allow-Headers",
				"Authorization, X-API-Key, "+auth.UserTokenHeader+", Content-Type, X-Request-Id, Traceparent",
			)
			h.Set("Access-Control-Max-Age", "7200")
			c.AbortWithStatus(http.StatusNoContent)
			return
		}
		c.Next()
	}
}

// authenticate finds the caller and checks the scope that the operation asks for: 401 without a
// key that is known, 403 without the scope. The principal is in the context of the handler.
func authenticate(a *auth.Authenticator, l *limiter) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		scope, _ := ctx.Operation().Metadata[scopeMetadata].(string)
		if scope == "" {
			next(ctx)
			return
		}
		c := humagin.Unwrap(ctx)
		if c.Request.Method == http.MethodGet { // the only one whose answers are kept
			c.Writer.Header().Add("Vary", "Authorization, X-API-Key, "+auth.UserTokenHeader)
		}
		p, err := a.Authenticate(c.Request)
		if err != nil {
			inBody, _ := ctx.Operation().Metadata[keyInBodyMetadata].(bool)
			if !inBody || !apierror.Is(err, http.StatusUnauthorized) || c.GetHeader("Authorization") != "" ||
				c.GetHeader("X-API-Key") != "" {
				WriteProblem(c, apierror.From(err))
				return
			}
			var ok bool
			if p, ok = beacon(c, a, l); !ok {
				return
			}
		}
		if !p.Can(scope) {
			WriteProblem(c, apierror.New(http.StatusForbidden, "scope_missing", lacking(p.Kind, scope)))
			return
		}
		p.RequestID = c.Writer.Header().Get(requestIDHeader)
		p.Network, p.UserAgent = clientNetwork(c.Request, l.limits.TrustedProxies), c.Request.UserAgent()
		c.Request = c.Request.WithContext(stages.With(auth.WithPrincipal(c.Request.Context(), p)))
		next(ctx)
	}
}

// plainBodies refuses a compressed body where none is read, before its bytes are taken for damaged JSON. Files may come compressed.
func plainBodies(ctx huma.Context, next func(huma.Context)) {
	coding, body := ctx.Header("Content-Encoding"), ctx.Operation().RequestBody
	if coding != "" && !strings.EqualFold(coding, "identity") && body != nil && body.Content["application/octet-stream"] == nil {
		WriteProblem(humagin.Unwrap(ctx), apierror.New(http.StatusUnsupportedMediaType, "unsupported_media_type",
			fmt.Sprintf("The body is compressed (Content-Encoding: %.20s), which is not read here: send it as it is.", coding)))
		return
	}
	next(ctx)
}

// lacking says that a key of a kind lacks a scope, and what has it.
func lacking(kind auth.Kind, scope string) string {
	said := "The key lacks the scope " + scope + "."
	if kind == auth.KindPublishable {
		return said + " A publishable key may post events and ask for recommendations at most: send other requests from a server, with a " +
			"secret key."
	}
	return said + " Make one that has it with \"aisle keys create --scope " + scope + "\"."
}
