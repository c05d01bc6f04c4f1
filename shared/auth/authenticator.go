package auth

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// ShopHeader names the shop that a service key acts for.
const ShopHeader = "X-Aisle-Shop"

// minServiceKey is the least length of a service key that is a setting. Those that are generated have 35 characters.
const minServiceKey = 32

// reloadInterval bounds how long a change of the keys file stays unseen.
const reloadInterval = time.Second

// Authenticator finds the principal of a request. It is safe for concurrent use and follows changes of the keys file.
type Authenticator struct {
	path    string // "" without a keys file
	anyMode bool
	open    bool
	logger  *slog.Logger
	now     func() time.Time

	tokens *jwt.Parser

	keys      atomic.Pointer[map[string]Key] // by digest
	shops     atomic.Pointer[[]string]       // that the keys name, sorted
	history   atomic.Pointer[[]KeyChange]
	rules     atomic.Pointer[tokenRules]
	extra     map[string]Key // service keys of the settings, by digest
	used      sync.Map       // *atomic.Int64 by the id of a key: unix seconds of its last use here
	mu        sync.Mutex
	checkedAt atomic.Int64 // unix ns of the last look at the file
	modified  time.Time    // of the file that was read last; mu guards it
}

// Options configure an Authenticator.
type Options struct {
	// KeysFile is the path of the keys file; empty means open mode, which Listen must allow.
	KeysFile string
	// KeysFileAnyMode accepts a keys file that others can read.
	KeysFileAnyMode bool
	// Listen are the addresses the server listens on; open mode is refused on any that is not loopback.
	Listen []string
	// ServiceKeys are accepted as keys of kind service beside those of the file: the peers' shared secret.
	ServiceKeys []string
	Logger      *slog.Logger
	Now         func() time.Time
}

// NewAuthenticator reads the keys file. Without one, every caller on loopback is the shop "default" with all scopes; an
// address that others can reach is refused, so that nobody runs an open server by mistake.
func NewAuthenticator(o Options) (*Authenticator, error) {
	a := &Authenticator{
		path: o.KeysFile, anyMode: o.KeysFileAnyMode, open: o.KeysFile == "", logger: o.Logger, now: o.Now, extra: map[string]Key{},
	}
	if a.now == nil {
		a.now = time.Now
	}
	a.tokens = tokenParser(a.now)
	for _, secret := range o.ServiceKeys {
		if secret == "" {
			continue
		}
		if len(secret) < minServiceKey {
			return nil, fmt.Errorf("the service key has %d characters, and whoever guesses it can act for every "+
				"shop: use at least %d random ones, such as from \"openssl rand -hex 32\"",
				len(secret), minServiceKey)
		}
		k := Key{ID: "service", Kind: KindService, Digest: digest(secret), Scopes: []string{ScopeAll}}
		a.extra[k.Digest] = k
	}
	if a.open {
		for _, addr := range o.Listen {
			if !IsLoopback(addr) {
				return nil, fmt.Errorf("listening on %s without keys would let anyone in: create a key with "+
					"\"aisle keys create --keys-file FILE\" and pass that file, or listen on 127.0.0.1", addr)
			}
		}
		a.keys.Store(&a.extra)
		return a, nil
	}
	return a, a.load()
}

// IsLoopback reports whether a listen address ("host:port") can be reached from this machine only.
func IsLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Shops returns the shops that the keys name, sorted; just the default one in open mode. The list must not be changed.
func (a *Authenticator) Shops() []string {
	if a.open {
		return []string{DefaultShop}
	}
	a.reload()
	return *a.shops.Load()
}

// shopsOf returns the shops that keys name, sorted.
func shopsOf(keys map[string]Key) []string {
	shops := map[string]bool{}
	for _, k := range keys {
		if k.Shop != "" {
			shops[k.Shop] = true
		}
	}
	return slices.Sorted(maps.Keys(shops))
}

// Authenticate returns the caller of r, or a 401 or 403 problem. It costs a digest and a
// look-up; a look at the keys file at most once a second.
func (a *Authenticator) Authenticate(r *http.Request) (Principal, error) {
	key := requestKey(r)
	if key == "" && a.open {
		return a.openPrincipal(r)
	}
	if key == "" {
		return Principal{}, unauthorized("Send a key as \"Authorization: Bearer KEY\" or in X-API-Key.")
	}
	p, err := a.keyHolder(key, r)
	if err != nil || p.Kind != KindPublishable { // who holds another key may act for every user
		return p, err
	}
	return a.bind(p, r.Header.Get(UserTokenHeader))
}

