// Package serving knows which model versions there are, which one is live for each relation, and reads neighbour lists from them: from
// Redis, else from the snapshot. What there is and what is live stands in the store, snapshots in object storage; Redis holds copies that
// can be lost.
//
// The main type is Registry. It does not compute models.
//
// registry.go has what people and jobs do with versions; live.go changes what is live and takes
// it over, follow.go hears of what other replicas made live, model.go opens versions and reads
// lists from them, and head.go opens one before its snapshot is here.
package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/rowcache"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// Errors of the registry.
var (
	// ErrNoModel says that nothing has been published for the relation yet.
	ErrNoModel = errors.New("no model has been published")
	// ErrUnknownVersion says that the shop has no such version.
	ErrUnknownVersion = errors.New("no such model version")
	// errDamaged says that the snapshot of a version cannot be read.
	errDamaged = snapshot.ErrCorrupt
	// ErrLive says that a live version cannot be deleted.
	ErrLive = errors.New("the version is live")
	// ErrNoReport says that a version was made without a report, before there were any.
	ErrNoReport = errors.New("no report of model")
	// ErrNotServable says that a version was refused by the gate and may only be activated with a reason.
	ErrNotServable = errors.New("the version did not pass the gate")
)

// The states of a model.
const (
	StateLive     = "live"     // answers are made with it; never stored, but told by what is live
	StateReady    = "ready"    // may be made live
	StateRejected = "rejected" // the gate refused it
)

// Registry is the set of models of every shop. It is safe for concurrent use.
type Registry struct {
	store   *store.Store
	archive *archive.Archive
	rows    *rowcache.Cache // nil when lists are read from the snapshots alone
	logger  *slog.Logger
	now     func() time.Time

	mu     sync.RWMutex
	live   map[string]map[string]served // shop → relation → what serves
	opened map[string]*Model            // by shop and version
	taken  map[string]int64             // by shop: the generation that is served
	taking sync.Map                     // by shop: a mutex, held while what is live is opened
	// fallbacks are, by shop and relation, the live models that are damaged.
	fallbacks map[string]map[string]similarityapi.ModelFallback

	// wary are, by shop and version, those whose snapshots were found damaged after they had been opened by their heads.
	wary sync.Map

	fill    chan *Model // models whose lists Redis lacks
	filling sync.Map    // tags being filled
}

// NewRegistry returns a registry. Start Run to follow other replicas and to keep rows filled; rows may be nil, so that lists are read
// from the snapshots alone.
func NewRegistry(s *store.Store, a *archive.Archive, rows *rowcache.Cache, logger *slog.Logger, now func() time.Time) *Registry {
	return &Registry{
		store: s, archive: a, rows: rows, logger: logger, now: now,
		live: map[string]map[string]served{}, opened: map[string]*Model{}, taken: map[string]int64{},
		fallbacks: map[string]map[string]similarityapi.ModelFallback{}, fill: make(chan *Model, 64),
	}
}

// snapshotPath is where the snapshot of a version lies, trainOnlyPath that of its train-only
// model.
func snapshotPath(shop, version string) string {
	return archive.Path(shop, "snapshots", version+".aisle")
}
func trainOnlyPath(shop, version string) string {
	return archive.Path(shop, "snapshots", version+".twin.aisle")
}

// New is a version to be kept: its description, lists, those of its train-only model, the same trained without the held-out part, and what
// is kept beside it.
type New struct {
	Model              similarityapi.Model
	Content, TrainOnly *snapshot.Content
	Extras             store.Extras
}

