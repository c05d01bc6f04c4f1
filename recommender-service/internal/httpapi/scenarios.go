package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/scenario"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/names"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	scenariosTag = "Scenarios"
)

// registerScenarios adds the operations on scenarios. They are kept by package config and held
// in memory, from where every answer reads them.
func (a *API) registerScenarios(api huma.API) {
	tags := []string{scenariosTag}
	changed := []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity}
	register(
		api, auth.ScopeConfigRead,
		huma.Operation{OperationID: "list-scenarios", Method: http.MethodGet, Path: "/v1/scenarios", Tags: tags, Summary: "List scenarios"},
		a.listScenarios,
	)
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "get-scenario", Method: http.MethodGet, Path: "/v1/scenarios/{id}", Tags: tags, Summary: "Read a scenario",
		Errors: []int{http.StatusNotFound},
	}, a.getScenario)
	register(api, auth.ScopeConfigWrite, huma.Operation{
		OperationID: "put-scenario", Method: http.MethodPut, Path: "/v1/scenarios/{id}", Tags: tags, Summary: "Change or add a scenario",
		Errors: changed,
		Description: "Checked whole before it is stored; serves from the next request on. `matches` says how many items each rule is " +
			"about, `warnings` what it names and the shop does not have.",
	}, audit.Handler(a.Audit, audit.What[putScenarioInput]{
		Action: "scenario.put", Subject: func(_ string, in *putScenarioInput) string { return in.ID },
		State: func(_ context.Context, shop string, in *putScenarioInput) any {
			return current(a.Scenarios, shop, in.ID)
		},
	}, a.putScenario))
	register(api, auth.ScopeConfigWrite, huma.Operation{
		OperationID: "delete-scenario", Method: http.MethodDelete, Path: "/v1/scenarios/{id}", Tags: tags, Summary: "Remove a scenario",
		Errors:        changed,
		DefaultStatus: http.StatusNoContent, Description: "A built-in scenario is as it was delivered from then on.",
	}, audit.Handler(a.Audit, audit.What[deleteInput]{
		Action: "scenario.delete", Subject: func(_ string, in *deleteInput) string { return in.ID },
		State: func(_ context.Context, shop string, in *deleteInput) any { return current(a.Scenarios, shop, in.ID) },
	}, a.deleteScenario))
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "scenario-history", Method: http.MethodGet, Path: "/v1/scenarios/{id}/history", Tags: tags,
		Summary: "Versions of a scenario, the newest first", Errors: []int{http.StatusNotFound},
	}, a.scenarioHistory)
	register(api, auth.ScopeConfigWrite, huma.Operation{
		OperationID: "restore-scenario", Method: http.MethodPost, Path: "/v1/scenarios/{id}/restore", Tags: tags,
		Summary: "Make an older version the newest", Errors: changed,
	}, audit.Handler(a.Audit, audit.What[restoreInput]{
		Action: "scenario.restore", Subject: func(_ string, in *restoreInput) string { return in.ID },
		State: func(_ context.Context, shop string, in *restoreInput) any { return current(a.Scenarios, shop, in.ID) },
	}, a.restoreScenario))
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "preview-scenario", Method: http.MethodPost, Path: "/v1/scenarios/{id}/preview", Tags: tags,
		Summary: "Compare unsaved rules with the live ones",
		Errors:  []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, a.previewScenario)
}

type scenariosOutput struct {
	Body profileapi.Page[recommenderapi.Scenario]
}

// listScenarios answers all at once, in order of id, the delivered ones too.
func (a *API) listScenarios(_ context.Context, shop string, _ *struct{}) (*scenariosOutput, error) {
	out := &scenariosOutput{}
	for _, e := range a.Scenarios.List(shop) {
		out.Body.Items = append(out.Body.Items, *e.Value)
	}
	return out, nil
}

// idInput is a path that ends with an id. Ids that are read are not checked against the pattern
// of those that are put: they are found or not.
type idInput struct {
	ID string `path:"id" minLength:"1" maxLength:"64"`
}

type scenarioOutput struct {
	ETag string `header:"ETag"`
	Body recommenderapi.Scenario
}

// getScenario answers with the version as ETag, for If-Match of a change.
func (a *API) getScenario(_ context.Context, shop string, in *idInput) (*scenarioOutput, error) {
	e, ok := a.Scenarios.Find(shop, in.ID)
	if !ok {
		return nil, a.noScenario(shop, in.ID)
	}
	return &scenarioOutput{httpserver.ETag(e.Version), *e.Value}, nil
}

// noScenario is a 404 that says which scenarios there are, and which was probably meant.
func (a *API) noScenario(shop, id string) *apierror.Problem {
	var known []string
	for _, e := range a.Scenarios.List(shop) {
		known = append(known, e.ID)
	}
	p := apierror.NotFound("scenario", id)
	if near := names.Nearest(id, known); near != "" {
		p.Detail += " Was " + near + " meant?"
	}
	p.Detail += " There are " + strings.Join(known, ", ") + "."
	return p
}

