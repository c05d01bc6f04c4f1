package service_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// looks are n views of different items, a second apart, that have just ended.
func looks(user string, n int) []profileapi.Event {
	events := make([]profileapi.Event, n)
	for i := range events {
		events[i] = profileapi.Event{
			Type: "view_item", UserID: user, ItemID: fmt.Sprint("i", i),
			OccurredAt: wire.TimeOf(time.Now().Add(time.Duration(i-n) * time.Second)),
		}
	}
	return events
}

// fromPage posts an event of a session with the publishable key, as a browser that calls itself agent.
func (r *running) fromPage(t *testing.T, session, agent string) {
	t.Helper()
	body, err := json.Marshal([]profileapi.Event{{Type: "view_item", SessionID: session, ItemID: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/events", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"X-API-Key": r.publishable, "User-Agent": agent, "Origin": "https://shop.example", "Content-Type": "application/json",
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
}

// robotsOf waits until a shop has so many robots, and returns the names and the first reasons.
func robotsOf(t *testing.T, s *running, n int) map[string]string {
	t.Helper()
	look, limit := time.NewTicker(100*time.Millisecond), time.After(time.Minute)
	defer look.Stop()
	for {
		page, err := s.client.Robots(t.Context(), profileapi.VerdictRobot, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) < n {
			select {
			case <-look.C: // the service looks in its own time and tells nobody
				continue
			case <-limit:
			}
		}
		found := map[string]string{}
		for _, r := range page.Items {
			found[r.UserID+r.SessionID] = r.Reasons[0].Code
		}
		return found
	}
}

func TestRobotsAreFoundAndLeftOut(t *testing.T) {
	const (
		headless = "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
		browser  = "7b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
		chrome   = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) %s/131.0.0.0 Safari/537.36"
	)
	onBoth(t, func(t *testing.T, s *running) {
		post(t, s.client, looks("scraper", 320)...)
		post(t, s.client, looks("ann", 30)...)
		s.fromPage(t, headless, fmt.Sprintf(chrome, "HeadlessChrome"))
		s.fromPage(t, browser, fmt.Sprintf(chrome, "Chrome"))
		found := robotsOf(t, s, 2)
		if len(found) != 2 || found["scraper"] != profileapi.RobotRate || found[headless] != profileapi.RobotAgent {
			t.Fatalf("found %v", found)
		}
		visitors := func() (names []string) {
			for _, line := range readAll(t, s.client, profileapi.InteractionsQuery{}) {
				if name := line.UserID + line.SessionID; !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
			return names
		}
		if got := visitors(); !slices.Equal(got, []string{"ann", browser}) {
			t.Errorf("models learn from %v", got)
		}
		marked := 0
		page, err := s.client.Events(t.Context(), profileapi.EventsQuery{Limit: 1000})
		for _, e := range page.Items {
			if e.Robot {
				marked++
			}
		}
		if err != nil || marked != 321 {
			t.Errorf("%d events are marked as a robot's, %v", marked, err)
		}

		decided, err := s.client.DecideRobot(t.Context(), profileapi.RobotDecision{UserID: "scraper", Verdict: profileapi.VerdictNoRobot})
		if err != nil || decided.Verdict != profileapi.VerdictNoRobot || decided.JudgedBy == "" || decided.JudgedBy == "detector" {
			t.Fatalf("decided %+v, %v", decided, err)
		}
		post(t, s.client, looks("scraper", 320)...) // who was said to be none becomes none
		post(t, s.client, looks("another", 320)...)
		if found := robotsOf(t, s, 2); found["another"] != profileapi.RobotRate || found["scraper"] != "" {
			t.Errorf("after a person's word found %v", found)
		}
		if got := visitors(); !slices.Contains(got, "scraper") {
			t.Errorf("models learn from %v", got)
		}
		for name, d := range map[string]profileapi.RobotDecision{
			"nobody": {UserID: "nobody", Verdict: "robot"}, "no name": {Verdict: "robot"},
			"two names":  {UserID: "a", SessionID: "b", Verdict: "robot"},
			"no verdict": {UserID: "ann"},
		} {
			if _, err := s.client.DecideRobot(t.Context(), d); err == nil {
				t.Errorf("%s: decided", name)
			}
		}
		if _, err := s.client.ForShop("south").Robots(t.Context(), "maybe", "", 10); err == nil {
			t.Error("a verdict that is none lists robots")
		}
	})
}
