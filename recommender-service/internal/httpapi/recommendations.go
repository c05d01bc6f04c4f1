package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/useragent"
	"github.com/aisle-rec/aisle/shared/wire"
)

// recommendationsTag is the chapter of the reference.
const recommendationsTag = "Recommendations"

type recommendInput struct{ Body recommenderapi.Request }

type recommendOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         recommenderapi.Answer
}

// registerRecommendations adds what a shop's pages ask for, and what explains an answer
// afterwards. Package recommend makes and replays answers.
func (a *API) registerRecommendations(api huma.API) {
	tags := []string{recommendationsTag}
	register(api, auth.ScopeRecommendationsRead, huma.Operation{
		OperationID: "recommend", Method: http.MethodPost, Path: "/v1/recommendations", Tags: tags, Summary: "Ask a scenario for items",
		Description: "Reflects every event that was acknowledged before. An unknown user is a cold visitor. Always answers: " +
			"`degraded` names what could not help, `warnings` what the request names and the shop lacks. `explain: full` needs a " +
			"secret key.",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, a.recommend)
	register(api, auth.ScopeRecommendationsRead, huma.Operation{
		OperationID: "recommend-by-query", Method: http.MethodGet, Path: "/v1/recommendations", Tags: tags,
		Summary: "Ask a scenario for items, without a body",
		Description: "The same as POST with its fields as parameters; lists are joined by commas. Without a " +
			"visitor the browser may keep the answer for a minute; a cache that others share may not, since an " +
			"answer is for its key.",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, a.recommendByQuery)
	register(api, auth.ScopeRecommendationsRead, huma.Operation{
		OperationID: "recommend-page", Method: http.MethodPost, Path: "/v1/recommendations/batch", Tags: tags,
		Summary:     "Fill up to 10 placements of one page",
		Description: "The profile is read once, and no item appears twice: a placement leaves out what those before it show.",
		Errors:      []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, a.recommendPage)
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "explain", Method: http.MethodPost, Path: "/v1/recommendations/explain", Tags: tags,
		Summary:     "Why an item is in an answer, or which stage dropped it",
		Description: "Shows scores, weights, rules and what the visitor did: not for publishable keys.",
		Errors:      []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, a.explain)
	register(api, auth.ScopeRecommendationsRead, huma.Operation{
		OperationID: "rank", Method: http.MethodPost, Path: "/v1/rankings", Tags: tags, Summary: "Order a list of items for a visitor",
		Description: "For lists that the shop made itself, such as search results. Items that say nothing about " +
			"the visitor keep their order behind the others.",
		Errors: []int{http.StatusUnprocessableEntity},
	}, a.rank)
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "get-decision", Method: http.MethodGet, Path: "/v1/recommendations/{id}", Tags: tags,
		Summary: "What a past answer was made from",
		Errors:  []int{http.StatusNotFound},
	}, a.decision)
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "replay", Method: http.MethodPost, Path: "/v1/recommendations/{id}/replay", Tags: tags,
		Summary: "Make a past answer again",
		Description: "`identical` is true when items, order and scores are the same bit for bit; otherwise `gone` says which inputs " +
			"exist no longer.",
		Errors: []int{http.StatusNotFound},
	}, a.replay)
}

// placement finds the scenario of a request and the arm of the experiment that the visitor is
// in. chosen is what answers him; plain is the scenario as it is without any experiment. 404
// for a scenario that there is not, 422 for words of a search where no source uses them.
func (a *API) placement(shop string, r *recommenderapi.Request, prefix string) (chosen, plain recommend.Placement, err error) {
	e, ok := a.Scenarios.Find(shop, r.Scenario)
	if !ok {
		p := a.noScenario(shop, r.Scenario)
		p.Errors = []apierror.FieldError{{Pointer: prefix + "/scenario", Code: "scenario_not_found", Detail: "is not the id of a scenario"}}
		return chosen, plain, p
	}
	if asks := func(s recommenderapi.Source) bool { return s.Kind == recommenderapi.SourceQuery }; r.Q != "" &&
		!slices.ContainsFunc(e.Value.Sources, asks) {
		return chosen, plain, apierror.Invalid("The request cannot be answered as it is.", apierror.FieldError{
			Pointer: prefix + "/q", Code: "not_used",
			Detail: "the scenario " + strconv.Quote(r.Scenario) + " has no source of kind query: add one to it, or use search.for_query",
		})
	}
	plain = a.placed(shop, e.Value)
	return a.Experiments.Choose(shop, plain, r), plain, nil
}

