package recommend

import (
	"context"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// hitsWanted is how many products are looked for by words.
	hitsWanted = 100
	// hitSeeds is how many of the best are seeds for what is like them, and besideWords how much the best candidate of the best one weighs
	// beside a hit.
	hitSeeds    = 5
	besideWords = .5
)

// query proposes what the words of the request find, and what goes with the best of it.
func (r *run) query(ctx context.Context) retrieved {
	if r.req.Q == "" {
		return retrieved{}
	}
	return retrieved{wait: func() retrieved {
		search := similarityapi.SearchRequest{Q: r.req.Q, Limit: hitsWanted}
		if r.req.Market != nil {
			search.Language = r.req.Market.Language
		}
		answer, err := r.engine.Peers.Search(ctx, r.shop.Name, search)
		if err != nil {
			return retrieved{failed: peers.Similarity}
		}
		if len(answer.Items) == 0 {
			return retrieved{unfound: true}
		}
		s := r.likeHits(ctx, answer.Items)
		s.terms = append([]candidate.Term{{Seed: candidate.Seed{Weight: 1}, Row: r.hits(answer.Items)}}, s.terms...)
		return s
	}}
}

// hits makes a row of what was found; the best hit weighs 1 and the others in proportion. Items that the catalogue lacks are left out.
func (r *run) hits(found []similarityapi.Neighbour) *candidate.Row {
	row := &candidate.Row{}
	r.read(func(v *catalogue.View) {
		for n := range found {
			if i := v.Find(found[n].ItemID); i >= 0 {
				row.Items, row.Weights = append(row.Items, i), append(row.Weights, float32(found[n].Score/found[0].Score))
			}
		}
	})
	return row
}

// likeHits proposes what is similar to the best hits. Each list is scaled by its first weight:
// models differ in theirs, and what is like a hit must stay below the hits.
func (r *run) likeHits(ctx context.Context, found []similarityapi.Neighbour) retrieved {
	seeds := make([]candidate.Seed, 0, hitSeeds)
	for _, n := range found[:min(len(found), hitSeeds)] {
		seeds = append(seeds, candidate.Seed{ItemID: n.ItemID, Weight: besideWords * n.Score / found[0].Score})
	}
	s := r.neighbours(ctx, similarityapi.Similar, seeds, nil)
	if s.wait != nil {
		s = s.wait()
	}
	for t := range s.terms {
		if term := &s.terms[t]; term.Row.Len() > 0 && term.Row.Weights[0] > 0 {
			term.Seed.Weight /= float64(term.Row.Weights[0])
		}
	}
	return s
}
