package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/export"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// registerExports adds the jobs that write a list for many people; package export runs them.
func (a *API) registerExports(api huma.API) {
	tags := []string{"Exports"}
	register(api, auth.ScopeConfigWrite, huma.Operation{
		OperationID: "start-export", Method: http.MethodPost, Path: "/v1/exports", Tags: tags,
		Summary: "Write recommendations for many people", DefaultStatus: http.StatusAccepted,
		Description: "A job: follow it at its Location, then fetch `/result` within a day, through any replica.",
		Errors:      []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, audit.Handler(a.Audit, audit.What[startExportInput]{
		Action: "export.start", Subject: func(_ string, in *startExportInput) string { return in.Body.Scenario },
		After: func(in *startExportInput) any {
			return map[string]any{"users": len(in.Body.UserIDs), "segment": in.Body.Segment}
		},
	}, a.startExport))
	register(api, auth.ScopeConfigWrite, huma.Operation{
		OperationID: "find-audience", Method: http.MethodPost, Path: "/v1/audiences", Tags: tags,
		Summary: "Find who should hear of an item", DefaultStatus: http.StatusAccepted,
		Description: "That it is back in stock, new, or costs less: an export with a line per person whose own list would have the item, " +
			"those first who would have it nearest the top, " +
			"with reasons. Who does not consent to personalisation, bought it or does not want it is left out. Follow it at its Location.",
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}, audit.Handler(a.Audit, audit.What[audienceInput]{
		Action: "export.start", Subject: func(_ string, in *audienceInput) string { return in.Body.Scenario },
		After: func(in *audienceInput) any { return map[string]any{"audience": in.Body.ItemID} },
	}, a.findAudience))
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "get-export", Method: http.MethodGet, Path: "/v1/exports/{id}", Tags: tags, Summary: "State of an export",
		Errors: []int{http.StatusNotFound},
	}, a.getExport)
	register(api, auth.ScopeConfigWrite, huma.Operation{
		OperationID: "cancel-export", Method: http.MethodPost, Path: "/v1/exports/{id}/cancel", Tags: tags, Summary: "Stop an export",
		DefaultStatus: http.StatusNoContent,
		Errors:        []int{http.StatusNotFound},
	}, a.cancelExport)
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "export-result", Method: http.MethodGet, Path: "/v1/exports/{id}/result", Tags: tags,
		Summary: "Fetch a finished export", Errors: []int{http.StatusNotFound, http.StatusConflict},
		Responses: lines("A person per line, or as CSV an item per line", "application/x-ndjson", "text/csv"),
	}, a.exportResult)
}

// lines documents an answer that is a file, of one of some media types, rather than a JSON
// document.
func lines(description string, types ...string) map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	for _, t := range types {
		content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return map[string]*huma.Response{"200": {Description: description, Content: content}}
}

type startExportInput struct{ Body recommenderapi.ExportRequest }

type exportOutput struct {
	Location string `header:"Location"`
	Body     recommenderapi.Export
}

// startExport checks what would be wrong with each person's request once, before the job, and
// answers 202 with the address of the export. Whom it is for comes in one of three forms: ids,
// a segment, or an audience of an item. 503 when as many exports run as may.
func (a *API) startExport(ctx context.Context, shop string, in *startExportInput) (*exportOutput, error) {
	r := &recommenderapi.Request{Scenario: in.Body.Scenario, Fields: in.Body.Fields, Filter: in.Body.Filter, Market: in.Body.Market}
	forms := 0
	for _, given := range [...]bool{len(in.Body.UserIDs) > 0, in.Body.Segment != "", in.Body.Audience != nil} {
		if given {
			forms++
		}
	}
	if forms != 1 {
		return nil, apierror.Invalid("It is not clear whom to write for.", apierror.FieldError{
			Pointer: "/user_ids", Code: "one_form", Detail: "send one of user_ids, segment and audience",
		})
	}
	if err := a.offered(shop, in.Body.Audience, "/audience"); err != nil {
		return nil, err
	}
	people := &rules.Problems{}
	ids{people, ""}.list("/user_ids", in.Body.UserIDs)
	if err := refusal(people); err != nil {
		return nil, err
	}
	if err := a.checkRequest(shop, auth.FromContext(ctx), r, ""); err != nil {
		return nil, err
	}
	p, _, err := a.placement(shop, r, "")
	if err != nil {
		return nil, err
	}
	state, err := a.Exports.Start(ctx, shop, in.Body)
	if errors.Is(err, export.ErrFull) {
		return nil, apierror.Unavailable("Too many exports are under way.", time.Minute, nil)
	}
	state.Warnings = a.warned(shop, alone(), p.Scenario, r)
	return &exportOutput{"/v1/exports/" + state.ExportID, state}, problem(err, "export", "")
}

