package popularity

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// events serves the interactions of a shop in the profile-service's form: those of people, behind the cursor.
type events struct {
	mu    sync.Mutex
	list  []profileapi.Interaction
	robot string // whose events are left out
	asOf  int64
	after []string // of each request
	// refunds is what a refund weighs, and cut is where a stream breaks off, 0 for nowhere.
	refunds float64
	cut     int
}

func (e *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.URL.Path == "/v1/events/types" {
		_ = json.NewEncoder(w).Encode(profileapi.EventTypes{Weights: profileapi.EventWeights{"view_item": 1, "refund": e.refunds}})
		return
	}
	after := r.URL.Query().Get("after")
	e.after = append(e.after, after)
	w.Header().Set(profileapi.RobotsHeader, strconv.FormatInt(e.asOf, 10))
	out := profileapi.NewInteractionWriter(w)
	from, _ := strconv.Atoi(after)
	if from > len(e.list) {
		p := apierror.New(http.StatusGone, "cursor_unknown", "The cursor is ahead of the store.")
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		_ = json.NewEncoder(w).Encode(p)
		return
	}
	for n := from; n < len(e.list); n++ {
		if e.cut > 0 && n == e.cut {
			_ = out.Flush(strconv.Itoa(n))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		if e.list[n].UserID != e.robot {
			out.Add(&e.list[n])
		}
	}
	_ = out.Flush(strconv.Itoa(len(e.list))) // a reader that is gone needs none
	_ = out.Close()
}

// TestRobotsThatWereCountedGo has a robot found whose events are in the sums: within the hour they are counted anew without him.
func TestRobotsThatWereCountedGo(t *testing.T) {
	t.Parallel()
	now := start
	e := &events{list: []profileapi.Interaction{
		{ItemID: "a", UserID: "ann", Type: "view_item", Weight: 1, OccurredAt: wire.TimeOf(start)},
		{ItemID: "b", UserID: "bot", Type: "view_item", Weight: 1, OccurredAt: wire.TimeOf(start)},
	}}
	server := httptest.NewServer(e)
	defer server.Close()
	s := &shelves{items: map[string][]string{}}
	s.put("a")
	s.put("b")
	client := profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: server.URL}))
	p := New(client, s, folder(t), time.Minute, slog.New(slog.DiscardHandler), func() time.Time { return now })
	listed := func(after time.Duration) int {
		t.Helper()
		now = start.Add(after)
		p.refresh(t.Context(), "north")
		answer, err := p.List(t.Context(), "north", similarityapi.PopularWindow{Name: "popular"}, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(answer.Items)
	}
	if n := listed(0); n != 2 {
		t.Fatalf("%d items before the robot was found", n)
	}
	e.mu.Lock()
	e.robot, e.asOf = "bot", 5
	e.mu.Unlock()
	if n := listed(30 * time.Minute); n != 2 {
		t.Errorf("%d items: it was counted anew at once, as it would be with every robot", n)
	}
	if n := listed(robotsAfter + time.Minute); n != 1 {
		t.Errorf("%d items an hour later", n)
	}
	listed(robotsAfter + 2*time.Minute)
	listed(2*robotsAfter + 5*time.Minute)
	if want := []string{"", "2", "", "2", "2"}; len(e.after) != 5 || e.after[2] != "" || e.after[4] != "2" {
		t.Errorf("read behind %q, want %q: it is counted anew once", e.after, want)
	}
}
