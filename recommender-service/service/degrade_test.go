package service_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// restart serves a handler on the address of a closed server.
func restart(t *testing.T, old *httptest.Server) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", old.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(old.Config.Handler)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func shut(s *httptest.Server) {
	s.CloseClientConnections()
	s.Close()
}

func TestAPeerThatIsAwayIsNamedAndComesBackWithoutARestart(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003") })
	req := api.Request{Scenario: "home.for_you", UserID: "ann", ContextItems: []string{"i010"}, Limit: 5}
	whole := s.recommend(t, req)

	shut(s.world.profile)
	a := s.await(t, req, func(a api.Answer) bool {
		return slices.Contains(a.Degraded, "profile-service") && slices.Contains(a.Degraded, "catalogue")
	})
	if !cmp.Equal(ids(a), ids(whole)) || !a.Freshness.Stale || a.Freshness.ProfileAsOf.IsZero() {
		t.Errorf("without the profile-service what was read last is not used: %+v", a)
	}
	if a := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "eve", Limit: 5}); len(a.Items) != 5 ||
		a.Items[0].Tier == "personal" || a.Freshness.Stale {
		t.Errorf("somebody of whom nothing was read: %+v", a)
	}
	restart(t, s.world.profile)
	s.await(t, req, func(a api.Answer) bool { return cmp.Equal(ids(a), ids(whole)) && len(a.Degraded) == 0 })

	shut(s.world.similarity)
	if a := s.recommend(t, req); !cmp.Equal(ids(a), ids(whole)) {
		t.Errorf("the last good lists are not used: %v, before %v", ids(a), ids(whole))
	}
	s.world.edit("north", func(d *shopData) { d.did("bob", "view_item", "i090") })
	cold := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "bob", Limit: 5})
	if len(cold.Items) != 5 || !slices.Contains(cold.Degraded, "similarity-service") {
		t.Errorf("without lists at hand: %v, degraded %v", ids(cold), cold.Degraded)
	}
	restart(t, s.world.similarity)
	s.await(t, api.Request{Scenario: "home.for_you", UserID: "bob", Limit: 1}, func(a api.Answer) bool {
		return len(a.Items) == 1 && a.Items[0].ItemID == "i091" && len(a.Degraded) == 0
	})
}

func TestASlowPeerDoesNotHoldUpTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("north", func(d *shopData) { lamps(d, 50) })
	inner := w.profile.Config.Handler
	w.profile.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/users/ann/state" {
			<-r.Context().Done()
			return
		}
		inner.ServeHTTP(rw, r)
	})
	s := start(t, w, testenv.SQLite(t))
	s.await(t, api.Request{Scenario: "home.trending"}, func(a api.Answer) bool { return len(a.Items) == 20 })
	a := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann", DeadlineMS: 50, Limit: 5})
	if len(a.Items) != 5 || !slices.Contains(a.Degraded, "profile-service") {
		t.Errorf("got %v, degraded %v", ids(a), a.Degraded)
	}
}

