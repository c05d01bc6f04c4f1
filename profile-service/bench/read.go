package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/procstat"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	profileGoal  = 5 * time.Millisecond // of the 99th percentile
	decodeGoal   = 1e6                  // interactions per CPU second of the reader
	profileReads = 2000
)

// client returns a client without a key: the service is open.
func (s *subject) client() *profileapi.Client {
	return profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: s.base}))
}

// profiles reads profiles of random visitors one after the other, behind ingest, so that a
// reading waits for nothing and its time is that of the service. A tenth as many readings go
// before.
func profiles(ctx context.Context, s *subject, events int) error {
	if err := putItems(ctx, s); err != nil {
		return err
	}
	client := s.client()
	random := rand.New(rand.NewPCG(7, 8))
	read := func() (time.Duration, int, error) {
		began := time.Now()
		p, err := client.Profile(ctx, profileapi.ProfileQuery{UserID: fmt.Sprint("u", random.IntN(max(1, events/perVisitor)))})
		return time.Since(began), len(p.Recent), err
	}
	for range profileReads / 10 { // statements are prepared and the indexes in memory
		if _, _, err := read(); err != nil {
			return err
		}
	}
	before := s.usage()
	times := make([]time.Duration, profileReads)
	items := 0
	for i := range times {
		took, n, err := read()
		if err != nil {
			return err
		}
		times[i] = took
		items += n
	}
	used := s.usage().minus(before)
	slices.Sort(times)
	fmt.Printf("profile: %d reads with %d events stored, %d items each: p50 %.2f ms, p99 %.2f ms (goal %.0f ms); "+
		"%.0f µs CPU each (service %.0f, Postgres %.0f)\n", profileReads, events, items/profileReads,
		milliseconds(times[profileReads/2]), milliseconds(times[profileReads*99/100]), milliseconds(profileGoal),
		perEvent(used.service+used.postgres, profileReads),
		perEvent(used.service, profileReads), perEvent(used.postgres, profileReads))
	return nil
}

// putItems stores 20,000 items, among them all that events name: a profile asks for their
// categories, brands and prices.
func putItems(ctx context.Context, s *subject) error {
	client := s.client()
	price := 10.0
	for from := 0; from < 20_000; from += 1000 {
		items := make([]profileapi.Item, 1000)
		for i := range items {
			items[i] = profileapi.Item{
				ItemID: fmt.Sprintf("i%d", from+i), Title: "Item", Brand: fmt.Sprint("brand-", i%50),
				CategoryPath: []string{"All", fmt.Sprint("c", i%100)}, Price: &price,
			}
		}
		if _, err := client.PutItems(ctx, items); err != nil {
			return err
		}
	}
	return nil
}

// milliseconds keeps the fraction, which Duration.Milliseconds cuts off.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// stream reads every interaction over HTTP, behind ingest, and watches the memory of both
// sides. Own memory is the heap in use, so that garbage that was not collected yet counts; that
// of the service is what the system counts as resident.
func stream(ctx context.Context, s *subject) error {
	reader, err := s.client().Interactions(ctx, profileapi.InteractionsQuery{})
	if err != nil {
		return err
	}
	defer reader.Close()
	before, began := s.usage(), time.Now()
	rows, peakService, peakSelf := 0, int64(0), uint64(0)
	var memory runtime.MemStats
	for blocks := 0; ; blocks++ {
		b, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		rows += b.Len()
		// To look costs a little itself.
		if blocks%50 == 0 {
			stat, _ := procstat.Of(s.child.Process.Pid)
			peakService = max(peakService, stat.Resident)
			runtime.ReadMemStats(&memory)
			peakSelf = max(peakSelf, memory.HeapInuse)
		}
	}
	used, wall := s.usage().minus(before), time.Since(began)
	fmt.Printf("stream: %d interactions: %.0f per CPU second of the reader (goal %.0f), %.2f µs CPU each in the service and %.2f in "+
		"Postgres, %.0f/s; memory at most %d MB in the service, %d MB in the reader\n",
		rows, float64(rows)/used.self.Seconds(), decodeGoal, perEvent(used.service, rows), perEvent(used.postgres, rows),
		float64(rows)/wall.Seconds(), peakService>>20, peakSelf>>20)
	return nil
}
