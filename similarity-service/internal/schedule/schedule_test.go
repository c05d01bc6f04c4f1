package schedule

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
)

// taken makes jobs and counts those that it was to run.
type taken struct {
	mu   sync.Mutex
	made int
	jobs []store.JobKey
}

func (k *taken) New(shop string, r similarityapi.JobRequest) (*store.Job, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made++
	return &store.Job{Shop: shop, Job: similarityapi.Job{JobID: "job-" + string(rune('a'+k.made)), Kind: r.Kind, Request: r}}, nil
}

func (k *taken) Take(_ context.Context, key store.JobKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.jobs = append(k.jobs, key)
}

// clock is a time that a test moves on.
type clock struct{ now time.Time }

func midnight() *clock { return &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) scheduler(s *store.Store) (*Scheduler, *taken) {
	jobs := &taken{}
	return New(s, jobs, slog.New(slog.DiscardHandler), func() time.Time { return c.now }), jobs
}

// end lets what runs end, so that the next of its kind can start.
func end(t *testing.T, s *store.Store, keys []store.JobKey) {
	t.Helper()
	for _, key := range keys {
		job, claimed, err := s.ClaimJob(t.Context(), key.Shop, key.JobID, store.Lease{Owner: "test", For: time.Minute})
		if err != nil || !claimed {
			continue // it has ended before
		}
		if err := s.EndJob(t.Context(), &job, "test"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEachTimeStartsOneJob has four replicas look at the same minutes at once: each firing starts one job, at its own jittered moment.
func TestEachTimeStartsOneJob(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		c, s := midnight(), open(t)
		first, _ := c.scheduler(s)
		kept, err := first.Put(t.Context(), "shop", similarityapi.Schedule{
			Cron: "*/10 * * * *", JitterSeconds: 120, Request: similarityapi.JobRequest{Kind: "recompute"},
		})
		if err != nil {
			t.Fatal(err)
		}
		var replicas []*Scheduler
		_, jobs := c.scheduler(s)
		for range 4 {
			replicas = append(replicas, New(open(t), jobs, slog.New(slog.DiscardHandler), func() time.Time { return c.now }))
		}
		for range 60 {
			c.now = c.now.Add(time.Minute)
			var looking sync.WaitGroup
			for _, r := range replicas {
				looking.Go(func() {
					if err := r.startDue(t.Context(), []string{"shop"}); err != nil {
						t.Error(err)
					}
				})
			}
			looking.Wait()
			end(t, s, jobs.jobs)
		}
		// Six of the seven times from 0:00 to 1:00 come due: 0:00 itself has passed, and with its jitter that of 1:00 has not.
		if n := len(jobs.jobs); n != 6 && n != 5 {
			t.Errorf("%d jobs in an hour of every ten minutes, want 5 or 6", n)
		}
		history, err := s.Jobs(t.Context(), "shop", 100)
		if err != nil || len(history) != len(jobs.jobs) {
			t.Errorf("%d jobs are stored and %d were taken, %v", len(history), len(jobs.jobs), err)
		}
		if err := first.Delete(t.Context(), "shop", kept.ScheduleID); err != nil {
			t.Fatal(err)
		}
		if err := first.Delete(t.Context(), "shop", kept.ScheduleID); !errors.Is(err, ErrUnknown) {
			t.Errorf("deleted twice: %v", err)
		}
	})
}

// TestWhatIsDue looks once at a schedule of every minute, under different circumstances.
func TestWhatIsDue(t *testing.T) {
	t.Parallel()
	every := similarityapi.Schedule{Cron: "* * * * *", Request: similarityapi.JobRequest{Kind: "recompute"}}
	paused := every
	paused.Paused = true
	for name, c := range map[string]struct {
		schedule similarityapi.Schedule
		late     time.Duration // after midnight
		shops    []string
		jobs     int
	}{
		"its time has come":                       {every, time.Minute, []string{"shop"}, 1},
		"its time has not come":                   {every, 59 * time.Second, []string{"shop"}, 0},
		"paused":                                  {paused, time.Minute, []string{"shop"}, 0},
		"of a shop that is gone":                  {every, time.Minute, []string{"other"}, 0},
		"its time passed while nothing ran":       {every, 2 * time.Hour, []string{"shop"}, 0},
		"its time passed a moment ago (a deploy)": {every, 9 * time.Minute, []string{"shop"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock, s := midnight(), storetest.SQLite(t)(t)
			scheduler, jobs := clock.scheduler(s)
			kept, err := scheduler.Put(t.Context(), "shop", c.schedule)
			if err != nil {
				t.Fatal(err)
			}
			clock.now = clock.now.Add(c.late)
			for range 2 {
				if err := scheduler.startDue(t.Context(), c.shops); err != nil {
					t.Fatal(err)
				}
			}
			if len(jobs.jobs) != c.jobs {
				t.Errorf("%d jobs were started, want %d", len(jobs.jobs), c.jobs)
			}
			after, err := scheduler.Get(t.Context(), "shop", kept.ScheduleID)
			if err != nil || !c.schedule.Paused && !after.NextAt.After(clock.now) || c.schedule.Paused && !after.NextAt.IsZero() {
				t.Errorf("it is due at %v, %v", after.NextAt, err)
			}
		})
	}
}

func TestAnExpressionThatNeverFires(t *testing.T) {
	t.Parallel()
	if at, err := Next("shop", similarityapi.Schedule{Cron: "0 0 31 2 *"}, time.Now()); err == nil {
		t.Errorf("the 31st of February is %v", at)
	}
}

// TestOneThatRunsKeepsTheNextAway fires twice while the first job goes on.
func TestOneThatRunsKeepsTheNextAway(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		c, s := midnight(), open(t)
		scheduler, jobs := c.scheduler(s)
		if _, err := scheduler.Put(t.Context(), "shop", similarityapi.Schedule{
			Cron: "* * * * *", Request: similarityapi.JobRequest{Kind: "recompute"},
		}); err != nil {
			t.Fatal(err)
		}
		for minute := range 3 {
			c.now = c.now.Add(time.Minute)
			if err := scheduler.startDue(t.Context(), []string{"shop"}); err != nil {
				t.Fatal(err)
			}
			if want := min(minute+1, 1); len(jobs.jobs) != want {
				t.Errorf("after minute %d there are %d jobs, want %d", minute, len(jobs.jobs), want)
			}
		}
		end(t, s, jobs.jobs)
		c.now = c.now.Add(time.Minute)
		if err := scheduler.startDue(t.Context(), []string{"shop"}); err != nil || len(jobs.jobs) != 2 {
			t.Errorf("after its end there are %d jobs, %v", len(jobs.jobs), err)
		}
	})
}
