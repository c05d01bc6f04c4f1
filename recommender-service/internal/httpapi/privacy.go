package httpapi

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func (a *API) registerPrivacy(api huma.API) {
	register(api, auth.ScopeUsersWrite, huma.Operation{
		OperationID: "forget-person", Method: http.MethodDelete, Path: "/v1/recommendations", Tags: []string{recommendationsTag}, Summary: "Forget a person",
		Description: "Removes logged decisions, clicks and places in experiments of a user, a session or both, as `DELETE /v1/users/{id}` does with what the profile-service holds: " +
			"delete there first. Safe to repeat. A replica that answered the person in the last ten seconds may still store that: repeat the call then.",
		Errors: []int{http.StatusUnprocessableEntity},
	}, audit.Handler(a.Audit, audit.What[forgetInput]{
		Action: "person.forget", Subject: func(shop string, in *forgetInput) string { return audit.Person(shop, cmp.Or(in.UserID, in.SessionID)) },
	}, a.forgetPerson))
}

type forgetInput struct {
	UserID    string `query:"user_id" maxLength:"256" doc:"User to forget"`
	SessionID string `query:"session_id" maxLength:"256" doc:"Session to forget, such as one that was merged into the user"`
}

type forgetOutput struct{ Body recommenderapi.Forgotten }

func (a *API) forgetPerson(ctx context.Context, shop string, in *forgetInput) (*forgetOutput, error) {
	p := &rules.Problems{}
	for _, q := range []struct{ parameter, id string }{{"user_id", in.UserID}, {"session_id", in.SessionID}} {
		if why := wire.InvalidID(q.id); q.id != "" && why != "" {
			p.Fields = append(p.Fields, apierror.FieldError{Parameter: q.parameter, Code: "invalid_id", Detail: why})
		}
	}
	if in.UserID == "" && in.SessionID == "" {
		p.Fields = append(p.Fields, apierror.FieldError{Parameter: "user_id", Code: "required", Detail: "give a user_id, a session_id or both"})
	}
	if err := refusal(p); err != nil {
		return nil, err
	}
	forgotten, err := a.Forget(ctx, shop, in.UserID, in.SessionID)
	return &forgetOutput{forgotten}, problem(err, "person", "")
}
