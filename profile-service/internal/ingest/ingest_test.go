package ingest_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/ingest"
	"github.com/aisle-rec/aisle/profile-service/internal/robots"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// TestSharedCommitsGiveEachCallerItsOwnVerdicts posts batches of a new, a repeated and a bad event from many callers of two shops at once.
func TestSharedCommitsGiveEachCallerItsOwnVerdicts(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	in := ingest.New(
		s, event.NewRules(profileapi.DefaultEventWeights()), func(string) time.Duration { return 24 * time.Hour }, time.Now,
		prometheus.NewRegistry(),
	)
	const callers, posts = 20, 15
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			shop := []string{"north", "south"}[c%2]
			for p := range posts {
				body := fmt.Sprintf(
					`[{"type":"view_item","user_id":"u%[1]d","item_id":"i","event_id":"%[2]d"},{"type":"no"},`+
						`{"type":"view_item","user_id":"u%[1]d","item_id":"i","event_id":"%[3]d"}]`,
					c, p, p-1,
				)
				decoded, err := in.Decode(shop, []byte(body), false)
				if err != nil {
					t.Error(err)
					return
				}
				answer, err := in.Post(t.Context(), shop, decoded.Events, robots.Sender{})
				if err != nil {
					t.Error(err)
					return
				}
				want := []string{profileapi.StatusAccepted, profileapi.StatusRejected, profileapi.StatusDuplicate}
				if p == 0 {
					want[2] = profileapi.StatusAccepted
				}
				for i, r := range answer.Results {
					if r.Status != want[i] || r.Index != i {
						t.Errorf("caller %d, post %d, event %d: %+v, want %s", c, p, i, r, want[i])
					}
				}
			}
		})
	}
	wg.Wait()
	for _, shop := range []string{"north", "south"} {
		n := 0
		if err := s.Scan(
			t.Context(), shop, store.ScanQuery{UpTo: 1 << 40, Limit: 10_000}, func(*store.Event) bool { n++; return true },
		); err != nil {
			t.Fatal(err)
		}
		if want := callers / 2 * (posts + 1); n != want {
			t.Errorf("%s holds %d events, want %d", shop, n, want)
		}
	}
}
