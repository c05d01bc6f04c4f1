package service_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// happened puts events into the shop as the profile-service would have them.
func (r *running) happened(events ...profileapi.Event) {
	for _, e := range events {
		r.stored(profileapi.StoredEvent{Event: e})
	}
}

func (r *running) stored(events ...profileapi.StoredEvent) {
	r.world.edit("north", func(d *shopData) {
		for _, e := range events {
			if e.OccurredAt.IsZero() {
				e.OccurredAt = wire.TimeOf(time.Now())
			}
			e.Seq = int64(len(d.events) + 1)
			d.events = append(d.events, e)
		}
	})
}

// sold is a line of an order.
func sold(item string, quantity, price float64, recommendation string) profileapi.EventItem {
	return profileapi.EventItem{ItemID: item, Quantity: &quantity, Price: &price, RecommendationID: recommendation}
}

func items(ids ...string) (list []profileapi.EventItem) {
	for _, id := range ids {
		list = append(list, profileapi.EventItem{ItemID: id})
	}
	return list
}

// TestRobotsAreInNoFigure has a robot click, a visitor who is one ask, and a headless browser ask with a publishable key.
func TestRobotsAreInNoFigure(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.put(t, "mine", trending())
	shown := s.recommend(t, api.Request{Scenario: "mine", UserID: "ann"})
	click := profileapi.Event{Type: "select_item", UserID: "eve", RecommendationID: shown.RecommendationID, ItemID: "i001"}
	s.stored(profileapi.StoredEvent{Event: click, Robot: true})
	s.world.edit("north", func(d *shopData) { d.robot = "bot" })
	const session = "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
	ask := func(client *httpclient.Client, agent string, r api.Request) (answer api.Answer) {
		t.Helper()
		r.Scenario, r.DeadlineMS = "mine", 5000
		body, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		send := httpclient.Request{
			Method: http.MethodPost, Path: "/v1/recommendations", Body: bytes.NewReader(body), ContentType: "application/json",
			Header: http.Header{"User-Agent": {agent}},
		}
		resp, err := client.Send(t.Context(), send)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := httpclient.Decode(resp, send, &answer); err != nil || len(answer.Items) == 0 {
			t.Fatalf("a robot is shown %+v, %v", answer, err)
		}
		return answer
	}
	for _, answer := range []api.Answer{
		ask(s.http, "a shop's server", api.Request{UserID: "bot"}),
		ask(s.as(browser), "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
			api.Request{SessionID: session}),
	} {
		s.stored(profileapi.StoredEvent{Event: profileapi.Event{ // before it is known what the visitor is
			Type: "view_item_list", SessionID: session, RecommendationID: answer.RecommendationID, Items: items("i000"),
		}})
	}
	click.UserID, click.ItemID = "ann", "i002"
	s.stored(profileapi.StoredEvent{Event: click})
	poll(t, s, "/v1/metrics?interval=all&scenario=mine", func(m api.MetricsTable) bool {
		return len(m.Rows) == 1 && m.Rows[0].Clicks > 0 && m.Rows[0].Requests > 0
	})
	s.table(t, "interval=all&group_by=channel&scenario=mine", api.MetricsRow{Requests: 1, Impressions: int64(len(shown.Items)), Clicks: 1})
}

