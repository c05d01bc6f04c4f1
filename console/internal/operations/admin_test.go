package operations

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/httpclient"
)

// TestTheAuditLogIsAskedForWholeDays fills in the days of its form as browsers send them.
func TestTheAuditLogIsAskedForWholeDays(t *testing.T) {
	t.Parallel()
	asked := make(chan url.Values, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Query()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[],"next_cursor":"c"}`)
	}))
	t.Cleanup(shop.Close)
	v := &page.Visit{
		Request: httptest.NewRequest("GET", "/console/audit?from=2026-11-30&to=2026-12-31&actor=2026-11-30", nil), Ctx: t.Context(),
		Recommender: httpclient.New(httpclient.Options{BaseURL: shop.URL}),
	}
	found, err := auditLog(v)
	if err != nil {
		t.Fatal(err)
	}
	q := <-asked
	if q.Get("from") != "2026-11-30T00:00:00Z" || q.Get("to") != "2027-01-01T00:00:00Z" || q.Get("actor") != "2026-11-30" {
		t.Errorf("the log was asked for %v", q)
	}
	if next := found.(*auditData).Next; next != "actor=2026-11-30&cursor=c&from=2026-11-30&to=2026-12-31" {
		t.Errorf("older entries are at %q", next)
	}
}
