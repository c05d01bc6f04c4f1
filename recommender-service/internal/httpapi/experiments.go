package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// experimentsTag is the chapter of the reference.
const experimentsTag = "Experiments"

// registerExperiments adds the same operations for experiments and rollouts, which are
// experiments of a kind of their own and live in one collection, and the figures that both are
// judged by.
func (a *API) registerExperiments(api huma.API) {
	for path, one := range map[string]string{"/v1/experiments": "experiment", "/v1/rollouts": "rollout"} {
		tags := []string{experimentsTag}
		changed := []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity}
		e := experiments{a, one}
		register(
			api, auth.ScopeConfigRead,
			huma.Operation{OperationID: "list-" + one + "s", Method: http.MethodGet, Path: path, Tags: tags, Summary: "List " + one + "s"},
			e.list,
		)
		register(api, auth.ScopeConfigRead, huma.Operation{
			OperationID: "get-" + one, Method: http.MethodGet, Path: path + "/{id}", Tags: tags, Summary: "Read the " + one,
			Errors: []int{http.StatusNotFound},
		}, e.get)
		register(api, auth.ScopeConfigWrite, huma.Operation{
			OperationID: "put-" + one, Method: http.MethodPut, Path: path + "/{id}", Tags: tags, Summary: "Change or add the " + one,
			Errors: changed,
			Description: "Raising `traffic` moves no visitor to another arm. A model version that does not exist is refused; `warnings` " +
				"says so of one that the " + one + " named before, and when the " +
				"similarity-service does not answer, and names arms that show the same.",
		}, audit.Handler(a.Audit, audit.What[putExperimentInput]{
			Action: one + ".put", Subject: func(_ string, in *putExperimentInput) string { return in.ID },
			State: func(_ context.Context, shop string, in *putExperimentInput) any {
				return current(a.Experiments.Experiments, shop, in.ID)
			},
		}, e.put))
		register(api, auth.ScopeConfigWrite, huma.Operation{
			OperationID: "delete-" + one, Method: http.MethodDelete, Path: path + "/{id}", Tags: tags, Summary: "Remove the " + one,
			DefaultStatus: http.StatusNoContent, Errors: changed,
		}, audit.Handler(a.Audit, audit.What[deleteInput]{
			Action: one + ".delete", Subject: func(_ string, in *deleteInput) string { return in.ID },
			State: func(_ context.Context, shop string, in *deleteInput) any {
				return current(a.Experiments.Experiments, shop, in.ID)
			},
		}, e.remove))
		register(api, auth.ScopeConfigRead, huma.Operation{
			OperationID: one + "-results", Method: http.MethodGet, Path: path + "/{id}/results", Tags: tags,
			Summary: "Figures per arm, with intervals", Errors: []int{http.StatusNotFound},
			Description: "From attributed events: a purchase line counts for the answer that it names, else for " +
				"the visitor's last click on the item within 7 days.",
		}, e.results)
	}
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "scenario-metrics", Method: http.MethodGet, Path: "/v1/metrics/scenarios", Tags: []string{"Metrics"},
		Summary: "Figures per scenario",
	}, a.scenarioMetrics)
	a.registerAnomalies(api)
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "metrics", Method: http.MethodGet, Path: "/v1/metrics", Tags: []string{"Metrics"},
		Summary: "Figures by hour, day or week, and by scenario, experiment arm, rule, currency or channel",
		Description: "Days and weeks are those of `timezone`, of UTC without one; they are added up from hours. Orders and revenue are " +
			"attributed: a purchase line counts for the answer that it names and that showed the item, else for the visitor's last click " +
			"on the item within 7 days. Refunds take back. Test calls count nowhere.",
		Errors: []int{http.StatusUnprocessableEntity},
	}, a.metrics)
}

// experiments are the operations on one kind: "experiment", which takes in holdouts, or
// "rollout". Each finds only things of its kind.
type experiments struct {
	*API
	kind string
}

type experimentsOutput struct {
	Body profileapi.Page[recommenderapi.Experiment]
}

// of reports whether an experiment is of the kind.
func (e experiments) of(x *recommenderapi.Experiment) bool {
	return (x.Kind == "rollout") == (e.kind == "rollout")
}

// list answers from memory, in order of id.
func (e experiments) list(_ context.Context, shop string, _ *struct{}) (*experimentsOutput, error) {
	out := &experimentsOutput{}
	out.Body.Items = []recommenderapi.Experiment{}
	for _, x := range e.Experiments.Experiments.List(shop) {
		if e.of(x.Value) {
			out.Body.Items = append(out.Body.Items, *x.Value)
		}
	}
	return out, nil
}

// The ETag is the version, which If-Match of a change can name.
type experimentOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   recommenderapi.Experiment
}

