package agents

import (
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

// mostBody bounds a message of an assistant.
const mostBody = 1 << 20

// Handler answers the protocol over HTTP, without sessions. Tools call api in this process as whoever sent the message: with the same
// address, host, origin and keys, so that the API's own checks are those of the tools.
func Handler(api http.Handler, version string) http.Handler {
	h := mcp.NewStreamableHTTPHandler(func(r *http.Request) *mcp.Server {
		return Server(httpclient.New(httpclient.Options{BaseURL: "http://" + r.Host, Transport: as{api, r}}), version)
	}, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpserver.Protect(w.Header())
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		h.ServeHTTP(w, r)
	})
}

// as makes calls in the name of another request.
type as struct {
	api  http.Handler
	from *http.Request
}

// passedOn are the headers that say who calls, and from where.
func passedOn() []string {
	return []string{
		"Authorization", "X-Api-Key", "Aisle-User-Token", "Origin", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded",
		"X-Request-Id", "Traceparent",
	}
}

// RoundTrip implements http.RoundTripper.
func (a as) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = a.from.Host
	for _, name := range passedOn() {
		if values := a.from.Header.Values(name); len(values) > 0 {
			r.Header[name] = values
		}
	}
	caller := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = a.from.RemoteAddr
		a.api.ServeHTTP(w, r)
	})
	return httpserver.InProcess{Handler: caller}.RoundTrip(r)
}