func TestFiguresSayWhatHappened(t *testing.T) {
	t.Parallel()
	s := north(t)
	sc := trending()
	sc.Limit, sc.Rules = 5, []api.Rule{{RuleID: "top", Action: "pin", ItemID: "i100", Position: 1}}
	s.put(t, "mine", sc)
	ask := api.Request{Scenario: "mine", UserID: "ann"}
	reported, sent := s.recommend(t, ask).RecommendationID, s.recommend(t, ask)
	ask.Test = true
	tested := s.recommend(t, ask).RecommendationID
	if diff := cmp.Diff([]string{"i100", "i000", "i001", "i002", "i003"}, ids(sent)); diff != "" {
		t.Fatal(diff)
	}
	event := func(kind, rec, item string) profileapi.Event {
		return profileapi.Event{Type: kind, UserID: "ann", RecommendationID: rec, ItemID: item}
	}
	forged := trackingid.NewKeys([]byte("somebody else's")).Sign("north", trackingid.ID{
		At: time.Now(), Scenario: "invented", ScenarioVersion: 1, Experiment: "theirs", Arm: "b",
	})
	s.happened(
		profileapi.Event{
			Type: "purchase", UserID: "eve", OrderID: "O9", Currency: "EUR", Items: []profileapi.EventItem{sold("i000", 1, 2e11, forged)},
		},
		profileapi.Event{Type: "view_item_list", UserID: "ann", RecommendationID: reported, Items: items("i000", "i001")},
		profileapi.Event{Type: "view_item_list", UserID: "ann", RecommendationID: reported, Items: items("i001", "i002")},
		event("select_item", reported, "i000"), event("view_item", reported, "i000"), event("view_item", reported, "i000"),
		event("select_item", reported, "i001"),
		event("select_item", sent.RecommendationID, "i100"),
		event("view_item", reported, "i150"), event("select_item", "made up", "i000"), event("select_item", tested, "i000"),
		profileapi.Event{
			Type: "purchase", UserID: "ann", OrderID: "O1", Currency: "EUR", Items: []profileapi.EventItem{sold("i000", 1, 10, reported)},
		},
		profileapi.Event{
			Type: "purchase", UserID: "ann", OrderID: "O1", Currency: "EUR", Items: []profileapi.EventItem{sold("i001", 2, 5, "")},
		},
		profileapi.Event{Type: "refund", UserID: "ann", OrderID: "O1", Items: []profileapi.EventItem{{ItemID: "i001"}}},
		profileapi.Event{
			Type: "purchase", UserID: "ann", OrderID: "O2", Currency: "USD",
			Items: []profileapi.EventItem{sold("i002", 1, 7, reported), sold("i199", 1, 70, reported)},
		},
		profileapi.Event{Type: "refund", UserID: "ann", OrderID: "O2"},
	)
	mine := func(r api.ScenariosMetrics) *api.ScenarioMetrics {
		if n := slices.IndexFunc(r.Scenarios, func(m api.ScenarioMetrics) bool { return m.Scenario == "mine" }); n >= 0 {
			return &r.Scenarios[n]
		}
		return &api.ScenarioMetrics{}
	}
	report := poll(
		t, s, "/v1/metrics/scenarios", func(r api.ScenariosMetrics) bool { return mine(r).Refunded == 12 && mine(r).Requests == 2 },
	)
	want := &api.ScenarioMetrics{
		Scenario: "mine", Requests: 2, Impressions: 3 + 5, Clicks: 3, Orders: 1, OrderLines: 2, Revenue: 15, Refunded: 12, Unverified: 1,
		NotInList: 2,
		Revenues:  map[string]float64{"EUR": 15, "USD": 0}, CoverageItems: 5,
	}
	got := mine(report)
	if diff := cmp.Diff(
		want, got, cmpopts.IgnoreFields(api.ScenarioMetrics{}, "ClickRate", "ConversionRate", "Coverage", "TierShare", "MeanLatencyMS"),
	); diff != "" {
		t.Error(diff)
	}
	if got.TierShare["pinned"] != 1./8 || got.TierShare["popular"] != 7./8 {
		t.Errorf("tiers %v", got.TierShare)
	}
	if slices.ContainsFunc(report.Scenarios, func(m api.ScenarioMetrics) bool { return m.Scenario == "invented" }) {
		t.Errorf("a scenario that somebody made up is counted: %+v", report.Scenarios)
	}
	if report.UnknownRecommendations != 2 || len(report.Warnings) != 3 ||
		!strings.Contains(report.Warnings[0], "2 events name a recommendation_id that is none") {
		t.Errorf("warnings %+v", report.MetricsWarnings)
	}
	s.table(t, "interval=day&scenario=mine", api.MetricsRow{
		At: today(), Day: today().Format(time.DateOnly), Scenario: "mine",
		Requests: 2, Impressions: 8, Clicks: 3, Orders: 1, OrderLines: 2, Revenue: 15, Refunded: 12,
		Unverified: 1, NotInList: 2,
	})
	s.table(t, "interval=all&group_by=scenario,rule&scenario=mine", api.MetricsRow{
		Scenario: "mine", Rule: "rule:top", Impressions: 1, Clicks: 1,
	})
	s.table(t, "interval=all&group_by=currency", api.MetricsRow{Currency: "EUR", Revenue: 15}, api.MetricsRow{Currency: "USD"})
}

// today is the day of figures. A test that runs over midnight is judged by the day on which it began.
func today() wire.Time { return wire.TimeOf(time.Now().UTC().Truncate(24 * time.Hour)) }

// table compares a table of figures.
func (r *running) table(t *testing.T, query string, want ...api.MetricsRow) {
	t.Helper()
	var got api.MetricsTable
	if _, err := r.call(t, http.MethodGet, "/v1/metrics?"+query, nil, nil, &got); err != nil {
		t.Error(err)
		return
	}
	if diff := cmp.Diff(want, got.Rows); diff != "" {
		t.Errorf("%s: %s", query, diff)
	}
}

