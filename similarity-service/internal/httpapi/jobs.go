package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
)

// startInput has a pointer as its body: a job of the default kind needs none.
type startInput struct{ Body *similarityapi.JobRequest }

// startOutput is answered with 202 when the job is stored, before it begins.
type startOutput struct {
	Location string `header:"Location"`
	Body     similarityapi.Job
}

// jobInput names a job; ids are made by package jobs.
type jobInput struct {
	JobID string `path:"job_id" minLength:"1" maxLength:"128" pattern:"^[A-Za-z0-9_.-]+$"`
}

type jobOutput struct{ Body similarityapi.Job }

// jobsInput has no cursor: package jobs answers with the latest jobs only.
type jobsInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type jobsOutput struct {
	Body profileapi.Page[similarityapi.Job]
}

// watchInterval is how often a stream of job events looks: each look is a row of the database,
// and a person sees progress move.
const watchInterval = 250 * time.Millisecond

// started is how the start of a job is recorded.
func started(action string) audit.What[startInput] {
	return audit.What[startInput]{
		Action: action, After: func(in *startInput) any { return in.Body },
		Subject: func(_ string, in *startInput) string {
			if in.Body == nil {
				return ""
			}
			return strings.Join(in.Body.Relations, " ")
		},
	}
}

// registerJobs adds the operations of package jobs. A second job of a kind while one runs is
// 409, with the one that runs in Location. A job is started here and run by whichever process
// takes it.
func (a *API) registerJobs(api huma.API) {
	tags := []string{"jobs"}
	start := func(kind string) func(context.Context, string, *startInput) (*startOutput, error) {
		return func(ctx context.Context, shop string, in *startInput) (*startOutput, error) {
			request := similarityapi.JobRequest{}
			if in.Body != nil {
				request = *in.Body
			}
			if kind != "" {
				request.Kind = kind
			}
			if err := complete(&request); err != nil {
				return nil, err
			}
			job, err := a.Jobs.Start(ctx, shop, request)
			return &startOutput{"/v1/jobs/" + job.JobID, job}, err
		}
	}
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "start-job", Method: http.MethodPost, Path: "/v1/jobs", Tags: tags, DefaultStatus: http.StatusAccepted,
		Errors:  []int{http.StatusConflict},
		Summary: "Recompute models, or evaluate algorithms on the shop's own events",
	}, audited(a, started("job.start"), start("")))
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "start-evaluation", Method: http.MethodPost, Path: "/v1/evaluations", Tags: tags, DefaultStatus: http.StatusAccepted,
		Errors:  []int{http.StatusConflict},
		Summary: "Evaluate the algorithms on the shop's own events; the leaderboard is the job's result",
	}, audited(a, started("evaluation.start"), start(KindEvaluation)))
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "list-jobs", Method: http.MethodGet, Path: "/v1/jobs", Tags: tags, Summary: "The latest jobs, newest first",
	}, func(ctx context.Context, shop string, in *jobsInput) (*jobsOutput, error) {
		history, err := a.Jobs.History(ctx, shop)
		if history == nil {
			history = []similarityapi.Job{}
		}
		return &jobsOutput{profileapi.Page[similarityapi.Job]{Items: history[:min(in.Limit, len(history))]}}, err
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "get-job", Method: http.MethodGet, Path: "/v1/jobs/{job_id}", Tags: tags, Summary: "State and progress of a job",
	}, func(ctx context.Context, shop string, in *jobInput) (*jobOutput, error) {
		job, err := a.Jobs.Job(ctx, shop, in.JobID)
		return &jobOutput{job}, err
	})
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "cancel-job", Method: http.MethodPost, Path: "/v1/jobs/{job_id}/cancel", Tags: tags,
		DefaultStatus: http.StatusAccepted,
		Summary:       "Ask a job to stop; the live models stay as they are",
	}, audited(a, audit.What[jobInput]{
		Action: "job.cancel", Subject: func(_ string, in *jobInput) string { return in.JobID },
	}, func(ctx context.Context, shop string, in *jobInput) (*struct{}, error) {
		return nil, a.Jobs.Cancel(ctx, shop, in.JobID)
	}))
	a.registerJobEvents(api, tags)
}

// The kinds of job.
const (
	// KindRecompute makes models, KindEvaluation only compares algorithms. Both have a runner
	// of package recompute.
	KindRecompute  = "recompute"
	KindEvaluation = "evaluation"
)

