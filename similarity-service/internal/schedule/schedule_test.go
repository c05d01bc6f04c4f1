package schedule

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
)

// TestStartDue gives two replicas the same stretch of time: each firing starts one job, at its own jittered moment.
func TestStartDue(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	client, err := database.OpenRedis(ctx, testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	store, err := archive.Open(ctx, "file://"+t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	started := 0
	replica := New(store, client, func(context.Context, string, similarityapi.JobRequest) (similarityapi.Job, error) {
		mu.Lock()
		defer mu.Unlock()
		started++
		return similarityapi.Job{}, nil
	}, slog.New(slog.DiscardHandler), func() time.Time { return now })

	s, err := replica.Put(ctx, "shop", similarityapi.Schedule{Cron: "*/10 * * * *", JitterSeconds: 120})
	if err != nil {
		t.Fatal(err)
	}
	for minute := range 60 {
		from := now.Add(time.Duration(minute) * time.Minute)
		for range 2 { // replicas
			if err := replica.startDue(ctx, "shop", from, from.Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if started != 6 {
		t.Errorf("%d jobs in an hour of every ten minutes, want 6", started)
	}
	if err := replica.Delete(ctx, "shop", s.ScheduleID); err != nil {
		t.Fatal(err)
	}
	if err := replica.Delete(ctx, "shop", s.ScheduleID); !errors.Is(err, ErrUnknown) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestAnExpressionThatNeverFires(t *testing.T) {
	t.Parallel()
	s := New(nil, nil, nil, nil, time.Now)
	if at, err := s.next("shop", similarityapi.Schedule{Cron: "0 0 31 2 *"}, time.Now()); err == nil {
		t.Errorf("the 31st of February is %v", at)
	}
}

// TestSchedulesOfAnotherReplicaAreStarted makes, changes and deletes schedules through one replica while another one starts what is due.
func TestSchedulesOfAnotherReplicaAreStarted(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client, err := database.OpenRedis(ctx, testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	store, err := archive.Open(ctx, "file://"+t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	now := time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC)
	started := 0
	start := func(context.Context, string, similarityapi.JobRequest) (similarityapi.Job, error) {
		started++
		return similarityapi.Job{}, nil
	}
	clock := func() time.Time { return now }
	starts, other := New(store, client, start, slog.New(slog.DiscardHandler), clock), New(store, client, start, slog.New(slog.DiscardHandler), clock)
	pass := func(ticks int) {
		t.Helper()
		for range ticks {
			if err := starts.startDue(ctx, "shop", now, now.Add(tickInterval)); err != nil {
				t.Fatal(err)
			}
			now = now.Add(tickInterval)
		}
	}
	pass(1)
	s, err := other.Put(ctx, "shop", similarityapi.Schedule{Cron: "* * * * *"}) // due at 0:01:00, before it is noticed at 0:01:05
	if err != nil {
		t.Fatal(err)
	}
	pass(8)
	if started != 1 {
		t.Errorf("after one time %d jobs were started", started)
	}
	pass(12)
	if started != 2 {
		t.Errorf("after two times %d jobs were started", started)
	}
	if err := other.Delete(ctx, "shop", s.ScheduleID); err != nil {
		t.Fatal(err)
	}
	pass(12)
	if started != 2 {
		t.Errorf("a deleted schedule started a job")
	}
}
