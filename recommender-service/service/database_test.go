package service_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/aisle-rec/aisle/recommender-service/service"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/process"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// proxied returns a way to a real Postgres database that can be cut, and its URL.
func proxied(t *testing.T) (proxy *toxiproxy.Proxy, address string) {
	t.Helper()
	u, err := url.Parse(testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	proxy = toxiproxy.NewProxy(server, "postgres", "127.0.0.1:0", u.Host)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	u.Host = proxy.Listen
	return proxy, u.String()
}

// metric returns the value of a counter of the service.
func (r *running) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// cutDatabase tests a service whose own database is taken away by cut and given back by mend.
func cutDatabase(t *testing.T, address string, cut, mend func()) {
	w := newWorld(t)
	w.edit("north", func(s *shopData) { lamps(s, 50) })
	s := start(t, w, address)
	s.await(t, api.Request{Scenario: "home.trending"}, func(a api.Answer) bool { return len(a.Items) == 20 && len(a.Degraded) == 0 })
	sc := trending()
	sc.Rules = []api.Rule{{RuleID: "first", Action: "pin", ItemID: "i042", Position: 1}}
	s.put(t, "mine", sc)
	x := api.Experiment{Status: "running", Traffic: 1, Scenarios: []string{"mine"}, Arms: []api.ExperimentArm{{Name: "control", Share: 1}}}
	if _, err := s.call(t, http.MethodPut, "/v1/experiments/x", nil, x, nil); err != nil {
		t.Fatal(err)
	}
	asked := int64(0)
	ask := func() api.Answer {
		asked++
		a := s.recommend(t, api.Request{Scenario: "mine", UserID: "ann"})
		if len(a.Items) != 10 || a.Items[0].ItemID != "i042" || a.ScenarioVersion != 1 || a.Experiment == nil {
			t.Fatalf("the last good configuration does not serve: %+v", a)
		}
		return a
	}
	ask()

	cut()
	askUntil := func(what string, want func(degraded bool) bool) {
		t.Helper()
		deadline := time.After(time.Minute)
		for !want(slices.Contains(ask().Degraded, "recommender-database")) {
			select {
			case <-deadline:
				t.Fatalf("waited in vain until %s", what)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	askUntil("the database is named and decisions are dropped", func(degraded bool) bool {
		return degraded && s.metric(t, "aisle_decisions_dropped_total") > 0
	})
	if _, err := s.call(t, http.MethodPut, "/v1/scenarios/other", nil, sc, nil); !apierror.Is(err, http.StatusServiceUnavailable) ||
		strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("a change that cannot be stored: %v", err)
	}

	mend()
	askUntil("the database is there again", func(degraded bool) bool { return !degraded })
	s.put(t, "other", sc)
	kept := ask().RecommendationID
	replica := start(t, newWorld(t), address) // finds in the database what was decided since
	if d := poll(t, replica, "/v1/recommendations/"+kept, func(d api.Decision) bool { return true }); d.Scenario != "mine" {
		t.Errorf("the decision after the recovery is of %q", d.Scenario)
	}
	poll(t, s, "/v1/metrics/scenarios", func(m api.ScenariosMetrics) bool { // no count is lost
		n := slices.IndexFunc(m.Scenarios, func(m api.ScenarioMetrics) bool { return m.Scenario == "mine" })
		return n >= 0 && m.Scenarios[n].Requests == asked
	})
}

func TestWithoutItsDatabaseTheServiceAnswersAndRecoversByItself(t *testing.T) {
	t.Parallel()
	t.Run("connections are refused", func(t *testing.T) {
		t.Parallel()
		proxy, address := proxied(t)
		cutDatabase(t, address, proxy.Stop, func() {
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("connections hang", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("a connection that hangs is given up after half a minute")
		}
		proxy, address := proxied(t)
		cutDatabase(t, address, func() {
			if _, err := proxy.Toxics.AddToxicJson(
				strings.NewReader(`{"name": "silence", "type": "timeout", "attributes": {"timeout": 0}}`),
			); err != nil {
				t.Fatal(err)
			}
		}, func() {
			if err := proxy.Toxics.RemoveToxic(t.Context(), "silence"); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// TestAStartThatFailsSaysWhy starts on a database in which the secret that is read last is damaged.
func TestAStartThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	address := testenv.SQLite(t)
	config := service.Config{DatabaseURL: address, ProfileURL: "http://127.0.0.1:1", SimilarityURL: "http://127.0.0.1:1"}
	authenticator, err := auth.NewAuthenticator(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	begin := func() (*service.Service, error) {
		return service.New(t.Context(), config, process.Deps{
			Auth: authenticator, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
		})
	}
	s, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := database.OpenSQLite(t.Context(), address, 64)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Writer.ExecContext(t.Context(), "update meta set value = 'x' where name = 'secret:console_sessions'")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := begin(); err == nil || !strings.Contains(err.Error(), "secret:console_sessions") {
		t.Errorf("started with a damaged secret: %v", err)
	}
}
