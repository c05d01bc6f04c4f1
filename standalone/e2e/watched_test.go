package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// watched are the three services and a gateway with their admin ports, by the letter that docs/metrics.md has for each.
type watched map[string]*program

// startWatched runs them on Postgres and Redis.
func startWatched(t *testing.T) watched {
	t.Helper()
	d := startBehindGatewayOn(t, slices.Concat(threeSettings(""), ownDatabases(t), []string{
		"AISLE_ADMIN_LISTEN=127.0.0.1:0", "AISLE_REDIS_URL=" + testenv.Redis(t), "AISLE_BLOB_URL=file://" + t.TempDir(),
		"AISLE_SEARCH_SECONDS=1",
	}))
	return watched{"G": d.programs[0], "R": d.programs[1], "S": d.programs[2], "P": d.programs[3]}
}

// shop is a client of the whole.
func (w watched) shop() clients { return connectTo(w["G"], "") }

// adminAddress finds the address of the admin port in the line that a program logs when it serves.
var adminAddress = regexp.MustCompile(`(?:admin=|"admin":")(127\.0\.0\.1:[0-9]+)`)

func (p *program) admin(t testing.TB) string {
	t.Helper()
	found := adminAddress.FindStringSubmatch(p.output())
	if found == nil {
		t.Fatalf("the program does not say where its admin port is:\n%s", p.output())
	}
	return found[1]
}

// useAll does a little of everything that metrics count: events of several verdicts, items, answers, searches, a recompute.
func useAll(t *testing.T, ctx context.Context, c clients) {
	t.Helper()
	var items []profileapi.Item
	for n := range 30 {
		price := float64(n + 1)
		items = append(items, profileapi.Item{
			ItemID: fmt.Sprintf("lamp-%d", n), Title: fmt.Sprintf("Lamp %d", n), Price: &price, CategoryPath: []string{"Lamps"},
		})
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	var events []profileapi.Event
	for visitor := range 40 {
		for n := range 4 {
			at := time.Now().Add(-time.Duration(visitor*60+10-n) * time.Minute)
			events = append(events, profileapi.Event{
				Type: "view_item", UserID: fmt.Sprintf("visitor-%d", visitor), ItemID: fmt.Sprintf("lamp-%d", (visitor+n)%30),
				OccurredAt: wire.TimeOf(at), EventID: fmt.Sprintf("watched-%d-%d", visitor, n),
			})
		}
	}
	for range 2 { // the second time they are duplicates
		if _, err := c.profile.PostEvents(ctx, append(events, profileapi.Event{Type: "dance", UserID: "visitor-1"})); err != nil {
			t.Fatal(err)
		}
	}
	recompute(t, ctx, c)
	answer(t, ctx, c)
}

// answer asks for recommendations until they are whole.
func answer(t *testing.T, ctx context.Context, c clients) {
	t.Helper()
	for _, scenario := range []string{"home.for_you", "home.trending", "product_detail.similar"} {
		eventually(t, ctx, scenario, func() error {
			a, err := c.recommender.Recommend(ctx, recommenderapi.Request{
				Scenario: scenario, UserID: "visitor-1", SessionID: "s-1", ContextItems: []string{"lamp-1"}, Limit: 5, DeadlineMS: 5000,
			})
			if err == nil && len(a.Items) == 0 {
				err = fmt.Errorf("it is empty, degraded %v", a.Degraded)
			}
			return err
		})
	}
}

// scraped are the metrics of a program by name.
func scraped(t *testing.T, p *program) map[string]*dto.MetricFamily {
	t.Helper()
	resp, err := http.Get("http://" + p.admin(t) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// metricRow is a row of docs/metrics.md.
type metricRow struct {
	kind   string
	labels string // in order, with commas
	of     string // letters of the programs
}

var metricLine = regexp.MustCompile("(?m)^\\| `(aisle_[a-z_]+)` \\| (\\w+) \\|([^|]*)\\| ([PSRG ]+) \\| [^|]{10,} \\|$")

func metricsPage(t *testing.T) map[string]metricRow {
	t.Helper()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]metricRow{}
	for _, m := range metricLine.FindAllStringSubmatch(string(text), -1) {
		labels := strings.FieldsFunc(m[3], func(r rune) bool { return strings.ContainsRune("`, ", r) })
		slices.Sort(labels)
		rows[m[1]] = metricRow{m[2], strings.Join(labels, ","), strings.ReplaceAll(m[4], " ", "")}
	}
	if n := strings.Count(string(text), "| `aisle_"); len(rows) == 0 || n != len(rows) {
		t.Fatalf("%d of %d rows of the page can be read", len(rows), n)
	}
	return rows
}

// rowOf is what the page should say of a metric.
func rowOf(f *dto.MetricFamily, of string) metricRow {
	var labels []string
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			labels = append(labels, l.GetName())
		}
	}
	slices.Sort(labels)
	return metricRow{strings.ToLower(f.GetType().String()), strings.Join(slices.Compact(labels), ","), of}
}

// TestThePageOfMetricsIsWhatProgramsHave compares docs/metrics.md with scrapes of running programs, both ways.
func TestThePageOfMetricsIsWhatProgramsHave(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := startWatched(t)
	useAll(t, ctx, w.shop())
	rows := metricsPage(t)
	found := map[string]metricRow{}
	for _, letter := range []string{"P", "S", "R", "G"} {
		for name, family := range scraped(t, w[letter]) {
			if strings.HasPrefix(name, "aisle_") {
				found[name] = rowOf(family, found[name].of+letter)
			}
		}
	}
	for name, row := range found {
		if rows[name] != row {
			t.Errorf("%s is %+v, the page says %+v", name, row, rows[name])
		}
	}
	for name := range rows {
		if _, ok := found[name]; !ok {
			t.Errorf("the page has %s, which no program has", name)
		}
	}

	one := startStandaloneWatched(t)
	useAll(t, ctx, connectTo(one, ""))
	for name, family := range scraped(t, one) {
		if row := rowOf(family, ""); strings.HasPrefix(name, "aisle_") && rows[name].kind+rows[name].labels != row.kind+row.labels {
			t.Errorf("%s of the one binary is %+v, the page says %+v", name, row, rows[name])
		}
	}
}

func startStandaloneWatched(t *testing.T) *program {
	t.Helper()
	return start(t, nil, "aisle", "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
		"--search-seconds", "1")
}
