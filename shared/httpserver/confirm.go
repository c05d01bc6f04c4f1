package httpserver

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/auth"
)

// Prompter is a handler that answers some requests without waiting for anything: no database, no peer, no lock that is held over either. InProcess
// runs Prompt on the goroutine of the caller, whom it cannot hold up, and so saves starting another and waiting for it.
type Prompter interface {
	http.Handler
	// Prompt returns the answer to r, or nil when ServeHTTP has to find it.
	Prompt(r *http.Request) *http.Response
}

// Confirmation tells, without waiting for anything, that the resource with an id surely is what a caller has under a tag.
type Confirmation func(shop, id string, query url.Values, tag string) bool

// confirmer answers conditional requests for the resources of one path.
type confirmer struct {
	prefix, suffix string // of the path, around the id
	scope          string
	holds          Confirmation
	duration       prometheus.Observer
}

// Confirm lets Prompt answer 304 to peers that ask GET path with If-None-Match, where holds says so; path has one parameter, and an operation that
// answers in full. The answers count in the operation's metrics.
func (s *Server) Confirm(scope, path string, holds Confirmation) {
	prefix, rest, _ := strings.Cut(path, "{")
	name, suffix, _ := strings.Cut(rest, "}")
	s.confirmers = append(s.confirmers, confirmer{
		prefix: prefix, suffix: suffix, scope: scope, holds: holds, duration: s.duration.WithLabelValues(http.MethodGet, prefix+":"+name+suffix, "304"),
	})
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Engine.ServeHTTP(w, r) }

// Prompt implements Prompter. Everything but a peer's confirmation is left to ServeHTTP: errors, other callers (who are limited) and what belongs to a
// trace.
func (s *Server) Prompt(r *http.Request) *http.Response {
	tag := r.Header.Get("If-None-Match")
	if tag == "" || r.Method != http.MethodGet || r.Header.Get("Traceparent") != "" {
		return nil
	}
	path := r.URL.EscapedPath()
	for i := range s.confirmers {
		c := &s.confirmers[i]
		escaped, ok := strings.CutPrefix(path, c.prefix)
		if !ok {
			continue
		}
		if escaped, ok = strings.CutSuffix(escaped, c.suffix); ok && !strings.Contains(escaped, "/") {
			return s.confirm(r, c, escaped, tag)
		}
	}
	return nil
}

func (s *Server) confirm(r *http.Request, c *confirmer, escaped, tag string) *http.Response {
	start := time.Now()
	id, err := url.PathUnescape(escaped)
	if err != nil || id == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil
	}
	p, err := s.auth.Authenticate(r)
	if err != nil || p.Kind != auth.KindService || !p.Can(c.scope) || !c.holds(p.Shop, id, query, tag) {
		return nil
	}
	c.duration.Observe(time.Since(start).Seconds())
	return answer(r, http.StatusNotModified, http.Header{"Etag": {tag}}, http.NoBody)
}
