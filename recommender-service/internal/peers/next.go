package peers

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/cacheclock"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	nextLimit   = 100
	nextTTL     = time.Minute
	nextBytes   = 500
	nextTimeout = 5 * time.Second
)

// Next is what a session may look at next: one row per item of the session, so that each candidate's score is a sum over seeds.
type Next struct {
	Version string
	Items   []string        // the session, oldest first
	Rows    []candidate.Row // beside Items
}

type nextKey struct {
	shop, version string
	session       uint64
	length        int
}

// nextCache keeps answers for sessions, so that the placements of one page ask once.
type nextCache struct {
	seed  maphash.Seed
	cache *otter.Cache[nextKey, *Next]
}

func newNextCache(maxBytes uint64) *nextCache {
	return &nextCache{seed: maphash.MakeSeed(), cache: otter.Must(&otter.Options[nextKey, *Next]{
		MaximumWeight: maxBytes,
		Weigher: func(_ nextKey, n *Next) uint32 {
			weight := nextBytes
			for i := range n.Rows {
				weight += 48 + 8*cap(n.Rows[i].Items)
			}
			return uint32(weight)
		},
		Clock: cacheclock.New(), ExpiryCalculator: otter.ExpiryWriting[nextKey, *Next](nextTTL),
	})}
}

// NextQuery asks what a session may look at next.
type NextQuery struct {
	peers   *Peers
	shop    *catalogue.Shop
	pinned  bool // to the key's version
	key     nextKey
	session []string
}

// NextItems asks what a session, oldest first, may look at next, by the live model unless version names another.
func (p *Peers) NextItems(shop *catalogue.Shop, version string, session []string) *NextQuery {
	q := &NextQuery{peers: p, shop: shop, pinned: version != "", session: session}
	if !q.pinned {
		version = p.LiveVersion(shop.Name, similarityapi.ViewedNext)
	}
	var h maphash.Hash
	h.SetSeed(p.next.seed)
	for _, id := range session {
		h.WriteString(id)
		h.WriteByte(0)
	}
	q.key = nextKey{shop.Name, version, h.Sum64(), len(session)}
	return q
}

// AtHand returns the answer if it is known already.
func (q *NextQuery) AtHand() (*Next, bool) {
	next, ok := q.peers.next.cache.GetIfPresent(q.key)
	q.peers.metrics.next.count(1, missing(ok))
	return next, ok
}

// Fetch waits for the answer.
func (q *NextQuery) Fetch(ctx context.Context) (*Next, error) {
	type result struct {
		next *Next
		err  error
	}
	done := make(chan result, 1)
	go func() { // goes on when the caller cannot wait: the next one finds the answer
		call, cancel := context.WithTimeout(httpclient.Staying(context.WithoutCancel(ctx)), nextTimeout)
		defer cancel()
		next, err := q.peers.next.cache.Get(call, q.key, otter.LoaderFunc[nextKey, *Next](func(
			ctx context.Context, _ nextKey,
		) (*Next, error) {
			return q.ask(ctx)
		}))
		done <- result{next, err}
	}()
	select {
	case r := <-done:
		return r.next, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (q *NextQuery) ask(ctx context.Context) (*Next, error) {
	r := similarityapi.NextRequest{ItemIDs: q.session, Limit: nextLimit}
	if q.pinned {
		r.ModelVersion = q.key.version
	}
	p := q.peers
	answer, err := guarded(p, guard{forNext, q.shop.Name}, func() (similarityapi.NextAnswer, error) {
		return p.options.Similarity.ForShop(q.shop.Name).Next(ctx, r)
	})
	if err != nil {
		return nil, err
	}
	return translateNext(q.shop, q.session, answer), nil
}

// translateNext turns the contributions per candidate into a row per item of the session.
func translateNext(shop *catalogue.Shop, session []string, answer similarityapi.NextAnswer) *Next {
	n := &Next{Version: answer.ModelVersion, Items: session, Rows: make([]candidate.Row, len(session))}
	place := make(map[string]int, len(session))
	shop.Read(func(v *catalogue.View) {
		for p, id := range session { // a model may name the product where the session names its variant
			if i := v.Find(id); i >= 0 {
				place[v.ID(v.Head(i))] = p
			}
		}
	})
	for p, id := range session {
		place[id] = p
	}
	ids := make([]string, len(answer.Items))
	for i := range answer.Items {
		ids[i] = answer.Items[i].ItemID
	}
	indices := shop.Intern(make([]int32, 0, len(ids)), ids)
	for i := range answer.Items {
		for _, c := range answer.Items[i].Contributions {
			p, ok := place[c.ItemID]
			if !ok {
				continue
			}
			row := &n.Rows[p]
			row.Items = append(row.Items, indices[i])
			row.Weights = append(row.Weights, float32(c.Weight))
		}
	}
	return n
}
