package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	batchSize  = 1000
	callers    = 4
	ingestGoal = 30.0  // µs CPU per event, Postgres included
	singleGoal = 300.0 // the same, one event per call
	single64   = 64
)

// makeEvent returns the n-th event of a shop with 100,000 visitors and 20,000 items.
func makeEvent(random *rand.Rand, run string, n int, now time.Time) profileapi.Event {
	return profileapi.Event{
		EventID: fmt.Sprintf("%s-%d", run, n), Type: []string{"view_item", "view_item", "view_item", "add_to_cart"}[random.IntN(4)],
		UserID: fmt.Sprintf("user-%d", random.IntN(100_000)), SessionID: fmt.Sprintf("session-%d", random.IntN(300_000)), ItemID: fmt.Sprintf("item-%d", random.IntN(20_000)),
		OccurredAt: wire.TimeOf(now.Add(-time.Duration(random.IntN(3600)) * time.Second)),
	}
}

// ingest posts batches of 1,000 from four callers, and beside it copies the same rows into a staging table and inserts them with ON CONFLICT, without HTTP.
func ingest(ctx context.Context, s *subject, events int) error {
	bodies := make([][]byte, events/batchSize)
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now()
	for b := range bodies {
		batch := make([]profileapi.Event, batchSize)
		for i := range batch {
			batch[i] = makeEvent(random, "batch", b*batchSize+i, now)
		}
		var err error
		if bodies[b], err = json.Marshal(batch); err != nil {
			return err
		}
	}
	bare, err := bareInsert(ctx, s, events)
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
	fmt.Printf("ingest: %d events, %d callers of %d: %.1f µs CPU per event (service %.1f, Postgres %.1f; goal %.0f), %.0f events/s\n", n, callers, batchSize,
		perEvent(used.service+used.postgres, n), perEvent(used.service, n), perEvent(used.postgres, n), ingestGoal, float64(n)/wall.Seconds())
	fmt.Printf("        beside it, COPY into staging and INSERT ON CONFLICT without HTTP: %.1f µs CPU per event\n", bare)
	return nil
}

// bareInsert is the limit: the least that stores such rows durably and once.
func bareInsert(ctx context.Context, s *subject, events int) (float64, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	_, err = conn.Exec(ctx, `create table bare (shop text, subject text, event_id text, session_id text, type text, occurred_ms bigint, received_ms bigint, item_id text,
		primary key (shop, subject, event_id)); create index on bare (shop, subject, occurred_ms); create temp table staging (like bare) on commit delete rows`)
	if err != nil {
		return 0, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now()
	before := s.usage()
	for b := range events / batchSize {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			i := 0
			_, err := tx.CopyFrom(ctx, pgx.Identifier{"staging"}, []string{"shop", "subject", "event_id", "session_id", "type", "occurred_ms", "received_ms", "item_id"},
				pgx.CopyFromFunc(func() ([]any, error) {
					if i == batchSize {
						return nil, nil
					}
					e := makeEvent(random, "bare", b*batchSize+i, now)
					i++
					return []any{"default", e.UserID, e.EventID, e.SessionID, e.Type, e.OccurredAt.UnixMilli(), now.UnixMilli(), e.ItemID}, nil
				}))
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, "insert into bare select * from staging on conflict do nothing")
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	used := s.usage().minus(before)
	if _, err := conn.Exec(ctx, "drop table bare, staging"); err != nil {
		return 0, err
	}
	return perEvent(used.self+used.postgres, events), nil
}

// single posts events one by one over 64 connections, and beside it commits them one by one.
func single(ctx context.Context, s *subject, events int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: single64}}
	now := time.Now()
	before, began := s.usage(), time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	for c := range single64 {
		group.Go(func() error {
			random := rand.New(rand.NewPCG(3, uint64(c)))
			for n := c; n < events; n += single64 {
				body, err := json.Marshal(makeEvent(random, "single", n, now))
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
	fmt.Printf("single: %d events one per call over %d connections: %.0f µs CPU per event (service %.0f, Postgres %.0f; goal %.0f), %.0f events/s\n", events, single64,
		perEvent(used.service+used.postgres, events), perEvent(used.service, events), perEvent(used.postgres, events), singleGoal, float64(events)/wall.Seconds())
	return nil
}
