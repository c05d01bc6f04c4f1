package pagetest

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/auth"
)

// Now is the time of the visits of Shows.
func Now() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }

// Shows renders what a page found for somebody of the shop "lamps&" without a key, on a machine that needs none, who may read the
// configuration, and checks that each text is somewhere in its HTML. The version is 1.2.
func Shows(t *testing.T, found page.View, texts ...string) {
	t.Helper()
	var b strings.Builder
	v := &page.Visit{
		Request: httptest.NewRequest("GET", "/", nil), Now: Now, Version: "1.2",
		Who: page.Person{Principal: auth.Principal{Shop: "lamps&", Scopes: []string{auth.ScopeConfigRead}}, Open: true},
	}
	if err := found.View(v).Render(&b); err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !strings.Contains(b.String(), text) {
			t.Errorf("lacks %s:\n%s", text, b.String())
		}
	}
}
