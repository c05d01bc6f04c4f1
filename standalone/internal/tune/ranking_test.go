package tune

import (
	"cmp"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	godiff "github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

var update = flag.Bool("update", false, "write what TestRanking sees into "+rankingFile)

const (
	rankingFile = "testdata/ranking.golden"
	// shownVisitors are written out with shownItems each; the figures are about up to rankingQuestions.
	shownVisitors    = 2
	shownItems       = 6
	rankingQuestions = 80
)

// handClock stands still until it is moved on, so that everything that is made with it is made at the same time on every machine.
type handClock struct{ ms atomic.Int64 }

func (c *handClock) now() time.Time         { return time.UnixMilli(c.ms.Load()) }
func (c *handClock) moveOn(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// TestRanking has a whole Aisle learn a part of a real shop's year and writes down how every placement ranks: lists for two visitors with
// their reasons, and how well the lists of more visitors meet what they bought afterwards. A change of ranking changes the file; whoever
// makes one reads the difference and says why it is right (CONTRIBUTING.md).
func TestRanking(t *testing.T) {
	t.Parallel()
	shop := someCustomers(t)
	cut := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	split, err := shop.cut(cut, time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	clock := &handClock{}
	clock.moveOn(time.Duration(cut.UnixMilli()) * time.Millisecond)
	imported := func(stage string, done, total int) {
		if stage == "import events before the cut" && done == total {
			clock.moveOn(time.Minute) // what is popular is counted after it
		}
	}
	w, err := NewWorld(t.Context(), split, &Options{
		SearchSeconds: 4, Seed: 1, TempDir: t.TempDir(), Now: cut, Progress: imported, clock: clock.now,
	}, discard())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	clock.moveOn(time.Hour) // what was asked while models were made is old
	scenarios, err := w.Clients.Recommender.Scenarios(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(scenarios, func(a, b api.Scenario) int { return cmp.Compare(a.ScenarioID, b.ScenarioID) })
	r := &ranking{world: w, titles: map[string]string{}}
	for n := range split.Items {
		r.titles[split.Items[n].ItemID] = split.Items[n].Title
	}
	r.models(t)
	visitors := people(split)
	for n := range scenarios {
		if s := &scenarios[n]; len(s.Sources) > 0 && !strings.HasPrefix(s.ScenarioID, trialID) {
			r.placement(t, s, ask(split, visitors, s, rankingQuestions, 1))
		}
	}
	compareGolden(t, rankingFile, r.text.String())
}

// someCustomers is the delivered data set with a third of its customers, and orders without one left out.
func someCustomers(t *testing.T) *Shop {
	t.Helper()
	shop, err := fromOnlineRetail(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	shop.Events = slices.DeleteFunc(shop.Events, func(e profileapi.Event) bool {
		h := fnv.New32a()
		h.Write([]byte(e.UserID))
		return e.UserID == "" || h.Sum32()%3 > 0
	})
	return shop
}

// compareGolden compares a text with a file byte by byte; with -update it writes the file.
func compareGolden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := godiff.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("the ranking is another than that of %s; if it is meant to be, run the test with -update:\n%s", file, diff)
	}
}

// ranking writes down the lists of placements.
type ranking struct {
	world  *World
	titles map[string]string
	text   strings.Builder
}

// models writes which models serve.
func (r *ranking) models(t *testing.T) {
	t.Helper()
	live, err := r.world.Clients.Similarity.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, relation := range slices.Sorted(maps.Keys(live.Live)) {
		m, err := r.world.Clients.Similarity.Model(t.Context(), live.Live[relation])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&r.text, "%s: %s", relation, m.Algorithm)
		for _, name := range slices.Sorted(maps.Keys(m.Parameters)) {
			fmt.Fprintf(&r.text, ", %s %v", name, m.Parameters[name])
		}
		r.text.WriteByte('\n')
	}
	r.text.WriteByte('\n')
}

// placement writes the figures of a scenario over its questions, and the lists of the first of them.
func (r *ranking) placement(t *testing.T, s *api.Scenario, questions []Question) {
	t.Helper()
	all := make([]Figures, len(questions))
	answers := make([]api.Answer, len(questions))
	for n := range questions {
		a, err := r.world.Ask(t.Context(), request(s, &questions[n]))
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]string, len(a.Items))
		for k := range a.Items {
			ids[k] = a.Items[k].ItemID
		}
		all[n], answers[n] = score(ids, questions[n].Targets), a
	}
	m := mean(all)
	fmt.Fprintf(&r.text, "%s, asked as %s by %d visitors: recall@20 %s, NDCG@20 %s, hit rate %s\n", s.ScenarioID, kindOf(s),
		len(questions), digits(m.Recall), digits(m.NDCG), digits(m.HR))
	for n := range min(shownVisitors, len(questions)) {
		r.list(&questions[n].Request, &answers[n])
	}
	r.text.WriteByte('\n')
}

// request asks a scenario a question as a page would, but for what makes two answers differ: rotation, and exploration by test.
func request(s *api.Scenario, q *Question) api.Request {
	r := q.Request
	r.Scenario, r.Limit, r.Explain, r.DeadlineMS, r.Test = s.ScenarioID, K, "reasons", deadlineMS, true
	return r
}

func (r *ranking) list(q *api.Request, a *api.Answer) {
	fmt.Fprintf(&r.text, "  %s", cmp.Or(q.UserID, q.SessionID))
	r.named(" on the page of ", q.ContextItems)
	r.named(" with in the cart ", q.Cart)
	var did []string
	for n := range q.Events {
		did = append(did, q.Events[n].ItemID)
	}
	r.named(" after ", did)
	r.text.WriteByte('\n')
	for n := range a.Items[:min(shownItems, len(a.Items))] {
		item := &a.Items[n]
		fmt.Fprintf(&r.text, "    %s  %s (%s)", digits(item.Score), r.titles[item.ItemID], item.Tier)
		for _, why := range item.Reasons {
			fmt.Fprintf(&r.text, "; %s", why.Code)
			if about := cmp.Or(why.Title, why.Value); about != "" {
				fmt.Fprintf(&r.text, ": %s", about)
			}
		}
		r.text.WriteByte('\n')
	}
}

// named writes the titles of up to three items.
func (r *ranking) named(what string, ids []string) {
	for n, id := range ids[:min(3, len(ids))] {
		if n > 0 {
			what = " | "
		}
		r.text.WriteString(what + r.titles[id])
	}
	if len(ids) > 3 {
		fmt.Fprintf(&r.text, " and %d more", len(ids)-3)
	}
}

// digits rounds to three places. The thousandth of a place keeps sums that end in a 5 from going either way by their last bit.
func digits(x float64) string { return fmt.Sprintf("%.3f", math.Floor(x*1000+.501)/1000) }
