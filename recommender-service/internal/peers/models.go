package peers

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// modelsEvery is how late a newly published model is noticed in a shop that asks for recommendations, and modelsIdle in one at rest.
	modelsEvery   = time.Second
	modelsIdle    = 30 * time.Second
	modelsTimeout = 5 * time.Second
	modelsAtOnce  = 8
)

// models knows the live models of each shop. What was last known stays while the peer is away.
type models struct {
	mu   sync.RWMutex
	shop map[string]similarityapi.LiveModels
}

func newModels() *models { return &models{shop: map[string]similarityapi.LiveModels{}} }

// live returns the live version of a relation and the fingerprint of the items' texts.
func (m *models) live(shop, relation string) (version, texts string) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.shop[shop].Live[relation], m.shop[shop].Texts
}

// FellBack reports whether the live model of a relation is damaged, so that an older one serves.
func (p *Peers) FellBack(shop, relation string) bool {
	p.models.mu.RLock()
	defer p.models.mu.RUnlock()
	return slices.ContainsFunc(p.models.shop[shop].Degraded, func(f similarityapi.ModelFallback) bool { return f.Relation == relation })
}

// set notes what is live in a shop and reports whether it is not what was known.
func (m *models) set(shop string, live similarityapi.LiveModels) (changed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	changed = !reflect.DeepEqual(m.shop[shop], live)
	m.shop[shop] = live
	return changed
}

// Run keeps the live versions of the shops and the types of event fresh until ctx ends.
func (p *Peers) Run(ctx context.Context, shops func() []string) {
	defer p.popular.wait()
	var types sync.WaitGroup
	defer types.Wait()
	types.Go(func() { p.followTypes(ctx) })
	p.rounds.Run(ctx, shops)
}

// Answered notes that something was recommended in a shop: its live versions are looked at every second again.
func (p *Peers) Answered(shop string) { p.rounds.Soon(shop) }

// refreshModels reads what is live in a shop. It reports whether that has changed or cannot be read.
func (p *Peers) refreshModels(ctx context.Context, shop string) (changed bool) {
	ctx, cancel := context.WithTimeout(ctx, modelsTimeout)
	defer cancel()
	live, err := guarded(
		p, guard{forLive, shop}, func() (similarityapi.LiveModels, error) { return p.options.Similarity.ForShop(shop).Live(ctx) },
	)
	return err != nil || p.models.set(shop, live)
}