// recommend answers one placement: with a list, or with rows where the scenario has them. In
// order: check the request, find scenario and arm, make the answer, have shadow arms answer the
// same in the background, add facets when asked for.
func (a *API) recommend(ctx context.Context, shop string, in *recommendInput) (*recommendOutput, error) {
	in.Body.Robot = isRobot(ctx)
	if err := a.checkRequest(shop, auth.FromContext(ctx), &in.Body, ""); err != nil {
		return nil, err
	}
	p, plain, err := a.placement(shop, &in.Body, "")
	if err != nil {
		return nil, err
	}
	if len(p.Scenario.Rows) > 0 {
		answer, err := a.Engine.RecommendRows(ctx, shop, p, &in.Body, a.find(shop))
		a.warnOf(shop, alone(), p.Scenario, &in.Body, &answer)
		return &recommendOutput{CacheControl: "no-store", Body: a.finish(shop, answer)}, problem(err, "recommendation", "")
	}
	answer, err := a.Engine.Recommend(ctx, shop, p, &in.Body)
	if err == nil && !in.Body.Test {
		// A shadow arm is compared with what visitors saw; a test is nobody's visit.
		a.Shadows.Compare(ctx, shop, plain, &in.Body, &answer)
	}
	if err == nil && in.Body.Facets > 0 {
		answer.Facets, err = a.Engine.Facets(ctx, shop, p, &in.Body)
	}
	a.warnOf(shop, alone(), p.Scenario, &in.Body, &answer)
	return &recommendOutput{CacheControl: "no-store", Body: a.finish(shop, answer)}, problem(err, "recommendation", "")
}

// isRobot reports whether a page asks in a browser that names itself a program. Requests of a
// shop's server carry the name of the server's client and say nothing about the visitor.
func isRobot(ctx context.Context) bool {
	caller := auth.FromContext(ctx)
	return caller.Kind == auth.KindPublishable && useragent.Robot(caller.UserAgent) != ""
}

// find looks up scenarios for rows, which may name others.
func (a *API) find(shop string) func(id string) (*recommenderapi.Scenario, bool) {
	return func(id string) (*recommenderapi.Scenario, bool) {
		e, ok := a.Scenarios.Find(shop, id)
		return e.Value, ok
	}
}

// finish adds to Degraded the stores that cannot help: the answer is whole, but of
// configuration that may be old, or it is not logged.
func (a *API) finish(shop string, answer recommenderapi.Answer) recommenderapi.Answer {
	if a.Scenarios.Failed(shop) || a.Decisions.Failing() {
		answer.Degraded = append(answer.Degraded, "recommender-database")
	}
	return answer
}

// checkVisitor refuses a visitor whom the caller may not act for, and ids, of the visitor, his events or the items at pointer, that can be
// nobody's.
func (a *API) checkVisitor(
	ctx context.Context, userID, sessionID string, events []profileapi.Event, pointer string, items []string,
) error {
	if err := mayActFor(auth.FromContext(ctx), "", userID, sessionID, events); err != nil {
		return err
	}
	p := &rules.Problems{}
	ids{p, ""}.visitor(userID, sessionID, events, a.EventWeights())
	ids{p, ""}.list(pointer, items)
	return refusal(p)
}

type pageInput struct{ Body recommenderapi.PageRequest }

type pageOutput struct{ Body recommenderapi.PageAnswer }

