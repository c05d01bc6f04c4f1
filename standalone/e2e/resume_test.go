package e2e

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestAJobOutlivesItsProcess ends a program in the middle of a recompute, by kill -9 and by the signal of a deploy, and starts it again:
// the job ends as if nothing had been, under the same id, and its models are live.
func TestAJobOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "stopped": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			d := startStandalone(t, t.TempDir())
			c := d.connect("")
			visit(t, ctx, c)
			job := atWork(t, ctx, c)
			d.programs[0].stop(signal)
			c = d.restart(t).connect("")
			ended, err := c.similarity.WaitForJob(ctx, job.JobID, nil)
			if err != nil || ended.State != similarityapi.JobSucceeded || len(ended.Models) != 1 {
				t.Fatalf("%+v, %v", ended, err)
			}
			live, err := c.similarity.Live(ctx)
			if err != nil || live.Live[similarityapi.Similar] != ended.Models[0] {
				t.Errorf("live are %v, made were %v, %v", live.Live, ended.Models, err)
			}
		})
	}
}

// atWork starts recomputes until one is seen at work, which a fast machine may have done with before anybody looks.
func atWork(t *testing.T, ctx context.Context, c clients) similarityapi.Job {
	t.Helper()
	for range 20 {
		job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{
			Relations: []string{similarityapi.Similar}, BudgetSeconds: 20, Publish: "always", Reason: "the last one counts",
		})
		for err == nil && job.State != similarityapi.JobRunning && !job.Done() {
			job, err = c.similarity.Job(ctx, job.JobID)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !job.Done() {
			return job
		}
	}
	t.Fatal("twenty recomputes have ended before they could be interrupted")
	return similarityapi.Job{}
}

// visit has 1,500 visitors look at items of one of three tastes, for a month.
func visit(t *testing.T, ctx context.Context, c clients) {
	t.Helper()
	var items []profileapi.Item
	for n := range 60 {
		items = append(items, profileapi.Item{ItemID: fmt.Sprintf("%c%02d", "SBG"[n%3], n/3), Title: fmt.Sprint("Thing ", n)})
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	var events []profileapi.Event
	begin := time.Now().Add(-30 * 24 * time.Hour)
	for n := range 1500 * 8 {
		u := n % 1500
		events = append(events, profileapi.Event{
			Type: "view_item", UserID: fmt.Sprint("u", u), ItemID: fmt.Sprintf("%c%02d", "SBG"[u%3], (u/3+n/1500*(1+u%5))%20),
			OccurredAt: wire.TimeOf(begin.Add(time.Duration(n) * 3 * time.Minute)),
		})
	}
	post(t, ctx, c, events)
}
