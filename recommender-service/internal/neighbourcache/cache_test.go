package neighbourcache

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// peer answers every question with one neighbour, whose weight counts the questions.
type peer struct {
	asked  atomic.Int64
	source string
	away   atomic.Bool
}

func (p *peer) lookup(_ context.Context, _ string, r similarityapi.LookupRequest) (similarityapi.LookupAnswer, error) {
	if p.away.Load() {
		return similarityapi.LookupAnswer{}, errors.New("away")
	}
	n := p.asked.Add(1)
	answer := similarityapi.LookupAnswer{ModelVersion: "v1"}
	for _, id := range r.ItemIDs {
		answer.Lists = append(answer.Lists, similarityapi.NeighbourList{
			ItemID: id, Source: p.source, Neighbours: []similarityapi.Neighbour{{ItemID: "n", Score: float64(n)}},
		})
	}
	return answer, nil
}

// get waits for all lists.
func get(ctx context.Context, c *Cache, shop *catalogue.Shop, m Model, items ...string) ([]*Entry, error) {
	l := c.Look(ctx, shop, m, items)
	if l.Complete() {
		return l.Entries, nil
	}
	return l.Entries, l.Fetch(ctx)
}

func TestListsThatFollowTextsAreReadAnewBehindTheAnswer(t *testing.T) {
	t.Parallel()
	type step struct {
		texts string
		later time.Duration
		away  bool
		want  float32 // which reading the answer is of
	}
	for name, c := range map[string]struct {
		source string
		steps  []step
	}{
		"while the texts stay the list stays": {
			"blend", []step{{"a", 0, false, 1}, {"a", 30 * time.Minute, false, 1}, {"a", 0, false, 1}},
		},
		"new texts: the next answer has the new list": {
			"blend", []step{{"a", 0, false, 1}, {"b", 2 * time.Minute, false, 1}, {"b", 0, false, 2}},
		},
		"texts that change all the time are not run after": {
			"text", []step{{"a", 0, false, 1}, {"b", time.Second, false, 1}, {"c", time.Second, false, 1}},
		},
		"with behaviour to go by, new texts can wait": {
			"blend", []step{{"a", 0, false, 1}, {"b", 30 * time.Second, false, 1}, {"b", 0, false, 1}},
		},
		"behaviour does not follow texts": {
			"behaviour", []step{{"a", 0, false, 1}, {"b", 2 * time.Minute, false, 1}, {"b", 0, false, 1}},
		},
		"what cannot be read anew stays until that works": {
			"text", []step{{"a", 0, false, 1}, {"b", time.Minute, true, 1}, {"b", 0, false, 1}, {"b", 0, false, 2}},
		},
		"an item without neighbours may get some from a text": {
			"none", []step{{"a", 0, false, 1}, {"b", time.Minute, false, 1}, {"b", 0, false, 2}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			p := &peer{source: c.source}
			cache := New(p.lookup, 1<<20, func() time.Time { return now })
			t.Cleanup(cache.Close)
			shop := catalogue.New(nil, nil, time.Now).Shop("north")
			for n, s := range c.steps {
				now = now.Add(s.later)
				p.away.Store(s.away)
				lists, err := get(t.Context(), cache, shop, Model{Relation: "similar", Version: "v1", Texts: s.texts}, "i")
				if err != nil || lists[0] == nil || lists[0].Row.Weights[0] != s.want {
					t.Fatalf("step %d: %+v, %v; want reading %v", n, lists[0], err, s.want)
				}
				cache.running.Wait()
			}
		})
	}
}

func TestModelsDoNotShareLists(t *testing.T) {
	t.Parallel()
	p := &peer{source: "behaviour"}
	cache := New(p.lookup, 1<<20, time.Now)
	t.Cleanup(cache.Close)
	shops := catalogue.New(nil, nil, time.Now)
	for n, m := range []struct {
		shop  string
		model Model
	}{
		{"north", Model{Relation: "similar", Version: "1"}}, {"south", Model{Relation: "similar", Version: "1"}},
		{"north", Model{Relation: "viewed_next", Version: "1"}}, {"north", Model{Relation: "similar", Version: "2"}},
	} {
		lists, err := get(t.Context(), cache, shops.Shop(m.shop), m.model, "i")
		if err != nil || lists[0].Row.Weights[0] != float32(n+1) {
			t.Errorf("%+v: %+v, %v", m, lists[0], err)
		}
	}
}