type audienceInput struct {
	Body recommenderapi.AudienceRequest
}

// findAudience starts the export of an audience; it is startExport with a body of its own.
func (a *API) findAudience(ctx context.Context, shop string, in *audienceInput) (*exportOutput, error) {
	if err := a.offered(shop, &in.Body.Audience, ""); err != nil {
		return nil, err
	}
	return a.startExport(ctx, shop, &startExportInput{recommenderapi.ExportRequest{
		Scenario: in.Body.Scenario, Audience: &in.Body.Audience, Fields: in.Body.Fields, Filter: in.Body.Filter, Market: in.Body.Market,
		Format: in.Body.Format,
	}})
}

// offered refuses an audience for what nobody could buy: 404 for an item that the catalogue
// lacks, 409 for one that is hidden or sold out. An item with variants is judged by the one
// that stands for its family. nil is no audience.
func (a *API) offered(shop string, r *recommenderapi.Audience, prefix string) (err error) {
	if r == nil {
		return nil
	}
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		i := v.Find(r.ItemID)
		if i < 0 || v.Item(v.Head(i)) == nil {
			p := apierror.NotFound("item", r.ItemID)
			p.Errors = []apierror.FieldError{{Pointer: prefix + "/item_id", Code: "item_not_found", Detail: "is not in the catalogue"}}
			err = p
		} else if !v.Item(v.Head(i)).Offered() {
			err = apierror.Conflict(
				"not_offered", "The item is hidden or sold out: whoever hears of it could not buy it. Change it first, then ask again.",
			)
		}
	})
	return err
}

// RecommendFor answers one person's request as POST /v1/recommendations would, for exports. The
// request is not checked again: startExport did, for all of them.
func (a *API) RecommendFor(ctx context.Context, shop string, r *recommenderapi.Request) (recommenderapi.Answer, error) {
	p, _, err := a.placement(shop, r, "")
	if err != nil {
		return recommenderapi.Answer{}, err
	}
	return a.Engine.Recommend(ctx, shop, p, r)
}

// getExport answers with the state of an export, whichever replica runs it.
func (a *API) getExport(ctx context.Context, shop string, in *idInput) (*exportOutput, error) {
	state, err := a.Exports.Find(ctx, shop, in.ID)
	return &exportOutput{"/v1/exports/" + in.ID, state}, exportProblem(err, in.ID)
}

// exportProblem says of an export that is not there how long it was.
func exportProblem(err error, id string) error {
	if !errors.Is(err, store.ErrNotFound) {
		return problem(err, "export", id)
	}
	p := apierror.NotFound("export", id)
	p.Detail = fmt.Sprintf("There is no export %q: an export is kept for a day after its end. Start it again.", id)
	return p
}

// cancelExport answers 204 also when the export has ended.
func (a *API) cancelExport(ctx context.Context, shop string, in *idInput) (*struct{}, error) {
	return nil, exportProblem(a.Exports.Cancel(ctx, shop, in.ID), in.ID)
}

// exportResult streams the file of an export that is done, 409 before. It is written part by
// part as the caller reads it.
func (a *API) exportResult(ctx context.Context, shop string, in *idInput) (*huma.StreamResponse, error) {
	write, state, err := a.Exports.Result(ctx, shop, in.ID)
	if err != nil {
		return nil, exportProblem(err, in.ID)
	}
	if write == nil {
		return nil, apierror.Conflict("not_done", "The export is "+state.State+": fetch its result when it is done.")
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		c.Header("Content-Type", "application/x-ndjson")
		if state.Request.Format == "csv" {
			c.Header("Content-Type", "text/csv; charset=utf-8")
		}
		c.Status(http.StatusOK)
		if err := write(c.Writer); err != nil {
			panic(http.ErrAbortHandler) // the header is sent: only a broken connection can still tell of a failure
		}
	}}, nil
}
