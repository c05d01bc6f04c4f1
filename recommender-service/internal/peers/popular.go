package peers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/neighbourcache"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	popularLimit = 500
	// popularFresh is how long a list is used before a new one is asked for; the old one is used until that has come.
	popularFresh = 10 * time.Second
	// popularFirst is that of a shop's list without an item: its first events are being counted.
	popularFirst   = time.Second
	popularTimeout = 5 * time.Second
	// popularLists bounds the lists kept for all shops; beyond it the lists of the least recent request go.
	popularLists = 20_000
)

// PopularList is a popularity list as it was last read.
type PopularList struct {
	Row  candidate.Row
	AsOf time.Time
	// Best are the variants that sell best of their products.
	Best map[int32]bool
	read time.Time
}

// stale reports whether a new list is to be asked for.
func (l *PopularList) stale(k popularKey, now time.Time) bool {
	fresh := popularFresh
	if l.Row.Len() == 0 && k.category == "" {
		fresh = popularFirst
	}
	return now.Sub(l.read) > fresh
}

type popularKey struct {
	shop     string
	window   similarityapi.PopularWindow
	category string
}

type pastKey struct {
	popularKey
	asOfMs int64
}

// popular keeps popularity lists. A stale list is served while a new one is fetched.
type popular struct {
	peers   *Peers
	flight  singleflight.Group
	running sync.WaitGroup

	mu    sync.Mutex
	lists map[popularKey]*PopularList
	busy  map[popularKey]bool
	past  *otter.Cache[pastKey, *PopularList]
}

// newPopular returns popularity lists; those that are kept to replay decisions take at most pastBytes.
func newPopular(p *Peers, pastBytes uint64) *popular {
	return &popular{peers: p, lists: map[popularKey]*PopularList{}, busy: map[popularKey]bool{},
		past: otter.Must(&otter.Options[pastKey, *PopularList]{
			MaximumWeight: pastBytes, Weigher: func(_ pastKey, l *PopularList) uint32 { return uint32(200 + 8*cap(l.Row.Items)) },
		})}
}

// wait returns when no list is being fetched.
func (p *popular) wait() { p.running.Wait() }

// Popular returns a popularity list of a shop, or of a category when one is named. When it cannot be read, the last good one is returned
// with the error, or nil when there is none.
func (p *Peers) Popular(
	ctx context.Context, shop *catalogue.Shop, window similarityapi.PopularWindow, category string,
) (*PopularList, error) {
	return p.popular.get(ctx, shop, popularKey{shop.Name, window, category})
}

// KnowsPopular reports whether Popular answers without waiting.
func (p *Peers) KnowsPopular(shop string, window similarityapi.PopularWindow, category string) bool {
	p.popular.mu.Lock()
	defer p.popular.mu.Unlock()
	return p.popular.lists[popularKey{shop, window, category}] != nil
}

// bestOf numbers the variants that did most for the products of a list. They may be named by an alias.
func bestOf(shop *catalogue.Shop, list []similarityapi.Neighbour) map[int32]bool {
	best := map[int32]bool{}
	shop.Read(func(v *catalogue.View) {
		for n := range list {
			if i := v.Find(list[n].VariantID); i >= 0 {
				best[i] = true
			}
		}
	})
	return best
}

// BestVariants returns which variants sell best of their products, from the list that is at hand; nil when none is. Nobody changes it, and
// nothing is waited for: a list that is missing or old is read behind the answer.
func (p *Peers) BestVariants(shop *catalogue.Shop) map[int32]bool {
	k, now := popularKey{shop.Name, similarityapi.PopularWindow{Name: "best_sellers"}, ""}, p.options.Now()
	p.popular.mu.Lock()
	defer p.popular.mu.Unlock()
	list := p.popular.lists[k]
	if (list == nil || list.stale(k, now)) && !p.breakers.of(guard{forPopular, shop.Name}).IsOpen() {
		p.popular.renew(context.Background(), shop, k)
	}
	if list == nil {
		return nil
	}
	return list.Best
}

// PopularAt returns a popularity list as it was counted at a past moment, if it is still known.
func (p *Peers) PopularAt(shop string, window similarityapi.PopularWindow, category string, asOfMs int64) (*PopularList, bool) {
	return p.popular.past.GetIfPresent(pastKey{popularKey{shop, window, category}, asOfMs})
}

// get returns the list of a key. One that is known is returned at once, however old: when it is stale it is asked for anew
// in the background, by one goroutine for each key, so that no answer waits for what changes slowly. Only a list that
// nobody has asked for before is waited for. With errOpen comes a stale list, for the answer to say that it is one. p.mu
// is held only to look and never while the peer is asked.
func (p *popular) get(ctx context.Context, shop *catalogue.Shop, k popularKey) (*PopularList, error) {
	now := p.peers.options.Now()
	p.mu.Lock()
	list := p.lists[k]
	if list == nil {
		p.mu.Unlock()
		return p.fetch(ctx, shop, k)
	}
	stale := list.stale(k, now)
	if stale {
		p.renew(context.WithoutCancel(ctx), shop, k)
	}
	p.mu.Unlock()
	if stale && p.peers.breakers.of(guard{forPopular, k.shop}).IsOpen() {
		return list, errOpen
	}
	return list, nil
}

// renew has a list asked for in the background, unless that goes on already. The caller holds mu.
func (p *popular) renew(ctx context.Context, shop *catalogue.Shop, k popularKey) {
	if !p.busy[k] {
		p.busy[k] = true
		p.running.Go(func() { p.refresh(ctx, shop, k) })
	}
}

// refresh asks for a list. It ends with its own deadline, not with that of the answer that began it.
func (p *popular) refresh(ctx context.Context, shop *catalogue.Shop, k popularKey) {
	ctx, cancel := context.WithTimeout(ctx, popularTimeout)
	defer cancel()
	_, err := p.fetch(ctx, shop, k)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, k)
	if err != nil && !errors.Is(err, errOpen) {
		p.peers.options.Logger.Debug("popularity list not refreshed", "shop", k.shop, "window", k.window, "error", err)
	}
}

// fetch reads a list now. Requests for the same list share one reading.
func (p *popular) fetch(ctx context.Context, shop *catalogue.Shop, k popularKey) (*PopularList, error) {
	done := p.flight.DoChan(fmt.Sprint(k.shop, "\x00", k.window, "\x00", k.category), func() (any, error) {
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), popularTimeout)
		defer cancel()
		answer, err := guarded(p.peers, guard{forPopular, k.shop}, func() (similarityapi.PopularAnswer, error) {
			return p.peers.options.Similarity.ForShop(k.shop).Popular(call, similarityapi.PopularQuery{
				Category: k.category, Window: k.window, Limit: popularLimit,
			})
		})
		if err != nil {
			return nil, err
		}
		list := &PopularList{
			Row: neighbourcache.Translate(shop, answer.Items), AsOf: answer.AsOf.Time, Best: bestOf(shop, answer.Items),
			read: p.peers.options.Now(),
		}
		p.put(k, list)
		return list, nil
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*PopularList), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// put keeps a list. When there are too many, the one read longest ago goes.
func (p *popular) put(k popularKey, list *PopularList) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lists[k] = list
	p.past.Set(pastKey{k, list.AsOf.UnixMilli()}, list)
	if len(p.lists) <= popularLists {
		return
	}
	var oldest popularKey
	at := list.read
	for key, l := range p.lists {
		if l.read.Before(at) {
			oldest, at = key, l.read
		}
	}
	delete(p.lists, oldest)
}