// TestAPagesOrdersCostWhatTheCatalogueSays posts what somebody may who has read a publishable key and has a real answer.
func TestAPagesOrdersCostWhatTheCatalogueSays(t *testing.T) {
	t.Parallel()
	s := north(t)
	a := s.recommend(t, api.Request{Scenario: "home.trending", UserID: "ann", Limit: 3}) // the lamps i000 to i002 cost 1, 2 and 3
	order := func(id, currency string, line profileapi.EventItem, fromPage bool) profileapi.StoredEvent {
		return profileapi.StoredEvent{
			FromPage: fromPage,
			Event: profileapi.Event{
				Type: "purchase", UserID: "ann", OrderID: id, Currency: currency, Items: []profileapi.EventItem{line},
			},
		}
	}
	s.stored(
		order("O1", "", sold("i001", 2, 1.5, a.RecommendationID), true),     // 3: on sale
		order("O2", "", sold("i001", 1e9, 2e11, a.RecommendationID), true),  // 200: a hundred of them
		order("O3", "USD", sold("i002", 1, 5e11, a.RecommendationID), true), // 3
		order("O4", "", sold("i002", 1, 500, a.RecommendationID), false),    // 500: a server knows
	)
	poll(t, s, "/v1/metrics?interval=all&group_by=scenario", func(m api.MetricsTable) bool {
		return len(m.Rows) == 1 && m.Rows[0].Orders == 4 && m.Rows[0].Revenue == 706
	})
}

func TestAClickOnAFamilyIsItsWhateverTheVariant(t *testing.T) {
	t.Parallel()
	s := families(t)
	a := s.recommend(t, similarTo("i000"))
	s.happened(
		profileapi.Event{Type: "select_item", UserID: "ann", RecommendationID: a.RecommendationID, ItemID: "shirt"},
		profileapi.Event{Type: "view_item", UserID: "ann", RecommendationID: a.RecommendationID, ItemID: "shirt-m"},
		profileapi.Event{Type: "purchase", UserID: "ann", OrderID: "O1", Currency: "EUR", Items: items("shirt-m", "MUG-1")},
	)
	poll(t, s, "/v1/metrics?interval=all&group_by=experiment", func(m api.MetricsTable) bool {
		return len(m.Rows) == 1 && m.Rows[0].Revenue == 22 && m.Rows[0].Clicks == 1 && m.Rows[0].Orders == 1
	})
}

func TestFiguresAreAskedForInWordsThatThereAre(t *testing.T) {
	t.Parallel()
	s := north(t)
	for query, want := range map[string]string{
		"group_by=scenario,brand": "group_by", "interval=month": "interval", "from=2026-01-02&to=2026-01-01": "from",
		"from=yesterday": "from", "grouping=day": "grouping", "timezone=Sydney": "timezone", "timezone=Local": "timezone",
	} {
		_, err := s.call(t, http.MethodGet, "/v1/metrics?"+query, nil, nil, nil)
		if diff := cmp.Diff([]string{want}, pointers(t, err)); diff != "" {
			t.Errorf("%s: %v %s", query, err, diff)
		}
	}
	if _, err := s.call(t, http.MethodGet, "/v1/metrics?from=2026-01-01&to=2026-02-01&interval=week", nil, nil, nil); err != nil {
		t.Error(err)
	}
	var table api.MetricsTable
	_, err := s.call(t, http.MethodGet, "/v1/metrics?from=2026-01-01&to=2026-01-02&timezone=Australia/Sydney", nil, nil, &table)
	if want := time.Date(2025, 12, 31, 13, 0, 0, 0, time.UTC); err != nil || !table.From.Equal(want) {
		t.Errorf("a day of Sydney begins at %v, want %v: %v", table.From, want, err)
	}
}

func TestAChannelHasItsOwnLine(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.put(t, "mine", trending())
	ask := api.Request{Scenario: "mine", UserID: "ann", Limit: 3}
	own := s.recommend(t, ask)
	ask.Channel = "agent"
	agent := s.recommend(t, ask)
	s.happened(
		profileapi.Event{Type: "select_item", UserID: "ann", RecommendationID: own.RecommendationID, ItemID: "i000"},
		profileapi.Event{Type: "select_item", UserID: "ann", RecommendationID: agent.RecommendationID, ItemID: "i000"},
		profileapi.Event{
			Type: "purchase", UserID: "ann", OrderID: "O1", Currency: "EUR",
			Items: []profileapi.EventItem{sold("i001", 1, 5, agent.RecommendationID)},
		},
	)
	poll(t, s, "/v1/metrics?interval=all&scenario=mine", func(m api.MetricsTable) bool {
		return len(m.Rows) == 1 && m.Rows[0].Orders == 1 && m.Rows[0].Requests == 2
	})
	s.table(
		t, "interval=all&group_by=channel&scenario=mine", api.MetricsRow{Requests: 1, Impressions: 3, Clicks: 1},
		api.MetricsRow{Channel: "agent", Requests: 1, Impressions: 3, Clicks: 1, Orders: 1, OrderLines: 1, Revenue: 5},
	)
	s.table(
		t, "interval=all&group_by=channel,currency&scenario=mine", api.MetricsRow{Currency: "EUR"},
		api.MetricsRow{Channel: "agent", Currency: "EUR", Revenue: 5},
	)
	ask.Channel = "robot"
	if _, err := s.call(t, http.MethodPost, "/v1/recommendations", nil, ask, nil); err == nil || !strings.Contains(err.Error(), "agent") {
		t.Errorf("an unknown channel: %v", err)
	}
}
