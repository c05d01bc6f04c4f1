package figures

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

var errAway = errors.New("the database is away")

// ledger is a store that adds up what it was given, and fails when it is told to.
type ledger struct {
	*store.Store
	fails   func() bool
	total   store.Counts
	largest int // rows of one transaction
}

func (l *ledger) AddCounts(ctx context.Context, c store.Counts, p *store.Position) error {
	if l.fails() {
		return errAway
	}
	l.largest = max(l.largest, len(c.Hours)+len(c.Items)+len(c.Visitors))
	for k, v := range c.Hours {
		l.total.Hours[k] += v
	}
	for k, v := range c.Items {
		l.total.Items[k] += v
	}
	for k, v := range c.Visitors {
		addVisitor(l.total, k, v)
	}
	return l.Store.AddCounts(ctx, c, p)
}

func addVisitor(c store.Counts, k store.VisitorKey, v store.VisitorCount) {
	sum := c.Visitors[k]
	if sum.FirstMs == 0 {
		sum.FirstMs = v.FirstMs
	}
	sum.Impressions += v.Impressions
	c.Visitors[k] = sum
}

func newLedger(t testing.TB, fails func() bool) *ledger {
	t.Helper()
	s, err := store.Open(t.Context(), testenv.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &ledger{Store: s, fails: fails, total: newCounts()}
}

// plainly is Answered without any thought of speed: the oracle.
func plainly(c store.Counts, now time.Time, shop string, d *decision.Decision, a *api.Answer) {
	if d.Request.Consent != nil && d.Request.Consent.Analytics != nil && !*d.Request.Consent.Analytics {
		return
	}
	key := store.HourKey{Shop: shop, Scenario: d.Scenario, Experiment: d.Experiment, Arm: d.Arm, HourMs: hourOf(d.At)}
	add := func(metric string, v float64) {
		key.Metric = metric
		c.Hours[key] += v
	}
	add(Requests, 1)
	add(LatencyMS, float64(now.Sub(d.At).Microseconds())/1000)
	add(Impressions, float64(len(a.Items)))
	if len(a.Items) == 0 {
		add(Empty, 1)
	}
	if len(a.Degraded) > 0 {
		add(Degraded, 1)
	}
	for n := range a.Items {
		add(tierPrefix+a.Items[n].Tier, 1)
		c.Items[store.ItemKey{Shop: shop, Scenario: d.Scenario, ItemID: a.Items[n].ItemID, DayMs: dayOf(d.At)}]++
	}
	for _, it := range d.Items {
		for _, rule := range it.Rules {
			add(ruleMetric(rule, Impressions), 1)
		}
	}
	if visitor := decision.VisitorID(d.Request.UserID, d.Request.SessionID); d.Experiment != "" && visitor != "" {
		k := store.VisitorKey{Shop: shop, Experiment: d.Experiment, Arm: d.Arm, Visitor: visitor}
		addVisitor(c, k, store.VisitorCount{FirstMs: d.At.UnixMilli(), Impressions: int64(len(a.Items))})
	}
}

// drawAnswer draws an answer of a few shops, scenarios, arms, hours and visitors.
func drawAnswer(t *rapid.T, start time.Time, items int) (string, *decision.Decision, *api.Answer) {
	d := &decision.Decision{
		At:         start.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "hour")) * time.Hour),
		Scenario:   rapid.SampledFrom([]string{"home", "cart"}).Draw(t, "scenario"),
		Experiment: rapid.SampledFrom([]string{"", "x"}).Draw(t, "experiment"),
		Arm:        rapid.SampledFrom([]string{"a", "b"}).Draw(t, "arm"),
		Request:    api.Request{UserID: rapid.SampledFrom([]string{"", "u", "w"}).Draw(t, "user")},
	}
	if analytics := rapid.SampledFrom([]string{"", "granted", "denied"}).Draw(t, "analytics"); analytics != "" {
		granted := analytics == "granted"
		d.Request.Consent = &profileapi.Consent{Analytics: &granted}
	}
	a := &api.Answer{Degraded: rapid.SliceOfN(rapid.Just("profile-service"), 0, 1).Draw(t, "degraded")}
	for range rapid.IntRange(0, 40).Draw(t, "items") {
		a.Items = append(a.Items, api.RecommendedItem{
			ItemID: fmt.Sprint("item", rapid.IntRange(0, items).Draw(t, "item")),
			Tier:   rapid.SampledFrom([]string{"personal", "popular", "newest"}).Draw(t, "tier"),
		})
	}
	d.Items = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) decision.ShownItem {
		return decision.ShownItem{
			Rules: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"rule:a", "shared_rule:a"}), 0, 2, rapid.ID).Draw(t, "rules"),
		}
	}), 0, 3).Draw(t, "shown")
	return rapid.SampledFrom([]string{"north", "south"}).Draw(t, "shop"), d, a
}