// complete fills in the defaults of a request and checks what the schema cannot, for jobs and
// for what a schedule starts. It names every mistake at once, as a 422 problem.
func complete(r *similarityapi.JobRequest) error {
	if r.Kind == "" {
		r.Kind = KindRecompute
	}
	if r.Publish == "" {
		r.Publish = "gate"
	}
	var fields []apierror.FieldError
	for at, relation := range r.Relations {
		if !slices.Contains([]string{similarityapi.Similar, similarityapi.BoughtTogether, similarityapi.ViewedNext}, relation) {
			fields = append(fields, apierror.FieldError{
				Pointer: fmt.Sprintf("/relations/%d", at), Code: "unknown_relation",
				Detail: "\"" + relation + "\" is not one of similar, bought_together, viewed_next",
			})
		}
	}
	// Who overrules the gate is asked why, which stands beside the model for good.
	if r.Publish == "always" && r.Reason == "" {
		fields = append(fields, apierror.FieldError{
			Pointer: "/reason", Code: "required", Detail: "publish \"always\" overrules the gate: say why",
		})
	}
	if r.TouchedOnly && r.Kind != KindRecompute {
		fields = append(fields, apierror.FieldError{
			Pointer: "/touched_only", Code: "contradiction", Detail: "only a job of the kind \"recompute\" refreshes items: leave it out",
		})
	}
	fields = append(fields, ofEvaluation(r)...)
	if len(fields) > 0 {
		return apierror.Invalid("The job cannot be started as asked.", fields...)
	}
	return nil
}

// ofEvaluation checks what says how algorithms compete: their names, pinned parameters, folds
// and seeds.
func ofEvaluation(r *similarityapi.JobRequest) []apierror.FieldError {
	var fields []apierror.FieldError
	for at, name := range r.Algorithms {
		if err := evaluate.Known(name); err != nil {
			fields = append(fields, apierror.FieldError{
				Pointer: fmt.Sprintf("/algorithms/%d", at), Code: "invalid_value", Detail: err.Error(),
			})
		}
	}
	if _, err := evaluate.Pinned(r.Parameters).Checked(); err != nil {
		fields = append(fields, apierror.FieldError{
			Pointer: "/parameters", Code: "invalid_value", Detail: strings.ReplaceAll(err.Error(), "\n", "; "),
		})
	}
	if r.Kind != KindEvaluation && (r.Folds > 0 || r.Seeds > 0) {
		fields = append(fields, apierror.FieldError{
			Pointer: "/folds", Code: "contradiction", Detail: "folds and seeds are for a job of the kind \"evaluation\": leave them out",
		})
	}
	if r.Folds == 1 {
		fields = append(fields, apierror.FieldError{
			Pointer: "/folds", Code: "too_small", Detail: "one fold is none: give 2 or more, or leave it out",
		})
	}
	if r.TouchedOnly && (len(r.Algorithms) > 0 || len(r.Parameters) > 0) {
		fields = append(fields, apierror.FieldError{
			Pointer: "/touched_only", Code: "contradiction",
			Detail: "touched_only goes by the recipe of the live model: leave out algorithms and parameters",
		})
	}
	return fields
}

// registerJobEvents adds the stream of a job's states: one event per change, the last one when the job has ended.
// That there is such a job is found out first, while 404 can still be answered.
func (a *API) registerJobEvents(api huma.API, tags []string) {
	// huma knows nothing of streams of events: the schema of one is written by hand.
	job := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[similarityapi.Job](), true, "Job")
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "watch-job", Method: http.MethodGet, Path: "/v1/jobs/{job_id}/events", Tags: tags,
		Summary: "Follow a job as server-sent events: each one's data is the job as it then was",
		Responses: map[string]*huma.Response{"200": {
			Description: "A stream that ends with the job", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: job}},
		}},
	}, func(ctx context.Context, shop string, in *jobInput) (*huma.StreamResponse, error) {
		if _, err := a.Jobs.Job(ctx, shop, in.JobID); err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(w huma.Context) {
			w.SetHeader("Content-Type", "text/event-stream")
			w.SetHeader("Cache-Control", "no-store")
			a.watchJob(w.Context(), shop, in.JobID, w.BodyWriter())
		}}, nil
	})
}

// watchJob writes an event for each change of a job until the job has ended or the reader is gone.
// The first event is the job as it is; a change between two looks that was taken back is not
// seen. The status is sent by then, so that a store that does not answer ends the stream, and
// the reader asks again.
func (a *API) watchJob(ctx context.Context, shop, id string, w io.Writer) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	var last []byte
	for {
		job, err := a.Jobs.Job(ctx, shop, id)
		if err != nil {
			return
		}
		data, err := json.Marshal(job)
		if err != nil {
			return
		}
		if !bytes.Equal(data, last) {
			if _, err := fmt.Fprintf(w, "event: job\ndata: %s\n\n", data); err != nil {
				return
			}
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
			last = data
		}
		if job.Done() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
