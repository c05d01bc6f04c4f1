package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// lookPrometheus leaves a test out where there is no Prometheus.
func lookPrometheus(t *testing.T) {
	t.Helper()
	installed(t, "prometheus", "prometheus")
	installed(t, "promtool", "prometheus")
}

// TestAlertsFireWhenTheyShould has promtool play the series of rules_test.yaml against the rules, and holds that each alert is in it.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	lookPrometheus(t)
	tests := readFile(t, "../../deploy/prometheus/rules_test.yaml")
	for _, r := range alerts(t) {
		if !strings.Contains(tests, "alertname: "+r.Alert+"\n") {
			t.Errorf("%s is not tested", r.Alert)
		}
	}
	cmd := exec.Command("promtool", "test", "rules", "rules_test.yaml")
	cmd.Dir = "../../deploy/prometheus"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// TestEachAlertHasItsRunbook follows the links of the alerts into docs/operations.md.
func TestEachAlertHasItsRunbook(t *testing.T) {
	t.Parallel()
	page := readFile(t, "../../docs/operations.md")
	for _, r := range alerts(t) {
		_, anchor, _ := strings.Cut(r.Annotations["runbook_url"], "/docs/operations#")
		if anchor != strings.ToLower(r.Alert) || !strings.Contains(page, "\n### "+r.Alert+"\n") {
			t.Errorf("the runbook of %s is %q, and docs/operations.md needs a section of its name", r.Alert, r.Annotations["runbook_url"])
		}
		if r.Annotations["summary"] == "" || !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s lacks a summary or a severity", r.Alert)
		}
	}
}

// rule is an alert or a recording rule.
type rule struct {
	Alert, Record, Expr string
	Labels, Annotations map[string]string
}

func rules(t *testing.T) (all []rule) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal([]byte(readFile(t, "../../deploy/prometheus/rules.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

func alerts(t *testing.T) []rule {
	t.Helper()
	return slices.DeleteFunc(rules(t), func(r rule) bool { return r.Alert == "" })
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEachQueryReturnsSomething runs every query of every panel and recording rule against a Prometheus that scrapes the services and a
// gateway at work, and asks it for every metric that an alert is made of.
func TestEachQueryReturnsSomething(t *testing.T) {
	t.Parallel()
	lookPrometheus(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := startWatched(t)
	server := startPrometheus(t, w)
	useAll(t, ctx, w.shop())
	eventually(t, ctx, "a scrape", func() error { return returns(ctx, server, "aisle_jobs_total") })
	recompute(t, ctx, w.shop()) // one more, which the scrapes see as an increase
	waiting := queries(t)
	for _, r := range alerts(t) {
		for _, name := range metricName.FindAllString(r.Expr, -1) {
			waiting["the metric "+name+" of the alert "+r.Alert] = name
		}
	}
	if len(waiting) < 60 {
		t.Fatalf("only %d queries were found", len(waiting))
	}
	t.Cleanup(func() {
		for what, expr := range waiting {
			t.Logf("%s: nothing comes of %s", what, expr)
		}
	})
	eventually(t, ctx, "queries that return something", func() error {
		// rates need figures that move while they are looked at
		_, err := w.shop().recommender.Recommend(ctx, recommenderapi.Request{Scenario: "home.for_you", UserID: "visitor-1"})
		_, posted := w.shop().profile.PostEvents(ctx, did("view_item", "lamp-1", 1, .01))
		if err = errors.Join(err, posted); err != nil {
			return err
		}
		for what, expr := range waiting {
			if err = returns(ctx, server, expr); err == nil {
				delete(waiting, what)
			}
		}
		if len(waiting) > 0 {
			err = fmt.Errorf("%d return nothing", len(waiting))
		}
		return err
	})
}

var metricName = regexp.MustCompile(`\baisle[_:][a-z0-9_:]+|\bup\b`)

// queries are the queries of dashboards and recording rules by where they stand.
func queries(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, err := filepath.Glob("../../deploy/grafana/dashboards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var board struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal([]byte(readFile(t, file)), &board); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range board.Panels {
			for n, target := range p.Targets {
				found[fmt.Sprintf("%s, %q, query %d", filepath.Base(file), p.Title, n+1)] = strings.ReplaceAll(
					target.Expr, "$__rate_interval", "1m",
				)
			}
		}
	}
	for _, r := range rules(t) {
		if r.Record != "" {
			found["the recording rule "+r.Record] = r.Record
		}
	}
	return found
}

// startPrometheus runs a Prometheus that scrapes programs once a second, with the rules, and returns its address.
func startPrometheus(t *testing.T, programs watched) string {
	t.Helper()
	dir := t.TempDir()
	var targets []string
	for _, p := range programs {
		targets = append(targets, p.admin(t))
	}
	absolute, err := filepath.Abs("../../deploy/prometheus/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\n"+
		"scrape_configs:\n- job_name: aisle\n  static_configs: [{targets: [%s]}]\n", absolute, strings.Join(targets, ", "))
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String() // Prometheus does not say which port it got
	l.Close()
	cmd := exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Prometheus said:\n%s", &said)
		}
	})
	return "http://" + address
}

// returns reports why a query returns no number.
func returns(ctx context.Context, server, expr string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	for _, series := range answer.Data.Result {
		if series.Value[1] != "NaN" {
			return nil
		}
	}
	return fmt.Errorf("%s returns %v %s", expr, answer.Data.Result, answer.Error)
}
