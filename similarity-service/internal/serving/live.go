package serving

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

const (
	// maxPrevious bounds how far back a rollback can reach.
	maxPrevious = 20
	// maxTries bounds how often a change is tried again after another one came first.
	maxTries = 100
)

// change lets f alter what is live and stores it, with the changed descriptions that f returns, in one transaction: all of it is live, or
// nothing. When somebody else came first f is asked again, with what is live then.
func (r *Registry) change(
	ctx context.Context, shop string, f func(relations map[string]store.Pointer) (changed []similarityapi.Model, err error),
) error {
	for range maxTries {
		live, err := r.store.Live(ctx, shop)
		if err != nil {
			return err
		}
		changed, err := f(live.Relations)
		if err != nil {
			return err
		}
		live.At = wire.TimeOf(r.now())
		err = r.store.SetLive(ctx, shop, live, changed)
		if errors.Is(err, store.ErrGeneration) {
			continue
		}
		if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
			err = fmt.Errorf("%w: %w", ErrUnknownVersion, err)
		}
		if err != nil {
			return err
		}
		live.Generation++
		r.take(ctx, shop, live)
		return nil
	}
	return fmt.Errorf("what is live in shop %s changes all the time: try again", shop)
}

// point makes version the live one of its relation.
func point(relations map[string]store.Pointer, relation, version string, at wire.Time) {
	p := relations[relation]
	if p.Version == version {
		return
	}
	previous := slices.DeleteFunc(slices.Clone(p.Previous), func(v string) bool { return v == p.Version || v == version })
	if p.Version != "" {
		previous = slices.Insert(previous, 0, p.Version)
	}
	relations[relation] = store.Pointer{Version: version, Previous: previous[:min(len(previous), maxPrevious)], At: at}
}

// take opens what is live and serves it. Where the live snapshot is damaged or gone the newest sound one before it serves, and Fallbacks
// says so; without any, what was served before stays.
func (r *Registry) take(ctx context.Context, shop string, set store.Live) {
	defer r.lockTaking(shop)()
	r.mu.RLock()
	old := set.Generation < r.taken[shop]
	r.mu.RUnlock()
	if old { // a later change was quicker
		return
	}
	complete := true
	for relation, p := range set.Relations {
		if p.Version == "" {
			continue
		}
		m, fault := r.newestSound(ctx, shop, p)
		if m == nil && !lost(fault) { // the store did not answer: the next look tries again
			complete = false
			r.logger.Warn("live model cannot be opened yet", "shop", shop, "version", p.Version, "error", fault)
			continue
		}
		serving := r.liveVersion(shop, relation)
		if m != nil {
			serving = m.Version
			verdict, err := r.verdict(ctx, shop, serving)
			complete = complete && err == nil
			if r.see(shop, relation, served{serving, verdict}) {
				r.logger.Info("model is live", "shop", shop, "relation", relation, "version", serving)
			}
		}
		if r.fallBack(shop, relation, similarityapi.ModelFallback{Relation: relation, Version: p.Version, Serving: serving}, fault) {
			r.logger.Error("the live model is damaged, the newest sound one before it serves: activate another version or recompute",
				"shop", shop, "relation", relation, "version", p.Version, "serving", serving, "error", fault)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if complete {
		r.taken[shop] = set.Generation
	}
}

// lockTaking keeps what is live in a shop from being taken until unlock is called.
func (r *Registry) lockTaking(shop string) (unlock func()) {
	v, _ := r.taking.LoadOrStore(shop, &sync.Mutex{})
	lock := v.(*sync.Mutex)
	lock.Lock()
	return lock.Unlock
}

// verdict returns what the gate said of a version, VerdictUnknown when it was not asked or the description cannot be read.
func (r *Registry) verdict(ctx context.Context, shop, version string) (string, error) {
	m, err := r.store.Model(ctx, shop, version)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return VerdictUnknown, nil
	case err != nil || m.Gate == nil || m.Gate.Verdict == "":
		return VerdictUnknown, err
	}
	return m.Gate.Verdict, nil
}

// newestSound opens the live version or, if that is lost, the newest before it that is not; the error is why not the live one.
func (r *Registry) newestSound(ctx context.Context, shop string, p store.Pointer) (*Model, error) {
	m, fault := r.open(ctx, shop, p.Version)
	if !lost(fault) {
		return m, fault
	}
	for _, version := range p.Previous {
		m, err := r.open(ctx, shop, version)
		if err == nil {
			return m, fault
		}
		if !lost(err) {
			return nil, err
		}
	}
	return nil, fault
}

// lost reports whether an error means that a version will not come back by itself.
func lost(err error) bool { return errors.Is(err, ErrUnknownVersion) || errors.Is(err, errDamaged) }

// fallBack notes that another version serves than the live one, or, without a fault, that all is well; it reports whether a fallback is
// news.
func (r *Registry) fallBack(shop, relation string, f similarityapi.ModelFallback, fault error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fault == nil {
		delete(r.fallbacks[shop], relation)
		return false
	}
	if r.fallbacks[shop] == nil {
		r.fallbacks[shop] = map[string]similarityapi.ModelFallback{}
	}
	news := r.fallbacks[shop][relation] != f
	r.fallbacks[shop][relation] = f
	return news
}

// Fallbacks returns the relations of a shop whose live model is damaged, in order of name, with what serves instead.
func (r *Registry) Fallbacks(shop string) []similarityapi.ModelFallback {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []similarityapi.ModelFallback
	for _, relation := range slices.Sorted(maps.Keys(r.fallbacks[shop])) {
		list = append(list, r.fallbacks[shop][relation])
	}
	return list
}

// FellBack reports whether the live model of a relation is damaged.
func (r *Registry) FellBack(shop, relation string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, fell := r.fallbacks[shop][relation]
	return fell
}

// EachFallback calls f with the fallbacks of every shop, in order of shop and relation.
func (r *Registry) EachFallback(f func(shop string, fallback similarityapi.ModelFallback)) {
	r.mu.RLock()
	shops := slices.Sorted(maps.Keys(r.fallbacks))
	r.mu.RUnlock()
	for _, shop := range shops {
		for _, fallback := range r.Fallbacks(shop) {
			f(shop, fallback)
		}
	}
}
