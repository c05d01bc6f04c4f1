package e2e

import (
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestConsole looks at every page of the console and of the demo shop in a real browser, with the data of a real shop, and does in it what
// the people do who it is for.
func TestConsole(t *testing.T) {
	t.Parallel()
	d := startWebDemo(t)
	d.prepare(t)
	t.Run("pages", func(t *testing.T) {
		for name, width := range map[string]int64{"wide": wide, "narrow": narrow} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d.everyPage(t, name, width)
			})
		}
		t.Run("dark", func(t *testing.T) {
			t.Parallel()
			d.darkPages(t)
		})
		t.Run("shop", func(t *testing.T) {
			t.Parallel()
			d.shopScriptComesLate(t)
			d.shopFromVisitToOrder(t)
		})
	})
	t.Run("journeys", func(t *testing.T) {
		for name, journey := range map[string]func(*testing.T){
			"merchandiser": d.merchandiser, "support": d.support, "data person": d.dataPerson, "importer": d.importer, "privacy": d.privacy,
			"keyboard": d.keyboard, "forms": d.forms,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				journey(t)
			})
		}
	})
}

// prepare adds what the demo does not have and pages show: clicks and sales of answers, refused events, an experiment, a rollout, a
// schedule and rules.
func (d *webDemo) prepare(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	put := func(path string, body any) {
		t.Helper()
		if err := d.api().Call(ctx, "PUT", path, nil, body, nil); err != nil {
			t.Fatal(err)
		}
	}
	arms := []recommenderapi.ExperimentArm{
		{Name: "control", Share: .5}, {Name: "best", Share: .5, Scenario: "search_no_results.best_sellers"},
	}
	put("/v1/experiments/try-best", recommenderapi.Experiment{
		Title: "Best sellers on the home page", Status: "running", Scenarios: []string{"home.trending"}, Traffic: 1, Arms: arms,
	})
	put("/v1/rollouts/new-home", recommenderapi.Experiment{
		Title: "New home page", Status: "draft", Scenarios: []string{"home.trending"}, Traffic: .05, Arms: arms,
	})
	put("/v1/rules/hearts", recommenderapi.Rule{
		Title: "Hearts for Valentine's Day", Action: "boost", Factor: 1.5,
		Where: &recommenderapi.Condition{Field: "title", Op: "contains", Value: "HEART"},
	})
	if _, err := d.clients.similarity.PutSchedule(ctx, similarityapi.Schedule{Cron: "0 3 * * *", JitterSeconds: 600}); err != nil {
		t.Fatal(err)
	}
	d.tenWeeks(t)
	visitors := []string{"17850", "14911", "12748", "15311", "13089", "14646", "17841", "14606"}
	for round := range 4 {
		for n, user := range visitors {
			answer, err := d.clients.recommender.Recommend(ctx, recommenderapi.Request{
				Scenario: []string{"home.for_you", "home.trending"}[round%2], UserID: user, Limit: 10,
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.Items) < 3 {
				continue
			}
			id := answer.Items[n%3].ItemID
			events := []profileapi.Event{{Type: "select_item", UserID: user, ItemID: id, RecommendationID: answer.RecommendationID}}
			if (n+round)%3 == 0 {
				events = append(events, profileapi.Event{
					Type: "purchase", UserID: user, OrderID: answer.RecommendationID[:20], Currency: "GBP",
					Items: []profileapi.EventItem{
						{ItemID: id, Price: new(4.25), Quantity: new(2.), RecommendationID: answer.RecommendationID},
					},
				})
			}
			if _, err := d.clients.profile.PostEvents(ctx, events); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, ctx, "what was shown and clicked is counted", func() error {
		var m recommenderapi.ScenariosMetrics
		if err := d.api().Call(ctx, "GET", "/v1/metrics/scenarios", nil, nil, &m); err != nil {
			return err
		}
		for _, s := range m.Scenarios {
			if s.Scenario == "home.for_you" && s.Requests >= 16 && s.Clicks > 10 {
				return nil
			}
		}
		return fmt.Errorf("counted are %+v", m.Scenarios)
	})
	// refused, so that the page has an example
	_, _ = d.clients.profile.PostEvents(ctx, []profileapi.Event{
		{Type: "dance", UserID: "17850"}, {Type: "view_item", UserID: "17850", ItemID: "22423"},
	})
}

// tenWeeks puts ten weeks of a placement's figures into the database, as if the shop had had it for as long, whose
// click rate has lost 3 % of itself a day for a fortnight, and the record of that; the next look of the monitor finds
// the same.
func (d *webDemo) tenWeeks(t *testing.T) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.dir, "recommender.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const hours, falls = 10 * 7 * 24, 14 * 24
	now := time.Now().UTC().Truncate(time.Hour)
	var rows []string
	for h := -hours; h < 0; h++ {
		rate := .05 * math.Pow(.97, float64(max(0, h+falls))/24)
		for metric, n := range map[string]float64{"requests": 60, "impressions": 400, "clicks": math.Round(400 * rate)} {
			rows = append(rows, fmt.Sprintf("('default', %d, '%s', '', '', '%s', %g)",
				now.Add(time.Duration(h)*time.Hour).UnixMilli(), wellKnown, metric, n))
		}
	}
	opened := now.Truncate(24*time.Hour).AddDate(0, 0, -6).UnixMilli()
	for _, statement := range []string{
		"insert into metric_hours (shop, hour_ms, scenario, experiment, arm, metric, value) values " + strings.Join(rows, ", "),
		fmt.Sprintf("insert into anomalies (shop, series, opened_ms, hours, observed, expected, spreads) values "+
			"('default', 'click_rate:%s', %d, 168, .042, .05, -5.5)",
			wellKnown, opened),
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// wellKnown is the placement with figures of ten weeks.
const wellKnown = "cart.complementary"

// api returns a client of the operations that have no typed client.
func (d *webDemo) api() *httpclient.Client {
	return httpclient.New(httpclient.Options{BaseURL: d.url("")})
}

// paths are the pages with what tells that they are there.
func (d *webDemo) paths(t *testing.T) []struct{ name, path, ready string } {
	t.Helper()
	models, err := d.clients.similarity.Models(t.Context(), "")
	if err != nil || len(models) == 0 {
		t.Fatalf("there are %d models, %v", len(models), err)
	}
	return []struct{ name, path, ready string }{
		{"overview", "/console/", "svg.chart"}, {"anomalies", "/console/anomalies", "svg.chart .band"},
		{"series", "/console/anomalies/series?series=click_rate:" + wellKnown, "svg.chart .band"},
		{"try", "/console/try?scenario=home.for_you&user=17850&missing=22423", ".products"},
		{"placements", "/console/placements", "table"}, {"placement", "/console/placements/home.for_you", "form"},
		{"rules", "/console/rules", "table"}, {"rule", "/console/rules/edit?rule=hearts", ".products"},
		{"new-rule", "/console/rules/edit", "form"},
		{"catalogue", "/console/catalogue?q=heart", "table"}, {"item", "/console/catalogue/item?id=85123A", "table"},
		{"why", "/console/catalogue/item?id=85123A&other=21733", "#pair"},
		{"quality", "/console/catalogue/quality", ".card"}, {"visitors", "/console/visitors", "table"},
		{"visitor", "/console/visitors/visitor?user=17850", "table"},
		{"erase", "/console/visitors/erase?user=14606", "form"}, {"health", "/console/health", "svg.chart"},
		{"debugger", "/console/debugger?paused=yes", "table"},
		{"models", "/console/models", "table"}, {"model", "/console/models/" + models[0].Version, "table"},
		{"report", "/console/models/" + models[0].Version + "/report", "figure img"}, {"jobs", "/console/jobs", "table"},
		{"job", "/console/jobs/" + models[0].JobID, "table"},
		{"schedules", "/console/schedules", "table"},
		{"experiments", "/console/experiments?rate=2&effect=10&visitors=5000&arms=2", "table"},
		{"experiment", "/console/experiments/try-best", "table"}, {"new-experiment", "/console/experiments/new", "form"},
		{"rollouts", "/console/rollouts", "table"},
		{"rollout", "/console/rollouts/new-home", "form"}, {"imports", "/console/imports", "form"}, {"keys", "/console/keys", ".card"},
		{"audit", "/console/audit", "table"},
		{"settings", "/console/settings", "table"},
	}
}

func (d *webDemo) everyPage(t *testing.T, name string, width int64) {
	ctx, wrong := d.tab(t, width)
	for _, p := range d.paths(t) {
		d.look(t, ctx, wrong, p.path, "main "+p.ready)
		picture(t, ctx, "console-"+p.name+"-"+name)
	}
}

func (d *webDemo) darkPages(t *testing.T) {
	ctx, wrong := d.tab(t, wide)
	if err := chromedp.Run(ctx, dark()); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.paths(t) {
		switch p.name {
		case "overview", "anomalies", "series", "try", "rule", "health", "experiment", "imports":
			d.look(t, ctx, wrong, p.path, "main "+p.ready)
			picture(t, ctx, "console-"+p.name+"-dark")
		}
	}
}
