// Package neighbourcache keeps neighbour lists of the similarity-service, translated to the catalogue's dense indices, bounded by the bytes
// that they take. Entries carry the model version that made them, so a new model never mixes with an old one; requests for the same missing
// list are sent once. The main type is Cache.
package neighbourcache

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unique"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/cacheclock"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// neighbours is the length of a kept list.
	neighbours = 200
	// lookupItems is how many lists one request may ask for.
	lookupItems = 200
	// listTTL is how long a list stays at most. A new model has lists of its own, so this only clears away what nobody asks for.
	listTTL = time.Hour
	// useTextFor is how long a list that has only texts, or nothing, to go by is used as it is after it was read, while texts change all
	// the time; useBlendFor is the same for one that has behaviour as well.
	useTextFor  = 10 * time.Second
	useBlendFor = time.Minute
	// refreshes is how many refreshes of outdated lists run at once, and pause how many times as long as it took comes before the next:
	// when the texts of a catalogue change all the time, what answers need goes first.
	refreshes = 1
	pause     = 4
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
	// how a history weighs in sums over lists of this model; nil where no model says so. Shared by the lists of one reading
	Seeding *similarityapi.Seeding
	texts   unique.Handle[string] // the fingerprint of the items' texts when it was read
	read    time.Time
}

// outdated reports whether the list may be another one by now.
func (e *Entry) outdated(texts unique.Handle[string], now time.Time) bool {
	switch {
	case e.texts == texts || e.Source == "behaviour":
		return false
	case e.Source == "blend":
		return now.Sub(e.read) > useBlendFor
	}
	return now.Sub(e.read) > useTextFor
}

// Model says which lists are meant.
type Model struct {
	Relation string
	Version  string // the live one, or the one asked for by name
	Named    bool   // exactly this version is asked for rather than whatever is live
	Texts    string // the present fingerprint of the items' texts
}

// key names a list. Hashing and comparing names of shops and models for each of a visitor's items would take longer than finding the list.
type key struct {
	model unique.Handle[modelName]
	item  string
}

type modelName struct {
	shop     string
	relation string
	version  string // that was live when it was asked for, or was asked for
}

// Lookup asks the similarity-service; it answers a list for each item.
type Lookup func(ctx context.Context, shop string, r similarityapi.LookupRequest) (similarityapi.LookupAnswer, error)

// Cache is safe for concurrent use.
type Cache struct {
	lookup     Lookup
	now        func() time.Time
	lists      *otter.Cache[key, *Entry]
	refreshing chan struct{} // holds an element for each refresh under way
	running    sync.WaitGroup
	closing    chan struct{}
}

// New returns an empty cache that holds at most maxBytes of lists.
func New(lookup Lookup, maxBytes uint64, now func() time.Time) *Cache {
	return &Cache{lookup: lookup, now: now, closing: make(chan struct{}),
		refreshing: make(chan struct{}, refreshes), lists: otter.Must(&otter.Options[key, *Entry]{
			MaximumWeight: maxBytes,
			Weigher: func(k key, e *Entry) uint32 {
				return uint32(entryBytes + len(k.item) + 8*cap(e.Row.Items))
			},
			Clock: cacheclock.New(), ExpiryCalculator: otter.ExpiryWriting[key, *Entry](listTTL),
		})}
}

// Bytes returns what the lists take.
func (c *Cache) Bytes() uint64 { return c.lists.WeightedSize() }

// Close waits for refreshes under way and ends the cache's background work.
func (c *Cache) Close() {
	close(c.closing)
	c.running.Wait()
	c.lists.StopAllGoroutines()
}

// Lists are neighbour lists that were asked for.
type Lists struct {
	// Entries stand beside the items; nil for a list that is not at hand.
	Entries []*Entry

	cache   *Cache
	shop    *catalogue.Shop
	model   Model
	items   []string
	missing []key
}

// Look returns those lists of items in a model that are at hand. One that may have changed with the texts of items is returned as it is,
// and read anew for the next request. It does not wait.
func (c *Cache) Look(ctx context.Context, shop *catalogue.Shop, m Model, items []string) *Lists {
	l := &Lists{Entries: make([]*Entry, len(items)), cache: c, shop: shop, model: m, items: items}
	var outdated []key
	now, name, texts := c.now(), unique.Make(modelName{shop.Name, m.Relation, m.Version}), unique.Make(m.Texts)
	for n, item := range items {
		e, ok := c.lists.GetIfPresent(key{name, item})
		switch l.Entries[n] = e; {
		case !ok:
			l.missing = append(l.missing, key{name, strings.Clone(item)}) // it may be a piece of a visitor's whole state
		case e.outdated(texts, now):
			outdated = append(outdated, key{name, strings.Clone(item)})
		}
	}
	c.refresh(ctx, shop, m, outdated)
	return l
}

