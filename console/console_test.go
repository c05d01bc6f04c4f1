package console

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

// shop is a console of a shop with keys, before an API that answers every call with an empty object and counts calls.
type shop struct {
	handler http.Handler
	keys    map[auth.Kind]string
	viewer  string
	calls   int
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{keys: map[auth.Kind]string{}}
	path := filepath.Join(t.TempDir(), "keys.json")
	add := func(n auth.NewKey) string {
		key, entry, err := auth.Generate(n, time.Now())
		if err == nil {
			err = auth.AppendKey(path, entry)
		}
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	for _, kind := range []auth.Kind{auth.KindSecret, auth.KindPublishable, auth.KindService} {
		s.keys[kind] = add(auth.NewKey{Kind: kind, Shop: "red"})
	}
	s.viewer = add(auth.NewKey{Kind: auth.KindSecret, Shop: "red", Scopes: []string{auth.ScopeConfigRead, auth.ScopeModelsRead}})
	a, err := auth.NewAuthenticator(auth.Options{KeysFile: path})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	api := Peer{Transport: httpserver.InProcess{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.calls++
		_, _ = io.WriteString(w, "{}")
	})}}
	s.handler = New(Options{
		Auth: a, Secret: secret, Attempts: httpserver.NewAttempts("test", httpserver.RateLimits{}, 2, logger), Profile: api,
		Similarity: api, Recommender: api,
		Logger: logger, Now: time.Now,
	})
	return s
}

func (s *shop) do(method, path string, form url.Values, change func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Result()
}

// cookie signs in.
func (s *shop) cookie(t *testing.T, key string) *http.Cookie {
	t.Helper()
	resp := s.do(http.MethodPost, "/console/sign-in", url.Values{"key": {key}}, nil)
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) != 1 {
		t.Fatalf("sign in: %s, cookies %v", resp.Status, resp.Cookies())
	}
	return resp.Cookies()[0]
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	resp := s.do(http.MethodGet, "/console/models?x=1", nil, nil)
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther ||
		to != "/console/sign-in?next=%2Fconsole%2Fmodels%3Fx%3D1" {
		t.Errorf("without a session: %s to %q", resp.Status, to)
	}
	resp = s.do(http.MethodPost, "/console/rules/edit", url.Values{"rule_id": {"x"}}, func(r *http.Request) {
		r.Header.Set("Referer", "http://"+r.Host+"/console/rules/edit?scenario=home.x")
	})
	ended := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusSeeOther || ended != "/console/sign-in?lost=yes&next=%2Fconsole%2Frules%2Fedit%3Fscenario%3Dhome.x" {
		t.Errorf("a form after the end of the session: %s to %q", resp.Status, ended)
	}
	if body, _ := io.ReadAll(s.do(http.MethodGet, ended, nil, nil).Body); !strings.Contains(string(body), "what you sent was not saved") {
		t.Errorf("nobody is told that the form was not stored: %s", body)
	}
	resp = s.do(http.MethodPost, "/console/rules/edit", nil, func(r *http.Request) {
		r.Header.Set("Referer", "https://evil.example/console/x")
	})
	if to := resp.Header.Get("Location"); to != "/console/sign-in?lost=yes" {
		t.Errorf("a form from elsewhere led to %q", to)
	}
	cookie := s.cookie(t, s.keys[auth.KindSecret])
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != page.Root || cookie.MaxAge > 12*60*60 {
		t.Errorf("the cookie is %s", cookie)
	}
	resp = s.do(http.MethodGet, "/console/rules", nil, func(r *http.Request) { r.AddCookie(cookie) })
	if csp := resp.Header.Get("Content-Security-Policy"); resp.StatusCode != http.StatusOK || !strings.Contains(csp, "script-src 'self'") ||
		strings.Contains(csp, "unsafe") {
		t.Errorf("signed in: %s, policy %q", resp.Status, csp)
	}
	if policy := resp.Header.Get("Referrer-Policy"); policy != "same-origin" {
		t.Errorf("the referrer policy is %q: browsers then send forms with an Origin that is refused where no key is needed", policy)
	}
	for _, kind := range []auth.Kind{auth.KindPublishable, auth.KindService} {
		resp := s.do(http.MethodPost, "/console/sign-in", url.Values{"key": {s.keys[kind]}}, func(r *http.Request) {
			r.Header.Set("Origin", "http://"+r.Host) // as browsers do
		})
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusForbidden || len(resp.Cookies()) != 0 ||
			!strings.Contains(string(body), "sign in with a secret key") {
			t.Errorf("a %s key: %s, %s", kind, resp.Status, body)
		}
	}
	resp = s.do(http.MethodPost, "/console/sign-in", url.Values{"key": {s.keys[auth.KindSecret]}, "next": {"https://evil.example/"}}, nil)
	if to := resp.Header.Get("Location"); to != "/console/" {
		t.Errorf("the address led to %q", to)
	}
	for range 10 {
		resp = s.do(http.MethodPost, "/console/sign-in", url.Values{"key": {"sk_guess"}}, nil)
	}
	if resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("after many attempts: %s", resp.Status)
	}
}

func TestOnlyThePagesOfTheConsoleChange(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	admin, viewer := s.cookie(t, s.keys[auth.KindSecret]), s.cookie(t, s.viewer)
	for name, c := range map[string]struct {
		cookie *http.Cookie
		site   string
		want   int
		calls  int
	}{
		"from the console":  {admin, "same-origin", http.StatusSeeOther, 1},
		"from another site": {admin, "cross-site", http.StatusForbidden, 0},
		"by a viewer":       {viewer, "same-origin", http.StatusForbidden, 0},
		"by nobody":         {&http.Cookie{Name: cookieName, Value: "x"}, "same-origin", http.StatusSeeOther, 0},
	} {
		s.calls = 0
		resp := s.do(http.MethodPost, "/console/jobs", nil, func(r *http.Request) {
			r.AddCookie(c.cookie)
			r.Header.Set("Sec-Fetch-Site", c.site)
		})
		if resp.StatusCode != c.want || s.calls != c.calls {
			t.Errorf("%s: %s, %d calls", name, resp.Status, s.calls)
		}
	}
}
