package figures

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestASilentRobotIsTakenOut has a robot who does nothing any more once he is found: the verdict alone takes his
// click and his answer out. He clicked once as a session, which is the same person.
func TestASilentRobotIsTakenOut(t *testing.T) {
	t.Parallel()
	l := newLedger(t, func() bool { return false })
	now := time.Now()
	ids := trackingid.NewKeys([]byte("secret of the test"))
	id := ids.Sign("north", trackingid.ID{At: now, Scenario: "home"})
	d := &decision.Decision{
		ID: id, At: now, Scenario: "home", Request: api.Request{UserID: "eve"},
		Items: []decision.ShownItem{{Key: "mug", Tier: "personal"}, {Key: "cup", Tier: "popular"}},
	}
	body, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.AddDecisions(t.Context(),
		[]store.Decision{{Shop: "north", ID: id, AtMs: now.UnixMilli(), Person: "eve", Body: body}}); err != nil {
		t.Fatal(err)
	}
	c := newCounts()
	for metric, n := range map[string]float64{Requests: 2, LatencyMS: 30, Impressions: 4, tierPrefix + "personal": 1,
		tierPrefix + "popular": 3} {
		c.Hours[store.HourKey{Shop: "north", Scenario: "home", HourMs: hourOf(now), Metric: metric}] = n
	}
	if err := l.Store.AddCounts(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	click := func(seq int64, user, session, item string) profileapi.StoredEvent {
		return profileapi.StoredEvent{Seq: seq, Event: profileapi.Event{
			Type: "select_item", UserID: user, SessionID: session, ItemID: item, RecommendationID: id, OccurredAt: wire.TimeOf(now),
		}}
	}
	events := []profileapi.StoredEvent{click(1, "eve", "", "mug"), click(2, "", "tab", "mug"), click(3, "ann", "", "cup")}
	var verdicts []profileapi.Robot
	a := &Attribution{
		Store: l.Store, IDs: ids, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		Events: func(_ context.Context, _ string, seq int64, _ time.Time, _ int) ([]profileapi.StoredEvent, error) {
			return events[min(int(seq), len(events)):], nil
		},
		Decision: func(context.Context, string, string) (*decision.Decision, error) { return d, nil },
		Product:  func(_, item string) Product { return Product{Key: item} },
		Visitors: Visitors{
			Kept: AttributionWindow, Decisions: l.DecisionsSince,
			Events: func(_ context.Context, _ string, q profileapi.EventsQuery) (page profileapi.Page[profileapi.StoredEvent], _ error) {
				for _, e := range events {
					if q.UserID == "eve" && e.UserID != "ann" || q.SessionID != "" && q.SessionID == e.SessionID {
						page.Items = append(page.Items, e)
					}
				}
				return page, nil
			},
			Verdicts: func(context.Context, string, string, int) (profileapi.Page[profileapi.Robot], error) {
				return profileapi.Page[profileapi.Robot]{Items: verdicts}, nil
			},
		},
	}
	figures := func(after time.Duration) map[string]float64 {
		t.Helper()
		now = now.Add(after)
		if _, err := a.CatchUp(t.Context(), "north"); err != nil {
			t.Fatal(err)
		}
		sums, err := l.Sums(t.Context(), "north", 0, now.Add(time.Hour).UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		figures := map[string]float64{}
		for _, s := range sums {
			figures[s.Metric] = s.Value
		}
		return figures
	}
	all := figures(0)
	if all[Clicks] != 3 {
		t.Fatalf("counted are %v", all)
	}
	verdicts = []profileapi.Robot{{UserID: "eve", Verdict: profileapi.VerdictRobot, JudgedAt: wire.TimeOf(now)}}
	if soon := figures(verdictsEvery / 2); soon[Clicks] != 3 {
		t.Errorf("verdicts are looked at too often: %v", soon)
	}
	want := map[string]float64{Requests: 1, LatencyMS: 15, Impressions: 2, tierPrefix + "personal": 0, tierPrefix + "popular": 2, Clicks: 1}
	for range 3 { // once is as good as three times
		if diff := cmp.Diff(want, figures(verdictsEvery)); diff != "" {
			t.Errorf("without the robot: %s", diff)
		}
	}
	verdicts = []profileapi.Robot{{UserID: "eve", Verdict: profileapi.VerdictNoRobot, JudgedAt: wire.TimeOf(now)}}
	if diff := cmp.Diff(all, figures(verdictsEvery)); diff != "" {
		t.Errorf("a robot who is none: %s", diff)
	}
}
