// Package config keeps the things that a shop configures at run time: scenarios, experiments, rollouts. Reads come from memory and never
// wait for the store; a change is in the store before it is acknowledged, at once visible here and within seconds in other replicas. Every
// version is kept. The main type is Collection.
package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

// errNotFound says that there is no such thing, or no such version of it.
var errNotFound = store.ErrNotFound

// Meta is what is known of a version beside its content. UpdatedMs, in epoch milliseconds, is 0
// for a thing as it was delivered.
type Meta struct {
	ID        string
	Version   int64
	UpdatedMs int64
	Builtin   bool
	Author    string
	Deleted   bool
}

// Documents is the port to the store: Stamps is asked often and must be cheap, Put alone
// writes. store.Store says what each gives.
type Documents interface {
	Stamps(ctx context.Context, kind string) (map[string]string, error)
	Documents(ctx context.Context, shop, kind string) ([]store.Document, error)
	History(ctx context.Context, shop, kind, id string, before int64, limit int) ([]store.Document, error)
	DocumentVersion(ctx context.Context, shop, kind, id string, version int64) (store.Document, error)
	Put(ctx context.Context, shop, kind string, d store.Document, first int64, check func(store.Document) error) (int64, error)
}

// Entry is one version of a thing. Nobody changes Value.
type Entry[T any] struct {
	Meta
	Value *T
}

// Collection holds all things of one kind, of all shops, in memory. It is safe for concurrent
// use. A shop that has not been read has the built-in things.
type Collection[T any] struct {
	documents Documents
	kind      string
	stamp     func(*T, Meta) // writes what is not stored in the body
	builtin   map[string]Entry[T]
	logger    *slog.Logger
	now       func() time.Time
	heard     chan struct{} // another process may have changed something

	mu     sync.RWMutex
	shops  map[string]map[string]Entry[T]
	during map[string]map[string]Entry[T] // by shop: written since its things began to be read again; nil when they are not
	failed map[string]bool
}

// New returns a collection. builtin are the things that every shop has until it changes them,
// as version 1. stamp is called with each value that is read or made, before anybody else sees
// it.
func New[T any](
	d Documents, kind string, stamp func(*T, Meta), builtin map[string]T, logger *slog.Logger, now func() time.Time,
) *Collection[T] {
	c := &Collection[T]{
		documents: d, kind: kind, stamp: stamp, builtin: map[string]Entry[T]{}, logger: logger, now: now, heard: make(chan struct{}, 1),
		shops: map[string]map[string]Entry[T]{}, during: map[string]map[string]Entry[T]{}, failed: map[string]bool{},
	}
	for id, v := range builtin {
		meta := Meta{ID: id, Version: 1, Builtin: true}
		stamp(&v, meta)
		c.builtin[id] = Entry[T]{meta, &v}
	}
	return c
}

// Find returns a thing of a shop as it was last read; false for one that there is not or that
// was deleted.
func (c *Collection[T]) Find(shop, id string) (Entry[T], bool) {
	c.mu.RLock()
	e, ok := c.shops[shop][id]
	c.mu.RUnlock()
	if ok {
		return e, !e.Deleted
	}
	e, ok = c.builtin[id]
	return e, ok
}

