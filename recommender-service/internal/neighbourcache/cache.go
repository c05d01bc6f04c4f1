// Package neighbourcache keeps neighbour lists of the similarity-service, translated to the catalogue's dense indices, bounded by the bytes that
// they take. Entries carry the model version that made them, so a new model never mixes with an old one; requests for the same missing list are
// sent once. The main type is Cache.
package neighbourcache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// Neighbours is the length of a kept list.
	Neighbours = 100
	// lookupItems is how many lists one request may ask for.
	lookupItems = 200
	// behaviourTTL is how long a list stays that only a new model changes; textTTL one that a change of the catalogue may change too.
	behaviourTTL = 15 * time.Minute
	textTTL      = 20 * time.Second
	// fetchTimeout bounds a request for lists.
	fetchTimeout = 5 * time.Second
	// entryBytes is what an entry costs beside its list.
	entryBytes = 200
)

// Entry is one cached list.
type Entry struct {
	Row     candidate.Row
	Version string // of the model that made it
	Source  string // behaviour, text, blend or none
}

type key struct {
	shop     string
	version  string // that was live when it was asked for, or was asked for
	relation string
	item     string
}

// Lookup asks the similarity-service.
type Lookup func(ctx context.Context, shop string, r similarityapi.LookupRequest) (similarityapi.LookupAnswer, error)

// Cache is safe for concurrent use.
type Cache struct {
	lookup Lookup
	lists  *otter.Cache[key, *Entry]
}

// New returns an empty cache that holds at most maxBytes of lists.
func New(lookup Lookup, maxBytes uint64) *Cache {
	return &Cache{lookup: lookup, lists: otter.Must(&otter.Options[key, *Entry]{
		MaximumWeight: maxBytes,
		Weigher: func(k key, e *Entry) uint32 {
			return uint32(entryBytes + len(k.item) + 8*cap(e.Row.Items))
		},
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[key, *Entry]) time.Duration {
			if e.Value.Source == "behaviour" {
				return behaviourTTL
			}
			return textTTL
		}),
	})}
}

// Bytes returns what the lists take.
func (c *Cache) Bytes() uint64 { return c.lists.WeightedSize() }

// Close ends the cache's upkeep.
func (c *Cache) Close() { c.lists.StopAllGoroutines() }

// Get returns the lists of items under a model version, the live one when live is not "". Lists that cannot be had are nil, and err says why;
// those at hand are returned all the same. pinned asks for exactly this version rather than for whatever is live.
func (c *Cache) Get(ctx context.Context, shop *catalogue.Shop, relation, version string, pinned bool, items []string) ([]*Entry, error) {
	out := make([]*Entry, len(items))
	var missing []key
	for n, item := range items {
		k := key{shop.Name, version, relation, item}
		if e, ok := c.lists.GetIfPresent(k); ok {
			out[n] = e
		} else {
			missing = append(missing, k)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	found, err := c.fetch(ctx, shop, missing, pinned)
	for n, item := range items {
		if out[n] == nil {
			out[n] = found[key{shop.Name, version, relation, item}]
		}
	}
	if err != nil {
		return out, fmt.Errorf("read %d neighbour lists (%s): %w", len(missing), relation, err)
	}
	return out, nil
}

// fetch gets missing lists. A caller who cannot wait goes away, but what was asked for still comes into the cache for the next one.
func (c *Cache) fetch(ctx context.Context, shop *catalogue.Shop, missing []key, pinned bool) (map[key]*Entry, error) {
	type result struct {
		found map[key]*Entry
		err   error
	}
	done := make(chan result, 1)
	go func() {
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		found, err := c.lists.BulkGet(call, missing, otter.BulkLoaderFunc[key, *Entry](func(ctx context.Context, keys []key) (map[key]*Entry, error) {
			return c.load(ctx, shop, keys, pinned)
		}))
		done <- result{found, err}
	}()
	select {
	case r := <-done:
		return r.found, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load asks for lists, in as many requests as needed. All keys are of one relation and version.
func (c *Cache) load(ctx context.Context, shop *catalogue.Shop, keys []key, pinned bool) (map[key]*Entry, error) {
	out := make(map[key]*Entry, len(keys))
	for from := 0; from < len(keys); from += lookupItems {
		part := keys[from:min(from+lookupItems, len(keys))]
		r := similarityapi.LookupRequest{Relation: part[0].relation, Limit: Neighbours}
		if pinned {
			r.ModelVersion = part[0].version
		}
		for _, k := range part {
			r.ItemIDs = append(r.ItemIDs, k.item)
		}
		answer, err := c.lookup(ctx, shop.Name, r)
		if err != nil {
			return out, err
		}
		if len(answer.Lists) != len(part) {
			return out, errors.New("the similarity-service answered another number of lists than asked for")
		}
		for n := range answer.Lists {
			out[part[n]] = &Entry{Row: Translate(shop, answer.Lists[n].Neighbours), Version: answer.ModelVersion, Source: answer.Lists[n].Source}
		}
	}
	return out, nil
}

// Translate numbers the items of a list.
func Translate(shop *catalogue.Shop, list []similarityapi.Neighbour) candidate.Row {
	ids := make([]string, len(list))
	row := candidate.Row{Weights: make([]float32, len(list))}
	for n := range list {
		ids[n], row.Weights[n] = list[n].ItemID, float32(list[n].Score)
	}
	row.Items = shop.Intern(make([]int32, 0, len(list)), ids)
	return row
}
