package serving

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/bundles"
	"github.com/aisle-rec/aisle/similarity-service/internal/rowcache"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// Model is one opened version.
type Model struct {
	Shop     string
	Relation string
	Version  string
	Snapshot *snapshot.Snapshot
	// Sessions is the next-item model; nil for relations that only have lists.
	Sessions *sessions.Model
	// Seeding is how the items of a history weigh; nil for relations that are not about histories.
	Seeding *similarityapi.Seeding
	bundles atomic.Pointer[bundles.Index] // read at first use
	tag     string
	head    bool         // the lists of the snapshot are not here yet
	used    atomic.Int64 // Unix seconds of the last use
}

// Model returns a version of a relation, the live one when version is "". It wraps ErrNoModel or ErrUnknownVersion.
func (r *Registry) Model(ctx context.Context, shop, relation, version string) (*Model, error) {
	if version == "" {
		if version = r.liveVersion(shop, relation); version == "" {
			return nil, fmt.Errorf("%w for %s", ErrNoModel, relation)
		}
	}
	m, err := r.open(ctx, shop, version)
	if err != nil {
		return nil, err
	}
	if m.Relation != relation {
		return nil, fmt.Errorf("%w: %s is a model of %s, not of %s", ErrUnknownVersion, version, m.Relation, relation)
	}
	return m, nil
}

// open returns a version, opening it at first use: by its head where Redis has its lists, else
// whole, which takes as long as a copy of the snapshot. It wraps ErrUnknownVersion or
// errDamaged. Two who open the same version at once both do; the later stays.
func (r *Registry) open(ctx context.Context, shop, version string) (*Model, error) {
	key := shop + "/" + version
	r.mu.RLock()
	m := r.opened[key]
	r.mu.RUnlock()
	if m != nil {
		m.markUsed(r.now())
		return m, nil
	}
	if m = r.openHead(ctx, shop, version); m == nil {
		s, err := r.archive.Snapshot(ctx, snapshotPath(shop, version))
		if errors.Is(err, archive.ErrNotFound) {
			return nil, fmt.Errorf("%w: %s", ErrUnknownVersion, version)
		}
		if err != nil {
			return nil, err
		}
		if m, err = r.model(shop, version, s); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened[key] = m
	if m.head {
		go r.complete(context.WithoutCancel(ctx), m)
	}
	return m, nil
}

// model is a version whose snapshot is open.
func (r *Registry) model(shop, version string, s *snapshot.Snapshot) (m *Model, err error) {
	m = &Model{Shop: shop, Relation: s.Meta.Relation, Version: version, Snapshot: s, tag: rowcache.Tag(shop, s.Checksum)}
	if m.Sessions, err = readSessions(s); err != nil {
		return nil, fmt.Errorf("open model %s: %w", version, err)
	}
	if m.Seeding, err = seeding(&s.Meta); err != nil {
		return nil, fmt.Errorf("open model %s: %w", version, err)
	}
	m.markUsed(r.now())
	return m, nil
}

// markUsed notes a use. It writes once a second at most, so that readers on many cores do not take the memory from each other.
func (m *Model) markUsed(now time.Time) {
	if at := now.Unix(); m.used.Load() != at {
		m.used.Store(at)
	}
}

// Bundles returns the sets of items that were found with a model; an empty index for a version that was made before there were any.
func (r *Registry) Bundles(ctx context.Context, m *Model) (*bundles.Index, error) {
	if x := m.bundles.Load(); x != nil {
		return x, nil
	}
	set, err := r.store.Bundles(ctx, m.Shop, m.Version)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	x := bundles.NewIndex(set)
	m.bundles.Store(x)
	return x, nil
}

// Opened returns how many versions are open.
func (r *Registry) Opened() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.opened)
}

// close forgets an opened version; who reads it can finish.
func (r *Registry) close(shop, version string) {
	r.mu.Lock()
	delete(r.opened, shop+"/"+version)
	r.mu.Unlock()
	r.archive.Forget(snapshotPath(shop, version))
}

// unusedAfter is how long a version that is not live stays open after its last use. Those that experiments and scenarios name are used all
// the time.
const unusedAfter = 10 * time.Minute

