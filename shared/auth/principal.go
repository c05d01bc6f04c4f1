// Package auth says who calls: it reads the keys file, finds the principal of a request and checks scopes.
//
// Keys are random, so a SHA-256 digest is enough to keep them unreadable at rest; a key is looked up by its digest.
//
// authenticator.go finds who sent a request, keysfile.go reads and changes the file of keys,
// usertoken.go checks tokens by which a page may name its user, and visitor.go judges whom a
// request is about. A handler gets the Principal of its context and asks Shop and Can; the
// frame of package httpserver has authenticated it by then.
package auth

import (
	"context"
	"net/netip"
	"slices"
)

// DefaultShop is the shop of an installation that serves only one.
const DefaultShop = "default"

// Scopes that an operation can ask for. A key holds a list of them; ScopeAll stands for every one of them.
const (
	ScopeAll                 = "*"
	ScopeEventsWrite         = "events:write"
	ScopeEventsRead          = "events:read"
	ScopeCatalogueWrite      = "catalogue:write"
	ScopeCatalogueRead       = "catalogue:read"
	ScopeUsersWrite          = "users:write"
	ScopeUsersRead           = "users:read"
	ScopeModelsWrite         = "models:write"
	ScopeModelsRead          = "models:read"
	ScopeRecommendationsRead = "recommendations:read"
	ScopeConfigWrite         = "config:write"
	ScopeConfigRead          = "config:read"
	ScopeAuditRead           = "audit:read"
	ScopeAdminRead           = "admin:read" // the admin port: of service keys only
)

// Scopes lists every scope that a key can hold, ScopeAll first.
func Scopes() []string {
	return []string{
		ScopeAll, ScopeEventsWrite, ScopeEventsRead, ScopeCatalogueWrite, ScopeCatalogueRead, ScopeUsersWrite, ScopeUsersRead,
		ScopeModelsWrite, ScopeModelsRead, ScopeRecommendationsRead, ScopeConfigWrite, ScopeConfigRead, ScopeAuditRead, ScopeAdminRead,
	}
}

// publishableScopes is all that a browser may ever do.
var publishableScopes = []string{ScopeEventsWrite, ScopeRecommendationsRead}

// Kind is what sort of caller holds a key.
type Kind string

// The kinds of key.
const (
	KindSecret      Kind = "secret"      // sk_: a shop's server
	KindPublishable Kind = "publishable" // pk_: a browser; events:write and recommendations:read only
	KindService     Kind = "service"     // ik_: another Aisle service, which names the shop it acts for in X-Aisle-Shop
)

// Principal is the caller of a request.
type Principal struct {
	Shop    string // whose data the request is about; never "" for a caller that was found
	KeyID   string // "open" without keys
	Kind    Kind
	Scopes  []string
	Origins []string // allowed browser origins of a publishable key
	Rate    float64  // requests per second; 0: as its kind
	User    string   // whom the user token of a publishable key binds; "" without one
	// RequestID names the request in the server's log.
	RequestID string
	// Network is that of the caller's address that one owner has, /24 or /48; zero when the address is not a public one. UserAgent is the
	// header of this name.
	Network   netip.Prefix
	UserAgent string

	needsToken bool // the shop lets a publishable key name a user with a token only
}

// Can reports whether the principal holds the scope.
func (p Principal) Can(scope string) bool {
	return slices.Contains(p.Scopes, scope) || slices.Contains(p.Scopes, ScopeAll)
}

// principalKey is where a context carries the caller.
type principalKey struct{}

// WithPrincipal returns a context that carries p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext returns the caller; the zero Principal, which can do nothing, when there is none.
func FromContext(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// Shop returns the shop of the caller, "" when there is none.
func Shop(ctx context.Context) string { return FromContext(ctx).Shop }
