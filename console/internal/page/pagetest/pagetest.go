// Package pagetest has what tests of pages need.
package pagetest

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/console/internal/page"
)

// Posted is a visit that posts a form. It has no clients.
func Posted(form url.Values) *page.Visit {
	r := httptest.NewRequest("POST", "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_ = r.FormValue("") // parses it
	return &page.Visit{Request: r}
}

// Same compares as the API does: by JSON.
func Same(t *testing.T, want, got any) {
	t.Helper()
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if string(a) != string(b) {
		t.Errorf("got  %s\nwant %s", b, a)
	}
}
