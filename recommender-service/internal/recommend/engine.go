// Package recommend answers a request: it reads the visitor's profile, gathers candidates from the sources of the scenario, ranks them against
// the catalogue replica and fills what is left from less and less personal sources. It never fails because a peer does: it says in the answer
// what could not help. The main type is Engine.
package recommend

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	// DefaultDeadline is how long an answer may take when the request does not say.
	DefaultDeadline = 150 * time.Millisecond
	// reserve is the part of the deadline that is kept for ranking and writing the answer.
	reserve = 5
	// historyLimit is how many recent items of a visitor are seeds.
	historyLimit = 50
)

// Engine answers requests. It is safe for concurrent use.
type Engine struct {
	Peers     *peers.Peers
	Catalogue *catalogue.Catalogue
	Logger    *slog.Logger
	Now       func() time.Time

	scratch sync.Pool
}

// Recommend answers a request for a scenario.
func (e *Engine) Recommend(ctx context.Context, shop string, sc *recommenderapi.Scenario, req *recommenderapi.Request) (recommenderapi.Answer, error) {
	now := e.Now()
	deadline := DefaultDeadline
	if req.DeadlineMS > 0 {
		deadline = time.Duration(req.DeadlineMS) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, deadline-deadline/reserve)
	defer cancel()
	r := &run{engine: e, shop: e.Catalogue.Shop(shop), scenario: sc, req: req, now: now, nonce: rand.Uint64(), scratch: e.borrow()}
	defer e.scratch.Put(r.scratch)
	r.readVisitor(ctx)
	r.rank(ctx)
	return r.answer(), nil
}

func (e *Engine) borrow() *scratch {
	if s, ok := e.scratch.Get().(*scratch); ok {
		return s
	}
	return &scratch{}
}

// readVisitor finds out who asks. A profile that cannot be read leaves a visitor of whom only the request is known.
func (r *run) readVisitor(ctx context.Context) {
	r.visitor = visitor.Cold(r.req.UserID, r.req.SessionID, r.now)
	switch {
	case !r.req.Consent.AllowsPersonalization():
		r.visitor.Personal = false
	case r.req.UserID != "" || r.req.SessionID != "":
		p, err := r.engine.Peers.ProfileOf(ctx, r.shop.Name, profileapi.ProfileQuery{UserID: r.req.UserID, SessionID: r.req.SessionID, Limit: historyLimit})
		if err != nil {
			r.degrade(peers.Profile)
		} else {
			r.visitor = visitor.Of(&p, r.req.Consent)
		}
	}
	r.visitor.Add(r.req.Events, r.now)
	r.cart = r.req.Cart
	if len(r.cart) == 0 {
		r.cart = r.visitor.CartFromSession()
	}
}

// answer puts the picked items into the form that is sent.
func (r *run) answer() recommenderapi.Answer {
	state := r.shop.State()
	if !state.Following {
		r.degrade(peers.Catalogue)
	}
	used := r.versions()
	id := trackingid.ID{At: r.now, Nonce: r.nonce, Models: trackingid.ModelsDigest(used), Scenario: r.scenario.ScenarioID, ScenarioVersion: r.scenario.Version}
	a := recommenderapi.Answer{
		RecommendationID: id.String(), Scenario: r.scenario.ScenarioID, ScenarioVersion: r.scenario.Version, ModelVersions: used, Items: r.items(), Degraded: r.degraded,
		Freshness: recommenderapi.Freshness{CatalogueAsOf: wire.TimeOf(state.AsOf), LastEventID: r.visitor.LastEventID},
	}
	if r.visitor.Known {
		a.Freshness.ProfileAsOf = wire.TimeOf(r.visitor.AsOf)
	}
	return a
}
