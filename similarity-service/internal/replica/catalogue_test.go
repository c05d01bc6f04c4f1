package replica

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// TestFamiliesKnowWhatWasStoredBefore stores an item that the replica hears of late: whoever asks for families in between gets them when it
// has.
func TestFamiliesKnowWhatWasStoredBefore(t *testing.T) {
	t.Parallel()
	change := func(id string) profileapi.ItemChange {
		return profileapi.ItemChange{ItemID: id, Item: &profileapi.Item{ItemID: id, ParentID: "family of " + id}}
	}
	stored, looked, heard := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		page := profileapi.ItemChanges{Next: q.Get("after")}
		switch {
		case q.Get("after") == "":
			page = profileapi.ItemChanges{Next: "1", Changes: []profileapi.ItemChange{change("first")}}
		case q.Get("after") == "2":
			if q.Get("wait_ms") != "" {
				<-r.Context().Done()
				return
			}
		case q.Get("wait_ms") != "": // the replica waits for changes
			select {
			case <-heard:
				page = profileapi.ItemChanges{Next: "2", Changes: []profileapi.ItemChange{change("second")}}
			case <-r.Context().Done():
				return
			}
		default: // somebody looks whether there are any
			select {
			case <-stored:
				page = profileapi.ItemChanges{Next: "2", Changes: []profileapi.ItemChange{change("second")}}
				once.Do(func() { close(looked) })
			default:
			}
		}
		_ = json.NewEncoder(w).Encode(page)
	}))
	c := New(
		profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: server.URL})), func(string, string, *profileapi.Item) {},
		slog.New(slog.DiscardHandler), time.Now,
	)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx, func() []string { return []string{"s"} }, time.Hour) }()
	t.Cleanup(func() { cancel(); <-done; server.CloseClientConnections(); server.Close() })
	family, err := c.Families(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	if name, known := family("first"); !known || name != "family of first" {
		t.Errorf("the first item is of %q, known %t", name, known)
	}
	close(stored)
	go func() { <-looked; close(heard) }()
	if family, err = c.Families(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if name, known := family("second"); !known || name != "family of second" {
		t.Errorf("the second item is of %q, known %t", name, known)
	}
	short, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.Families(short, "another"); err == nil {
		t.Error("the families of a shop that nobody reads are there")
	}
}
