package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestAPersonIsExportedAndErasedEverywhere has somebody look around without a name, log in, and click what was recommended; then all of it
// is exported and erased with one call each, and what is said to be left is all that is.
func TestAPersonIsExportedAndErasedEverywhere(t *testing.T) {
	t.Parallel()
	t.Run("one process", func(t *testing.T) {
		t.Parallel()
		personEverywhere(t, startStandalone(t, t.TempDir()), "")
	})
	t.Run("three processes", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "keys.json")
		key := keyOf(t, file, "north")
		personEverywhere(t, startThree(t, file), key)
	})
}

// exported reads the export of a person, by kind of line.
func exported(t *testing.T, ctx context.Context, c *httpclient.Client, user string) map[string][]recommenderapi.PersonEntry {
	t.Helper()
	resp, err := c.Send(ctx, httpclient.Request{Method: http.MethodGet, Path: "/v1/persons/" + user + "/export"})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	kinds := map[string][]recommenderapi.PersonEntry{}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e recommenderapi.PersonEntry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v in %s", err, lines.Bytes())
		}
		kinds[e.Kind] = append(kinds[e.Kind], e)
	}
	if len(kinds["end"]) != 1 {
		t.Fatalf("the export has %d ends", len(kinds["end"]))
	}
	return kinds
}

func personEverywhere(t *testing.T, d *deployment, key string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := d.connect(key)
	recommender := httpclient.New(httpclient.Options{BaseURL: "http://" + d.programs[0].address, Key: key})
	var items []profileapi.Item
	for n := range 5 {
		items = append(items, profileapi.Item{ItemID: fmt.Sprint("item", n), Title: fmt.Sprint("Item ", n)})
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	// An answer before the log-in, under the session alone, and its click.
	var a recommenderapi.Answer
	eventually(t, ctx, "a list", func() (err error) {
		if a, err = c.recommender.Recommend(ctx, recommenderapi.Request{
			Scenario: "home.for_you", SessionID: "tablet-session",
		}); err == nil && len(a.Items) == 0 {
			err = fmt.Errorf("it is empty")
		}
		return err
	})
	click := profileapi.Event{
		Type: "select_item", SessionID: "tablet-session", ItemID: a.Items[0].ItemID, RecommendationID: a.RecommendationID,
		OccurredAt: wire.TimeOf(time.Now()),
	}
	post(t, ctx, c, []profileapi.Event{click})
	profiles := httpclient.New(httpclient.Options{BaseURL: "http://" + d.programs[len(d.programs)-1].address, Key: key})
	if err := profiles.Call(
		ctx, http.MethodPost, "/v1/users/ann/merge", nil, profileapi.Merge{SessionID: "tablet-session"}, nil,
	); err != nil {
		t.Fatal(err)
	}
	post(t, ctx, c, []profileapi.Event{
		{Type: "view_item", UserID: "ann", ItemID: "item1"}, {Type: "view_item", UserID: "bob", ItemID: "item1"},
	})
	for _, user := range []string{"ann", "bob"} {
		if _, err := c.recommender.Recommend(ctx, recommenderapi.Request{Scenario: "home.for_you", UserID: user}); err != nil {
			t.Fatal(err)
		}
	}
	var held map[string][]recommenderapi.PersonEntry
	eventually(t, ctx, "decisions and the click are stored", func() error {
		held = exported(t, ctx, recommender, "ann")
		if len(held["decision"]) < 2 || len(held["click"]) != 1 {
			return fmt.Errorf("%d decisions, %d clicks", len(held["decision"]), len(held["click"]))
		}
		return nil
	})
	end := held["end"][0]
	if len(held["alias"]) != 1 || len(held["event"]) != 2 || end.More.Decisions != len(held["decision"]) || end.Counts.Events != 2 ||
		len(end.Held) < 3 {
		t.Errorf(
			"the export has %d aliases, %d events, ends with %+v and %+v", len(held["alias"]), len(held["event"]), end.Counts, end.More,
		)
	}
	if got := held["click"][0].Click; got.ItemID != click.ItemID || got.RecommendationID != a.RecommendationID {
		t.Errorf("the click is %+v", got)
	}

	erased, err := httpclient.JSON[recommenderapi.PersonErased](
		ctx, recommender, http.MethodDelete, "/v1/persons/ann", url.Values{"mode": {"erase"}}, nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	if erased.Profile.Rows.Events != 2 || erased.Recommendations.Decisions != int64(len(held["decision"])) ||
		erased.Recommendations.Clicks != 1 || len(erased.Left) < 3 {
		t.Errorf("erased: %+v", erased)
	}
	for _, left := range erased.Left {
		if left.Until.IsZero() && left.Ends == "" {
			t.Errorf("no end of what is left: %+v", left)
		}
	}
	after := exported(t, ctx, recommender, "ann")
	if len(after) != 1 { // the end
		t.Errorf("after the erasure there is still %v", after)
	}
	if other := exported(t, ctx, recommender, "bob"); len(other["event"]) != 1 {
		t.Errorf("another person has %d events left", len(other["event"]))
	}
	if again, err := httpclient.JSON[recommenderapi.PersonErased](
		ctx, recommender, http.MethodDelete, "/v1/persons/ann", nil, nil,
	); err != nil || again.Profile.Rows.Events != 0 {
		t.Errorf("the erasure repeated: %+v, %v", again, err)
	}
}
