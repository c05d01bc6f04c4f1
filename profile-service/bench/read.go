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

	"github.com/jackc/pgx/v5"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/procstat"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	profileGoal  = 5 * time.Millisecond
	decodeGoal   = 1e6 // interactions per CPU second of the reader
	profileReads = 2000
)

// fill brings the shop to a number of stored events, straight into the table: how they got there is another benchmark.
func fill(ctx context.Context, s *subject, events, visitors int) error {
	var present int64
	if err := s.pool.QueryRow(ctx, "select coalesce(max(value), 0) from counters where shop = 'default' and name = 'events'").Scan(&present); err != nil {
		return err
	}
	var shopID int64
	if _, err := s.pool.Exec(ctx, "insert into shops (shop) values ('default') on conflict do nothing"); err != nil {
		return err
	}
	if err := s.pool.QueryRow(ctx, "select shop_id from shops where shop = 'default'").Scan(&shopID); err != nil {
		return err
	}
	now := time.Now()
	for m := range 4 {
		if _, err := s.pool.Exec(ctx, "select ensure_events_partition($1)", now.AddDate(0, -m, 0).UnixMilli()); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(5, 6))
	seq := present
	row := make([]any, 8)
	_, err := s.pool.CopyFrom(ctx, pgx.Identifier{"events"}, []string{"shop_id", "seq", "subject", "event_id", "type", "occurred_ms", "received_ms", "lines"}, pgx.CopyFromFunc(func() ([]any, error) {
		if seq >= int64(events) {
			return nil, nil
		}
		seq++
		at := now.Add(-time.Duration(random.IntN(80*24*3600)) * time.Second).UnixMilli()
		e := makeEvent(random, "fill", int(seq), now)
		row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7] = shopID, seq, event.UserSubject(visitor(random, visitors)), e.EventID, e.Type, at, at,
			event.AppendLines(nil, []event.Line{{ItemID: e.ItemID, Quantity: 1}})
		return row, nil
	}))
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, "insert into counters (shop, name, value) values ('default', 'events', $1) on conflict (shop, name) do update set value = excluded.value", seq)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, "analyze events")
	return err
}

func visitor(random *rand.Rand, visitors int) string {
	return fmt.Sprintf("visitor-%d", random.IntN(visitors))
}

func (s *subject) client() *profileapi.Client {
	return profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: s.base}))
}

// profiles reads profiles of random visitors one after the other.
func profiles(ctx context.Context, s *subject, events, visitors int) error {
	if err := fill(ctx, s, events, visitors); err != nil {
		return err
	}
	if err := putItems(ctx, s); err != nil {
		return err
	}
	client := s.client()
	random := rand.New(rand.NewPCG(7, 8))
	read := func() (time.Duration, int, error) {
		began := time.Now()
		p, err := client.Profile(ctx, profileapi.ProfileQuery{UserID: visitor(random, visitors)})
		return time.Since(began), len(p.Recent), err
	}
	for range profileReads / 10 { // statements are prepared and the indexes are in memory
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
	fmt.Printf("profile: %d reads with %d events stored, %d items each: p50 %.2f ms, p99 %.2f ms (goal %.0f ms); %.0f µs CPU each (service %.0f, Postgres %.0f)\n", profileReads, events, items/profileReads,
		milliseconds(times[profileReads/2]), milliseconds(times[profileReads*99/100]), milliseconds(profileGoal), perEvent(used.service+used.postgres, profileReads),
		perEvent(used.service, profileReads), perEvent(used.postgres, profileReads))
	return nil
}

func putItems(ctx context.Context, s *subject) error {
	client := s.client()
	price := 10.0
	for from := 0; from < 20_000; from += 1000 {
		items := make([]profileapi.Item, 1000)
		for i := range items {
			items[i] = profileapi.Item{ItemID: fmt.Sprintf("item-%d", from+i), Title: "Item", Brand: fmt.Sprint("brand-", i%50), CategoryPath: []string{"All", fmt.Sprint("c", i%100)}, Price: &price}
		}
		if _, err := client.PutItems(ctx, items); err != nil {
			return err
		}
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// stream reads every interaction over HTTP and watches the memory of both sides.
func stream(ctx context.Context, s *subject, events, visitors int) error {
	if err := fill(ctx, s, events, visitors); err != nil {
		return err
	}
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
		if blocks%50 == 0 {
			stat, _ := procstat.Of(s.child.Process.Pid)
			peakService = max(peakService, stat.Resident)
			runtime.ReadMemStats(&memory)
			peakSelf = max(peakSelf, memory.HeapInuse)
		}
	}
	used, wall := s.usage().minus(before), time.Since(began)
	fmt.Printf("stream: %d interactions: %.0f per CPU second of the reader (goal %.0f), %.2f µs CPU each in the service and %.2f in Postgres, %.0f/s; memory at most %d MB in the service, %d MB in the reader\n",
		rows, float64(rows)/used.self.Seconds(), decodeGoal, perEvent(used.service, rows), perEvent(used.postgres, rows), float64(rows)/wall.Seconds(), peakService>>20, peakSelf>>20)
	return nil
}
