package store_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// perRow runs f b.N times and reports the processor time of the whole process per row, f writing rows of them.
func perRow(b *testing.B, rows int, f func(n int)) {
	b.ReportAllocs()
	start, n := cpu(), 0
	for b.Loop() {
		f(n)
		n++
	}
	b.ReportMetric(float64((cpu()-start).Nanoseconds())/1000/float64(n*rows), "cpu-µs/row")
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bothStores runs a benchmark on an SQLite file and on Postgres.
func bothStores(b *testing.B, f func(b *testing.B, s *store.Store)) {
	for name, url := range map[string]func(*testing.B) string{
		"sqlite": func(b *testing.B) string { return testenv.SQLite(b) }, "postgres": func(b *testing.B) string { return postgres(b) },
	} {
		b.Run(name, func(b *testing.B) { f(b, open(b, url(b))) })
	}
}

// BenchmarkAddDecisions stores decisions of the size of home.for_you, each of another visitor.
func BenchmarkAddDecisions(b *testing.B) {
	body := []byte(`{"recommendation_id":"` + strings.Repeat("x", 1000) + `"}`)
	bothStores(b, func(b *testing.B, s *store.Store) {
		for _, size := range []int{20, 100, 500} {
			list := make([]store.Decision, size)
			b.Run(fmt.Sprint(size), func(b *testing.B) {
				perRow(b, size, func(n int) {
					for k := range list {
						at := int64(size*1_000_000_000 + n*size + k)
						list[k] = store.Decision{
							Shop: "north", ID: fmt.Sprintf("AQGE%012x%060d", at, at*7919), AtMs: at,
							Person: fmt.Sprintf("user-%d", at*104_729%50_000), Body: body,
						}
					}
					if err := s.AddDecisions(b.Context(), list); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	})
}

// BenchmarkAddCounts adds what 300 answers with 20 of 2,000 items each count.
func BenchmarkAddCounts(b *testing.B) {
	bothStores(b, func(b *testing.B, s *store.Store) {
		c := store.Counts{
			Hours: map[store.HourKey]float64{}, Items: map[store.ItemKey]int64{}, Visitors: map[store.VisitorKey]store.VisitorCount{},
		}
		for n := range 10 {
			c.Hours[store.HourKey{Shop: "north", Scenario: "home.for_you", HourMs: 3_600_000, Metric: fmt.Sprint(n)}] = 1
		}
		for n := range 2000 {
			c.Items[store.ItemKey{
				Shop: "north", Scenario: "home.for_you", ItemID: fmt.Sprintf("item-%06d", n*7919%100_000), DayMs: 86_400_000,
			}] = 3
		}
		for n := range 300 {
			c.Visitors[store.VisitorKey{
				Shop: "north", Experiment: "x", Arm: "a", Visitor: fmt.Sprintf("u/%d", n),
			}] = store.VisitorCount{Impressions: 20}
		}
		perRow(b, len(c.Hours)+len(c.Items)+len(c.Visitors), func(int) {
			if err := s.AddCounts(b.Context(), c, nil); err != nil {
				b.Fatal(err)
			}
		})
	})
}
