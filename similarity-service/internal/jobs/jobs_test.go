package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
)

// brisk is a timing in which a test need not wait.
var brisk = timing{
	lease: time.Second, beat: 50 * time.Millisecond, show: 5 * time.Millisecond, look: 20 * time.Millisecond, here: 20 * time.Millisecond,
	await: 5 * time.Millisecond,
	again: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond},
}

// replica returns a manager that also looks for jobs that nobody runs, as a process has.
func replica(t *testing.T, s *store.Store, run Runner) *Manager {
	t.Helper()
	m := NewManager(s, map[string]Runner{"recompute": run}, slog.New(slog.DiscardHandler), time.Now)
	m.timing = brisk
	ctx, stop := context.WithCancel(context.Background())
	looking := make(chan struct{})
	go func() {
		defer close(looking)
		m.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-looking; m.Close() })
	return m
}

var request = similarityapi.JobRequest{Kind: "recompute"}

func well(context.Context, *Task) error { return nil }

// untilStopped is a runner that works until it is told to stop.
func untilStopped(ctx context.Context, _ *Task) error {
	<-ctx.Done()
	return ctx.Err()
}

// until waits until a job is as wanted.
func until(t *testing.T, m *Manager, id string, wanted func(similarityapi.Job) bool) similarityapi.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		job, err := m.Job(ctx, "shop", id)
		if err != nil {
			t.Fatal(err)
		}
		if wanted(job) {
			return job
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the job stays as it is: %+v", job)
		case <-tick.C:
		}
	}
}

func end(t *testing.T, m *Manager, id string) similarityapi.Job {
	t.Helper()
	return until(t, m, id, similarityapi.Job.Done)
}

func start(t *testing.T, m *Manager) similarityapi.Job {
	t.Helper()
	job, err := m.Start(t.Context(), "shop", request)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func TestAJobEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run   Runner
		state string
		says  string
	}{
		"well": {func(_ context.Context, j *Task) error {
			j.Report("half way", .5)
			j.AddModel("v1")
			j.SetResult("answer", 42)
			return nil
		}, similarityapi.JobSucceeded, ""},
		"with an error": {func(context.Context, *Task) error { return errors.New("no data") }, similarityapi.JobFailed, "no data"},
		"with a panic":  {func(context.Context, *Task) error { panic("on purpose") }, similarityapi.JobFailed, "on purpose"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
				m := replica(t, open(t), c.run)
				job := end(t, m, start(t, m).JobID)
				if job.State != c.state || !strings.Contains(job.Error, c.says) || job.FinishedAt.IsZero() || job.StartedAt.IsZero() {
					t.Errorf("%+v", job)
				}
				if c.state == similarityapi.JobSucceeded && (job.Progress != 1 || len(job.Models) != 1 || job.Result["answer"] != 42.) {
					t.Errorf("%+v", job)
				}
				end(t, m, start(t, m).JobID) // the next one starts
				if list, err := m.History(t.Context(), "shop"); err != nil || len(list) != 2 {
					t.Errorf("%d jobs in the history, %v", len(list), err)
				}
			})
		})
	}
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		run := func(ctx context.Context, j *Task) error {
			j.Report("working", .25)
			return untilStopped(ctx, j)
		}
		first, second := replica(t, open(t), run), replica(t, open(t), run)
		job := start(t, first)
		until(t, second, job.JobID, func(j similarityapi.Job) bool { return j.Stage == "working" && j.Progress == .25 })
		var running *RunningError
		if _, err := second.Start(t.Context(), "shop", request); !errors.As(err, &running) || running.JobID != job.JobID {
			t.Errorf("a second job on another replica: %v", err)
		}
		if _, err := second.Start(t.Context(), "other", request); err != nil {
			t.Errorf("another shop's job: %v", err)
		}
		if _, err := second.Job(t.Context(), "other", job.JobID); !errors.Is(err, ErrUnknownJob) {
			t.Errorf("another shop sees the job: %v", err)
		}
		if err := second.Cancel(t.Context(), "other", job.JobID); !errors.Is(err, ErrUnknownJob) {
			t.Errorf("another shop cancels the job: %v", err)
		}
		if err := second.Cancel(t.Context(), "shop", job.JobID); err != nil {
			t.Fatal(err)
		}
		if job = end(t, second, job.JobID); job.State != similarityapi.JobCancelled {
			t.Errorf("cancelled from another replica: %+v", job)
		}
		if err := second.Cancel(t.Context(), "shop", job.JobID); !errors.Is(err, ErrFinished) {
			t.Errorf("cancelled again: %v", err)
		}
	})
}

