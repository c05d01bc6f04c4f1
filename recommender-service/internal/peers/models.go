package peers

import (
	"context"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// modelsEvery is how late a newly published model is noticed.
	modelsEvery   = time.Second
	modelsTimeout = 5 * time.Second
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

func (m *models) set(shop string, live similarityapi.LiveModels) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shop[shop] = live
}

// Run keeps the live versions and popularity lists of the shops fresh until ctx ends.
func (p *Peers) Run(ctx context.Context, shops func() []string) {
	tick := time.NewTicker(modelsEvery)
	defer tick.Stop()
	defer p.popular.wait()
	for {
		for _, shop := range shops() {
			p.refreshModels(ctx, shop)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *Peers) refreshModels(ctx context.Context, shop string) {
	ctx, cancel := context.WithTimeout(ctx, modelsTimeout)
	defer cancel()
	live, err := guarded(p, guard{forLive, shop}, func() (similarityapi.LiveModels, error) { return p.options.Similarity.ForShop(shop).Live(ctx) })
	if err == nil {
		p.models.set(shop, live)
	}
}
