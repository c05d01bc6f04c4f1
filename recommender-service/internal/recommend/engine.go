// Package recommend answers a request: it reads the visitor's profile, gathers candidates from the sources of the scenario, ranks them against
// the catalogue replica and fills what is left from less and less personal sources. It never fails because a peer does: it says in the answer
// what could not help. The main type is Engine.
package recommend

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	// DefaultDeadline is how long an answer may take when the request does not say.
	DefaultDeadline = 150 * time.Millisecond
	// reserve is the part of the deadline, one in so many, that is kept for ranking and writing the answer.
	reserve = 5
	// seedLimit is how many of the latest items of a visitor are seeds.
	seedLimit = 200
)

// Engine answers requests. It is safe for concurrent use.
type Engine struct {
	Peers     *peers.Peers
	Catalogue *catalogue.Catalogue
	Logger    *slog.Logger
	Now       func() time.Time
	// Decided is told of every answer; it must not block.
	Decided func(shop string, d *Decision, a *api.Answer)

	epoch     string // names this life of the process, whose catalogue changes are numbered
	shown     *ShownLog
	admission *admission
	scratch   sync.Pool
}

// NewEngine returns an engine with its metrics on registry.
func NewEngine(p *peers.Peers, c *catalogue.Catalogue, logger *slog.Logger, now func() time.Time, registry prometheus.Registerer,
	decided func(string, *Decision, *api.Answer)) *Engine {
	return &Engine{
		Peers: p, Catalogue: c, Logger: logger, Now: now, Decided: decided, epoch: strconv.FormatUint(rand.Uint64(), 36), shown: NewShownLog(), admission: newAdmission(registry),
	}
}

// Close ends the upkeep of what the engine remembers.
func (e *Engine) Close() {
	e.shown.lists.StopAllGoroutines()
}

// Placement is one scenario to fill: the scenario as it is to be used, and the experiment arm that chose it.
type Placement struct {
	Scenario *api.Scenario
	Arm      api.Arm
	// Models names versions other than the live ones, by relation.
	Models map[string]string
	// Derived says that no stored version of the scenario says what Scenario does: an experiment or a row has changed it.
	Derived bool
	// Shared are the rules that hold in all scenarios, in order of id; they are applied before the scenario's own.
	Shared []*api.Rule
}

// Recommend answers a request for a scenario.
func (e *Engine) Recommend(ctx context.Context, shop string, p Placement, req *api.Request) (api.Answer, error) {
	answers, err := e.RecommendPage(ctx, shop, []Placement{p}, []*api.Request{req})
	if err != nil {
		return api.Answer{}, err
	}
	return answers[0], nil
}

