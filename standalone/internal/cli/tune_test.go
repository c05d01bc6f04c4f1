package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/standalone/internal/app"
	"github.com/aisle-rec/aisle/standalone/internal/tune"
)

// writeVisits makes a file of events: on each of eight days every visitor looks at some of the things of one kind and buys two.
func writeVisits(t *testing.T, visitors int) string {
	t.Helper()
	var b strings.Builder
	start := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)
	for day := range 8 {
		for u := range visitors {
			at := start.AddDate(0, 0, day).Add(time.Duration(u) * time.Second)
			kind := []string{"tea", "saw"}[u%2]
			for n := range 3 {
				fmt.Fprintf(
					&b, `{"type":"view_item","user_id":"u%d","item_id":"%s%d","occurred_at":%d}`+"\n", u, kind, (u+day*3+n)%150,
					at.Add(time.Duration(n)*time.Minute).UnixMilli(),
				)
			}
			fmt.Fprintf(&b, `{"type":"purchase","user_id":"u%d","items":[{"item_id":"%s%d"},{"item_id":"%s%d"}],"occurred_at":%d}`+"\n",
				u, kind, (u+day*3)%150, kind, (u+day*3+1)%150, at.Add(time.Hour).UnixMilli())
		}
	}
	path := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tuned(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, progress bytes.Buffer
	code = Execute(t.Context(), append([]string{"tune"}, args...), &out, &progress)
	return code, out.String(), progress.String()
}

func TestTuneReportsEveryScenario(t *testing.T) {
	t.Parallel()
	code, out, progress := tuned(
		t, "home.for_you", "home.trending", "product_detail.bought_together", "--data", writeVisits(t, 240), "--format", "events",
		"--search-seconds", "1", "--questions", "220", "--json",
	)
	var r tune.Result
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, progress)
	}
	states := map[string]string{}
	for _, s := range r.Scenarios {
		states[s.ScenarioID] = s.State
		if (s.Gain != nil) != (s.State == tune.Better || s.State == tune.NoGain) || s.Gain != nil &&
			(len(s.Alone) != len(s.Present) || len(s.Trials) == 0 || s.Before.HR == 0) {
			t.Errorf("%s: %+v", s.ScenarioID, s)
		}
	}
	if states["home.for_you"] == tune.TooLittle || states["home.trending"] != tune.Untunable || len(states) != 3 {
		t.Errorf("states: %v", states)
	}
}

func TestTuneRefusesAnUnknownScenarioBeforeItLearns(t *testing.T) {
	t.Parallel()
	code, _, said := tuned(t, "home.foryou", "--data", writeVisits(t, 40), "--format", "events")
	if code == 0 || !strings.Contains(said, `there is no scenario "home.foryou": use`) || strings.Contains(said, "import") {
		t.Errorf("exit code %d: %s", code, said)
	}
}

func TestTuneSaysThatThereIsTooLittle(t *testing.T) {
	t.Parallel()
	code, out, progress := tuned(t, "home.for_you", "--data", writeVisits(t, 20), "--format", "events", "--search-seconds", "1")
	if code != 0 || !strings.Contains(out, "home.for_you stays: 20 visitors after the cut can be asked about, at least 200 are needed") {
		t.Errorf("exit code %d: %s%s", code, out, progress)
	}
}

func TestTuneRefusesWhatCannotBeMeant(t *testing.T) {
	t.Parallel()
	path := writeVisits(t, 5)
	for want, args := range map[string][]string{
		"--format":            {"--data", path},
		"want one of events":  {"--data", path, "--format", "parquet"},
		"leave out --format":  {"--data", path, "--format", "events", "--apply"},
		"--until":             {"--until", "yesterday"},
		"--questions":         {"--questions", "0"},
		"--holdout-days":      {"--holdout-days", "-1"},
		"--search-seconds":    {"--search-seconds", "0"},
		"hold out less":       {"--data", path, "--format", "events", "--holdout-days", "400"},
		`no scenario "nobody`: {"nobody", "--data", path, "--format", "events", "--search-seconds", "1"},
		"nothing answers at":  {"--server", "http://127.0.0.1:1"},
	} {
		if code, _, stderr := tuned(t, args...); code != 1 || !strings.Contains(stderr, want) ||
			strings.Count(strings.TrimSpace(stderr), "aisle: ") != 1 {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}

// serveEmpty runs an Aisle without data behind a real port until the test ends, and returns it with its address.
func serveEmpty(t *testing.T) (*app.App, string) {
	t.Helper()
	a, err := app.New(
		t.Context(), app.Config{DataDir: t.TempDir(), SearchSeconds: 1, Listen: []string{"127.0.0.1:0"}},
		slog.New(slog.NewTextHandler(io.Discard, nil)),
	)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	server := httptest.NewServer(a.Handler())
	t.Cleanup(func() {
		server.Close()
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a, server.URL
}

// serveEvents runs an Aisle with the events of a file, moved so that they end a minute ago.
func serveEvents(t *testing.T, path string) string {
	t.Helper()
	a, url := serveEmpty(t)
	shop, err := tune.Load(path, tune.FormatEvents, tune.FileOptions{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	shift := time.Now().Add(-time.Minute).Sub(shop.Events[len(shop.Events)-1].OccurredAt.Time)
	for from := 0; from < len(shop.Events); from += 1000 {
		batch := shop.Events[from:min(from+1000, len(shop.Events))]
		for n := range batch {
			batch[n].OccurredAt.Time = batch[n].OccurredAt.Add(shift)
		}
		if _, err := a.Clients().Profile.PostEvents(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	return url
}

func TestTuneAppliesWeightsToTheRunningShop(t *testing.T) {
	t.Parallel()
	url := serveEvents(t, writeVisits(t, 240))
	// What sells best drowns what the page is about, which anything better will mend.
	body := `{"limit":20,"allow_purchased":true,"sources":[{"kind":"best_sellers","weight":1},` +
		`{"kind":"context_bought_together","weight":0.001}]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+"/v1/scenarios/page.with_this", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	code, out, stderr := tuned(t, "page.with_this", "--server", url, "--search-seconds", "1", "--questions", "220", "--apply")
	if code != 0 || !strings.Contains(out,
		"page.with_this changed to version 2: best_sellers 1 → 1, context_bought_together 0.001 → ") {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
}
