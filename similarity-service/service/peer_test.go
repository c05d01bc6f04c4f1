package service_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/telemetry"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/service"
)

// peer answers for the profile-service: the catalogue feed and the interactions stream of one shop, in their real formats. Services may
// not import each other; the real pair is tested end to end by the standalone module.
type peer struct {
	mu     sync.Mutex
	items  []profileapi.Item
	events []profileapi.Interaction
	said   []profileapi.Event // reviews, the oldest first
	cut    bool               // end the stream in the middle
	gate   chan struct{}      // when set, the stream waits for it
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/changes/items":
		p.changes(w, r)
	case "/v1/events/types":
		_ = json.NewEncoder(w).Encode(profileapi.EventTypes{Weights: profileapi.DefaultEventWeights()})
	case "/v1/events":
		p.reviews(w, r)
	case "/v1/interactions":
		p.interactions(w, r)
	default:
		if id, ok := strings.CutPrefix(r.URL.Path, "/v1/items/"); ok {
			p.item(w, id)
			return
		}
		http.NotFound(w, r)
	}
}

// reviews lists them as the profile-service does, the latest first, two at a time.
func (p *peer) reviews(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	page := profileapi.Page[profileapi.StoredEvent]{Items: []profileapi.StoredEvent{}}
	if r.URL.Query().Get("type") == "review" {
		left := len(p.said)
		_, _ = fmt.Sscan(r.URL.Query().Get("cursor"), &left)
		for ; left > 0 && len(page.Items) < 2; left-- {
			page.Items = append(page.Items, profileapi.StoredEvent{Event: p.said[left-1]})
		}
		if next := fmt.Sprint(left); left > 0 {
			page.NextCursor = &next
		}
	}
	_ = json.NewEncoder(w).Encode(page)
}

func (p *peer) item(w http.ResponseWriter, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range slices.Backward(p.items) {
		if i.ItemID == id {
			_ = json.NewEncoder(w).Encode(i)
			return
		}
	}
	problem := apierror.NotFound("item", id)
	w.WriteHeader(problem.Status)
	_ = json.NewEncoder(w).Encode(problem)
}

// changes gives the catalogue as it is; a follower that has it all waits until it goes away or something is added.
func (p *peer) changes(w http.ResponseWriter, r *http.Request) {
	after := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("after"), &after)
	for {
		p.mu.Lock()
		items := p.items[after:]
		p.mu.Unlock()
		if len(items) == 0 && r.URL.Query().Has("wait_ms") {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
				continue
			}
		}
		page := profileapi.ItemChanges{Changes: []profileapi.ItemChange{}, Next: fmt.Sprint(after + len(items))}
		for n, i := range items {
			page.Changes = append(page.Changes, profileapi.ItemChange{Cursor: fmt.Sprint(after + n + 1), ItemID: i.ItemID, Item: &i})
		}
		_ = json.NewEncoder(w).Encode(page)
		return
	}
}

func (p *peer) interactions(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	events, cut, gate := p.events, p.cut, p.gate
	p.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.Context().Done():
			return
		}
	}
	from := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("resume"), &from)
	w.Header().Set("Content-Type", profileapi.InteractionsContentType)
	writer := profileapi.NewInteractionWriter(w)
	flush := func(next int) {
		if writer.Len() > 0 {
			_ = writer.Flush(fmt.Sprint(next))
		}
	}
	relation := r.URL.Query().Get("relation")
	for n := from; n < len(events); n++ {
		if cut && n > len(events)/2 {
			return
		}
		if learns(relation, events[n].Type) {
			writer.Add(&events[n])
		}
		if writer.Len() == 500 {
			flush(n + 1)
		}
	}
	flush(len(events))
	_ = writer.Close()
}

func learns(relation, eventType string) bool {
	switch relation {
	case similarityapi.BoughtTogether:
		return eventType == "purchase"
	case similarityapi.ViewedNext:
		return eventType != "purchase"
	}
	return true
}

func (p *peer) set(change func(p *peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

const (
	users      = 300
	groups     = 3
	groupItems = 30
)

// words are what the texts of a group have in common.
var words = [groups]string{"lamp", "chair", "carpet"}

func itemID(group, n int) string { return fmt.Sprintf("g%d-i%02d", group, n%groupItems) }

// shop is a shop with three groups of items; visitors stay within their group and close to their taste.
func shop(seed uint64) *peer {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := &peer{}
	for g := range groups {
		for n := range groupItems {
			p.items = append(p.items, profileapi.Item{
				ItemID: itemID(g, n), Title: words[g], CategoryPath: []string{"All", fmt.Sprint("Group ", g)},
			})
		}
	}
	start := time.Now().Add(-60 * 24 * time.Hour)
	const perSession = 4
	for n := range users * 16 {
		u := n / perSession % users
		taste := u * 7 % groupItems
		e := profileapi.Interaction{
			UserID: fmt.Sprint("u", u), SessionID: fmt.Sprintf("s%d", n/perSession), ItemID: itemID(u%groups, taste+rng.IntN(9)),
			Type: "view_item", Weight: 1, Quantity: 1, OccurredAt: wire.TimeOf(start.Add(time.Duration(n) * 17 * time.Minute)),
		}
		p.events = append(p.events, e)
		if n%3 == 0 {
			e.Type, e.Weight, e.OrderID = "purchase", 5, fmt.Sprint("o", n)
			p.events = append(p.events, e)
			e.ItemID = itemID(u%groups, taste+rng.IntN(9))
			p.events = append(p.events, e)
		}
	}
	return p
}

// start runs a service against p on stores of this test, and returns a client of its API.
func start(t *testing.T, p *peer, config service.Config) *similarityapi.Client {
	t.Helper()
	c, _ := startWithHandler(t, p, config)
	return c
}

// startWithHandler also returns the handler, for what the client does not do.
func startWithHandler(t *testing.T, p *peer, config service.Config) (*similarityapi.Client, http.Handler) {
	t.Helper()
	c, s := startService(t, p, config)
	return c, s.Handler()
}

// startService also returns the service, for what is not in the API.
func startService(t testing.TB, p http.Handler, config service.Config) (*similarityapi.Client, *service.Service) {
	t.Helper()
	authenticator, err := auth.NewAuthenticator(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := service.New(ctx, config, process.Deps{
		Auth: authenticator, Logger: slog.New(slog.DiscardHandler), Registry: telemetry.NewRegistry("test"), Version: "test",
		PeerTransport: map[string]http.RoundTripper{"profile-service": httpserver.InProcess{Handler: p}},
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the service's background work ended with %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return similarityapi.NewClient(httpclient.New(httpclient.Options{
		BaseURL: "http://localhost", Transport: httpserver.InProcess{Handler: s.Handler()},
	})), s
}

// settings are stores of this test alone.
func settings(t testing.TB) service.Config {
	t.Helper()
	return service.Config{
		DatabaseURL: testenv.SQLite(t), RedisURL: testenv.Redis(t), BlobURL: "file://" + t.TempDir(), ProfileURL: "http://profile-service",
		SearchSeconds: 1,
	}
}