// TestOfManyThatStartAtOnceOneDoes has eight replicas start the same kind of job at once, ten times.
func TestOfManyThatStartAtOnceOneDoes(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		var replicas []*Manager
		var runs atomic.Int32
		began := make(chan struct{}, 100)
		for range 8 {
			replicas = append(replicas, replica(t, open(t), func(ctx context.Context, j *Task) error {
				runs.Add(1)
				began <- struct{}{}
				return untilStopped(ctx, j)
			}))
		}
		for round := range int32(10) {
			var started atomic.Pointer[string]
			var starting sync.WaitGroup
			for _, m := range replicas {
				starting.Go(func() {
					job, err := m.Start(t.Context(), "shop", request)
					var running *RunningError
					if err == nil && !started.CompareAndSwap(nil, &job.JobID) {
						t.Error("two were started")
					}
					if err != nil && !errors.As(err, &running) {
						t.Error(err)
					}
				})
			}
			starting.Wait()
			if started.Load() == nil {
				t.Fatal("none was started")
			}
			select { // a job that is cancelled before its work begins has none
			case <-began:
			case <-time.After(time.Minute):
				t.Fatal("the job does not begin")
			}
			if err := replicas[0].Cancel(t.Context(), "shop", *started.Load()); err != nil {
				t.Fatal(err)
			}
			end(t, replicas[0], *started.Load())
			if runs.Load() != round+1 {
				t.Errorf("after %d jobs there were %d runs", round+1, runs.Load())
			}
		}
	})
}

// TestAStoppedProcessHandsItsJobOn closes a replica; another one takes the job, at once and not as one more attempt.
func TestAStoppedProcessHandsItsJobOn(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		first := NewManager(s, map[string]Runner{"recompute": untilStopped}, slog.New(slog.DiscardHandler), time.Now)
		job := start(t, first)
		first.Close()
		if left, err := first.Job(t.Context(), "shop", job.JobID); err != nil || left.State != similarityapi.JobQueued {
			t.Errorf("handed on it is %+v, %v", left, err)
		}
		if _, err := first.Start(t.Context(), "shop", request); err == nil {
			t.Error("a closed manager started a job")
		}
		taken := make(chan int, 1)
		second := replica(t, open(t), func(_ context.Context, j *Task) error { taken <- j.job.Attempts; return nil })
		if job = end(t, second, job.JobID); job.State != similarityapi.JobSucceeded {
			t.Errorf("%+v", job)
		}
		if attempt := <-taken; attempt != 1 {
			t.Errorf("it was attempt %d", attempt)
		}
	})
}

// TestAFailureThatMayPassIsTriedAgain has a peer that is away for a while, for good, or that refuses.
func TestAFailureThatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	away := fmt.Errorf("read interactions: %w", apierror.New(http.StatusServiceUnavailable, "unavailable", "The store does not answer."))
	for name, c := range map[string]struct {
		fails   int32 // so often
		with    error
		state   string
		retries int
	}{
		"away for a while":  {2, away, similarityapi.JobSucceeded, 2},
		"away for good":     {100, errors.Join(away, away), similarityapi.JobFailed, 2},
		"no connection":     {1, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, similarityapi.JobSucceeded, 1},
		"a request refused": {1, apierror.New(http.StatusForbidden, "forbidden", "The key may not."), similarityapi.JobFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
				var runs atomic.Int32
				m := replica(t, open(t), func(_ context.Context, j *Task) error {
					j.SetResult("half", "done")
					if runs.Add(1) <= c.fails {
						return c.with
					}
					return nil
				})
				job := end(t, m, start(t, m).JobID)
				if job.State != c.state || job.Retries != c.retries || int(runs.Load()) != c.retries+1 {
					t.Errorf("after %d runs: %+v", runs.Load(), job)
				}
				if (job.Error == "") != (c.state == similarityapi.JobSucceeded) {
					t.Errorf("the error is %q", job.Error)
				}
			})
		})
	}
}