// List returns the things of a shop in order of id, built-in ones that it has not changed among
// them.
func (c *Collection[T]) List(shop string) []Entry[T] {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var list []Entry[T]
	for _, e := range c.shops[shop] {
		if !e.Deleted {
			list = append(list, e)
		}
	}
	for id, e := range c.builtin {
		if _, changed := c.shops[shop][id]; !changed {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b Entry[T]) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Failed reports whether the shop's things could not be read the last time, so that older ones serve.
func (c *Collection[T]) Failed(shop string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.failed[shop]
}

// Refresh reads the things of a shop again. When that fails the ones read before stay. It must not run twice at once for a shop.
func (c *Collection[T]) Refresh(ctx context.Context, shop string) error {
	c.mu.Lock()
	c.during[shop] = map[string]Entry[T]{}
	c.mu.Unlock()
	documents, err := c.documents.Documents(ctx, shop, c.kind)
	c.mu.Lock()
	defer c.mu.Unlock()
	during := c.during[shop]
	delete(c.during, shop)
	c.failed[shop] = err != nil
	if err != nil {
		return err
	}
	things := make(map[string]Entry[T], len(documents))
	for n := range documents {
		e, err := c.entry(&documents[n])
		if err != nil {
			c.logger.Error(
				"stored configuration cannot be read and is passed over", "kind", c.kind, "shop", shop, "id", documents[n].ID, "error", err,
			)
			continue
		}
		things[e.ID] = e
	}
	for id, e := range during {
		if e.Version > things[id].Version { // what was read does not have it yet
			things[id] = e
		}
	}
	c.shops[shop] = things
	return nil
}

// entry decodes a document. A deleted thing that is built in is as it was delivered.
func (c *Collection[T]) entry(d *store.Document) (Entry[T], error) {
	meta := Meta{ID: d.ID, Version: d.Version, UpdatedMs: d.CreatedMs, Author: d.Author, Deleted: d.Deleted}
	v := new(T)
	if b, ok := c.builtin[d.ID]; ok && d.Deleted {
		*v, meta.Builtin, meta.Deleted = *b.Value, true, false
	} else if err := json.Unmarshal(d.Body, v); err != nil {
		return Entry[T]{}, fmt.Errorf("%s %s version %d: %w", c.kind, d.ID, d.Version, err)
	}
	c.stamp(v, meta)
	return Entry[T]{meta, v}, nil
}

// Put stores the next version of a thing. require judges the version that is there, 0 when
// there is none, and its error comes back as it is; store.ErrVersion says that somebody else
// was faster. created says that there was none before. v is not kept: the entry has what was
// stored. It waits for the store.
func (c *Collection[T]) Put(
	ctx context.Context, shop, id, author string, v *T, require func(version int64) error,
) (e Entry[T], created bool, err error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Entry[T]{}, false, fmt.Errorf("encode %s %s: %w", c.kind, id, err)
	}
	return c.write(ctx, shop, store.Document{ID: id, Author: author, Body: body}, require)
}

// Delete ends a thing, by a version that says so; a built-in one is from then on as it was
// delivered. store.ErrNotFound says that there is none.
func (c *Collection[T]) Delete(ctx context.Context, shop, id, author string, require func(version int64) error) error {
	_, _, err := c.write(ctx, shop, store.Document{ID: id, Author: author, Deleted: true, Body: []byte("{}")}, func(version int64) error {
		if version == 0 {
			return errNotFound
		}
		return require(version)
	})
	return err
}

// write appends a version to the store and then shows it here, unless a later one has come in
// between. A refresh that is under way may have read an older state: it is told as well.
func (c *Collection[T]) write(
	ctx context.Context, shop string, d store.Document, require func(version int64) error,
) (Entry[T], bool, error) {
	d.CreatedMs = c.now().UnixMilli()
	_, builtin := c.builtin[d.ID]
	first, created := int64(1), false
	if builtin {
		first = 2 // version 1 is the one delivered
	}
	version, err := c.documents.Put(ctx, shop, c.kind, d, first, func(newest store.Document) error {
		have := newest.Version
		if newest.Version == 0 && builtin {
			have = 1
		}
		if newest.Deleted && !builtin {
			have = 0
		}
		created = have == 0
		return require(have)
	})
	if err != nil {
		return Entry[T]{}, false, err
	}
	d.Version = version
	e, err := c.entry(&d)
	if err != nil {
		return Entry[T]{}, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shops[shop] == nil {
		c.shops[shop] = map[string]Entry[T]{}
	}
	if have := c.shops[shop][d.ID]; have.Version < e.Version {
		c.shops[shop][d.ID] = e
	}
	if during := c.during[shop]; during != nil && during[d.ID].Version < e.Version {
		during[d.ID] = e
	}
	return e, created, nil
}

// Version returns one version of a thing, or store.ErrNotFound. Present and delivered versions
// are in memory; others are one statement.
func (c *Collection[T]) Version(ctx context.Context, shop, id string, version int64) (Entry[T], error) {
	if e, ok := c.Find(shop, id); ok && e.Version == version {
		return e, nil
	}
	if e, ok := c.builtin[id]; ok && version == 1 {
		return e, nil
	}
	d, err := c.documents.DocumentVersion(ctx, shop, c.kind, id, version)
	if err != nil {
		return Entry[T]{}, err
	}
	return c.entry(&d)
}

// History returns the versions of a thing below before (0: from the newest), the newest first;
// the delivered version comes last. store.ErrNotFound says that there never was one.
func (c *Collection[T]) History(ctx context.Context, shop, id string, before int64, limit int) ([]Entry[T], error) {
	documents, err := c.documents.History(ctx, shop, c.kind, id, before, limit)
	if err != nil {
		return nil, err
	}
	var list []Entry[T]
	for n := range documents {
		e, err := c.entry(&documents[n])
		if err != nil {
			return nil, err
		}
		e.Deleted = documents[n].Deleted
		list = append(list, e)
	}
	if b, ok := c.builtin[id]; ok && len(list) < limit && (before == 0 || before > 1) {
		list = append(list, b)
	}
	if len(list) == 0 && before == 0 {
		return nil, errNotFound
	}
	return list, nil
}

// Run reads the things of all shops again every interval until ctx ends: of those whose stamp has changed, so that shops at rest cost one
// question together.
func (c *Collection[T]) Run(ctx context.Context, shops func() []string, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	read := map[string]string{} // by shop: the stamp of what was read last
	for {
		call, cancel := context.WithTimeout(ctx, interval+time.Second)
		stamps, err := c.documents.Stamps(call, c.kind)
		cancel()
		if ctx.Err() != nil {
			return // the question failed because of that
		}
		if err != nil {
			clear(read) // every shop is read, and learns that it cannot be
		}
		c.refreshChanged(ctx, shops(), stamps, read, interval)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-c.heard:
		}
	}
}

// Heard has Run look at once: another process may have changed something.
func (c *Collection[T]) Heard() {
	select {
	case c.heard <- struct{}{}:
	default: // it is about to look
	}
}

// refreshAtOnce is how many shops are read together, so that a slow one does not delay the others.
const refreshAtOnce = 4

// refreshChanged reads the shops whose stamp is not the one they were read at, and notes in
// read those that could be. Of a shop that fails again and again the log says so once.
func (c *Collection[T]) refreshChanged(ctx context.Context, shops []string, stamps, read map[string]string, interval time.Duration) {
	var group errgroup.Group
	group.SetLimit(refreshAtOnce)
	var mu sync.Mutex
	for _, shop := range shops {
		mu.Lock()
		was, known := read[shop]
		mu.Unlock()
		if known && was == stamps[shop] {
			continue
		}
		group.Go(func() error {
			failedBefore := c.Failed(shop)
			call, cancel := context.WithTimeout(ctx, interval+time.Second)
			defer cancel()
			err := c.Refresh(call, shop)
			if err != nil && !failedBefore && !errors.Is(err, context.Canceled) {
				c.logger.Warn("configuration cannot be read, what was read before serves", "kind", c.kind, "shop", shop, "error", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if delete(read, shop); err == nil {
				read[shop] = stamps[shop]
			}
			return nil
		})
	}
	_ = group.Wait()
}