// Store keeps a new version: first its snapshot and that of its train-only model, then its description and extras. It returns the
// description with version and checksum set.
func (r *Registry) Store(ctx context.Context, shop string, v New) (similarityapi.Model, error) {
	m, c := v.Model, v.Content
	m.CreatedAt = wire.TimeOf(r.now())
	m.Version = fmt.Sprintf("%s-%s-%s", m.Relation, r.now().UTC().Format(versionTime), m.JobID[max(0, len(m.JobID)-4):])
	if _, err := r.archive.PutSnapshot(ctx, trainOnlyPath(shop, m.Version), v.TrainOnly); err != nil {
		return m, err
	}
	checksum, err := r.archive.PutSnapshot(ctx, snapshotPath(shop, m.Version), c)
	if err != nil {
		return m, err
	}
	m.Checksum = checksum
	m.Items, m.Neighbours = len(c.Items), 0
	if c.Lists != nil {
		m.Neighbours = c.Lists.Entries()
	}
	return m, r.store.PutModel(ctx, shop, m, v.Extras)
}

// Describe returns the description of a version, with the state that it has in this process. It
// wraps ErrUnknownVersion.
func (r *Registry) Describe(ctx context.Context, shop, version string) (similarityapi.Model, error) {
	m, err := r.store.Model(ctx, shop, version)
	if errors.Is(err, store.ErrNotFound) {
		return m, fmt.Errorf("%w: %s", ErrUnknownVersion, version)
	}
	if err == nil && r.liveVersion(shop, m.Relation) == version {
		m.State = StateLive
	}
	return m, err
}

// Report returns the report of the competition that made a version.
func (r *Registry) Report(ctx context.Context, shop, version string) (similarityapi.Report, error) {
	report, err := r.store.Report(ctx, shop, version)
	if !errors.Is(err, store.ErrNotFound) {
		return report, err
	}
	if _, err := r.Describe(ctx, shop, version); err != nil {
		return report, err
	}
	return report, fmt.Errorf("%w: %s", ErrNoReport, version)
}

// List returns the descriptions of all versions of a shop, newest first; relation "" means all.
func (r *Registry) List(ctx context.Context, shop, relation string) ([]similarityapi.Model, error) {
	models, err := r.store.Models(ctx, shop, relation)
	for n := range models {
		if r.liveVersion(shop, models[n].Relation) == models[n].Version {
			models[n].State = StateLive
		}
	}
	return models, err
}

// Activate makes a version the live one of its relation. A version that the gate refused needs a reason.
func (r *Registry) Activate(ctx context.Context, shop, version, reason string) (similarityapi.Model, error) {
	models, err := r.Publish(ctx, shop, []string{version}, reason)
	if err != nil {
		return similarityapi.Model{}, err
	}
	return models[0], nil
}

// Publish makes versions the live ones of their relations, all together: their lists are loaded into Redis, then one transaction says what
// is live. A crash at any point leaves the former versions live, all of them. A version that the gate refused needs a reason.
func (r *Registry) Publish(ctx context.Context, shop string, versions []string, reason string) ([]similarityapi.Model, error) {
	models := make([]similarityapi.Model, len(versions))
	for n, version := range versions {
		m, err := r.prepare(ctx, shop, version, reason)
		if err != nil {
			return nil, err
		}
		models[n] = m
	}
	var forced []similarityapi.Model
	for n, m := range models {
		if m.State == StateRejected {
			m.Gate.Forced, m.Gate.Reason, m.State = true, reason, StateReady
			models[n], forced = m, append(forced, m)
		}
	}
	err := r.change(ctx, shop, func(relations map[string]store.Pointer) ([]similarityapi.Model, error) {
		at := wire.TimeOf(r.now()) // of all alike: it is one change
		for _, m := range models {
			point(relations, m.Relation, m.Version, at)
		}
		return forced, nil
	})
	return models, err
}

// prepare checks that a version may serve and can, and loads its lists.
func (r *Registry) prepare(ctx context.Context, shop, version, reason string) (similarityapi.Model, error) {
	m, err := r.Describe(ctx, shop, version)
	if err != nil {
		return m, err
	}
	if m.State == StateRejected && reason == "" {
		return m, fmt.Errorf("%w: %s", ErrNotServable, version)
	}
	opened, err := r.open(ctx, shop, version)
	if err != nil {
		return m, err
	}
	if r.rows != nil {
		if err := r.rows.Load(ctx, opened.tag, opened.Snapshot); err != nil {
			// Redis is a cache: the version is served from its snapshot until Redis is back and filled.
			r.logger.Warn("model lists not loaded into Redis yet", "shop", shop, "version", version, "error", err)
		}
	}
	return m, nil
}