// closeUnused forgets the versions that are live no more, or have been deleted by another replica, and that nobody asks for.
func (r *Registry) closeUnused() {
	oldest := r.now().Add(-unusedAfter).Unix()
	var unused []*Model
	r.mu.RLock()
	for _, m := range r.opened {
		if r.live[m.Shop][m.Relation].version != m.Version && m.used.Load() < oldest {
			unused = append(unused, m)
		}
	}
	r.mu.RUnlock()
	for _, m := range unused {
		r.close(m.Shop, m.Version)
	}
}

// seeding reads how a model weighs the items of a history. One that was stored without a recipe takes the weights as they are.
func seeding(m *snapshot.Meta) (*similarityapi.Seeding, error) {
	if m.Relation != similarityapi.Similar {
		return nil, nil
	}
	var recipe struct {
		Values string `json:"values"`
	}
	if m.Recipe != nil {
		if err := json.Unmarshal(m.Recipe, &recipe); err != nil {
			return nil, fmt.Errorf("read the recipe: %w", err)
		}
	}
	return &similarityapi.Seeding{Values: cmp.Or(recipe.Values, similarityapi.ValuesWeights), HalfLife: m.SeedHalfLife}, nil
}

// readSessions reads the next-item model of a snapshot, nil when it has none.
func readSessions(s *snapshot.Snapshot) (*sessions.Model, error) {
	data, err := s.Sessions()
	if err != nil || data == nil {
		return nil, err
	}
	return sessions.Read(bytes.NewReader(data))
}

// rowBuffers spares the common request its allocations.
var rowBuffers = sync.Pool{New: func() any { return new([]int32) }}

// Rows returns the neighbour lists of the items with these indices, from Redis where it has them and else from the snapshot, which
// gives the same bytes. A Redis that is away or empty slows the answer down but changes nothing in it.
// An item without a list has nil. The lists are in the order of items and the caller's.
func (r *Registry) Rows(ctx context.Context, m *Model, items []int32) ([][]snapshot.Entry, error) {
	wanted := rowBuffers.Get().(*[]int32)
	defer rowBuffers.Put(wanted)
	*wanted = (*wanted)[:0]
	for _, i := range items {
		if m.Snapshot.RowLen(i) > 0 {
			*wanted = append(*wanted, i)
		}
	}
	lists := make([][]snapshot.Entry, len(items))
	if len(*wanted) == 0 {
		return lists, nil
	}
	cached, err := r.cached(ctx, m, *wanted)
	if err != nil {
		return nil, err
	}
	at, missing := 0, false
	for p, i := range items {
		if m.Snapshot.RowLen(i) == 0 {
			continue
		}
		row := cached[at]
		at++
		if len(row) == 0 {
			if m.head && !missing { // the caller's patience bounds the wait, which a read of the row does not know
				if _, err := r.archive.Snapshot(ctx, snapshotPath(m.Shop, m.Version)); err != nil {
					return nil, err
				}
			}
			missing = true
			if row, err = m.Snapshot.Row(i); err != nil {
				return nil, err
			}
		}
		if lists[p], err = snapshot.DecodeRow(row, m.Snapshot.Len()); err != nil {
			return nil, err
		}
	}
	if missing && r.rows != nil {
		r.wantFill(m)
	}
	return lists, nil
}

// cached returns the encoded lists that Redis has, nil for the others; it fails only when ctx has ended.
func (r *Registry) cached(ctx context.Context, m *Model, items []int32) ([][]byte, error) {
	if r.rows == nil {
		return make([][]byte, len(items)), nil
	}
	rows, err := r.rows.Rows(ctx, m.tag, items, m.Snapshot.Len())
	if err == nil {
		return rows, nil
	}
	return make([][]byte, len(items)), ctx.Err() // unless ctx has ended, Redis is away
}

// wantFill asks Run to load the lists of m into Redis, once.
func (r *Registry) wantFill(m *Model) {
	if _, busy := r.filling.LoadOrStore(m.tag, true); busy {
		return
	}
	select {
	case r.fill <- m:
	default:
		r.filling.Delete(m.tag) // many are waiting; a later miss asks again
	}
}