func TestEveryAnswerCountsOnceThoughStoringFails(t *testing.T) {
	t.Parallel()
	l := newLedger(t, nil)
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	now := start.Add(40 * time.Hour)
	rapid.Check(t, func(t *rapid.T) {
		l.total, l.largest = newCounts(), 0
		c, want := NewCounter(l, slog.New(slog.DiscardHandler), func() time.Time { return now }), newCounts()
		l.fails = func() bool { return rapid.IntRange(0, 2).Draw(t, "fails") == 0 }
		for range rapid.IntRange(1, 30).Draw(t, "answers") {
			shop, d, a := drawAnswer(t, start, 2000)
			c.Answered(shop, d, a)
			plainly(want, now, shop, d, a)
			var err error
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				err = c.Flush(t.Context())
			case 1:
				err = c.flush(t.Context(), func(n int) int { return n / 3 })
			}
			if err != nil && !errors.Is(err, errAway) {
				t.Fatal(err)
			}
		}
		l.fails = func() bool { return false }
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, l.total, cmpopts.EquateApprox(0, 1e-6)); diff != "" { // latencies are added in another order
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		if l.largest > rowsAtOnce {
			t.Errorf("a transaction of %d rows", l.largest)
		}
		if c.items != 0 || len(c.impressions)+len(c.tallies)+len(c.visitors)+len(c.batches) != 0 {
			t.Errorf(
				"%d items of %d shelves, %d tallies, %d visitors and %d parcels are left", c.items, len(c.impressions), len(c.tallies),
				len(c.visitors), len(c.batches),
			)
		}
	})
}

