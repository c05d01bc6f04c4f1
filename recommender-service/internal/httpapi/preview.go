package httpapi

import (
	"context"
	"maps"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/scenario"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

type previewInput struct {
	ID   string `path:"id" minLength:"1" maxLength:"64"`
	Body PreviewRequest
}

// PreviewRequest is recommenderapi.PreviewRequest, whose request need not name the scenario: the path does. Its name is that of the schema.
type PreviewRequest struct {
	recommenderapi.PreviewRequest
	Request PreviewedRequest `json:"request"`
}

// PreviewedRequest is a request whose scenario may be left out.
type PreviewedRequest struct {
	recommenderapi.Request
	Scenario string `json:"scenario,omitempty" maxLength:"128" doc:"The one of the path, or absent"`
}

type previewOutput struct{ Body recommenderapi.PreviewAnswer }

// previewScenario answers a request with the live scenario and with one that is not stored, and
// compares the lists. What is tried is one of: a whole scenario, other rules of the scenario,
// other rules of all scenarios (with either), or other model versions. Nothing is stored or
// counted, and both lists are made of the same reading of the visitor. It answers 422 for what
// could not be stored either.
func (a *API) previewScenario(ctx context.Context, shop string, in *previewInput) (*previewOutput, error) {
	live, ok := a.Scenarios.Find(shop, in.ID)
	if !ok {
		return nil, a.noScenario(shop, in.ID)
	}
	if in.Body.Scenario != nil && in.Body.Rules != nil ||
		in.Body.Scenario == nil && in.Body.Rules == nil && in.Body.Shared == nil && len(in.Body.ModelVersions) == 0 {
		return nil, apierror.Invalid("The preview needs something to compare.", apierror.FieldError{
			Pointer: "/rules", Code: "one_form", Detail: "send either scenario or rules, or shared_rules, or model_versions",
		})
	}
	for _, relation := range slices.Sorted(maps.Keys(in.Body.ModelVersions)) {
		if bad := a.checkVersion(ctx, shop, "/model_versions", relation, in.Body.ModelVersions[relation]); bad.Code != "" {
			return nil, apierror.Invalid("The models cannot be used.", bad)
		}
	}
	tried, prefix := *live.Value, ""
	if in.Body.Scenario != nil {
		tried, prefix = *in.Body.Scenario, "/scenario"
		tried.ScenarioID, tried.Version = in.ID, live.Version
	} else if in.Body.Rules != nil {
		tried.Rules = *in.Body.Rules
	}
	// The rules of all scenarios hold in a preview too, unless others are tried.
	shared := a.sharedRules(shop)
	if in.Body.Shared != nil {
		shared = nil
		for n := range *in.Body.Shared {
			shared = append(shared, &(*in.Body.Shared)[n])
		}
		problems := &rules.Problems{}
		if rules.CheckRules(problems, "/shared_rules", *in.Body.Shared); len(problems.Fields) > 0 {
			return nil, apierror.Invalid("The rules cannot be used.", problems.Fields...)
		}
	}
	scenario.Complete(&tried)
	if bad := scenario.Check(&tried, prefix, a.EventWeights()); len(bad) > 0 {
		return nil, apierror.Invalid("The rules cannot be used.", bad...)
	}
	if named := in.Body.Request.Scenario; named != "" && named != in.ID {
		return nil, apierror.Invalid("The request cannot be answered as it is.", apierror.FieldError{
			Pointer: "/request/scenario", Code: "contradiction",
			Detail: "differs from the scenario of the path, " + in.ID + "; leave it out",
		})
	}
	req := in.Body.Request.Request
	req.Scenario = in.ID
	if err := a.checkRequest(shop, auth.FromContext(ctx), &req, "/request"); err != nil {
		return nil, err
	}
	before, after, err := a.Engine.Compare(
		ctx, shop, a.placed(shop, live.Value), recommend.Placement{
			Scenario: &tried, Shared: shared, Models: in.Body.ModelVersions,
		}, &req,
	)
	if err != nil {
		return nil, problem(err, "scenario", in.ID)
	}
	at := places{"/request", "/request/cart", "/request/events", "/request/market"}
	a.warnOf(shop, at, live.Value, &req, &before)
	a.warnOf(shop, at, &tried, &req, &after)
	matches := a.matches(shop, shared, &tried)
	return &previewOutput{recommenderapi.PreviewAnswer{
		Live: before, Preview: after, Changes: changes(before.Items, after.Items), Matches: matches,
		Warnings: a.warnings(shop, prefix, &tried, matches[len(shared):]),
	}}, nil
}

// changes lists the items whose place or score differs: first those of the new list in its
// order, then those that are gone from the old one. A place of 0 means that an item is not in
// that list; PositionDelta is positive for one that moved up.
func changes(before, after []recommenderapi.RecommendedItem) []recommenderapi.PreviewItem {
	was := map[string]recommenderapi.RecommendedItem{}
	for _, b := range before {
		was[b.ItemID] = b
	}
	list := []recommenderapi.PreviewItem{}
	add := func(id string, b, a recommenderapi.RecommendedItem) {
		c := recommenderapi.PreviewItem{
			ItemID: id, Before: b.Position, After: a.Position, ScoreBefore: b.Score, ScoreAfter: a.Score, ScoreDelta: a.Score - b.Score,
		}
		if c.Before > 0 && c.After > 0 {
			c.PositionDelta = c.Before - c.After
		}
		if c.Before != c.After || c.ScoreDelta != 0 {
			list = append(list, c)
		}
	}
	shown := map[string]bool{}
	for _, a := range after {
		shown[a.ItemID] = true
		add(a.ItemID, was[a.ItemID], a)
	}
	for _, b := range before {
		if !shown[b.ItemID] {
			add(b.ItemID, b, recommenderapi.RecommendedItem{})
		}
	}
	return list
}
