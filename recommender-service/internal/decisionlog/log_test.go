package decisionlog

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/segmentio/encoding/json"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// watched is a store that says how many decisions each call brought.
type watched struct {
	*store.Store
	batches chan int
}

func (w watched) AddDecisions(ctx context.Context, list []store.Decision) error {
	err := w.Store.AddDecisions(ctx, list)
	w.batches <- len(list)
	return err
}

func open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), testenv.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newLog(s Store) *Log {
	return New(s, Options{Sample: 1, Logger: slog.New(slog.DiscardHandler)}, prometheus.NewRegistry())
}

// run runs a log until the test ends.
func run(t testing.TB, l *Log) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

// forYou is a decision such as home.for_you makes.
func forYou(n int) *decision.Decision {
	at := time.Date(2026, 5, 4, 3, 2, 1, 987_000_000, time.UTC).Add(time.Duration(n) * time.Millisecond)
	diversity := .3
	return &decision.Decision{
		ID: fmt.Sprintf("AQGE%012x%060d", n, n*7919), At: at, Scenario: "home.for_you", ScenarioVersion: 3,
		Request: api.Request{
			Scenario: "home.for_you", UserID: fmt.Sprintf("user-%d", n%5000), Limit: 20, Diversity: &diversity,
			Fields: []string{"title", "price"},
		},
		ProfileAsOf: at, Watermark: int64(n),
		Models: map[string]string{
			"similar": "similar-20260504T030201-1", "together": "together-20260504T030201-1", "next": "next-20260504T030201-1",
			"popular": "p-1",
		},
		Popular: []decision.PopularInput{{Window: "7d", AsOfMs: at.UnixMilli()}}, CatalogueEpoch: "5f1d0c9ae2b7", CatalogueSeq: 100_000,
		Digest: "9f86d081884c7d659a2feaa0c55ad015",
	}
}

func TestDecisionsAreFoundFromTheAnswerOn(t *testing.T) {
	t.Parallel()
	l := newLog(open(t))
	d := forYou(1)
	find := func(when string) {
		t.Helper()
		got, err := l.Find(t.Context(), "north", d.ID)
		if diff := cmp.Diff(d, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", when, err, diff)
		}
		if _, err := l.Find(t.Context(), "south", d.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s another shop finds it: %v", when, err)
		}
	}
	l.Add("north", d)
	find("while it waits")
	stop := run(t, l)
	l.Flush(t.Context())
	if len(l.waiting) != 0 {
		t.Errorf("%d decisions wait behind a flush", len(l.waiting))
	}
	find("once it is stored")
	d = forYou(2)
	l.Add("north", d)
	stop()
	find("after the end")
}

func TestFullBatchIsStoredAtOnce(t *testing.T) {
	t.Parallel()
	w := watched{open(t), make(chan int, 10)}
	l := newLog(w)
	for n := range batchLength + 1 {
		l.Add("north", forYou(n))
	}
	run(t, l)
	for _, want := range []int{batchLength, 1} {
		if got := <-w.batches; got != want {
			t.Errorf("%d decisions stored at once, want %d", got, want)
		}
	}
}

func TestFullQueueDropsAndCounts(t *testing.T) {
	t.Parallel()
	l := newLog(open(t))
	for n := range queueLength + 3 {
		l.Add("north", forYou(n))
	}
	if got := testutil.ToFloat64(l.dropped); got != 3 {
		t.Errorf("%g were dropped, want 3", got)
	}
	_, errKept := l.Find(t.Context(), "north", forYou(queueLength-1).ID)
	_, errDropped := l.Find(t.Context(), "north", forYou(queueLength).ID)
	if errKept != nil || !errors.Is(errDropped, store.ErrNotFound) {
		t.Errorf("kept: %v, dropped: %v", errKept, errDropped)
	}
}

func TestStoreThatFailsIsSaid(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := newLog(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	l.Add("north", forYou(1))
	run(t, l)
	l.Flush(t.Context())
	if !l.Failing() || testutil.ToFloat64(l.dropped) != 1 || len(l.waiting) != 0 {
		t.Errorf("failing %v, %g dropped, %d wait", l.Failing(), testutil.ToFloat64(l.dropped), len(l.waiting))
	}
}

func TestSampleIsDrawnByTheHashOfTheID(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		share, id := rapid.Float64Range(0, 1).Draw(t, "share"), rapid.String().Draw(t, "id")
		h := fnv.New64a()
		h.Write([]byte(id))
		l := &Log{options: Options{Sample: share}}
		if got, want := l.sampled(id), float64(h.Sum64()) < share*math.MaxUint64; got != want {
			t.Errorf("sampled %v, want %v", got, want)
		}
	})
}