// AuthenticateBeacon is Authenticate for a publishable key and a user token, "" for none, that came in the body.
func (a *Authenticator) AuthenticateBeacon(key, userToken string, r *http.Request) (Principal, error) {
	p, err := a.keyHolder(key, r)
	if err != nil {
		return p, err
	}
	if p.Kind != KindPublishable {
		return p, apierror.New(http.StatusForbidden, "publishable_key_needed", "A body may hold a publishable key "+
			"(pk_...) only: a page that anybody reads must not know another. Send this key in the Authorization "+
			"header, from a server.", apierror.FieldError{
			Pointer: "/key", Code: "not_allowed", Detail: "is a " + string(p.Kind) + " key",
		})
	}
	return a.bind(p, userToken)
}

// keyHolder returns whom a key belongs to: 401 for one that is not known or has expired, 403
// for a page of an origin that the key does not name. A service key acts for the shop that the
// request names.
func (a *Authenticator) keyHolder(key string, r *http.Request) (Principal, error) {
	a.reload()
	k, ok := (*a.keys.Load())[digest(key)]
	if !ok {
		return Principal{}, unauthorized("The key is not known here. Create one with \"aisle keys create\".")
	}
	if k.ExpiresAt != nil && a.now().After(*k.ExpiresAt) {
		return Principal{}, unauthorized("The key has expired. Create a new one with \"aisle keys create\".")
	}
	a.note(k.ID)
	p := Principal{Shop: k.Shop, KeyID: k.ID, Kind: k.Kind, Scopes: k.Scopes, Origins: k.Origins, Rate: k.Rate}
	if k.Kind == KindService {
		p.Shop = r.Header.Get(ShopHeader)
		if p.Shop == "" {
			p.Shop = DefaultShop
		}
		if err := ValidateShop(p.Shop); err != nil {
			return Principal{}, apierror.Malformed(err.Error(), apierror.FieldError{Parameter: ShopHeader, Detail: err.Error()})
		}
	}
	if origin := r.Header.Get("Origin"); k.Kind == KindPublishable && origin != "" && !allowsOrigin(k, origin) {
		return Principal{}, apierror.New(http.StatusForbidden, "origin_not_allowed",
			fmt.Sprintf("The key may not be used from %s. Add the origin with \"aisle keys create --origin\".", origin))
	}
	return p, nil
}

// allowsOrigin reports whether a browser page of this origin may use a publishable key. No list means no page.
func allowsOrigin(k Key, origin string) bool {
	return slices.Contains(k.Origins, origin) || slices.Contains(k.Origins, "*")
}

// KnowsOrigin reports whether any publishable key allows this origin: a CORS preflight carries no key.
func (a *Authenticator) KnowsOrigin(origin string) bool {
	a.reload()
	for _, k := range *a.keys.Load() {
		if k.Kind == KindPublishable && allowsOrigin(k, origin) {
			return true
		}
	}
	return false
}

