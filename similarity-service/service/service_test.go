package service_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const patience = 2 * time.Minute

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	ctx := deadline(t)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}

// recompute runs one job to its end, whatever it is.
func recompute(t *testing.T, c *similarityapi.Client, r similarityapi.JobRequest) similarityapi.Job {
	t.Helper()
	job, err := c.StartJob(deadline(t), r)
	if err != nil {
		t.Fatal(err)
	}
	job, _ = c.WaitForJob(deadline(t), job.JobID, nil)
	if !job.Done() {
		t.Fatalf("the job did not end: %+v", job)
	}
	return job
}

func live(t *testing.T, c *similarityapi.Client) map[string]string {
	t.Helper()
	models, err := c.Live(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	return models.Live
}

func neighbours(t *testing.T, c *similarityapi.Client, relation, item string) similarityapi.NeighbourList {
	t.Helper()
	answer, err := c.Lookup(deadline(t), similarityapi.LookupRequest{Relation: relation, ItemIDs: []string{item}, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Lists[0]
}

func TestFromEventsToNeighbours(t *testing.T) {
	t.Parallel()
	p := shop(1)
	config := settings(t)
	c := start(t, p, config)
	if next, err := c.Next(deadline(t), similarityapi.NextRequest{ItemIDs: []string{itemID(0, 1)}, Limit: 5}); err != nil ||
		next.ModelVersion != "" || len(next.Items) > 0 {
		t.Errorf("before the first recompute: %+v, %v", next, err)
	}
	job := recompute(t, c, similarityapi.JobRequest{})
	if job.State != similarityapi.JobSucceeded || job.Progress != 1 {
		t.Fatalf("job: %+v", job)
	}
	if versions := live(t, c); len(versions) != 3 {
		t.Fatalf("live: %v; %v", versions, job.Result)
	}
	for _, relation := range []string{similarityapi.Similar, similarityapi.BoughtTogether, similarityapi.ViewedNext} {
		list := neighbours(t, c, relation, itemID(1, 4))
		if len(list.Neighbours) == 0 {
			t.Errorf("%s: no neighbours", relation)
		}
		for _, n := range list.Neighbours {
			if !strings.HasPrefix(n.ItemID, "g1-") {
				t.Errorf("%s: %s is a neighbour across groups", relation, n.ItemID)
			}
		}
	}

	t.Run("contributions of next items add up bit for bit", func(t *testing.T) {
		// more than there are
		next, err := c.Next(deadline(t), similarityapi.NextRequest{ItemIDs: []string{itemID(1, 4), itemID(1, 5)}, Limit: 100})
		if err != nil || len(next.Items) == 0 {
			t.Fatalf("next: %+v, %v", next, err)
		}
		for _, i := range next.Items {
			if len(i.Contributions) == 0 {
				t.Errorf("%s is not the session's doing", i.ItemID)
			}
			sum := 0.0
			for _, s := range i.Contributions {
				sum += s.Weight
			}
			if sum != i.Score {
				t.Errorf("%s: contributions give %v, score is %v", i.ItemID, sum, i.Score)
			}
		}
	})
	t.Run("a model of histories says how they weigh, another does not", func(t *testing.T) {
		for relation, want := range map[string]bool{similarityapi.Similar: true, similarityapi.BoughtTogether: false} {
			answer, err := c.Lookup(deadline(t), similarityapi.LookupRequest{Relation: relation, ItemIDs: []string{itemID(1, 4)}})
			if err != nil || (answer.Seeding != nil) != want {
				t.Fatalf("%s: %+v, %v", relation, answer.Seeding, err)
			}
			if want && !slices.Contains([]string{similarityapi.ValuesOnes, similarityapi.ValuesWeights}, answer.Seeding.Values) {
				t.Errorf("values are read as %q", answer.Seeding.Values)
			}
		}
	})
	t.Run("popular lists exist for the shop and its categories", func(t *testing.T) {
		eventually(t, "popularity is counted", func() error {
			all, err := c.Popular(deadline(t), similarityapi.PopularQuery{Limit: 5})
			if err == nil && len(all.Items) != 5 {
				err = fmt.Errorf("%d items", len(all.Items))
			}
			return err
		})
		group, err := c.Popular(deadline(t), similarityapi.PopularQuery{
			Category: "All > Group 2", Window: similarityapi.PopularWindow{Name: "best_sellers"}, Limit: 100,
		})
		if err != nil || len(group.Items) == 0 {
			t.Fatalf("best sellers of a category: %v, %v", group, err)
		}
		for _, n := range group.Items {
			if !strings.HasPrefix(n.ItemID, "g2-") {
				t.Errorf("%s is popular in another category", n.ItemID)
			}
		}
	})
	t.Run("a new item has neighbours by its text at once", func(t *testing.T) {
		p.set(func(p *peer) {
			p.items = append(slices.Clone(p.items), profileapi.Item{
				ItemID: "new", Title: "Another chair", CategoryPath: []string{"All", "Group 1"},
			})
		})
		eventually(t, "the new item is indexed", func() error {
			if list := neighbours(t, c, similarityapi.Similar, "new"); list.Source != "text" || len(list.Neighbours) == 0 {
				return fmt.Errorf("%+v", list)
			}
			return nil
		})
	})
	t.Run("a Redis emptied under load changes no answer and is filled again", func(t *testing.T) {
		want := neighbours(t, c, similarityapi.Similar, itemID(0, 3))
		options, err := redis.ParseURL(config.RedisURL)
		if err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(options)
		defer client.Close()
		ctx, stop := context.WithCancel(deadline(t))
		var load sync.WaitGroup
		for range 4 {
			load.Go(func() {
				for ctx.Err() == nil {
					answer, err := c.Lookup(deadline(t), similarityapi.LookupRequest{
						Relation: similarityapi.Similar, ItemIDs: []string{itemID(0, 3)}, Limit: 10,
					})
					if err != nil || !cmp.Equal(answer.Lists[0], want) {
						t.Errorf("under load: %+v, %v", answer, err)
						return
					}
				}
			})
		}
		for range 3 {
			if err := client.FlushDB(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "lists and pointers are in Redis again", func() error {
				keys, err := client.DBSize(ctx).Result()
				if err == nil && keys < groups*groupItems {
					err = fmt.Errorf("%d keys", keys)
				}
				return err
			})
		}
		stop()
		load.Wait()
	})
	t.Run("a second service on the same stores serves the same models without a recompute", func(t *testing.T) {
		other := start(t, p, config)
		if diff := cmp.Diff(live(t, c), live(t, other)); diff != "" {
			t.Errorf("live (-first +second):\n%s", diff)
		}
		list := func(c *similarityapi.Client) similarityapi.NeighbourList {
			return neighbours(t, c, similarityapi.BoughtTogether, itemID(2, 2))
		}
		if diff := cmp.Diff(list(c), list(other)); diff != "" {
			t.Errorf("neighbours (-first +second):\n%s", diff)
		}
	})
	t.Run("a service without Redis gives the same", func(t *testing.T) {
		alone := config
		alone.RedisURL = ""
		other := start(t, p, alone)
		for group := range groups {
			relation := similarityapi.BoughtTogether // it follows no texts, which the other service may not have read to their end
			want := neighbours(t, c, relation, itemID(group, 3))
			if diff := cmp.Diff(want, neighbours(t, other, relation, itemID(group, 3))); diff != "" {
				t.Errorf("(-Redis +snapshot):\n%s", diff)
			}
		}
	})
}

// TestSpoiledDataIsNotPublished publishes a good model, spoils the events and recomputes: the good model must stay.
func TestSpoiledDataIsNotPublished(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(p *peer){
		"items are mixed up": func(p *peer) {
			for n := range p.events {
				var g, i int
				fmt.Sscanf(p.events[n].ItemID, "g%d-i%d", &g, &i)
				p.events[n].ItemID = itemID((g+i)%groups, i*11)
			}
		},
		"half of the events are gone": func(p *peer) {
			half := p.events[:0]
			for n, e := range p.events {
				if n%2 == 0 {
					half = append(half, e)
				}
			}
			p.events = half
		},
		"weights have the wrong sign": func(p *peer) {
			for n := range p.events {
				p.events[n].Weight *= -1
			}
		},
		"items are drawn at random": func(p *peer) {
			for n := range p.events {
				p.events[n].ItemID = itemID(n*7%groups, n*13)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := shop(1)
			c := start(t, p, settings(t))
			recompute(t, c, similarityapi.JobRequest{Relations: []string{similarityapi.Similar}})
			before := live(t, c)
			if before[similarityapi.Similar] == "" {
				t.Fatal("the good model was not published")
			}
			p.set(func(p *peer) {
				p.events = slices.Clone(p.events)
				spoil(p)
			})
			job := recompute(t, c, similarityapi.JobRequest{Relations: []string{similarityapi.Similar}})
			if diff := cmp.Diff(before, live(t, c)); diff != "" {
				t.Errorf("live (-before +after):\n%s\n%v", diff, job.Result)
			}
			if job.State == similarityapi.JobSucceeded && !strings.Contains(fmt.Sprint(job.Result), "refused") {
				t.Errorf("no word of a refusal: %v", job.Result)
			}
		})
	}
}

func TestJobs(t *testing.T) {
	t.Parallel()
	t.Run("one at a time, and cancelled on request", func(t *testing.T) {
		t.Parallel()
		p := shop(2)
		c := start(t, p, settings(t))
		p.set(func(p *peer) { p.gate = make(chan struct{}) })
		job, err := c.StartJob(deadline(t), similarityapi.JobRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.StartJob(deadline(t), similarityapi.JobRequest{}); !apierror.Is(err, http.StatusConflict) {
			t.Errorf("a second job of the kind: %v, want 409", err)
		}
		if err := c.CancelJob(deadline(t), job.JobID); err != nil {
			t.Fatal(err)
		}
		job, _ = c.WaitForJob(deadline(t), job.JobID, nil)
		if job.State != similarityapi.JobCancelled || len(live(t, c)) > 0 {
			t.Errorf("after cancelling: %+v", job)
		}
		if err := c.CancelJob(deadline(t), job.JobID); !apierror.Is(err, http.StatusConflict) {
			t.Errorf("cancelled again: %v, want 409", err)
		}
	})
	t.Run("a stream that is cut leaves the live model, and the job is begun again", func(t *testing.T) {
		t.Parallel()
		p := shop(3)
		c := start(t, p, settings(t))
		recompute(t, c, similarityapi.JobRequest{Relations: []string{similarityapi.Similar}})
		before := live(t, c)
		p.set(func(p *peer) { p.cut = true })
		job, err := c.StartJob(deadline(t), similarityapi.JobRequest{Relations: []string{similarityapi.Similar}})
		if err != nil {
			t.Fatal(err)
		}
		job, err = c.WaitForJob(deadline(t), job.JobID, func(j similarityapi.Job) {
			if j.Retries == 0 || j.State != similarityapi.JobQueued {
				return
			}
			if diff := cmp.Diff(before, live(t, c)); diff != "" || !strings.Contains(j.Error, "read interactions") {
				t.Errorf("%q; live (-before +after):\n%s", j.Error, diff)
			}
			p.set(func(p *peer) { p.cut = false })
		})
		if err != nil || job.State != similarityapi.JobSucceeded || job.Retries == 0 ||
			live(t, c)[similarityapi.Similar] == before[similarityapi.Similar] {
			t.Errorf("the job is %+v, %v, live %v", job, err, live(t, c))
		}
	})
	t.Run("an empty shop gives a clear error", func(t *testing.T) {
		t.Parallel()
		c := start(t, &peer{}, settings(t))
		job := recompute(t, c, similarityapi.JobRequest{})
		if job.State != similarityapi.JobFailed || !strings.Contains(job.Error, "too little data") {
			t.Errorf("job: %s %q", job.State, job.Error)
		}
	})
	t.Run("a shop with views only gets the models that views allow", func(t *testing.T) {
		t.Parallel()
		p := shop(4)
		p.events = slices.DeleteFunc(p.events, func(e profileapi.Interaction) bool { return e.Type != "view_item" })
		c := start(t, p, settings(t))
		job := recompute(t, c, similarityapi.JobRequest{})
		versions := live(t, c)
		if job.State != similarityapi.JobSucceeded || versions[similarityapi.Similar] == "" ||
			versions[similarityapi.BoughtTogether] != "" {
			t.Errorf("job %s (%s), live %v", job.State, job.Error, versions)
		}
	})
	t.Run("its states can be followed as events", func(t *testing.T) {
		t.Parallel()
		p := shop(10)
		c, h := startWithHandler(t, p, settings(t))
		p.set(func(p *peer) { p.gate = make(chan struct{}) })
		job, err := c.StartJob(deadline(t), similarityapi.JobRequest{Relations: []string{similarityapi.Similar}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(deadline(t), http.MethodGet, "http://localhost/v1/jobs/"+job.JobID+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := httpserver.InProcess{Handler: h}.RoundTrip(r)
		if err != nil || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%v, %v", resp, err)
		}
		defer resp.Body.Close()
		p.mu.Lock()
		close(p.gate)
		p.mu.Unlock()
		var states []string
		for scanner := bufio.NewScanner(resp.Body); scanner.Scan(); {
			if data, ok := strings.CutPrefix(scanner.Text(), "data: "); ok {
				var j similarityapi.Job
				if err := json.Unmarshal([]byte(data), &j); err != nil {
					t.Fatal(err)
				}
				states = append(states, j.State)
			}
		}
		if len(states) < 2 || states[0] != similarityapi.JobRunning && states[0] != similarityapi.JobQueued ||
			states[len(states)-1] != similarityapi.JobSucceeded {
			t.Errorf("states %v", states)
		}
	})
	t.Run("bad requests name their fields", func(t *testing.T) {
		t.Parallel()
		c := start(t, &peer{}, settings(t))
		for pointer, r := range map[string]similarityapi.JobRequest{
			"/relations/0":  {Relations: []string{"cousins"}},
			"/reason":       {Publish: "always"},
			"/kind":         {Kind: "party"},
			"/algorithms/1": {Algorithms: []string{"ease", "magic"}},
		} {
			_, err := c.StartJob(deadline(t), r)
			if !apierror.Is(err, http.StatusUnprocessableEntity) || !strings.Contains(err.Error(), pointer) {
				t.Errorf("%+v: %v, want 422 at %s", r, err, pointer)
			}
			for _, f := range apierror.From(err).Errors {
				if f.Code == "" {
					t.Errorf("%s has no code: %+v", pointer, f)
				}
			}
		}
		if _, err := c.Job(deadline(t), "job-none"); !apierror.Is(err, http.StatusNotFound) {
			t.Errorf("unknown job: %v, want 404", err)
		}
	})
}

// TestADamagedSnapshotIsNotServed starts a service on a live model whose file was changed: it says so and serves what it can.
func TestADamagedSnapshotIsNotServed(t *testing.T) {
	t.Parallel()
	p, config := shop(5), settings(t)
	c := start(t, p, config)
	recompute(t, c, similarityapi.JobRequest{Relations: []string{similarityapi.BoughtTogether}})
	version := live(t, c)[similarityapi.BoughtTogether]
	if version == "" {
		t.Fatal("no model")
	}
	path := filepath.Join(strings.TrimPrefix(config.BlobURL, "file://"), "shops", "default", "snapshots", version+".aisle")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	other := start(t, p, config)
	eventually(t, "it is seen once it has been fetched behind its head, whose lists Redis has", func() error {
		if versions := live(t, other); len(versions) > 0 {
			return fmt.Errorf("a damaged model is live: %v", versions)
		}
		return nil
	})
	if list := neighbours(t, c, similarityapi.BoughtTogether, itemID(0, 0)); len(list.Neighbours) == 0 {
		t.Error("the service that had it open lost it")
	}
}

func TestEqualInputGivesEqualModels(t *testing.T) {
	t.Parallel()
	var sums [2]string
	p := shop(6)
	for n := range sums {
		c := start(t, p, settings(t))
		recompute(t, c, similarityapi.JobRequest{Seed: 9})
		ctx := deadline(t)
		for _, version := range []string{live(t, c)[similarityapi.Similar], live(t, c)[similarityapi.ViewedNext]} {
			m, err := c.Model(ctx, version)
			if err != nil {
				t.Fatal(err)
			}
			sums[n] += m.Checksum + " "
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("checksums %s and %s", sums[0], sums[1])
	}
}