// Rollback makes the version before the live one live again, if it can be opened. A second
// rollback goes one further back. It wraps ErrUnknownVersion when there is none.
func (r *Registry) Rollback(ctx context.Context, shop, relation string) (m similarityapi.Model, err error) {
	err = r.change(ctx, shop, func(relations map[string]store.Pointer) ([]similarityapi.Model, error) {
		p := relations[relation]
		if len(p.Previous) == 0 {
			return nil, fmt.Errorf("%w before the live one of %s", ErrUnknownVersion, relation)
		}
		if m, err = r.Describe(ctx, shop, p.Previous[0]); err != nil {
			return nil, err
		}
		if _, err := r.open(ctx, shop, m.Version); err != nil {
			return nil, err
		}
		relations[relation] = store.Pointer{Version: p.Previous[0], Previous: p.Previous[1:], At: wire.TimeOf(r.now())}
		return nil, nil
	})
	m.State = StateLive
	return m, err
}

// Delete removes a version that is not live, with its snapshots. It wraps ErrUnknownVersion or
// ErrLive. The description goes first: snapshots without one harm nobody.
func (r *Registry) Delete(ctx context.Context, shop, version string) error {
	m, err := r.Describe(ctx, shop, version)
	if err != nil {
		return err
	}
	for range maxTries {
		live, err := r.store.Live(ctx, shop)
		if err != nil {
			return err
		}
		// made live by another replica a moment ago, it may not be seen here yet
		if m.State == StateLive || live.Relations[m.Relation].Version == version {
			return fmt.Errorf("%w: %s", ErrLive, version)
		}
		err = r.store.DeleteModel(ctx, shop, version, live.Generation)
		if errors.Is(err, store.ErrGeneration) {
			continue
		}
		if err != nil {
			return err
		}
		r.close(shop, version)
		return errors.Join(r.archive.Delete(ctx, snapshotPath(shop, version)), r.archive.Delete(ctx, trainOnlyPath(shop, version)))
	}
	return fmt.Errorf("what is live in shop %s changes all the time: try again", shop)
}

// TrainOnly opens the same model trained without its held-out part; it serves to compare a later model with this one.
func (r *Registry) TrainOnly(ctx context.Context, shop, version string) (*snapshot.Snapshot, error) {
	s, err := r.archive.Snapshot(ctx, trainOnlyPath(shop, version))
	r.archive.Forget(trainOnlyPath(shop, version)) // it is needed once per recompute only
	return s, err
}

// Prune deletes the oldest versions of a relation beyond the newest keep; the live one and the one before it always stay.
func (r *Registry) Prune(ctx context.Context, shop, relation string, keep int) error {
	models, err := r.List(ctx, shop, relation)
	if err != nil {
		return err
	}
	live, err := r.store.Live(ctx, shop)
	if err != nil {
		return err
	}
	p := live.Relations[relation]
	for at, m := range models {
		before := len(p.Previous) > 0 && p.Previous[0] == m.Version
		if at < keep || m.State == StateLive || m.Version == p.Version || before {
			continue
		}
		if err := r.Delete(ctx, shop, m.Version); err != nil {
			return err
		}
	}
	return nil
}

// Live returns the live version of each relation that has one.
func (r *Registry) Live(shop string) map[string]string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := map[string]string{}
	for relation, s := range r.live[shop] {
		out[relation] = s.version
	}
	return out
}

// liveVersion is what answers of a relation are made with here, "" for none.
func (r *Registry) liveVersion(shop, relation string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.live[shop][relation].version
}

// served is a version that serves, with what the gate said of it.
type served struct{ version, verdict string }

// see records what is live and reports whether its version is news.
func (r *Registry) see(shop, relation string, s served) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live[shop] == nil {
		r.live[shop] = map[string]served{}
	}
	news := r.live[shop][relation].version != s.version
	r.live[shop][relation] = s
	return news
}
