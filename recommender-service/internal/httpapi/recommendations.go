package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

const recommendationsTag = "Recommendations"

type recommendInput struct{ Body recommenderapi.Request }

type recommendOutput struct{ Body recommenderapi.Answer }

func (a *API) registerRecommendations(api huma.API) {
	register(api, auth.ScopeRecommendationsRead, huma.Operation{
		OperationID: "recommend", Method: http.MethodPost, Path: "/v1/recommendations", Tags: []string{recommendationsTag},
		Summary:     "Ask a scenario for items",
		Description: "Reflects every event that was acknowledged before. An unknown user is a cold visitor. Always answers: `degraded` names what could not help.",
	}, a.recommend)
}

func (a *API) recommend(ctx context.Context, shop string, in *recommendInput) (*recommendOutput, error) {
	sc, ok := a.Scenarios.Find(shop, in.Body.Scenario)
	if !ok {
		p := apierror.NotFound("scenario", in.Body.Scenario)
		p.Errors = []apierror.FieldError{{Pointer: "/scenario", Code: "scenario_not_found", Detail: "is not the id of a scenario; GET /v1/scenarios lists them"}}
		return nil, p
	}
	answer, err := a.Engine.Recommend(ctx, shop, sc, &in.Body)
	return &recommendOutput{answer}, err
}