type putScenarioInput struct {
	ID string `path:"id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
	httpserver.Conditions
	Body recommenderapi.Scenario
}

type savedScenarioOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   recommenderapi.SavedScenario
}

// putScenario takes the document that getScenario gives, so that one can be read, edited and
// put back.
func (a *API) putScenario(ctx context.Context, shop string, in *putScenarioInput) (*savedScenarioOutput, error) {
	if in.Body.ScenarioID != "" && in.Body.ScenarioID != in.ID {
		return nil, apierror.Invalid("The scenario cannot be stored.", apierror.FieldError{
			Pointer: "/scenario_id", Code: "contradiction", Detail: "differs from the id of the path; leave it out",
		})
	}
	return a.save(ctx, shop, in.ID, &in.Body, in.Require())
}

// save checks and stores a scenario: 201 for a new one, 200 for a change. It fills what the
// document leaves out, and answers with how many items each rule is about and what the shop
// lacks of what it names. require is given the present version, 0 for none, and fails when the
// caller wanted another.
func (a *API) save(
	ctx context.Context, shop, id string, s *recommenderapi.Scenario, require func(int64) error,
) (*savedScenarioOutput, error) {
	scenario.Complete(s)
	bad := scenario.Check(s, "", a.EventWeights())
	for n := range s.Rows {
		if r := &s.Rows[n]; r.Scenario != "" {
			if _, ok := a.Scenarios.Find(shop, r.Scenario); !ok {
				bad = append(bad, apierror.FieldError{
					Pointer: "/rows/" + strconv.Itoa(n) + "/scenario", Code: "scenario_not_found", Detail: "is not the id of a scenario",
				})
			}
		}
	}
	// The id is part of every recommendation id that its answers get.
	if len(id) > trackingid.MaxName {
		bad = append(bad, apierror.FieldError{
			Parameter: "id", Code: "too_long", Detail: "has more than " + strconv.Itoa(trackingid.MaxName) + " characters",
		})
	}
	if len(bad) > 0 {
		return nil, apierror.Invalid("The scenario cannot be stored.", bad...)
	}
	e, created, err := a.Scenarios.Put(ctx, shop, id, auth.FromContext(ctx).KeyID, s, require)
	if err != nil {
		return nil, problem(err, "scenario", id)
	}
	out := &savedScenarioOutput{Status: http.StatusOK, ETag: httpserver.ETag(e.Version)}
	if created {
		out.Status = http.StatusCreated
	}
	matches := scenario.Matching(e.Value, a.Catalogue.Shop(shop), a.Now())
	out.Body = recommenderapi.SavedScenario{Scenario: *e.Value, Matches: matches, Warnings: a.warnings(shop, "", e.Value, matches)}
	return out, nil
}

type deleteInput struct {
	ID string `path:"id" minLength:"1" maxLength:"64"`
	httpserver.Conditions
}

// deleteScenario removes a shop's scenario; a built-in one is as it was delivered from then on.
func (a *API) deleteScenario(ctx context.Context, shop string, in *deleteInput) (*struct{}, error) {
	if _, ok := a.Scenarios.Find(shop, in.ID); !ok {
		return nil, a.noScenario(shop, in.ID)
	}
	return nil, problem(a.Scenarios.Delete(ctx, shop, in.ID, auth.FromContext(ctx).KeyID, in.Require()), "scenario", in.ID)
}

type historyInput struct {
	ID     string `path:"id" minLength:"1" maxLength:"64"`
	Limit  int    `query:"limit" minimum:"1" maximum:"50" default:"50"`
	Cursor int64  `query:"cursor" minimum:"0" doc:"next_cursor of the page before"`
}

type historyOutput struct {
	Body profileapi.Page[recommenderapi.ScenarioVersion]
}

// scenarioHistory reads versions from the store, the newest first. The cursor is the version
// that the next page lies below.
func (a *API) scenarioHistory(ctx context.Context, shop string, in *historyInput) (*historyOutput, error) {
	list, err := a.Scenarios.History(ctx, shop, in.ID, in.Cursor, in.Limit)
	if errors.Is(err, store.ErrNotFound) {
		return nil, a.noScenario(shop, in.ID)
	}
	if err != nil {
		return nil, problem(err, "scenario", in.ID)
	}
	out := &historyOutput{}
	out.Body.Items = []recommenderapi.ScenarioVersion{}
	for _, e := range list {
		v := recommenderapi.ScenarioVersion{Version: e.Version, Author: e.Author, Deleted: e.Deleted, Scenario: *e.Value}
		if e.UpdatedMs > 0 {
			v.At = wire.TimeOf(time.UnixMilli(e.UpdatedMs))
		}
		out.Body.Items = append(out.Body.Items, v)
	}
	if n := len(list); n == in.Limit && list[n-1].Version > 1 {
		next := strconv.FormatInt(list[n-1].Version, 10)
		out.Body.NextCursor = &next
	}
	return out, nil
}

type restoreInput struct {
	ID string `path:"id" minLength:"1" maxLength:"64"`
	httpserver.Conditions
	Body struct {
		Version int64 `json:"version" minimum:"1"`
	}
}

// restoreScenario stores an older version as the newest. It is checked as any other: what was
// allowed then may not be now.
func (a *API) restoreScenario(ctx context.Context, shop string, in *restoreInput) (*savedScenarioOutput, error) {
	e, err := a.Scenarios.Version(ctx, shop, in.ID, in.Body.Version)
	if errors.Is(err, store.ErrNotFound) {
		// One that was removed can be restored: only its history says whether it ever was.
		if _, err := a.Scenarios.History(ctx, shop, in.ID, 0, 1); errors.Is(err, store.ErrNotFound) {
			return nil, a.noScenario(shop, in.ID)
		}
		return nil, apierror.New(http.StatusNotFound, "scenario_version_not_found", fmt.Sprintf(
			"There is no version %d of the scenario %q. GET /v1/scenarios/%s/history lists those that there are.",
			in.Body.Version, in.ID, in.ID,
		), apierror.FieldError{Pointer: "/version", Code: "scenario_version_not_found", Detail: "is not a version of the scenario"})
	}
	if err != nil {
		return nil, problem(err, "scenario", in.ID)
	}
	return a.save(ctx, shop, in.ID, e.Value, in.Require())
}
