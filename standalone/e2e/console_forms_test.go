package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// forms fills in what the journeys of people do not: a placement, an experiment on it that is decided, a schedule, a consent, a visitor
// who is said to be a robot and an event that is judged.
func (d *webDemo) forms(t *testing.T) {
	scenario := func() recommenderapi.Scenario {
		t.Helper()
		var s recommenderapi.Scenario
		if err := d.api().Call(t.Context(), "GET", "/v1/scenarios/home.winter", nil, nil, &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	steps(t, d, wide,
		"a new placement", chromedp.Navigate(d.url("/console/placements")), chromedp.WaitVisible("#f-id"), enter("#f-id", "home.winter"),
		enter("#f-title", "Winter"), press("Make it"),
		says(".done", "Saved"), says("h1", "Winter (home.winter)"),
		"a limit that is none", enter("#f-limit", "many"), says("#f-limit-error", "no whole number"),
		"a limit", enter("#f-limit", "4"), says("#preview", "places of the list differ"), says("#preview", "goes"),
		holds(`!document.querySelector("#f-limit-error")`),
		"another source", enter("#f-add", "newest"), holds(`!!document.querySelector("#preview .tag.good")`), press("Save"),
		says(".done", "Saved"), says("legend, label", "newest"),
	)
	if s := scenario(); s.Limit != 4 || len(s.Sources) != 2 {
		t.Errorf("the placement is %+v", s)
	}
	steps(t, d, wide,
		"a new experiment", chromedp.Navigate(d.url("/console/experiments/new")), chromedp.WaitVisible("#f-experiment_id"),
		enter("#f-experiment_id", "winter"), enter("#f-scenarios", "home.winter"),
		enter("#f-arm1_scenario", "home.trending"), enter("#f-arm0_share", "60"), press("Save"), says(".error", "sum"),
		"its shares", enter("#f-arm0_share", "50"), press("Save"), says(".done", "Saved"),
		"start", press("Start"), says("h2", "running"), says("main", "Nobody has taken part yet"),
		"decide", enter("#arm", "new"), press("Decide"), says(".done", "Decided"), says("h2", "stopped"),
	)
	if s := scenario(); len(s.Sources) != 1 || s.Sources[0].Kind != recommenderapi.SourceTrending {
		t.Errorf("after the decision the placement is filled from %+v", s.Sources)
	}
	steps(t, d, narrow,
		"a schedule that is none", chromedp.Navigate(d.url("/console/schedules")), chromedp.WaitVisible("#f-cron"),
		enter("#f-cron", "every night"), press("Make it"), says(".error, .bad", "cron"),
		"a schedule", enter("#f-cron", "15 4 * * *"), press("Make it"), says(".done", "Saved"), says("table", "15 4 * * *"),
		"an event that is judged", chromedp.Navigate(d.url("/console/debugger?paused=yes")), chromedp.WaitVisible("#f-event"),
		enter("#f-event", `{"type":"dance","user_id":"ann"}`), press("Judge it"), says("#verdict", "not a known type"),
		enter("#f-event", `{"type":"view_item","user_id":"ann","item_id":"85123A"}`), press("Judge it"), says("#verdict", "accepted"),
		"consent", chromedp.Navigate(d.url("/console/visitors/visitor?user=17841")), chromedp.WaitVisible("#personalization"),
		follow("#personalization"), press("Save consent"), says(".done", "Saved"), says("main", "No personalisation"),
		"a robot", chromedp.Navigate(d.url("/console/visitors/visitor?user=17809")), press("This is a robot"), says(".done", "Saved"),
		says("main", "left out of models"), follow("main a[href='/console/health#robots']"),
		says("#robots", "A person has said that this is a robot"),
		press("Not a robot"), says(".done", "Saved"), says("#robots", "no robot"),
	)
	answer, err := d.clients.recommender.Recommend(t.Context(), recommenderapi.Request{
		Scenario: "home.for_you", UserID: "17841", Limit: 3, Test: true,
	})
	if err != nil || len(answer.Items) == 0 || answer.Items[0].Tier == "personal" {
		t.Errorf("who said no is shown %v, %v", fmt.Sprint(answer.Items), err)
	}
}
