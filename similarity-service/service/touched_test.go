package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// visit adds later views of the items by every visitor of group 0 and some purchases, and reports what it touched.
func visit(p *peer, items ...string) {
	at := p.events[len(p.events)-1].OccurredAt.Add(time.Hour)
	p.events = slices.Clone(p.events)
	for n := range 60 {
		for m, item := range items {
			e := profileapi.Interaction{
				UserID: fmt.Sprint("u", n*groups), SessionID: fmt.Sprint("late", n), ItemID: item, Type: "view_item", Weight: 1,
				Quantity:   1,
				OccurredAt: wire.TimeOf(at.Add(time.Duration(n*len(items)+m) * time.Minute)),
			}
			p.events = append(p.events, e)
			e.Type, e.Weight, e.OrderID = "purchase", 5, fmt.Sprint("late", n)
			p.events = append(p.events, e)
		}
	}
}

// outcome is what the job says of a relation.
func outcome(t *testing.T, job similarityapi.Job, relation string) map[string]any {
	t.Helper()
	all, _ := job.Result["relations"].([]any)
	for _, one := range all {
		if o, _ := one.(map[string]any); o["relation"] == relation {
			return o
		}
	}
	t.Fatalf("no outcome of %s: %+v", relation, job)
	return nil
}

func TestTouchedOnly(t *testing.T) {
	t.Parallel()
	p := shop(11)
	c := start(t, p, settings(t))
	touched := similarityapi.JobRequest{TouchedOnly: true, Publish: "always", Reason: "what was refreshed is looked at"}

	t.Run("without a live model it fails and says what to do", func(t *testing.T) {
		job := recompute(t, c, touched)
		if job.State != similarityapi.JobFailed || !strings.Contains(job.Error, "run a recompute without touched_only first") {
			t.Errorf("job %s: %q", job.State, job.Error)
		}
	})
	if job := recompute(t, c, similarityapi.JobRequest{Seed: 3}); job.State != similarityapi.JobSucceeded {
		t.Fatalf("%+v", job)
	}
	before := live(t, c)
	if len(before) != 3 {
		t.Fatalf("live: %v", before)
	}
	t.Run("without new events nothing is made", func(t *testing.T) {
		job := recompute(t, c, touched)
		if state := outcome(t, job, similarityapi.Similar)["state"]; job.State != similarityapi.JobSucceeded || state != "skipped" ||
			len(job.Models) > 0 {
			t.Errorf("job %s, similar %v, models %v", job.State, state, job.Models)
		}
	})
	old := itemID(0, 2)
	p.set(func(p *peer) {
		p.items = append(slices.Clone(p.items), profileapi.Item{ItemID: "new", Title: "lamp", CategoryPath: []string{"All", "Group 0"}})
		visit(p, old, "new")
	})
	eventually(t, "the new item is in the catalogue", func() error {
		if list := neighbours(t, c, similarityapi.Similar, "new"); list.Source != "text" {
			return fmt.Errorf("%+v", list)
		}
		return nil
	})
	job := recompute(t, c, touched)
	after := live(t, c)
	if job.State != similarityapi.JobSucceeded || len(job.Models) != 3 {
		t.Fatalf("%+v", job)
	}
	ctx := deadline(t)
	for relation, version := range before {
		was, err := c.Model(ctx, version)
		if err != nil {
			t.Fatal(err)
		}
		is, err := c.Model(ctx, after[relation])
		if err != nil || after[relation] == version {
			t.Fatalf("%s: still %s, %v", relation, version, err)
		}
		delete(was.Parameters, "search") // there was none now
		if was.Algorithm != is.Algorithm || is.Gate == nil || len(is.Metrics) == 0 {
			t.Errorf("%s: %s became %s with gate %v and metrics %v", relation, was.Algorithm, is.Algorithm, is.Gate, is.Metrics)
		}
		if diff := cmp.Diff(was.Parameters, is.Parameters); diff != "" {
			t.Errorf("%s: parameters (-live +refreshed):\n%s", relation, diff)
		}
		board, _ := outcome(t, job, relation)["leaderboard"].([]any)
		if len(board) > 3 {
			t.Errorf("%s: %d algorithms competed, want the live one beside popularity and cosine", relation, len(board))
		}
		if list := neighbours(t, c, relation, "new"); list.Source == "text" || list.Neighbours[0].ItemID != old {
			t.Errorf("%s: the item that is always seen with %s has %+v", relation, old, list)
		}
	}
}

// TestTouchedOnlyKeepsTheOtherLists has a model whose lists do not depend on each other, and a catalogue whose other items nobody touches.
func TestTouchedOnlyKeepsTheOtherLists(t *testing.T) {
	t.Parallel()
	p := shop(12)
	for n, i := range p.items {
		p.items[n] = profileapi.Item{ItemID: i.ItemID} // without a text, lists are those of the model
	}
	views := slices.DeleteFunc(slices.Clone(p.events), func(e profileapi.Interaction) bool { return e.Type != "view_item" })
	for n, e := range views[:900] {
		id := fmt.Sprintf("rare%03d", n)
		p.items = append(p.items, profileapi.Item{ItemID: id})
		e.ItemID = id
		p.events = append([]profileapi.Interaction{e}, p.events...)
	}
	c := start(t, p, settings(t))
	whole := similarityapi.JobRequest{Relations: []string{similarityapi.Similar}, BudgetSeconds: .3, Algorithms: []string{"two_hop"}}
	recompute(t, c, whole)
	one, other, quiet := itemID(0, 2), itemID(0, 20), itemID(0, 5)
	list := neighbours(t, c, similarityapi.Similar, quiet)
	p.set(func(p *peer) { visit(p, one, other) })

	job := recompute(t, c, similarityapi.JobRequest{
		Relations: whole.Relations, TouchedOnly: true, Publish: "always", Reason: "the lists are looked at",
	})
	if got := outcome(t, job, similarityapi.Similar)["touched"]; job.State != similarityapi.JobSucceeded || got != 2. {
		t.Fatalf("touched %v: %+v", got, job)
	}
	if diff := cmp.Diff(list, neighbours(t, c, similarityapi.Similar, quiet)); diff != "" {
		t.Errorf("an item without new events (-before +after):\n%s", diff)
	}
	if list := neighbours(t, c, similarityapi.Similar, one); list.Neighbours[0].ItemID != other {
		t.Errorf("%s was seen with %s sixty times: %+v", one, other, list)
	}
	whole.Publish, whole.Reason = "always", "the lists are looked at"
	recompute(t, c, whole)
	if cmp.Equal(list, neighbours(t, c, similarityapi.Similar, quiet)) {
		t.Error("a whole recompute gives the same list: the test cannot tell")
	}
}

func TestTouchedOnlyIsForRecomputes(t *testing.T) {
	t.Parallel()
	c := start(t, &peer{}, settings(t))
	_, err := c.StartJob(deadline(t), similarityapi.JobRequest{Kind: "evaluation", TouchedOnly: true})
	if !apierror.Is(err, http.StatusUnprocessableEntity) || !strings.Contains(err.Error(), "/touched_only") {
		t.Errorf("%v, want 422 at /touched_only", err)
	}
}