// TestAJobThatWaitsToBeTriedAgainCanBeCancelled cancels one that would wait for an hour.
func TestAJobThatWaitsToBeTriedAgainCanBeCancelled(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		m := replica(t, open(t), func(context.Context, *Task) error { return syscall.ECONNREFUSED })
		m.timing.again = []time.Duration{time.Hour}
		job := start(t, m)
		until(t, m, job.JobID, func(j similarityapi.Job) bool { return j.State == similarityapi.JobQueued && j.Retries == 1 })
		if err := m.Cancel(t.Context(), "shop", job.JobID); err != nil {
			t.Fatal(err)
		}
		if job = end(t, m, job.JobID); job.State != similarityapi.JobCancelled {
			t.Errorf("%+v", job)
		}
	})
}

const (
	databaseEnv      = "AISLE_TEST_DATABASE"
	partsDatabaseEnv = "AISLE_TEST_PARTS_DATABASE"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestAKilledProcessLosesNoJob kills a process in the middle of a job: another takes it once the lease has run out. One that ends every
// process is given up.
func TestAKilledProcessLosesNoJob(t *testing.T) {
	t.Parallel()
	if url := os.Getenv(databaseEnv); url != "" {
		replica(t, storetest.Open(t, url), func(ctx context.Context, j *Task) error {
			fmt.Println("\nattempt", j.job.Attempts)
			return untilStopped(ctx, j)
		})
		select {} // until it is killed
	}
	for name, url := range map[string]string{"sqlite": testenv.SQLite(t), "postgres": storetest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.Open(t, url)
			watcher := NewManager(s, map[string]Runner{"recompute": well}, slog.New(slog.DiscardHandler), time.Now)
			ids := map[int]string{}
			for kills := 1; kills <= maxAttempts; kills++ { // of a job each: so often its processes are killed
				job, err := watcher.New("shop", request)
				if err != nil {
					t.Fatal(err)
				}
				if running, err := s.InsertJob(t.Context(), job); err != nil || running != "" {
					t.Fatal(running, err)
				}
				for attempt := 1; attempt <= kills; attempt++ {
					killAt(t, "TestAKilledProcessLosesNoJob", databaseEnv, url, fmt.Sprint("attempt ", attempt))
				}
				survivor := replica(t, storetest.Open(t, url), well)
				job.Job = end(t, survivor, job.JobID)
				if want := kills < maxAttempts; want != (job.State == similarityapi.JobSucceeded) || !want &&
					!strings.Contains(job.Error, "given up") {
					t.Errorf("after %d killed processes it is %+v", kills, job.Job)
				}
				survivor.Close()
				ids[kills] = job.JobID
			}
			if list, err := watcher.History(t.Context(), "shop"); err != nil || len(list) != len(ids) {
				t.Errorf("%d jobs in the history, %v", len(list), err)
			}
		})
	}
}

// killAt starts a process that runs a test with a database in its environment, and kills it once it says a line.
func killAt(t *testing.T, test, env, url, line string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	child.Env = append(os.Environ(), env+"="+url)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said, chunk := "", make([]byte, 1<<10)
	for !strings.Contains(said, line) {
		n, err := out.Read(chunk)
		said += string(chunk[:n])
		if err != nil {
			t.Errorf("it ended by itself, saying %q", said)
			break
		}
	}
	_ = child.Process.Kill()
	_ = child.Wait()
}

// TestALostLeaseEndsTheWork lets another owner take a job whose process was as good as dead.
func TestALostLeaseEndsTheWork(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ended := make(chan error, 1)
		m := replica(t, s, func(ctx context.Context, j *Task) error {
			err := untilStopped(ctx, j)
			ended <- context.Cause(ctx)
			return err
		})
		job := start(t, m)
		until(t, m, job.JobID, func(j similarityapi.Job) bool { return j.State == similarityapi.JobRunning })
		if _, err := s.Exec(t.Context(), "update jobs set owner = 'another', lease_ms = "+s.NowMs()+" + 60000"); err != nil {
			t.Fatal(err)
		}
		if cause := <-ended; !errors.Is(cause, errLeaseLost) {
			t.Errorf("the work ended with %v", cause)
		}
		m.Close()
		if job, err := m.Job(t.Context(), "shop", job.JobID); err != nil || job.Done() {
			t.Errorf("who lost the job wrote its end: %+v, %v", job, err)
		}
	})
}