// TestWhatFailsForOneShopStopsNothingElse lets the profile-service fail for one shop, and for another answer lists but no continuations of
// a session.
func TestWhatFailsForOneShopStopsNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, shop := range []string{"north", "south"} {
		w.edit(shop, func(d *shopData) {
			lamps(d, 50)
			d.did("ann", "view_item", "i003")
		})
	}
	fails := func(handler http.Handler, path, shop string) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path && of(r) == shop {
				http.Error(rw, "out of order", http.StatusInternalServerError)
				return
			}
			handler.ServeHTTP(rw, r)
		})
	}
	w.profile.Config.Handler = fails(w.profile.Config.Handler, "/v1/users/ann/state", "south")
	w.similarity.Config.Handler = fails(w.similarity.Config.Handler, "/v1/similarities/next", "north")
	s := start(t, w, testenv.SQLite(t))
	ask := func(shop, session string) (a api.Answer) {
		in := api.Request{
			Scenario: "home.for_you", UserID: "ann", Limit: 5, DeadlineMS: 5000,
			Events: []profileapi.Event{{Type: "view_item", ItemID: session}},
		}
		if err := s.as(shop).Call(t.Context(), http.MethodPost, "/v1/recommendations", nil, in, &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	s.await(t, api.Request{Scenario: "home.trending"}, func(a api.Answer) bool { return len(a.Items) == 20 })
	for n := range 30 { // more often than any breaker lets pass
		if a := ask("south", "i001"); !slices.Contains(a.Degraded, "profile-service") {
			t.Fatalf("question %d of the south: degraded %v", n, a.Degraded)
		}
		item := fmt.Sprintf("i%03d", n)
		if a := ask("north", item); !slices.Equal(a.Degraded, []string{"similarity-service"}) || a.Items[0].Tier != "personal" {
			t.Fatalf("question %d of the north: degraded %v, %+v", n, a.Degraded, a.Items)
		}
	}
}

// TestTooManyAtOnceAreAnsweredFromWhatIsAtHand holds the readings of a visitor's state, so that no place becomes free: whoever gets none is
// answered from the visitor who is remembered, without what he bought, and in a way that can be made again.
func TestTooManyAtOnceAreAnsweredFromWhatIsAtHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("north", func(d *shopData) {
		lamps(d, 200)
		for n := range 60 {
			d.did("ann", "view_item", fmt.Sprintf("i%03d", 2*n))
		}
		for _, who := range []string{"ann", "bob"} {
			d.did(who, "purchase", "i021")
		}
	})
	held, holding := make(chan struct{}), &atomic.Bool{}
	inner := w.profile.Config.Handler
	w.profile.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/users/ann/state" && holding.Load() {
			<-held
		}
		inner.ServeHTTP(rw, r)
	})
	asked := &atomic.Int64{}
	lists := w.similarity.Config.Handler
	w.similarity.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/models/live" {
			asked.Add(1)
		}
		lists.ServeHTTP(rw, r)
	})
	s := start(t, w, testenv.SQLite(t))
	s.await(t, api.Request{Scenario: "home.trending"}, func(a api.Answer) bool { return len(a.Items) == 20 })
	req := api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 20, DeadlineMS: 5000}
	// The second look for live models comes when what the first has found is known; the lists of that model are then at hand.
	s.await(t, req, func(api.Answer) bool { return asked.Load() > 1 })
	s.recommend(t, req)

	holding.Store(true)
	const callers = 200
	answers := make(chan api.Answer, callers)
	var asking sync.WaitGroup
	for range callers {
		asking.Go(func() {
			var a api.Answer
			if err := s.as("north").Call(t.Context(), http.MethodPost, "/v1/recommendations", nil, req, &a); err != nil {
				t.Error(err)
			}
			answers <- a
		})
	}
	var unadmitted []api.Answer
	for len(unadmitted) < callers/2 {
		unadmitted = append(unadmitted, <-answers)
	}
	// Somebody of whom nothing is remembered is read although there is no place.
	if a := s.recommend(t, api.Request{
		Scenario: "home.for_you", UserID: "bob", Limit: 200, DeadlineMS: 500,
	}); a.Freshness.ProfileAsOf.IsZero() || len(a.Items) < 100 || slices.Contains(ids(a), "i021") {
		t.Errorf("somebody new: profile as of %v, %d items", a.Freshness.ProfileAsOf, len(a.Items))
	}
	close(held)
	asking.Wait()
	for _, a := range unadmitted {
		if !a.Freshness.Stale || len(a.Degraded) != 0 || len(a.Items) != 20 || a.Items[0].Tier != "personal" ||
			slices.Contains(ids(a), "i021") {
			t.Fatalf("made from what is at hand: %+v", a)
		}
	}
	again := s.replay(t, unadmitted[0].RecommendationID)
	if !again.Identical {
		t.Errorf("gone: %v", again.Gone)
	}
}

func TestAModelThatStandsInForADamagedOneIsNamed(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) {
		d.did("ann", "view_item", "i003")
		d.damaged = []similarityapi.ModelFallback{{Relation: similarityapi.Similar, Version: "m1", Serving: "m0"}}
	})
	s.await(
		t, api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 5},
		func(a api.Answer) bool { return slices.Contains(a.Degraded, "model") },
	)
	if a := s.recommend(t, api.Request{Scenario: "home.trending", Limit: 5}); slices.Contains(a.Degraded, "model") {
		t.Errorf("a list that no model made says %v", a.Degraded)
	}
}