// recommendPage answers up to ten placements of one page. What the body says of the visitor,
// market, cart and channel holds for every placement that says nothing itself; the visitor is
// always the page's. The first bad placement is the error, by its pointer.
func (a *API) recommendPage(ctx context.Context, shop string, in *pageInput) (*pageOutput, error) {
	if err := a.checkVisitor(ctx, in.Body.UserID, in.Body.SessionID, in.Body.Events, "/cart", in.Body.Cart); err != nil {
		return nil, err
	}
	robot := isRobot(ctx)
	placements := make([]recommend.Placement, len(in.Body.Placements))
	requests := make([]*recommenderapi.Request, len(in.Body.Placements))
	said := make([]places, len(in.Body.Placements))
	for n := range in.Body.Placements {
		r := in.Body.Placements[n]
		at := "/placements/" + strconv.Itoa(n)
		said[n] = places{request: at, cart: at + "/cart", events: "/events", market: at + "/market"}
		r.UserID, r.SessionID, r.Consent, r.Events = in.Body.UserID, in.Body.SessionID, in.Body.Consent, in.Body.Events
		r.Test, r.Robot = r.Test || in.Body.Test, robot
		r.Channel = cmp.Or(r.Channel, in.Body.Channel)
		if r.Market == nil {
			r.Market, said[n].market = in.Body.Market, "/market"
		}
		if r.Cart == nil {
			r.Cart, said[n].cart = in.Body.Cart, "/cart"
		}
		if r.Cursor != "" {
			return nil, apierror.Invalid("The request cannot be answered as it is.", apierror.FieldError{
				Pointer: at + "/cursor", Code: "not_allowed", Detail: "pages go on one placement at a time: use POST /v1/recommendations",
			})
		}
		if r.Facets != 0 {
			return nil, apierror.Invalid("The request cannot be answered as it is.", apierror.FieldError{
				Pointer: at + "/facets", Code: "not_allowed", Detail: "facets are of one placement at a time: use POST /v1/recommendations",
			})
		}
		if err := a.checkRequest(shop, auth.FromContext(ctx), &r, at); err != nil {
			return nil, err
		}
		p, _, err := a.placement(shop, &r, at)
		if err != nil {
			return nil, err
		}
		placements[n], requests[n] = p, &r
	}
	answers, err := a.Engine.RecommendPage(ctx, shop, placements, requests)
	if err != nil {
		return nil, problem(err, "recommendation", "")
	}
	for n := range answers {
		a.warnOf(shop, said[n], placements[n].Scenario, requests[n], &answers[n])
		answers[n] = a.finish(shop, answers[n])
	}
	return &pageOutput{recommenderapi.PageAnswer{Placements: answers}}, nil
}

type explainInput struct{ Body recommenderapi.ExplainRequest }

type explainOutput struct{ Body recommenderapi.ExplainAnswer }

// explain makes the answer anew and says what became of one item on the way.
func (a *API) explain(ctx context.Context, shop string, in *explainInput) (*explainOutput, error) {
	if err := a.checkExplain(ctx, shop, &in.Body); err != nil {
		return nil, err
	}
	p, _, err := a.placement(shop, &in.Body.Request, "")
	if err != nil {
		return nil, err
	}
	answer, err := a.Engine.Explain(ctx, shop, p, &in.Body.Request, in.Body.ItemID)
	return &explainOutput{answer}, problem(err, "recommendation", "")
}

// checkExplain reports a bad item, else what is wrong with the request.
func (a *API) checkExplain(ctx context.Context, shop string, r *recommenderapi.ExplainRequest) error {
	if why := wire.InvalidID(r.ItemID); why != "" {
		return apierror.Invalid("The request cannot be answered as it is.", apierror.FieldError{
			Pointer: "/item_id", Code: "invalid_id", Detail: why,
		})
	}
	return a.checkRequest(shop, auth.FromContext(ctx), &r.Request, "")
}

type rankInput struct{ Body recommenderapi.RankRequest }