// Keys returns the keys of a shop, the oldest first; none in open mode. Service keys, which act for every shop, are not among them.
func (a *Authenticator) Keys(shop string) []Key {
	a.reload()
	var list []Key
	for _, k := range *a.keys.Load() {
		if k.Shop == shop && k.Kind != KindService {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b Key) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Operator lets a caller of the admin port in: one of this machine, or one with a service key that holds admin:read. A shop's own key is
// not enough, since what the port shows is about all shops. The error is a 401 or 403 problem.
func (a *Authenticator) Operator(r *http.Request) error {
	if key := requestKey(r); key != "" {
		p, err := a.keyHolder(key, r)
		if err == nil && (p.Kind != KindService || !p.Can(ScopeAdminRead)) {
			err = apierror.New(
				http.StatusForbidden, "scope_missing", "The admin port needs a service key with the scope "+ScopeAdminRead+".",
			)
		}
		return err
	}
	origin := r.Header.Get("Origin")
	if IsLoopback(r.RemoteAddr) && IsLoopback(r.Host) && !forwarded(r) && (origin == "" || IsLoopback(originHost(origin))) {
		return nil
	}
	if a.open {
		return apierror.New(
			http.StatusForbidden, "host_not_allowed", "Without keys the admin port answers only to this machine, under the name localhost.",
		)
	}
	return unauthorized(
		"Beyond this machine the admin port needs a key. Create one with \"aisle keys create --kind service --scope " + ScopeAdminRead +
			"\".",
	)
}

// forwarded reports whether a proxy passed the request on: then the address it came from is not the caller's.
func forwarded(r *http.Request) bool {
	return r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("X-Real-Ip") != ""
}

// forwardedFor is the address that the proxy next to this server names as its caller's, "" without one.
func forwardedFor(r *http.Request) string {
	lines := r.Header.Values("X-Forwarded-For")
	if len(lines) == 0 {
		return ""
	}
	last := lines[len(lines)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}

// openPrincipal lets local callers in, but not web pages that reach loopback through the visitor's browser.
func (a *Authenticator) openPrincipal(r *http.Request) (Principal, error) {
	if !IsLoopback(r.Host) {
		return Principal{}, apierror.New(http.StatusForbidden, "host_not_allowed",
			"Without keys this server answers only to localhost. Create a key with \"aisle keys create\".")
	}
	if from := forwardedFor(r); from != "" && !IsLoopback(from) { // a gateway on this machine passes on whoever reaches it
		return Principal{}, apierror.New(http.StatusForbidden, "host_not_allowed",
			"Without keys this server answers only to this machine, and a proxy passed this on from another. "+
				"Create a key with \"aisle keys create\".")
	}
	if origin := r.Header.Get("Origin"); origin != "" && !IsLoopback(originHost(origin)) {
		return Principal{}, apierror.New(http.StatusForbidden, "origin_not_allowed",
			"Without keys this server answers only to pages of localhost. Create a publishable key with \"aisle keys create\".")
	}
	if shop := r.Header.Get(ShopHeader); shop != "" && shop != DefaultShop {
		return Principal{}, apierror.New(http.StatusForbidden, "shop_not_allowed", "Without keys there is only the shop \"default\".")
	}
	return Principal{Shop: DefaultShop, KeyID: "open", Kind: KindSecret, Scopes: []string{ScopeAll}}, nil
}

// originHost is host and port of an origin.
func originHost(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}

// requestKey is the key that a request shows in one of the two headers, "" for none.
func requestKey(r *http.Request) string {
	if key := r.Header.Get("X-API-Key"); key != "" {
		return key
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(key)
	}
	return ""
}

// unauthorized is a 401 problem that says what to do.
func unauthorized(detail string) error {
	return apierror.New(http.StatusUnauthorized, "unauthorized", detail)
}

// reload reads the keys file again when it has changed. A broken file keeps the keys that were read last.
func (a *Authenticator) reload() {
	if a.open {
		return
	}
	now := a.now().UnixNano()
	last := a.checkedAt.Load()
	if now-last < int64(reloadInterval) || !a.checkedAt.CompareAndSwap(last, now) {
		return
	}
	if err := a.load(); err != nil && a.logger != nil {
		a.logger.Error("keys file not reloaded, the keys read before stay valid", "error", err)
	}
}

// load reads the keys file when its time has changed. It replaces everything or, on an error, nothing: the keys that were
// read before stay valid, so that a file which is just being written locks nobody out. Callers that authenticate
// meanwhile read the pointers and wait for nobody; a.mu keeps two from loading at once.
func (a *Authenticator) load() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	info, err := os.Stat(a.path)
	if err != nil {
		return fmt.Errorf("read keys file: %w; create it with \"aisle keys create --keys-file %s\"", errors.Unwrap(err), a.path)
	}
	if a.keys.Load() != nil && info.ModTime().Equal(a.modified) {
		return nil
	}
	if err := private(a.path, info); err != nil && !a.anyMode {
		return err
	}
	f, err := ReadKeysFile(a.path)
	if err != nil {
		return err
	}
	keys := maps.Clone(a.extra)
	for _, k := range f.Keys {
		keys[k.Digest] = k
	}
	rules, err := newTokenRules(f.Shops)
	if err != nil {
		return fmt.Errorf("keys file %s: %w", a.path, err)
	}
	a.rules.Store(rules)
	a.keys.Store(&keys)
	shops := shopsOf(keys)
	a.shops.Store(&shops)
	a.history.Store(&f.History)
	a.modified = info.ModTime()
	return nil
}
