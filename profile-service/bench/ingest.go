package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	batchSize   = 1000 // events of a call, the most that one may have
	callers     = 4    // that post batches at once
	perVisitor  = 133  // events, as in docs/visitor-state.md
	connections = 32   // of single events at once
)

// goals are in µs of CPU per event, Postgres included.
var goals = map[bool]struct{ batch, single float64 }{true: {40, 264}, false: {45, 311}} // by whether on SQLite

// makeEvent returns a purchase of a visitor: one of 3,500 items, at some time of the last 360
// days.
func makeEvent(random *rand.Rand, visitor int, now time.Time) profileapi.Event {
	return profileapi.Event{
		Type: "purchase", UserID: fmt.Sprintf("u%d", visitor),
		Items:      []profileapi.EventItem{{ItemID: fmt.Sprintf("i%d", random.IntN(3500))}},
		OccurredAt: wire.TimeOf(now.Add(-time.Duration(random.IntN(360*24*3600)) * time.Second)),
	}
}

// ingest posts the histories of visitors in random order, in batches of 1,000 from four
// callers. Random order is the hard case: each event of a batch moves another visitor's state.
// Bodies are encoded before the time is taken.
func ingest(ctx context.Context, s *subject, events int) error {
	// The seed is fixed, so that each run stores the same events but for their times.
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now()
	order := random.Perm(events)
	bodies := make([][]byte, events/batchSize)
	for b := range bodies {
		batch := make([]profileapi.Event, batchSize)
		for i := range batch {
			batch[i] = makeEvent(random, order[b*batchSize+i]/perVisitor, now)
		}
		var err error
		if bodies[b], err = json.Marshal(batch); err != nil {
			return err
		}
	}
	// What the tables and indexes take without an event is not counted.
	empty, err := s.disk(ctx)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	before, began := s.usage(), time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	for c := range callers {
		group.Go(func() error {
			for b := c; b < len(bodies); b += callers {
				if err := post(groupCtx, client, s.base+"/v1/events", bodies[b]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	used, wall := s.usage().minus(before), time.Since(began)
	n := len(bodies) * batchSize
	full, err := s.disk(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("ingest: %d events of %d visitors, %d callers of %d: %.1f µs CPU per event (service %.1f, Postgres %.1f; goal %.0f), %.0f "+
		"events/s; %.0f bytes of disk per event, states included\n", n, n/perVisitor,
		callers, batchSize, perEvent(used.service+
			used.postgres, n), perEvent(used.service, n), perEvent(used.postgres, n), goals[s.folder != ""].batch,
		float64(n)/wall.Seconds(), float64(full-empty)/float64(n))
	return nil
}

// single posts events one by one over 32 connections: what a page sends. The service groups
// them into shared commits.
func single(ctx context.Context, s *subject, events int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	now := time.Now()
	before, began := s.usage(), time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	for c := range connections {
		group.Go(func() error {
			// Each connection has a seed of its own. The visitors are those of ingest.
			random := rand.New(rand.NewPCG(3, uint64(c)))
			for n := c; n < events; n += connections {
				body, err := json.Marshal(makeEvent(random, random.IntN(max(1, events*20/perVisitor)), now))
				if err != nil {
					return err
				}
				if err := post(groupCtx, client, s.base+"/v1/events", body); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	used, wall := s.usage().minus(before), time.Since(began)
	fmt.Printf("single: %d events one per call over %d connections: %.0f µs CPU per event (service %.0f, Postgres %.0f; goal %.0f), %.0f "+
		"events/s\n", events, connections,
		perEvent(
			used.service+used.postgres, events,
		), perEvent(used.service, events), perEvent(used.postgres, events), goals[s.folder != ""].single, float64(events)/wall.Seconds())
	return nil
}
