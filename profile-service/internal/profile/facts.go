package profile

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/cacheclock"
)

const (
	// factsKept bounds the items whose facts are remembered, some 20 MB.
	factsKept = 100_000
	// factsTTL is how late an affinity notices that an item has changed its category, brand or price.
	factsTTL = 30 * time.Second
)

// Facts remembers for a moment what items are, which the profiles of many visitors ask for again and again. It is safe for concurrent use.
type Facts struct {
	read  func(ctx context.Context, shop string, itemIDs []string) (map[string]store.ItemFacts, error)
	cache *otter.Cache[factKey, fact]
}

// factKey names an item of a shop.
type factKey struct{ shop, item string }

// fact is what an item is, or that the catalogue lacks it.
type fact struct {
	store.ItemFacts
	known bool
}

// NewFacts returns facts read from a store.
func NewFacts(visitors store.Visitors) *Facts {
	return &Facts{read: visitors.Facts, cache: otter.Must(&otter.Options[factKey, fact]{
		MaximumSize: factsKept, Clock: cacheclock.New(), ExpiryCalculator: otter.ExpiryWriting[factKey, fact](factsTTL),
	})}
}

// Close ends the background work of what is remembered.
func (f *Facts) Close() { f.cache.StopAllGoroutines() }

// Of returns the facts of those of the items that are in the catalogue. What is not remembered
// is one look-up; that an item is missing is remembered as well.
func (f *Facts) Of(ctx context.Context, shop string, itemIDs []string) (map[string]store.ItemFacts, error) {
	facts := make(map[string]store.ItemFacts, len(itemIDs))
	var missing []string
	for _, id := range itemIDs {
		have, ok := f.cache.GetIfPresent(factKey{shop, id})
		if !ok {
			missing = append(missing, id)
		} else if have.known {
			facts[id] = have.ItemFacts
		}
	}
	if len(missing) == 0 {
		return facts, nil
	}
	found, err := f.read(ctx, shop, missing)
	if err != nil {
		return nil, err
	}
	for _, id := range missing {
		v, known := found[id]
		f.cache.Set(factKey{shop, id}, fact{v, known})
		if known {
			facts[id] = v
		}
	}
	return facts, nil
}
