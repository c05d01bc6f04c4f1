package service_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestARobotsFiguresAreTakenOut has two replicas count ann and eve, who turns out to be a robot, then is said to be
// none, and then to be one again.
func TestARobotsFiguresAreTakenOut(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		takesOut(t, testenv.SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := testenv.Postgres(t)
		if err := migrations.Up(t.Context(), migrations.Recommender, url); err != nil {
			t.Fatal(err)
		}
		takesOut(t, url)
	})
}

func takesOut(t *testing.T, url string) {
	w := newWorld(t)
	w.edit("north", func(s *shopData) { lamps(s, 200) })
	s := start(t, w, url)
	other := start(t, w, url)
	s.await(t, api.Request{Scenario: "home.trending"}, func(a api.Answer) bool { return len(a.Items) == 20 && len(a.Degraded) == 0 })
	s.put(t, "mine", trending())
	event := func(user, kind, rec, item string) profileapi.Event {
		return profileapi.Event{Type: kind, UserID: user, RecommendationID: rec, ItemID: item}
	}
	bought := func(user, order, rec string) profileapi.Event {
		return profileapi.Event{
			Type: "purchase", UserID: user, OrderID: order, Currency: "EUR", Items: []profileapi.EventItem{sold("i000", 1, 10, rec)},
		}
	}
	answered := func(user string) api.Answer {
		t.Helper()
		a := s.recommend(t, api.Request{Scenario: "mine", UserID: user})
		poll(t, other, "/v1/recommendations/"+a.RecommendationID, func(any) bool { return true }) // whoever counts it knows it
		return a
	}
	ann, seen, sent := answered("ann"), answered("eve"), answered("eve")
	shown := int64(len(ann.Items))
	s.happened(
		event("ann", "select_item", ann.RecommendationID, "i001"), bought("ann", "O1", ann.RecommendationID),
		profileapi.Event{Type: "view_item_list", UserID: "eve", RecommendationID: seen.RecommendationID, Items: items("i000", "i001")},
		event("eve", "select_item", seen.RecommendationID, "i000"), event("eve", "view_item", seen.RecommendationID, "i000"),
		event("eve", "select_item", sent.RecommendationID, "i001"), event("eve", "add_to_cart", sent.RecommendationID, "i001"),
		event("eve", "select_item", sent.RecommendationID, "i150"), bought("eve", "O2", ""), bought("eve", "O3", seen.RecommendationID),
		profileapi.Event{Type: "refund", UserID: "eve", OrderID: "O3"},
	)
	const path = "/v1/metrics?interval=all&scenario=mine"
	figures := func(what string, want api.MetricsRow) {
		t.Helper()
		var last api.MetricsTable
		reached := func(m api.MetricsTable) bool {
			last = m
			return len(m.Rows) == 1 && cmp.Equal(m.Rows[0], want)
		}
		deadline := time.After(30 * time.Second)
		for {
			if _, err := s.call(t, "GET", path, nil, nil, &last); err == nil && reached(last) {
				return
			}
			select {
			case <-deadline:
				t.Fatalf("%s: %s", what, cmp.Diff([]api.MetricsRow{want}, last.Rows))
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	both := api.MetricsRow{
		Scenario: "mine", Requests: 3, Impressions: 2*shown + 2, Clicks: 3, Adds: 1, Orders: 2, OrderLines: 2, Revenue: 20,
		Refunded: 10, NotInList: 1,
	}
	figures("of both", both)
	verdict := func(robot string, v string) {
		w.edit("north", func(d *shopData) {
			d.robot = robot
			d.verdicts = append([]profileapi.Robot{{UserID: "eve", Verdict: v}}, d.verdicts...)
		})
	}
	verdict("eve", profileapi.VerdictRobot)
	more := answered("eve")
	s.happened(event("eve", "select_item", more.RecommendationID, "i002"))
	annAlone := api.MetricsRow{Scenario: "mine", Requests: 1, Impressions: shown, Clicks: 1, Orders: 1, OrderLines: 1, Revenue: 10}
	figures("without the robot", annAlone)

	s.happened(profileapi.Event{Type: "refund", OrderID: "O2"}, event("ann", "select_item", ann.RecommendationID, "i003"))
	annAlone.Clicks++
	figures("after a refund of the robot's order", annAlone)

	verdict("", profileapi.VerdictNoRobot)
	s.happened(event("eve", "select_item", more.RecommendationID, "i004"))
	both.Requests, both.Impressions, both.Clicks = 4, both.Impressions+shown, both.Clicks+3
	figures("of both again, with what was left out in between", both)

	verdict("eve", profileapi.VerdictRobot)
	s.happened(event("eve", "select_item", more.RecommendationID, "i005"))
	figures("without the robot again", annAlone)
}
