package serving

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
)

// liveFormat is raised when the form of liveSet changes.
//
// 1: one document per relation, which could be written one after the other only
// 2: one document per shop and change
const liveFormat = 2

// liveSet is the durable record of what is live in a shop, for all relations together. Each change is a new document under the next number, which only one
// writer can make; the highest number counts.
type liveSet struct {
	Format    int                `json:"format"`
	At        wire.Time          `json:"at"`
	Relations map[string]pointer `json:"relations"`

	generation uint64 // the number that it is stored under; 0 for that of format 1
}

// pointer is what is live for a relation: the current version and those before it, latest first.
type pointer struct {
	Version  string    `json:"version"`
	Previous []string  `json:"previous"`
	At       wire.Time `json:"at"`
}

const (
	// maxPrevious bounds how far back a rollback can reach.
	maxPrevious = 20
	// setsKept and setsAge bound the sets of before that stay: a writer that is slow must still find its next number taken.
	setsKept = 20
	setsAge  = 24 * time.Hour
	// maxTries bounds how often a change is tried again after another one came first.
	maxTries = 100
)

func livePath(shop string) string { return archive.Path(shop, "live") }

func generationPath(shop string, generation uint64) string {
	return archive.Path(shop, "live", fmt.Sprintf("%020d.json", generation))
}

// generationOf reads the number in the name of a set; the names of format 1 have none.
func generationOf(name string) (uint64, bool) {
	n, err := strconv.ParseUint(name[:max(0, len(name)-len(".json"))], 10, 64)
	return n, err == nil
}

// newest returns the number of the newest set of a shop, 0 without any, and the sets of before, newest first.
func (r *Registry) newest(ctx context.Context, shop string) (uint64, []archive.Entry, error) {
	entries, err := r.archive.Entries(ctx, livePath(shop))
	if err != nil {
		return 0, nil, err
	}
	entries = slices.DeleteFunc(entries, func(e archive.Entry) bool { _, ok := generationOf(e.Name); return !ok })
	slices.Reverse(entries) // their numbers have leading zeros
	if len(entries) == 0 {
		return 0, nil, nil
	}
	generation, _ := generationOf(entries[0].Name)
	return generation, entries, nil
}

// current reads what is live. A damaged set is passed over for the one before it; its number stays taken.
func (r *Registry) current(ctx context.Context, shop string) (liveSet, []archive.Entry, error) {
	generation, entries, err := r.newest(ctx, shop)
	if err != nil {
		return liveSet{}, nil, err
	}
	for _, e := range entries {
		var set liveSet
		err := r.archive.Document(ctx, archive.Path(shop, "live", e.Name), &set)
		if errors.Is(err, archive.ErrDamaged) || errors.Is(err, archive.ErrNotFound) { // removed meanwhile: there are newer ones
			continue
		}
		if err == nil && set.Format > liveFormat {
			err = fmt.Errorf("what is live in shop %s was written by a newer program: run that one", shop)
		}
		set.generation = generation
		return set, entries, err
	}
	set, err := r.firstFormat(ctx, shop)
	set.generation = generation
	return set, entries, err
}

// firstFormat reads what is live as format 1 has it.
func (r *Registry) firstFormat(ctx context.Context, shop string) (liveSet, error) {
	set := liveSet{Relations: map[string]pointer{}}
	for _, relation := range relations {
		var p pointer
		err := r.archive.Document(ctx, archive.Path(shop, "live", relation+".json"), &p)
		if errors.Is(err, archive.ErrNotFound) || errors.Is(err, archive.ErrDamaged) {
			continue
		}
		if err != nil {
			return set, err
		}
		set.Relations[relation] = p
	}
	return set, nil
}

// change lets f alter what is live and stores it as the next set, in one atomic write: all of it is live, or nothing. When somebody else came first f is asked again, with what
// is live then.
func (r *Registry) change(ctx context.Context, shop string, f func(relations map[string]pointer) error) error {
	for range maxTries {
		set, before, err := r.current(ctx, shop)
		if err != nil {
			return err
		}
		next := liveSet{Format: liveFormat, At: wire.TimeOf(r.now()), Relations: maps.Clone(set.Relations), generation: set.generation + 1}
		if next.Relations == nil {
			next.Relations = map[string]pointer{}
		}
		if err := f(next.Relations); err != nil {
			return err
		}
		err = r.archive.PutNewDocument(ctx, generationPath(shop, next.generation), next)
		if errors.Is(err, archive.ErrExists) {
			continue
		}
		if err != nil {
			return err
		}
		r.forgetSets(ctx, shop, before)
		r.take(ctx, shop, next)
		r.announce(ctx, shop, next.generation)
		return nil
	}
	return fmt.Errorf("what is live in shop %s changes all the time: try again", shop)
}

// forgetSets removes old sets; those that cannot be removed do no harm.
func (r *Registry) forgetSets(ctx context.Context, shop string, before []archive.Entry) {
	for _, e := range before[min(len(before), setsKept):] {
		if r.now().Sub(e.ModTime) > setsAge {
			_ = r.archive.Delete(ctx, archive.Path(shop, "live", e.Name))
		}
	}
}

// point makes version the live one of its relation.
func point(relations map[string]pointer, relation, version string, at wire.Time) {
	p := relations[relation]
	if p.Version == version {
		return
	}
	previous := slices.DeleteFunc(slices.Clone(p.Previous), func(v string) bool { return v == p.Version || v == version })
	if p.Version != "" {
		previous = slices.Insert(previous, 0, p.Version)
	}
	relations[relation] = pointer{Version: version, Previous: previous[:min(len(previous), maxPrevious)], At: at}
}

// take opens what is live and serves it. Where the live snapshot is damaged or gone the newest sound one before it serves, and Fallbacks says so; without any, what was served
// before stays.
func (r *Registry) take(ctx context.Context, shop string, set liveSet) {
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
			if r.see(shop, relation, serving) {
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
		r.taken[shop] = set.generation
	}
}

// newestSound opens the live version or, if that is lost, the newest before it that is not; the error is why not the live one.
func (r *Registry) newestSound(ctx context.Context, shop string, p pointer) (*Model, error) {
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
func lost(err error) bool { return errors.Is(err, ErrUnknownVersion) || errors.Is(err, ErrDamaged) }

// fallBack notes that another version serves than the live one, or, without a fault, that all is well; it reports whether a fallback is news.
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
