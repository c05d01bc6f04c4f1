package profileapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// feed answers the first read with item "old", then loses that place as a restored database does, and has item "new" from then on.
func feed(t *testing.T) *httptest.Server {
	restored := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		after := r.URL.Query().Get("after")
		var answer any
		switch {
		case after == "" && !restored:
			answer = profileapi.ItemChanges{Changes: []profileapi.ItemChange{{ItemID: "old", Cursor: "far"}}, Next: "far"}
		case after == "far":
			restored = true
			problem := apierror.New(http.StatusGone, "cursor_unknown", "Read the feed from the start.")
			w.WriteHeader(problem.Status)
			answer = problem
		default:
			answer = profileapi.ItemChanges{Changes: []profileapi.ItemChange{{ItemID: "new", Cursor: "near"}}, Next: "near"}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Errorf("write answer: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestFollowerStartsAgainWhenItsPlaceIsGone(t *testing.T) {
	t.Parallel()
	for name, withReset := range map[string]bool{"and says so": true, "also when nobody asks to be told": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			var calls []string
			follower := profileapi.Follower{
				Client: profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: feed(t).URL})),
				Apply: func(changes []profileapi.ItemChange) {
					for _, c := range changes {
						calls = append(calls, c.ItemID)
						if c.ItemID == "new" {
							cancel()
						}
					}
				},
				Synced: func() {},
				Failed: func(err error) {
					t.Errorf("failed: %v", err)
					cancel()
				},
			}
			want := []string{"old", "new"}
			if withReset {
				follower.Reset = func() { calls = append(calls, "reset") }
				want = []string{"old", "reset", "new"}
			}
			follower.Run(ctx)
			if diff := cmp.Diff(want, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}