// Missing is how many of the lists are not at hand.
func (l *Lists) Missing() int { return len(l.missing) }

// Complete reports whether all lists are at hand.
func (l *Lists) Complete() bool { return len(l.missing) == 0 }

// Fetch waits for the lists that are not at hand. Those that cannot be had stay nil, and the error says why.
func (l *Lists) Fetch(ctx context.Context) error {
	found, err := l.cache.fetch(ctx, l.shop, l.model, l.missing)
	for n, item := range l.items {
		if l.Entries[n] == nil {
			l.Entries[n] = found[key{l.missing[0].model, item}]
		}
	}
	if err != nil {
		return fmt.Errorf("read %d neighbour lists (%s): %w", len(l.missing), l.model.Relation, err)
	}
	l.missing = nil
	return nil
}

// refresh reads lists anew in the background. When that is being done for enough others already, a later request will ask again.
func (c *Cache) refresh(ctx context.Context, shop *catalogue.Shop, m Model, outdated []key) {
	if len(outdated) == 0 {
		return
	}
	select {
	case c.refreshing <- struct{}{}:
	default:
		return
	}
	c.running.Go(func() {
		defer func() { <-c.refreshing }()
		call, cancel := context.WithTimeout(httpclient.Staying(context.WithoutCancel(ctx)), fetchTimeout)
		defer cancel()
		began := time.Now()
		found, _ := c.load(call, shop, m, outdated) // the old lists stay, and the next request tries again
		for k, e := range found {
			c.lists.Set(k, e)
		}
		select {
		case <-time.After(pause * time.Since(began)):
		case <-c.closing:
		}
	})
}

// fetch gets missing lists. A caller who cannot wait goes away, but what was asked for still comes into the cache for the next one.
func (c *Cache) fetch(ctx context.Context, shop *catalogue.Shop, m Model, missing []key) (map[key]*Entry, error) {
	type result struct {
		found map[key]*Entry
		err   error
	}
	done := make(chan result, 1)
	go func() {
		call, cancel := context.WithTimeout(httpclient.Staying(context.WithoutCancel(ctx)), fetchTimeout)
		defer cancel()
		found, err := c.lists.BulkGet(call, missing, otter.BulkLoaderFunc[key, *Entry](func(
			ctx context.Context, keys []key,
		) (map[key]*Entry, error) {
			return c.load(ctx, shop, m, keys)
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

// load asks for lists, in as many requests as needed.
func (c *Cache) load(ctx context.Context, shop *catalogue.Shop, m Model, keys []key) (map[key]*Entry, error) {
	now := c.now()
	out := make(map[key]*Entry, len(keys))
	for from := 0; from < len(keys); from += lookupItems {
		part := keys[from:min(from+lookupItems, len(keys))]
		r := similarityapi.LookupRequest{Relation: m.Relation, Limit: neighbours}
		if m.Named {
			r.ModelVersion = m.Version
		}
		for _, k := range part {
			r.ItemIDs = append(r.ItemIDs, k.item)
		}
		answer, err := c.lookup(ctx, shop.Name, r)
		if err != nil {
			return out, err
		}
		for n := range answer.Lists {
			list := &answer.Lists[n]
			e := &inOnePiece{Entry: Entry{
				Version: answer.ModelVersion, Source: list.Source, Seeding: answer.Seeding, texts: unique.Make(m.Texts), read: now,
			}}
			row := Translate(shop, list.Neighbours[:min(len(list.Neighbours), neighbours)])
			e.Row = candidate.Row{Items: append(e.items[:0], row.Items...), Weights: append(e.weights[:0], row.Weights...)}
			out[part[n]] = &e.Entry
		}
	}
	return out, nil
}

// inOnePiece is an entry with the memory of its row: most are full, and one object to collect is cheaper than three.
type inOnePiece struct {
	Entry
	items   [neighbours]int32
	weights [neighbours]float32
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
