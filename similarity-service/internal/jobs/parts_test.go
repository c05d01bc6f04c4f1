package jobs

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
)

// spreading returns the runners of a job of some parts, each of which says who did it.
func spreading(m **Manager, parts int, did func(name string)) map[string]Runner {
	return map[string]Runner{
		"recompute": func(ctx context.Context, t *Task) error {
			list, names := make([]Part, parts), make([]string, parts)
			for n := range list {
				names[n] = fmt.Sprint("part-", n)
				list[n] = Part{Name: names[n], Kind: "part", Spec: n}
			}
			if err := (*m).Post(ctx, t, list); err != nil {
				return err
			}
			ended, err := (*m).Await(ctx, t, names, nil)
			if err != nil {
				return err
			}
			sum := 0.0
			for _, part := range ended {
				if err := Failed(part); err != nil {
					return err
				}
				sum += part.Result["square"].(float64)
			}
			t.SetResult("sum", sum)
			return nil
		},
		"part": func(_ context.Context, t *Task) error {
			var n int
			if err := t.Spec(&n); err != nil {
				return err
			}
			did(t.JobID)
			t.SetResult("square", n*n)
			return nil
		},
	}
}

// TestPartsOfAJob has one, two and five processes do the parts of a job, each part once; none is left and none is listed as a job.
func TestPartsOfAJob(t *testing.T) {
	t.Parallel()
	for _, processes := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(processes, " processes"), func(t *testing.T) {
			t.Parallel()
			storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
				const parts = 12
				var done atomic.Int32
				managers := make([]*Manager, processes)
				for n := range managers {
					managers[n] = replica(t, open(t), nil)
					managers[n].runners = spreading(&managers[n], parts, func(string) { done.Add(1) })
				}
				job := end(t, managers[0], start(t, managers[0]).JobID)
				if job.State != similarityapi.JobSucceeded || job.Result["sum"] != 506. || done.Load() != parts {
					t.Errorf("after %d parts: %+v", done.Load(), job)
				}
				list, err := managers[0].History(t.Context(), "shop")
				if err != nil || len(list) != 1 {
					t.Errorf("%d jobs in the history, %v", len(list), err)
				}
				if left, err := managers[0].store.Parts(t.Context(), "shop", job.JobID); err != nil || len(left) > 0 {
					t.Errorf("parts are left: %v, %v", left, err)
				}
			})
		})
	}
}

// TestAKilledProcessLosesNoPart kills a process at a part: another does it, and the job ends.
func TestAKilledProcessLosesNoPart(t *testing.T) {
	t.Parallel()
	if url := os.Getenv(partsDatabaseEnv); url != "" {
		m := replica(t, storetest.Open(t, url), nil)
		m.runners = spreading(&m, 3, func(name string) {
			fmt.Println("\nat a part")
			select {} // until it is killed
		})
		m.nudge()
		select {}
	}
	url := storetest.Postgres(t)
	s := storetest.Open(t, url)
	watcher := NewManager(s, spreading(nil, 3, nil), quiet(), time.Now)
	job, err := watcher.New("shop", request)
	if err != nil {
		t.Fatal(err)
	}
	if running, err := s.InsertJob(t.Context(), job); err != nil || running != "" {
		t.Fatal(running, err)
	}
	killAt(t, "TestAKilledProcessLosesNoPart", partsDatabaseEnv, url, "at a part")
	var done atomic.Int32
	survivor := replica(t, storetest.Open(t, url), nil)
	survivor.runners = spreading(&survivor, 3, func(string) { done.Add(1) })
	if ended := end(t, watcher, job.JobID); ended.State != similarityapi.JobSucceeded || ended.Result["sum"] != 5. || done.Load() != 3 {
		t.Errorf("after %d parts: %+v", done.Load(), ended)
	}
}

// TestAPartThatFailsIsSaid has a part fail for good.
func TestAPartThatFailsIsSaid(t *testing.T) {
	t.Parallel()
	m := replica(t, storetest.SQLite(t)(t), nil)
	m.runners = spreading(&m, 3, func(name string) { panic("on purpose: " + name) })
	if job := end(t, m, start(t, m).JobID); job.State != similarityapi.JobFailed || job.Error == "" {
		t.Errorf("%+v", job)
	}
}

// TestOthersAreCounted has processes come and go.
func TestOthersAreCounted(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	first, second := replica(t, storetest.Open(t, url), well), replica(t, storetest.Open(t, url), well)
	awaitOthers(t, first, true)
	awaitOthers(t, second, true)
	second.Close()
	awaitOthers(t, first, false)
	if alone := replica(t, storetest.Open(t, testenv.SQLite(t)), well); alone.Others(t.Context()) > 0 {
		t.Error("a file of one process has other processes")
	}
}

func awaitOthers(t *testing.T, m *Manager, want bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for (m.Others(t.Context()) > 0) != want {
		select {
		case <-ctx.Done():
			t.Fatalf("other processes: %v, want %v", !want, want)
		case <-tick.C:
		}
	}
}