// RecommendPage answers the placements of one page, in their order, with one reading of the profile: that of the first request, whose visitor all
// share. An item shown in one placement is not shown in a later one.
func (e *Engine) RecommendPage(ctx context.Context, shop string, placements []Placement, reqs []*api.Request) ([]api.Answer, error) {
	now := e.Now()
	ctx, cancel := withDeadline(ctx, reqs[0])
	defer cancel()
	leave, admitted := e.admission.enter(ctx)
	if admitted {
		defer leave()
	}
	answers := make([]api.Answer, 0, len(reqs))
	var who *run
	var taken []string
	for n, p := range placements {
		r := e.newRun(shop, p, reqs[n], now, rand.Uint64())
		r.taken, r.atHand = taken, !admitted
		if who == nil {
			if err := r.start(ctx); err != nil {
				e.scratch.Put(r.scratch)
				return nil, err
			}
			who = r
		} else {
			r.share(who)
		}
		r.rank(ctx)
		a := r.answer()
		e.scratch.Put(r.scratch)
		r.remember(&a)
		for i := range a.Items {
			taken = append(taken, a.Items[i].ItemID)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func withDeadline(ctx context.Context, req *api.Request) (context.Context, context.CancelFunc) {
	deadline := DefaultDeadline
	if req.DeadlineMS > 0 {
		deadline = time.Duration(req.DeadlineMS) * time.Millisecond
	}
	return context.WithTimeout(ctx, deadline-deadline/reserve)
}

func (e *Engine) newRun(shop string, p Placement, req *api.Request, now time.Time, nonce uint64) *run {
	s, ok := e.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	s.begin()
	return &run{
		engine: e, shop: e.Catalogue.Shop(shop), scenario: p.Scenario, rules: rulesOf(p), req: req, now: wire.TimeOf(now).Time, nonce: nonce, scratch: s,
		arm: p.Arm, models: p.Models, derived: p.Derived,
	}
}

// start reads the cursor, the visitor and the page's item.
func (r *run) start(ctx context.Context) (err error) {
	if r.before, err = parseCursor(r.req); err != nil {
		return err
	}
	r.readVisitor(ctx)
	r.settle()
	return nil
}

// share takes over what another placement of the same page has read.
func (r *run) share(who *run) {
	r.visitor, r.profiled, r.stale = who.visitor, who.profiled, who.stale
	for _, name := range who.degraded {
		if name == peers.Profile || name == Overload {
			r.degrade(name)
		}
	}
	r.settle()
}

// settle derives what depends on visitor and request.
func (r *run) settle() {
	r.cart = r.req.Cart
	if len(r.cart) == 0 {
		r.cart = r.visitor.Cart
	}
	if k, ok := r.shownKey(); ok && r.inputs == nil {
		r.shown = r.engine.shown.of(k)
	}
	r.findSeed()
}

// readVisitor finds out who asks. When the profile-service does not answer in time, the visitor is the one that was read last, and the answer says of when; one
// of whom nothing is remembered is known by the request alone.
func (r *run) readVisitor(ctx context.Context) {
	r.visitor = visitor.Cold(r.req.UserID, r.req.SessionID, r.now)
	switch {
	case !r.req.Consent.AllowsPersonalization():
		r.visitor.Personal = false
	case r.inputs != nil && r.inputs.decision.ProfileAsOf.IsZero():
	case r.req.UserID != "" || r.req.SessionID != "":
		q, at := profileapi.ProfileQuery{UserID: r.req.UserID, SessionID: r.req.SessionID}, r.now
		if r.inputs != nil {
			q.Watermark, at = r.inputs.decision.Watermark, r.inputs.decision.ProfileAsOf
		}
		v, err := r.askVisitor(ctx, q, at)
		switch {
		case v != nil:
			r.visitor, r.profiled, r.stale = v, true, err != nil
			if err != nil && !errors.Is(err, context.DeadlineExceeded) && !r.atHand {
				r.degrade(peers.Profile) // it is ill, not just late
			}
		case r.inputs != nil:
			r.inputs.lose("the visitor's profile of then")
		case r.atHand:
			r.degrade(Overload)
		default:
			r.degrade(peers.Profile)
		}
	}
	r.visitor.Add(r.req.Events, r.now)
}

// askVisitor reads the visitor, or recalls who was read last when the answer is made from what is at hand.
func (r *run) askVisitor(ctx context.Context, q profileapi.ProfileQuery, at time.Time) (*visitor.Visitor, error) {
	if r.atHand {
		return r.engine.Peers.Remembered(r.shop.Name, q), errNotAdmitted
	}
	return r.engine.Peers.Visitor(ctx, r.shop.Name, q, at)
}

var errNotAdmitted = errors.New("too many answers are being made at once")

// answer puts the picked items into the form that is sent.
func (r *run) answer() api.Answer {
	state := r.shop.State()
	if !state.Following {
		r.degrade(peers.Catalogue)
	}
	id := trackingid.ID{
		At: r.now, Nonce: r.nonce, Models: trackingid.ModelsDigest(r.used), Scenario: r.scenario.ScenarioID, ScenarioVersion: r.scenario.Version,
		Experiment: r.arm.ExperimentID, Arm: r.arm.Arm,
	}
	a := api.Answer{
		RecommendationID: id.String(), Scenario: r.scenario.ScenarioID, ScenarioVersion: r.scenario.Version, ModelVersions: r.used, Items: r.items(),
		NextCursor: r.cursor(), Degraded: r.degraded,
		Freshness: api.Freshness{CatalogueAsOf: wire.TimeOf(state.AsOf), LastEventID: r.visitor.LastEventID},
	}
	if r.arm.ExperimentID != "" {
		arm := r.arm
		a.Experiment = &arm
	}
	if r.profiled {
		a.Freshness.ProfileAsOf, a.Freshness.Stale = wire.TimeOf(r.visitor.AsOf), r.stale
	}
	return a
}

// remember keeps what later answers and questions about this one need; nothing of a test.
func (r *run) remember(a *api.Answer) {
	if r.req.Test {
		return
	}
	if k, ok := r.shownKey(); ok {
		items := make([]string, len(a.Items))
		for n := range a.Items {
			items[n] = a.Items[n].ItemID
		}
		r.engine.shown.add(k, Shown{AtMs: r.now.UnixMilli(), Items: items})
	}
	if r.engine.Decided != nil {
		r.engine.Decided(r.shop.Name, r.decision(a), a)
	}
}
