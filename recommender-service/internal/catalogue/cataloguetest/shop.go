// Package cataloguetest gives tests a replica of a catalogue, filled as a service fills it: through the change feed, over HTTP.
package cataloguetest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Shop returns the replica of a shop with these items, which are at the indices in which they are given. It is
// followed until the test ends.
func Shop(t testing.TB, items ...profileapi.Item) *catalogue.Shop {
	t.Helper()
	page := profileapi.ItemChanges{Next: strconv.Itoa(len(items))}
	for n := range items {
		page.Changes = append(page.Changes, profileapi.ItemChange{ItemID: items[n].ItemID, Item: &items[n]})
	}
	sent, applied := false, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sent {
			close(applied) // the follower asks for more when it has applied the first page
			<-r.Context().Done()
			return
		}
		sent = true
		_ = json.NewEncoder(w).Encode(page)
	}))
	c := catalogue.New(
		profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: server.URL})), slog.New(slog.DiscardHandler), time.Now,
	)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx, func() []string { return []string{"s"} }, time.Hour) }()
	t.Cleanup(func() { cancel(); <-done; server.CloseClientConnections(); server.Close() })
	<-applied
	return c.Shop("s")
}
