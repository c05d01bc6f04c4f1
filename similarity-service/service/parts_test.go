package service_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/similarity-service/service"
)

// workers starts so many processes of a shop on one Postgres, and returns a client of the first once all are there.
func workers(t *testing.T, p *peer, n int) *similarityapi.Client {
	t.Helper()
	config := service.Config{
		DatabaseURL: storetest.Postgres(t), BlobURL: "file://" + t.TempDir(), ProfileURL: "http://profile-service", SearchSeconds: 1,
		PartsFrom: 1,
	}
	clients := make([]*similarityapi.Client, n)
	for at := range clients {
		clients[at] = start(t, p, config)
	}
	s := storetest.Open(t, config.DatabaseURL)
	eventually(t, "all processes are there", func() error {
		others, err := s.WorkerHere(context.Background(), "the test")
		if err == nil && others != n {
			err = fmt.Errorf("%d are", others)
		}
		return err
	})
	if err := s.WorkerGone(t.Context(), "the test"); err != nil {
		t.Fatal(err)
	}
	return clients[0]
}

// TestAModelIsTheSameWhoeverMadeIt has one, two and five processes make the models of a shop: their snapshots have the same bytes.
func TestAModelIsTheSameWhoeverMadeIt(t *testing.T) {
	t.Parallel()
	p := shop(7)
	made := func(t *testing.T, n int, r similarityapi.JobRequest) map[string]string {
		c := workers(t, p, n)
		job := recompute(t, c, r)
		if job.State != similarityapi.JobSucceeded || len(job.Models) != 3 {
			t.Fatalf("%+v", job)
		}
		for _, relation := range []string{similarityapi.Similar, similarityapi.BoughtTogether, similarityapi.ViewedNext} {
			if parts := outcome(t, job, relation)["parts"]; (parts != nil) != (n > 1) {
				t.Errorf("%d processes: %s was done in %v parts", n, relation, parts)
			}
		}
		eventually(t, "the process that is asked has followed the one that published last", func() error {
			if n := len(live(t, c)); n != 3 {
				return fmt.Errorf("%d are live", n)
			}
			return nil
		})
		models, err := c.Models(deadline(t), "")
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]string{}
		for _, m := range models {
			sums[m.Relation] = fmt.Sprint(m.Checksum, " ", m.Algorithm, " ", m.State, " ", m.Metrics)
		}
		if len(sums) != 3 || len(models) != 3 {
			t.Errorf("%d models of %d relations", len(models), len(sums))
		}
		return sums
	}
	for name, r := range map[string]similarityapi.JobRequest{
		"of its own choice":        {Seed: 5, Publish: "always", Reason: "the test looks at it"},
		"of lists built in ranges": {Seed: 5, Publish: "always", Reason: "the test looks at it", Algorithms: []string{"two_hop", "ease"}},
		"of one family, chosen":    {Seed: 5, Publish: "always", Reason: "the test looks at it", Algorithms: []string{"two_hop"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := made(t, 1, r)
			for _, n := range []int{2, 5} {
				if diff := cmp.Diff(want, made(t, n, r)); diff != "" {
					t.Errorf("%d processes: %s", n, diff)
				}
			}
		})
	}
}

// TestAProcessThatServesOnlyLeavesJobsToWorkers has a job started where none is run.
func TestAProcessThatServesOnlyLeavesJobsToWorkers(t *testing.T) {
	t.Parallel()
	p := shop(8)
	config := service.Config{
		DatabaseURL: storetest.Postgres(t), BlobURL: "file://" + t.TempDir(), ProfileURL: "http://profile-service", SearchSeconds: 1,
		Role: service.RoleServe,
	}
	c := start(t, p, config)
	job, err := c.StartJob(deadline(t), similarityapi.JobRequest{})
	if err != nil || job.State != similarityapi.JobQueued {
		t.Fatalf("%+v, %v", job, err)
	}
	config.Role = service.RoleWorker
	began := time.Now()
	start(t, p, config)
	if job, err = c.WaitForJob(deadline(t), job.JobID, nil); err != nil || job.State != similarityapi.JobSucceeded {
		t.Fatalf("%+v, %v", job, err)
	}
	t.Logf("after %v", time.Since(began))
	eventually(t, "the process that serves has the models", func() error {
		if n := len(live(t, c)); n != 3 {
			return fmt.Errorf("%d are live", n)
		}
		return nil
	})
}

// TestARecomputeThatPublishedDoesNotPublishAgain has a job taken up once more whose process ended between making its models live and
// saying so.
func TestARecomputeThatPublishedDoesNotPublishAgain(t *testing.T) {
	t.Parallel()
	config := settings(t)
	config.DatabaseURL = storetest.Postgres(t)
	c := start(t, shop(9), config)
	job := recompute(t, c, similarityapi.JobRequest{})
	before := live(t, c)
	s := storetest.Open(t, config.DatabaseURL)
	if _, err := s.Exec(t.Context(), "update jobs set active = 1, owner = 'gone'"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the job is done once more", func() error {
		var attempts, active int
		if err := s.Reader.QueryRow("select attempts, active from jobs").Scan(&attempts, &active); err != nil {
			return err
		}
		if attempts != 2 || active != 0 {
			return fmt.Errorf("%d attempts, active is %d", attempts, active)
		}
		return nil
	})
	again, err := c.Job(deadline(t), job.JobID)
	if err != nil || again.State != similarityapi.JobSucceeded || len(again.Models) != len(job.Models) {
		t.Errorf("%+v, %v", again, err)
	}
	if state := outcome(t, again, similarityapi.Similar)["state"]; state != "published" {
		t.Errorf("similar is %v", state)
	}
	if diff := cmp.Diff(before, live(t, c)); diff != "" {
		t.Error(diff)
	}
	models, err := c.Models(deadline(t), "")
	if err != nil || len(models) != 3 {
		t.Errorf("%d models, %v", len(models), err)
	}
}
