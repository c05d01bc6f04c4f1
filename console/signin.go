package console

import (
	"net/http"
	"strings"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/session"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

// cookieName is the cookie that holds the sealed session.
const cookieName = "aisle_console"

// who finds the person of a request and his key: of the session, or anybody of this machine where no key is
// needed. The key is looked up with each request, so that one that was removed ends its
// sessions. The error is a 401 or 403 problem.
func (c *console) who(r *http.Request) (who page.Person, key string, err error) {
	var s session.Session
	if cookie, err := r.Cookie(cookieName); err == nil {
		s, _ = c.seal.Open(cookie.Value, c.o.Now()) // without a sound one nobody is signed in
	}
	who, err = c.holder(r, s.Key)
	return who, s.Key, err
}

// holder returns whom a key belongs to, as the API would say; "" asks as a caller without a
// key. Headers of the request that name another key are left out. A service key acts for every
// shop and a publishable key is known to everybody: neither is a person's.
func (c *console) holder(r *http.Request, key string) (page.Person, error) {
	asked := r.Clone(r.Context())
	asked.Header.Del("X-API-Key")
	asked.Header.Del("Authorization")
	asked.Header.Del(auth.ShopHeader)
	if key != "" {
		asked.Header.Set("Authorization", "Bearer "+key)
		asked.Header.Del("Origin") // a publishable key is refused for what it is, not for the page that it is tried on
	}
	p, err := c.o.Auth.Authenticate(asked)
	if err != nil {
		return page.Person{}, err
	}
	if p.Kind != auth.KindSecret {
		return page.Person{}, apierror.New(
			http.StatusForbidden, "secret_key_needed", "This is a "+string(p.Kind)+" key: sign in with a secret key of the shop (sk_...).",
		)
	}
	return page.Person{Principal: p, Open: key == ""}, nil
}

// signInForm shows the form, or goes on when the person is signed in already.
func (c *console) signInForm(w http.ResponseWriter, r *http.Request) {
	if _, _, err := c.who(r); err == nil {
		http.Redirect(w, r, next(r), http.StatusSeeOther)
		return
	}
	c.render(w, http.StatusOK, frame{Title: "Sign in", Content: signInPage("", next(r), r.FormValue("lost") != "")})
}

// signIn takes a key from the form and answers with the cookie of a session. Attempts are
// counted by the address of the client before the key is looked at, so that keys cannot be
// guessed at speed.
func (c *console) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	refuse := func(status int, problem string) {
		c.render(w, status, frame{Title: "Sign in", Content: signInPage(problem, next(r), false)})
	}
	if !c.o.Attempts.Allow(r) {
		w.Header().Set("Retry-After", "3")
		refuse(http.StatusTooManyRequests, "Too many attempts from this address. Wait a few seconds.")
		return
	}
	key := strings.TrimSpace(r.PostFormValue("key"))
	if key == "" {
		refuse(http.StatusUnprocessableEntity, "Enter a key: it begins with sk_.")
		return
	}
	if _, err := c.holder(r, key); err != nil {
		p := apierror.From(err)
		refuse(p.Status, p.Detail)
		return
	}
	text := c.seal.Close(session.Session{Key: key, Expires: c.o.Now().Add(session.Lifetime)})
	http.SetCookie(w, c.cookie(r, text, int(session.Lifetime.Seconds())))
	http.Redirect(w, r, next(r), http.StatusSeeOther)
}

// signOut takes the cookie out of the browser.
func (c *console) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, c.cookie(r, "", -1))
	http.Redirect(w, r, Root+"/sign-in", http.StatusSeeOther)
}

// cookie returns the cookie of a session, which no script can read and which the browser sends
// from pages of this site only, over TLS where the sign-in came over it. A negative number of
// seconds deletes it.
func (c *console) cookie(r *http.Request, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: Root, MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: httpserver.OverTLS(r, c.o.Limits.TrustedProxies),
	}
}

// next is the page to go on with after signing in: one of the console, whatever the address
// says, so that a link to the form cannot lead to another site.
func next(r *http.Request) string {
	to := r.FormValue("next")
	if !strings.HasPrefix(to, Root+"/") || strings.ContainsAny(to, "\\\r\n") || strings.HasPrefix(to, Root+"/sign-in") {
		return Root + "/"
	}
	return to
}