// find returns the experiment as it is in memory, shared with every answer that is made: it
// must not be changed.
func (e experiments) find(shop, id string) (*recommenderapi.Experiment, error) {
	x, ok := e.Experiments.Experiments.Find(shop, id)
	if !ok || !e.of(x.Value) {
		return nil, apierror.NotFound(e.kind, id)
	}
	return x.Value, nil
}

func (e experiments) get(_ context.Context, shop string, in *idInput) (*experimentOutput, error) {
	x, err := e.find(shop, in.ID)
	if err != nil {
		return nil, err
	}
	return &experimentOutput{http.StatusOK, httpserver.ETag(x.Version), *x}, nil
}

type savedExperimentOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   recommenderapi.SavedExperiment
}

type putExperimentInput struct {
	ID string `path:"id" minLength:"1" maxLength:"24" pattern:"^[A-Za-z0-9._-]+$"`
	httpserver.Conditions
	Body recommenderapi.Experiment
}

// put checks and stores one: 201 for a new one, 200 for a change, 412 when a condition of the
// headers does not hold, 409 when somebody changed it at the same time, 422 with every bad
// field. Scenarios that it names must exist; models are asked of the similarity-service for
// three seconds at most.
func (e experiments) put(ctx context.Context, shop string, in *putExperimentInput) (*savedExperimentOutput, error) {
	x := &in.Body
	if e.kind == "rollout" {
		x.Kind = "rollout"
	}
	before, present := e.Experiments.Experiments.Find(shop, in.ID)
	if present && !e.of(before.Value) {
		return nil, apierror.Conflict("id_taken", fmt.Sprintf(
			"There is another kind of experiment with the id %s: an experiment and a rollout cannot have the same.", in.ID,
		))
	}
	bad := experiment.Check(x, e.EventWeights())
	if e.kind == "experiment" && x.Kind == "rollout" {
		bad = append(bad, apierror.FieldError{Pointer: "/kind", Code: "contradiction", Detail: "a rollout is stored under /v1/rollouts"})
	}
	known := func(pointer, id string) {
		if _, ok := e.Scenarios.Find(shop, id); id != "" && !ok {
			bad = append(bad, apierror.FieldError{Pointer: pointer, Code: "scenario_not_found", Detail: "is not the id of a scenario"})
		}
	}
	for n, id := range x.Scenarios {
		known("/scenarios/"+strconv.Itoa(n), id)
	}
	for n := range x.Arms {
		known("/arms/"+strconv.Itoa(n)+"/scenario", x.Arms[n].Scenario)
	}
	var warnings []apierror.FieldError
	if x.Status != experiment.Stopped { // one may be stopped whatever has become of its models
		refused, unchecked := e.checkModels(ctx, shop, x, before.Value)
		bad, warnings = append(bad, refused...), unchecked
		if one, other, alike := x.Alike(); alike {
			warnings = append(warnings, apierror.FieldError{
				Pointer: "/arms/" + strconv.Itoa(other), Code: "equal_arms", Detail: fmt.Sprintf(
					"shows the same as arm %s, so that there is nothing to find: give one of them another scenario, configuration or model",
					x.Arms[one].Name,
				),
			})
		}
	}
	if len(bad) > 0 {
		return nil, apierror.Invalid(fmt.Sprintf("The %s cannot be stored.", e.kind), bad...)
	}
	// What a guardrail said when it stopped it is settled by starting it again.
	if x.Status == experiment.Running {
		x.StopReason = ""
	}
	stored, created, err := e.Experiments.Experiments.Put(ctx, shop, in.ID, auth.FromContext(ctx).KeyID, x, in.Require())
	if err != nil {
		return nil, problem(err, e.kind, in.ID)
	}
	out := &savedExperimentOutput{
		http.StatusOK, httpserver.ETag(stored.Version), recommenderapi.SavedExperiment{Experiment: *stored.Value, Warnings: warnings},
	}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

// remove deletes one, also while it runs: its visitors get the plain scenario from the next
// answer on.
func (e experiments) remove(ctx context.Context, shop string, in *deleteInput) (*struct{}, error) {
	if _, err := e.find(shop, in.ID); err != nil {
		return nil, err
	}
	return nil, problem(e.Experiments.Experiments.Delete(ctx, shop, in.ID, auth.FromContext(ctx).KeyID, in.Require()), e.kind, in.ID)
}

type resultsOutput struct {
	Body recommenderapi.ExperimentResults
}

// results sums the figures of each arm so far and compares them with the first arm; package
// figures reads them.
func (e experiments) results(ctx context.Context, shop string, in *idInput) (*resultsOutput, error) {
	x, err := e.find(shop, in.ID)
	if err != nil {
		return nil, err
	}
	results, err := e.Reporter.Experiment(ctx, shop, x, e.Now())
	return &resultsOutput{results}, problem(err, e.kind, in.ID)
}
