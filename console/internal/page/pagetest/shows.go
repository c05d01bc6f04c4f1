package pagetest

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/console/internal/page"
)

// Now is the time of the visits of Shows.
func Now() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }

// Shows renders what a page found and checks that each text is somewhere in its HTML.
func Shows(t *testing.T, found page.View, texts ...string) {
	t.Helper()
	var b strings.Builder
	v := &page.Visit{Request: httptest.NewRequest("GET", "/", nil), Now: Now}
	if err := found.View(v).Render(&b); err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !strings.Contains(b.String(), text) {
			t.Errorf("lacks %s:\n%s", text, b.String())
		}
	}
}
