package peers

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
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
		ExpiryCalculator: otter.ExpiryWriting[nextKey, *Next](nextTTL),
	})}
}

// NextItems returns what a session may look at next.
func (p *Peers) NextItems(ctx context.Context, shop *catalogue.Shop, version string, session []string) (*Next, error) {
	pinned := version != ""
	if !pinned {
		version = p.LiveVersion(shop.Name, similarityapi.ViewedNext)
	}
	var h maphash.Hash
	h.SetSeed(p.next.seed)
	for _, id := range session {
		h.WriteString(id)
		h.WriteByte(0)
	}
	k := nextKey{shop.Name, version, h.Sum64(), len(session)}
	if have, ok := p.next.cache.GetIfPresent(k); ok {
		return have, nil
	}
	type result struct {
		next *Next
		err  error
	}
	done := make(chan result, 1)
	go func() { // goes on when the caller cannot wait: the next one finds the answer
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), nextTimeout)
		defer cancel()
		next, err := p.next.cache.Get(call, k, otter.LoaderFunc[nextKey, *Next](func(ctx context.Context, _ nextKey) (*Next, error) {
			return p.askNext(ctx, shop, version, pinned, session)
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

func (p *Peers) askNext(ctx context.Context, shop *catalogue.Shop, version string, pinned bool, session []string) (*Next, error) {
	r := similarityapi.NextRequest{ItemIDs: session, Limit: nextLimit}
	if pinned {
		r.ModelVersion = version
	}
	answer, err := guarded(p.similar, func() (similarityapi.NextAnswer, error) { return p.options.Similarity.ForShop(shop.Name).Next(ctx, r) })
	if err != nil {
		return nil, err
	}
	return translateNext(shop, session, answer), nil
}

// translateNext turns the contributions per candidate into a row per item of the session.
func translateNext(shop *catalogue.Shop, session []string, answer similarityapi.NextAnswer) *Next {
	n := &Next{Version: answer.ModelVersion, Items: session, Rows: make([]candidate.Row, len(session))}
	place := make(map[string]int, len(session))
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