// TestBodyIsTheJSONOfTheStandardLibrary keeps what was stored earlier, and what other readers know, readable.
func TestBodyIsTheJSONOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune{'<', '&', '"', '\\', '\n', '\u2028', '\ufffd', 0})))
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Float64().Draw(t, "number")
		granted := rapid.Bool().Draw(t, "granted")
		at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "ms")).UTC()
		d := forYou(rapid.IntRange(0, 1e6).Draw(t, "n"))
		d.Request.UserID, d.Experiment, d.ProfileAsOf = text.Draw(t, "user"), text.Draw(t, "experiment"), time.Time{}
		d.Request.Consent = &profileapi.Consent{Analytics: &granted}
		d.Request.Events = []profileapi.Event{{Type: "view_item", ItemID: text.Draw(t, "item"), OccurredAt: wire.TimeOf(at)}}
		d.Request.Filter = &api.Condition{All: []api.Condition{
			{Field: "price", Op: "lt", Value: number},
			{Not: &api.Condition{Field: "brand", Op: "in", Value: []any{text.Draw(t, "brand"), true, nil}}},
		}}
		d.Models = rapid.MapOf(text, text).Draw(t, "models")
		d.Degraded = rapid.SliceOf(text).Draw(t, "degraded")
		got, err := json.Marshal(d)
		want, stdErr := stdjson.Marshal(d)
		if err != nil || stdErr != nil || string(got) != string(want) {
			t.Fatalf("%v %v\n got %s\nwant %s", err, stdErr, got, want)
		}
		again, stdAgain := &decision.Decision{}, &decision.Decision{}
		if err := errors.Join(json.Unmarshal(want, again), stdjson.Unmarshal(want, stdAgain)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(stdAgain, again); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	l := newLog(open(b))
	list := make([]*decision.Decision, queueLength)
	for n := range list {
		list[n] = forYou(n)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		l.Add("north", list[n])
		if n++; n == len(list) {
			b.StopTimer()
			for len(l.queue) > 0 {
				<-l.queue
			}
			clear(l.waiting)
			n = 0
			b.StartTimer()
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWrite marshals and stores a full batch. The processor time of the whole process counts; that of the clock holds the disk's.
func BenchmarkWrite(b *testing.B) {
	l := newLog(open(b))
	batch := make([]entry, batchLength)
	b.ReportAllocs()
	n, start := 0, cpu()
	for b.Loop() {
		for k := range batch {
			batch[k] = entry{"north", forYou(n)}
			n++
		}
		l.write(b.Context(), batch)
	}
	b.ReportMetric(float64((cpu()-start).Nanoseconds())/1000/float64(n), "cpu-µs/decision")
}

func BenchmarkMarshal(b *testing.B) {
	d := forYou(7)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(d); err != nil {
			b.Fatal(err)
		}
	}
}

// TestOfAnAnswerBesideTheSampleItIsKnownWhatItShowed keeps an outline, which says what clicks can be about, and nothing that an answer
// could be made again from.
func TestOfAnAnswerBesideTheSampleItIsKnownWhatItShowed(t *testing.T) {
	t.Parallel()
	l := New(nil, Options{Sample: -1, Logger: slog.New(slog.DiscardHandler)}, prometheus.NewRegistry())
	d := &decision.Decision{
		ID: "r1", Scenario: "home", Experiment: "x", Arm: "b", Items: []decision.ShownItem{{Key: "mug", Tier: "personal"}}, Watermark: 7,
		Request: api.Request{UserID: "ann", ContextItems: []string{"pot"}},
	}
	l.Add("north", d)
	got, err := l.Find(t.Context(), "north", "r1")
	if err != nil || len(got.Items) != 1 || got.Items[0].Key != "mug" || got.Arm != "b" || got.Request.UserID != "ann" {
		t.Errorf("the outline is %+v, %v", got, err)
	}
	if got.Watermark != 0 || len(got.Request.ContextItems) != 0 || d.Outline {
		t.Errorf("the outline holds inputs, or the decision was changed: %+v", got)
	}
	if _, err := l.Whole(t.Context(), "north", "r1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the whole decision: %v", err)
	}
}
