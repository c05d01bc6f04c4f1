package auth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// keysFile holds the given keys and returns their secrets.
func keysFile(t *testing.T, keys ...NewKey) (path string, secrets []string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys.json")
	if err := InitKeysFile(path); err != nil {
		t.Fatal(err)
	}
	for _, n := range keys {
		secret, key, err := Generate(n, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := AppendKey(path, key); err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, secret)
	}
	return path, secrets
}

func request(header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8080/v1/x", nil)
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	return r
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	past := time.Now().Add(-time.Hour)
	path, secrets := keysFile(t,
		NewKey{Kind: KindSecret, Shop: "red"},
		NewKey{Kind: KindPublishable, Shop: "red", Origins: []string{"https://red.example"}},
		NewKey{Kind: KindSecret, Shop: "red", Expires: &past},
		NewKey{Kind: KindService},
		NewKey{Kind: KindSecret, Shop: "blue", Scopes: []string{ScopeEventsRead}},
	)
	a, err := NewAuthenticator(Options{KeysFile: path, Listen: []string{"0.0.0.0:80"}})
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(n int, more ...string) *http.Request {
		return request(append([]string{"Authorization", "Bearer " + secrets[n]}, more...)...)
	}
	for _, c := range []struct {
		name    string
		request *http.Request
		status  int // 0: let in
		shop    string
	}{
		{"a secret key opens its shop", bearer(0), 0, "red"},
		{"a key may come in X-API-Key", request("X-API-Key", secrets[4]), 0, "blue"},
		{"no key", request(), http.StatusUnauthorized, ""},
		{"a key that does not exist", request("X-API-Key", "sk_wrong"), http.StatusUnauthorized, ""},
		{"an expired key", bearer(2), http.StatusUnauthorized, ""},
		{"a publishable key from its page", bearer(1, "Origin", "https://red.example"), 0, "red"},
		{"a publishable key from another page", bearer(1, "Origin", "https://evil.example"), http.StatusForbidden, ""},
		{"a service names its shop", bearer(3, ShopHeader, "green"), 0, "green"},
		{"a service names an impossible shop", bearer(3, ShopHeader, "../etc"), http.StatusBadRequest, ""},
		{"a shop's key cannot name another shop", bearer(0, ShopHeader, "blue"), 0, "red"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := a.Authenticate(c.request)
			if c.status != 0 {
				if !apierror.Is(err, c.status) {
					t.Errorf("error %v, want status %d", err, c.status)
				}
				return
			}
			if err != nil || p.Shop != c.shop {
				t.Errorf("shop %q, %v; want %q", p.Shop, err, c.shop)
			}
		})
	}
	t.Run("shops are those of the keys", func(t *testing.T) {
		t.Parallel()
		if got := fmt.Sprint(a.Shops()); got != "[blue red]" {
			t.Errorf("shops %s", got)
		}
	})
	t.Run("a key can do only what its scopes say", func(t *testing.T) {
		t.Parallel()
		blue, _ := a.Authenticate(bearer(4))
		page, _ := a.Authenticate(bearer(1))
		if !blue.Can(ScopeEventsRead) || blue.Can(ScopeEventsWrite) || !page.Can(ScopeEventsWrite) || page.Can(ScopeUsersRead) {
			t.Errorf("scopes %v and %v", blue.Scopes, page.Scopes)
		}
	})
}

func TestOpenMode(t *testing.T) {
	t.Parallel()
	a, err := NewAuthenticator(Options{Listen: []string{"127.0.0.1:8080"}})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := a.Authenticate(request()); err != nil || p.Shop != DefaultShop || !p.Can(ScopeConfigWrite) {
		t.Errorf("a local caller is %+v, %v", p, err)
	}
	foreign := request()
	foreign.Host = "attacker.example" // a name that was made to point at this machine
	for name, r := range map[string]*http.Request{
		"a web page":               request("Origin", "https://attacker.example"),
		"a rebound host name":      foreign,
		"a shop that is not there": request(ShopHeader, "red"),
	} {
		if _, err := a.Authenticate(r); !apierror.Is(err, http.StatusForbidden) {
			t.Errorf("%s: %v, want 403", name, err)
		}
	}
	for _, addr := range []string{"0.0.0.0:80", ":80", "192.168.1.2:80", "[::]:80"} {
		if _, err := NewAuthenticator(Options{Listen: []string{addr}}); err == nil {
			t.Errorf("%s without keys was accepted", addr)
		}
	}
}

func TestTheKeysFileIsFollowed(t *testing.T) {
	t.Parallel()
	path, secrets := keysFile(t, NewKey{Kind: KindSecret, Shop: "red"})
	now := time.Now()
	a, err := NewAuthenticator(Options{KeysFile: path, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	r := request("X-API-Key", secrets[0])
	p, err := a.Authenticate(r)
	if err != nil {
		t.Fatal(err)
	}
	later := func(change func()) {
		change()
		// File systems may keep times to the second only.
		if err := os.Chtimes(path, now, now.Add(2*time.Second)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(2 * time.Second)
	}
	later(func() { os.WriteFile(path, []byte("{broken"), 0o600) })
	if _, err := a.Authenticate(r); err != nil {
		t.Errorf("a broken file took the keys away: %v", err)
	}
	if err := RemoveKey(path, p.KeyID); err == nil {
		t.Error("a broken file was changed")
	}
	later(func() { os.WriteFile(path, []byte(`{"version":1,"keys":[]}`), 0o600) })
	if _, err := a.Authenticate(r); !apierror.Is(err, http.StatusUnauthorized) {
		t.Errorf("a removed key: %v, want 401", err)
	}
}

func TestTheKeyItselfIsNotKept(t *testing.T) {
	t.Parallel()
	path, secrets := keysFile(t, NewKey{Kind: KindSecret, Shop: "red"})
	data, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(data), secrets[0][3:]) {
		t.Errorf("the file holds the key, %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
}

func TestAnOriginThatNoBrowserSendsIsRefused(t *testing.T) {
	t.Parallel()
	for origin, good := range map[string]bool{
		"https://shop.example": true, "http://localhost:3000": true, "*": true,
		"shop.example": false, "https://shop.example/": false, "https://shop.example/page": false, "https://Shop.example": false,
		"ftp://shop.example": false,
		"https://":           false, "": false, "https://a b": false, "null": false,
	} {
		_, _, err := Generate(NewKey{Kind: KindPublishable, Shop: "a", Origins: []string{origin}}, time.Now())
		if good != (err == nil) {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]NewKey{
		"a shop that is a path":               {Kind: KindSecret, Shop: "a/b"},
		"a scope that does not exist":         {Kind: KindSecret, Shop: "a", Scopes: []string{"events:eat"}},
		"a scope that a browser may not have": {Kind: KindPublishable, Shop: "a", Scopes: []string{ScopeUsersRead}},
		"a kind that does not exist":          {Kind: "golden", Shop: "a"},
	} {
		if _, _, err := Generate(n, time.Now()); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