type rankOutput struct{ Body recommenderapi.RankAnswer }

// rank orders the items of the body. No scenario, rule or experiment takes part.
func (a *API) rank(ctx context.Context, shop string, in *rankInput) (*rankOutput, error) {
	if err := a.checkVisitor(ctx, in.Body.UserID, in.Body.SessionID, in.Body.Events, "/item_ids", in.Body.ItemIDs); err != nil {
		return nil, err
	}
	answer, err := a.Engine.Rank(ctx, shop, &in.Body)
	return &rankOutput{answer}, problem(err, "recommendation", "")
}

type decisionInput struct {
	ID string `path:"id" maxLength:"256"`
}

type decisionOutput struct{ Body recommenderapi.Decision }

// lookUp reads the decision behind a recommendation id: 422 for what is no such id, which can
// be told without the store, and 404 for one that is not kept.
func (a *API) lookUp(ctx context.Context, shop, id string) (*decision.Decision, error) {
	if _, err := trackingid.Read(id); err != nil {
		return nil, apierror.Invalid("This is not a recommendation id.", apierror.FieldError{
			Parameter: "id", Code: "invalid_id", Detail: "is not a recommendation_id of an answer, or was cut or changed",
		})
	}
	d, err := a.Decisions.Whole(ctx, shop, id)
	if errors.Is(err, store.ErrNotFound) {
		p := apierror.NotFound("decision", id)
		p.Detail = fmt.Sprintf(
			"There is no decision %q: it is older than %d days, was not sampled, or belongs to another shop.", id, a.KeepDays,
		)
		return nil, p
	}
	return d, problem(err, "decision", id)
}

// decision shows the inputs of a past answer. Digest is what a replay is compared with.
func (a *API) decision(ctx context.Context, shop string, in *decisionInput) (*decisionOutput, error) {
	d, err := a.lookUp(ctx, shop, in.ID)
	if err != nil {
		return nil, err
	}
	out := recommenderapi.Decision{
		RecommendationID: d.ID, At: wire.TimeOf(d.At), Scenario: d.Scenario, ScenarioVersion: d.ScenarioVersion, Request: d.Request,
		ModelVersions: d.Models,
		Watermark:     d.Watermark, Degraded: d.Degraded, Digest: d.Digest,
	}
	if !d.ProfileAsOf.IsZero() {
		out.ProfileAsOf = wire.TimeOf(d.ProfileAsOf)
	}
	if d.Experiment != "" {
		out.Experiment = &recommenderapi.Arm{ExperimentID: d.Experiment, Arm: d.Arm}
	}
	return &decisionOutput{out}, nil
}

type replayOutput struct{ Body recommenderapi.Replay }

// replay makes a past answer again with the versions of scenario, rules and arm that it was
// made with. Inputs that exist no longer are listed, not an error; without the old scenario
// there is nothing to replay, and that is a 404.
func (a *API) replay(ctx context.Context, shop string, in *decisionInput) (*replayOutput, error) {
	d, err := a.lookUp(ctx, shop, in.ID)
	if err != nil {
		return nil, err
	}
	e, err := a.Scenarios.Version(ctx, shop, d.Scenario, d.ScenarioVersion)
	if err != nil {
		return nil, problem(err, "scenario", d.Scenario)
	}
	shared, known := a.sharedAt(ctx, shop, d)
	p := a.Experiments.Placement(shop, recommend.Placement{Scenario: e.Value, Shared: shared}, recommenderapi.Arm{
		ExperimentID: d.Experiment, Arm: d.Arm,
	})
	answer, gone, err := a.Engine.Replay(ctx, shop, p, d)
	if err != nil {
		return nil, problem(err, "recommendation", in.ID)
	}
	if !known {
		gone = append(gone, "the rules that held in all scenarios then")
	}
	return &replayOutput{recommenderapi.Replay{Identical: len(gone) == 0, Gone: gone, Answer: answer}}, nil
}
