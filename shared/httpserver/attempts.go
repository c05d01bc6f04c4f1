package httpserver

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
)

// Attempts bounds how often a client address may try something that needs no key yet, such as signing in. It counts as the limits of keys
// do: for all replicas where there is a Redis, and of the address before trusted proxies.
type Attempts struct {
	limiter   *limiter
	perSecond float64
}

// NewAttempts returns a bound of perSecond, in bursts of three seconds; name is the label of what is counted.
func NewAttempts(name string, limits RateLimits, perSecond float64, logger *slog.Logger) *Attempts {
	return &Attempts{limiter: newLimiter(Options{Service: name, RateLimits: limits, Logger: logger}), perSecond: perSecond}
}

// Allow counts one attempt and reports whether it is within the bound.
func (a *Attempts) Allow(r *http.Request) bool {
	_, ok := a.limiter.take(
		context.WithoutCancel(r.Context()), clientAddress(r, a.limiter.limits.TrustedProxies), a.perSecond,
		int(math.Ceil(a.perSecond*burstSeconds)),
	)
	return ok
}

// OverTLS reports whether the browser's connection is encrypted: to this process, or to a trusted proxy that says so.
func OverTLS(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	return r.Header.Get("X-Forwarded-Proto") == "https" && FromProxy(r, trusted)
}

// FromProxy reports whether a request comes from a trusted proxy, so that what it says of whom it comes from is believed.
func FromProxy(r *http.Request, trusted []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, network := range trusted {
		if network.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}
