package recommend

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/neighbourcache"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// standingTTL bounds how long lists that are due to be read anew, because texts have changed, are not even looked at.
	standingTTL = time.Minute
	// leastKept is how many candidates a standing has at least, if there are so many, mostKept at most. In between it has a quarter more than the
	// answer that made it looked at, or twice as many as the one before when that fell short.
	leastKept = 64
	mostKept  = 4096
)

// standing is the order in which the candidates of a visitor stood in the last answer of a scenario, before rules and checks. While nothing that it was
// made from has changed, blending the same lists again would give the same bits.
type standing struct {
	history  *visitor.Touched // the first of the very list of items that it was made from
	sources  []api.Source
	model    neighbourcache.Model
	at       time.Time
	families int64 // of the catalogue
	version  string
	ranking  *candidate.Ranking
}

type standingKey struct{ shop, user, session, scenario string }

// standings keeps the standings of visitors who come again, in memory. It is safe for concurrent use.
type standings struct {
	cache *otter.Cache[standingKey, *standing]
	used  atomic.Int64
}

func newStandings(maxBytes uint64) *standings {
	return &standings{cache: otter.Must(&otter.Options[standingKey, *standing]{
		MaximumWeight: maxBytes, Weigher: func(_ standingKey, s *standing) uint32 { return uint32(300 + s.ranking.Bytes()) },
		ExpiryCalculator: otter.ExpiryWriting[standingKey, *standing](standingTTL),
	})}
}

func (r *run) standingKey() standingKey {
	return standingKey{r.shop.Name, r.req.UserID, r.req.SessionID, r.scenario.ScenarioID}
}

// findStanding returns the visitor's standing if what the visitor did, the sources and the model of its lists are still those that it was made from; nil for
// none. Lists that follow texts are as they were for as long as they would be used without asking again.
func (r *run) findStanding() *standing {
	if !r.standingAllowed() {
		return nil
	}
	s, ok := r.engine.standings.cache.GetIfPresent(r.standingKey())
	if !ok || s.history != &r.visitor.History[0] || !slices.Equal(s.sources, r.scenario.Sources) {
		return nil
	}
	now, then := r.model(similarityapi.Similar), s.model
	if now.Texts != then.Texts && r.now.Sub(s.at) <= neighbourcache.Settle {
		then.Texts = now.Texts
	}
	if now != then {
		return nil
	}
	return s
}

// holds reports whether the other sources, asked anew, found what they had found.
func (s *standing) holds(p *plan) bool {
	rest := s.ranking.Terms
	for n := range p.sources {
		own := rest[:countSource(rest, n)]
		rest = rest[len(own):]
		same := func(a, b candidate.Term) bool { return a.Seed == b.Seed && a.Row == b.Row }
		if p.sources[n].kind != api.SourceHistory && !slices.EqualFunc(p.sources[n].terms, own, same) {
			return false
		}
	}
	return true
}

// countSource returns how many terms at the front are of a source.
func countSource(terms []candidate.Term, source int) int {
	n := slices.IndexFunc(terms, func(t candidate.Term) bool { return t.Source != source })
	if n < 0 {
		return len(terms)
	}
	return n
}

// takeStanding picks from a standing. It reports false, and nothing is picked, when that does not hold any more or has too few candidates left.
func (r *run) takeStanding(ctx context.Context, st *standing) (ok bool) {
	p := r.gather(ctx, r.scenario.Sources, st)
	if st.holds(p) {
		r.read(func(v *catalogue.View) {
			if v.Families() == st.families {
				s := newSelection(r, v)
				s.fillFrom(st.ranking)
				ok = r.choose(p, s, true)
			}
		})
	}
	if ok {
		r.engine.standings.used.Add(1)
	} else {
		r.popular, r.short = nil, st.ranking.Len()
	}
	return ok
}

// keepStanding keeps what the first plan of a request came to for the visitor's next one. It is worth it for a visitor who came before and did nothing
// since.
func (r *run) keepStanding(p *plan, v *catalogue.View, s *selection) {
	if !r.standingAllowed() {
		return
	}
	history := slices.IndexFunc(p.sources, func(s planSource) bool { return s.kind == api.SourceHistory })
	if history < 0 || !p.sources[history].settled {
		return
	}
	best, total := s.best(min(mostKept, max(leastKept, s.queue.next*5/4, r.short*2)))
	r.engine.standings.cache.Set(r.standingKey(), &standing{
		history: &r.visitor.History[0], sources: slices.Clone(r.scenario.Sources), model: p.sources[history].model, at: r.now, families: v.Families(),
		version: r.used[similarityapi.Similar],
		ranking: r.scratch.blend.Keep(best, total, func(t *candidate.Term) bool { return t.Source == history }),
	})
}

// standingAllowed reports whether the request is one of a visitor who did nothing since the last one, about the present.
func (r *run) standingAllowed() bool {
	return r.unchanged && r.inputs == nil && r.watch == nil && len(r.visitor.History) > 0 && len(r.req.Events) == 0
}