func TestAnswersAreCountedWhileCountsAreStored(t *testing.T) {
	t.Parallel()
	l := newLedger(t, func() bool { return false })
	c := NewCounter(l, slog.New(slog.DiscardHandler), time.Now)
	const writers, answers, size = 4, 200, 20
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for n := range answers {
				d, a := forYou(w*answers+n, size, 3000)
				c.Answered("north", d, a)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	for under := true; under; {
		select {
		case <-done:
			under = false
		default:
		}
		if err := c.flush(t.Context(), regularQuota); err != nil {
			t.Fatal(err)
		}
	}
	c.Shadowed("north", "home.for_you", "x", "a", .25)
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	byMetric := map[string]float64{}
	for k, v := range l.total.Hours {
		byMetric[k.Metric] += v
	}
	shown := int64(0)
	for _, n := range l.total.Items {
		shown += n
	}
	if byMetric[Requests] != writers*answers || byMetric[Impressions] != writers*answers*size || shown != writers*answers*size ||
		byMetric[Overlap] != .25 {
		t.Errorf("counted %v and %d items shown", byMetric, shown)
	}
}

func TestLargeShelfIsStoredInPortions(t *testing.T) {
	t.Parallel()
	l := newLedger(t, func() bool { return false })
	c := NewCounter(l, slog.New(slog.DiscardHandler), time.Now)
	const items, perAnswer = 60_000, 100
	for n := range items / perAnswer {
		d, a := forYou(n, perAnswer, items)
		for k := range a.Items {
			a.Items[k].ItemID = fmt.Sprint(n*perAnswer + k)
		}
		c.Answered("north", d, a)
	}
	for want := items / flushesPerRound; c.items > 50_000; want = (c.items + flushesPerRound - 1) / flushesPerRound {
		before := len(l.total.Items)
		if err := c.flush(t.Context(), c.portion()); err != nil {
			t.Fatal(err)
		}
		if stored := len(l.total.Items) - before; stored != want {
			t.Fatalf("%d items stored at once, want %d", stored, want)
		}
	}
}

func TestItemsBeyondTheBoundAreNotCounted(t *testing.T) {
	t.Parallel()
	c := NewCounter(newLedger(t, func() bool { return true }), slog.New(slog.DiscardHandler), time.Now)
	const perAnswer = 1000
	for n := range waiting/perAnswer + 2 {
		d, a := forYou(n, perAnswer, 1)
		for k := range a.Items {
			a.Items[k].ItemID = fmt.Sprint(n*perAnswer + k)
		}
		c.Answered("north", d, a)
	}
	d, a := forYou(0, 1, 1)
	a.Items[0].ItemID = "0"
	c.Answered("north", d, a)
	for _, s := range c.impressions {
		if c.items != waiting || len(s.shown) != waiting || s.shown[0].n != 2 {
			t.Errorf("%d items, %d on the shelf, the first shown %d times", c.items, len(s.shown), s.shown[0].n)
		}
	}
	for _, tally := range c.tallies {
		if want := (waiting/perAnswer+2)*perAnswer + 1; tally.impressions != want {
			t.Errorf("%d impressions, want %d", tally.impressions, want)
		}
	}
	if got := c.portion()(waiting); got != waiting/flushesWhenFull {
		t.Errorf("%d items would be stored at once, want %d", got, waiting/flushesWhenFull)
	}
}

// forYou is an answer with items of a catalogue of a given size, some far more frequent than others.
func forYou(n, items, catalogue int) (*decision.Decision, *api.Answer) {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	d := &decision.Decision{At: time.Now(), Scenario: "home.for_you", Request: api.Request{UserID: fmt.Sprintf("user-%d", n)}}
	a := &api.Answer{}
	for range items {
		f := r.Float64()
		a.Items = append(a.Items, api.RecommendedItem{
			ItemID: fmt.Sprintf("item-%06d", int(f*f*float64(catalogue))*7919%catalogue), Tier: "personal",
		})
	}
	return d, a
}

// BenchmarkAnswered counts answers of 20 of 100,000 items, most of which wait already.
func BenchmarkAnswered(b *testing.B) {
	const answers = 5000
	c := NewCounter(newLedger(b, func() bool { return false }).Store, slog.New(slog.DiscardHandler), time.Now)
	decisions, list := make([]*decision.Decision, answers), make([]*api.Answer, answers)
	for n := range list {
		decisions[n], list[n] = forYou(n, 20, 100_000)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		c.Answered("north", decisions[n], list[n])
		if n++; n == answers {
			n = 0
		}
	}
}

// timed is a store that notes how long each transaction took.
type timed struct {
	*store.Store
	took []time.Duration
	rows int
}

func (s *timed) AddCounts(ctx context.Context, c store.Counts, p *store.Position) error {
	start := time.Now()
	err := s.Store.AddCounts(ctx, c, p)
	s.took = append(s.took, time.Since(start))
	s.rows += len(c.Hours) + len(c.Items) + len(c.Visitors)
	return err
}

// BenchmarkFlush stores what five seconds with 500 answers each count, again and again, for a catalogue of 100,000 items.
func BenchmarkFlush(b *testing.B) {
	const answers = 2500
	s := &timed{Store: newLedger(b, nil).Store}
	c := NewCounter(s, slog.New(slog.DiscardHandler), time.Now)
	n, flushing := 0, time.Duration(0)
	for b.Loop() {
		for range answers {
			d, a := forYou(n, 20, 100_000)
			c.Answered("north", d, a)
			n++
		}
		start := time.Now()
		if err := c.flush(b.Context(), c.portion()); err != nil {
			b.Fatal(err)
		}
		flushing += time.Since(start)
	}
	slices.Sort(s.took)
	b.ReportMetric(float64(s.took[len(s.took)/2].Microseconds()), "µs/transaction")
	b.ReportMetric(float64(s.took[len(s.took)-1].Microseconds()), "longest-µs")
	b.ReportMetric(float64(flushing.Microseconds())/float64(n), "µs/answer")
	b.ReportMetric(float64(s.rows)/float64(n), "rows/answer")
}
