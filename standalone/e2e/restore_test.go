package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// TestRestoredCatalogue gives the profile-service its database of yesterday back while the recommender-service runs on. Items that
// yesterday did not know must vanish from answers, what was changed since must be as it was, and what comes afterwards must be followed
// again.
func TestRestoredCatalogue(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	data, backup := t.TempDir(), t.TempDir()
	settings := append(threeSettings(""), "AISLE_PROFILE_DATABASE_URL=sqlite://"+filepath.Join(data, "profile.db"))
	profile := start(t, settings, "profile-service")
	address := profile.address
	recommender := start(t, append(settings, "AISLE_RECOMMENDER_DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "recommender.db"),
		"AISLE_PROFILE_URL=http://"+address, "AISLE_SIMILARITY_URL=http://"+unusedAddress(t)), "recommender-service")
	catalogue := profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: "http://" + address}))
	ask := recommenderapi.NewClient(httpclient.New(httpclient.Options{BaseURL: "http://" + recommender.address}))

	put := func(prefix string, n int, title string) {
		t.Helper()
		var items []profileapi.Item
		for i := range n {
			items = append(items, profileapi.Item{ItemID: fmt.Sprintf("%s/%02d", prefix, i), Title: title})
		}
		if answer, err := catalogue.PutItems(ctx, items); err != nil || answer.Accepted != n {
			t.Fatalf("put items: %+v, %v", answer, err)
		}
	}
	// shows waits until answers hold so many items per prefix, and the title.
	shows := func(what, title string, want map[string]int) {
		t.Helper()
		eventually(t, ctx, what, func() error {
			answer, err := ask.Recommend(ctx, recommenderapi.Request{
				Scenario: "home.trending", Limit: 200, Fields: []string{"title"}, DeadlineMS: 5000,
			})
			if err != nil {
				return err
			}
			have := map[string]int{}
			for _, i := range answer.Items {
				prefix, _, _ := strings.Cut(i.ItemID, "/")
				have[prefix]++
				if prefix == "old" && i.Fields.Get("title") != title {
					return fmt.Errorf("%s has the title %v", i.ItemID, i.Fields.Get("title"))
				}
			}
			if fmt.Sprint(have) != fmt.Sprint(want) || slices.Contains(answer.Degraded, "catalogue") {
				return fmt.Errorf("items are %v, degraded %v", have, answer.Degraded)
			}
			return nil
		})
	}
	again := func() {
		t.Helper()
		profile = start(t, append(settings, "AISLE_LISTEN="+address), "profile-service")
	}

	put("old", 30, "As it was")
	shows("the catalogue is there", "As it was", map[string]int{"old": 30})
	profile.stop(syscall.SIGTERM)
	if err := os.CopyFS(backup, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	again()
	put("new", 20, "Of today")
	put("old", 30, "Changed today")
	shows("today's items are there", "Changed today", map[string]int{"new": 20, "old": 30})
	profile.stop(syscall.SIGTERM)
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(data, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	again()
	shows("today's items vanish", "As it was", map[string]int{"old": 30})
	put("later", 5, "After the restoration")
	shows("the feed is followed again", "As it was", map[string]int{"later": 5, "old": 30})
}
