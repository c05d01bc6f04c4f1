package serving

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
)

// BenchmarkStartAtAMillionItems reports how soon a replica answers with the whole snapshot and with its head and Redis, what it then holds,
// and how soon lists come when Redis is lost. Run it once, on a machine that does nothing else: -benchtime 1x.
func BenchmarkStartAtAMillionItems(t *testing.B) {
	folder, db, redisURL := t.TempDir(), storetest.SQLite(t)(t), testenv.Redis(t)
	bucket, err := blob.Open(t.Context(), "file://"+folder)
	if err != nil {
		t.Fatal(err)
	}
	func() { // so that what makes the model is garbage afterwards
		first, content := cached(t, bucket, db, redisURL), listed(1_000_000, 50)
		m, err := first.Store(t.Context(), shop, New{
			Model:   similarityapi.Model{Relation: "similar", JobID: "-one", State: StateReady},
			Content: content, TrainOnly: &snapshot.Content{},
		})
		if err != nil {
			t.Fatal(err)
		}
		publish(t, first, m.Version)
	}()
	for _, way := range []string{"whole", "head"} {
		before := heap()
		r := cached(t, bucket, db, redisURL)
		if way == "whole" {
			r.wary.Store(shop+"/"+first(t, r), true)
		}
		began := time.Now()
		if err := r.Start(t.Context(), []string{shop}); err != nil {
			t.Fatal(err)
		}
		rowsOf(t, r, 1, 2, 3)
		answered := time.Since(began)
		held := heap() - before
		untilWhole(t, r)
		complete := time.Since(began)
		r.rows = nil // as if Redis were lost
		lost := time.Now()
		rowsOf(t, r, slices.Collect(func(yield func(int32) bool) {
			for i := range int32(20) {
				if !yield(i * 49_999) {
					return
				}
			}
		})...)
		t.ReportMetric(answered.Seconds(), way+"-first-answer-s")
		t.ReportMetric(float64(held>>20), way+"-MB")
		t.ReportMetric(complete.Seconds(), way+"-complete-s")
		t.ReportMetric(float64(time.Since(lost).Microseconds())/1000, way+"-20-lists-without-redis-ms")
	}
}

// first is the version that is live.
func first(t testing.TB, r *Registry) string {
	t.Helper()
	live, err := r.store.Live(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	return live.Relations["similar"].Version
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
