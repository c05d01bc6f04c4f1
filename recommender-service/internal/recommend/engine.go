// Package recommend answers a request: it reads the visitor's profile, gathers candidates from the sources of the scenario, ranks them
// against the catalogue replica and fills what is left from less and less personal sources. It never fails because a peer does: it says in
// the answer what could not help. The main type is Engine; pipeline.go has the stages in their order and is the file to read first.
package recommend

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/recommender-service/internal/admission"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/stages"
)

const (
	// defaultDeadline is how long an answer may take when the request does not say.
	defaultDeadline = 150 * time.Millisecond
	// reserve is the part of the deadline, one in so many, that is kept for ranking and writing the answer.
	reserve = 5
	// seedLimit is how many of the latest items of a visitor are seeds; seedsAtHand when too many answers are being made at once: most of
	// the work of an answer is theirs.
	seedLimit   = 300
	seedsAtHand = 40
)

// Overload is what an answer says that was made from what is at hand, because too many were being made at once.
const Overload = "overload"

// Engine answers requests. It is safe for concurrent use.
type Engine struct {
	Peers     *peers.Peers
	Catalogue *catalogue.Catalogue
	IDs       *trackingid.Keys
	Logger    *slog.Logger
	Now       func() time.Time
	// Decided is told of every answer; it must not block.
	Decided func(shop string, d *decision.Decision, a *api.Answer)

	epoch     string // names this life of the process, whose catalogue changes are numbered
	shown     *rotation.Log
	admission *admission.Admission
	metrics   *metrics
	scratch   sync.Pool
	converted sync.Map // of *factor.Conversions by shop, those made last
}

// NewEngine returns an engine with its metrics on registry. Through shared, unless it is nil, replicas tell each other
// what visitors were shown.
func NewEngine(p *peers.Peers, c *catalogue.Catalogue, ids *trackingid.Keys, logger *slog.Logger, now func() time.Time,
	registry prometheus.Registerer, shared redis.UniversalClient, decided func(string, *decision.Decision, *api.Answer),
) *Engine {
	epoch := strconv.FormatUint(rand.Uint64(), 36)
	return &Engine{
		Peers: p, Catalogue: c, IDs: ids, Logger: logger, Now: now, Decided: decided, epoch: epoch,
		shown: rotation.NewLog(p.ShownBytes(), shared, epoch), admission: admission.New(registry), metrics: newMetrics(registry),
	}
}

// Close ends the background work of what the engine remembers. No answer may be under way.
func (e *Engine) Close() {
	e.shown.Close()
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

// Recommend answers a request for a scenario. An error is a mistake of the request, such as a
// bad cursor; what could not help is in Degraded.
func (e *Engine) Recommend(ctx context.Context, shop string, p Placement, req *api.Request) (api.Answer, error) {
	answers, err := e.RecommendPage(ctx, shop, []Placement{p}, []*api.Request{req})
	if err != nil {
		return api.Answer{}, err
	}
	return answers[0], nil
}

// RecommendPage answers the placements of one page, in their order, with one reading of the visitor: that of the first request. An item
// shown in one placement is not shown in a later one.
func (e *Engine) RecommendPage(ctx context.Context, shop string, placements []Placement, reqs []*api.Request) ([]api.Answer, error) {
	ctx, v, done := e.admit(ctx, shop, reqs[0])
	defer done()
	answers := make([]api.Answer, 0, len(reqs))
	for n, p := range placements {
		err := v.answerTo(ctx, p, reqs[n], func(r *run, a *api.Answer) {
			r.remember(a)
			v.show(a)
			answers = append(answers, *a)
		})
		if err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// admit begins a visit with the deadline of its first request, as one of those that may be made at once. The caller calls done at the end.
func (e *Engine) admit(ctx context.Context, shop string, req *api.Request) (context.Context, *visit, func()) {
	v := e.visit(shop, e.Now())
	v.end = v.now.Add(deadlineOf(req))
	ctx, cancel := withDeadline(ctx, req)
	entered := stages.Of(ctx).Begin("admission")
	leave, admitted := e.admission.Enter(ctx)
	entered()
	if !admitted {
		v.atHand, v.seeds = true, seedsAtHand
		return ctx, v, func() {
			if v.release != nil {
				v.release()
			}
			cancel()
		}
	}
	return ctx, v, func() { leave(); cancel() }
}

// show notes what an answer shows, for the placements after it on the same page.
func (v *visit) show(a *api.Answer) {
	for n := range a.Items {
		v.taken = append(v.taken, a.Items[n].ItemID)
	}
}

// deadlineOf is how long the answer may take as a whole.
func deadlineOf(req *api.Request) time.Duration {
	if req.DeadlineMS > 0 {
		return time.Duration(req.DeadlineMS) * time.Millisecond
	}
	return defaultDeadline
}

// withDeadline bounds what an answer waits for: a part of the deadline is kept for the work that follows.
func withDeadline(ctx context.Context, req *api.Request) (context.Context, context.CancelFunc) {
	deadline := deadlineOf(req)
	return context.WithTimeout(ctx, deadline-deadline/reserve)
}
