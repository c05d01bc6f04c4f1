package serving

import (
	"net/http"
	"strings"

	"github.com/aisle-rec/aisle/standalone/internal/app"
	"github.com/aisle-rec/aisle/standalone/internal/demoshop"
)

// shopFront is the app with the demo shop beside it. Who may not use the API may not see the shop either: its server asks with a key of its
// own.
type shopFront struct {
	*app.App
	shop http.Handler
}

// Handler implements httpserver.Service: paths of the shop go to the shop, all others to the
// app. A caller of the shop is checked here, since the app sees only the calls of the shop's
// server.
func (f shopFront) Handler() http.Handler {
	api := f.App.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != demoshop.Root && !strings.HasPrefix(r.URL.Path, demoshop.Root+"/") {
			api.ServeHTTP(w, r)
			return
		}
		if _, err := f.Auth().Authenticate(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		f.shop.ServeHTTP(w, r)
	})
}
