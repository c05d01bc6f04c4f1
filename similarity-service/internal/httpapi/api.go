// Package httpapi is the HTTP API of the similarity-service: it checks requests, calls the packages that do the work and maps their
// errors to problems. It holds no logic of its own.
//
// A file holds the operations of one subject: the types of their inputs and outputs, and one
// function that registers them with their handlers. Texts of operations and the tag doc of a
// field are part of the API's document; comments are not. Every handler gets the shop of the
// caller's key and returns errors of other packages as they are: register maps them in one
// place, problem.
package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
	"github.com/aisle-rec/aisle/similarity-service/internal/lookup"
	"github.com/aisle-rec/aisle/similarity-service/internal/popularity"
	"github.com/aisle-rec/aisle/similarity-service/internal/replica"
	"github.com/aisle-rec/aisle/similarity-service/internal/schedule"
	"github.com/aisle-rec/aisle/similarity-service/internal/serving"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

// API is what the handlers call. All fields are set.
type API struct {
	Lookup     *lookup.Lookup     // answers questions with the live models
	Catalogue  *replica.Catalogue // which items are families, variants and on offer, in memory
	Popularity *popularity.Popularity
	Registry   *serving.Registry // versions of models
	Jobs       *jobs.Manager
	Schedules  *schedule.Scheduler // when jobs start by themselves
	Audit      *audit.Recorder

	// Reviews returns the sums of what buyers say of a family; ok is false when nobody said anything.
	Reviews func(ctx context.Context, shop, family string) (item similarityapi.ItemReviews, ok bool, err error)

	// Item reads an item of a shop from its owner, the profile-service; the replica here has no
	// descriptions.
	Item func(ctx context.Context, shop, itemID string) (profileapi.Item, error)
}

// Register adds all operations. It is called once, before the server takes requests.
func (a *API) Register(api huma.API) {
	a.registerSimilarities(api)
	a.registerBundles(api)
	a.registerTexts(api)
	a.registerModels(api)
	a.registerJobs(api)
	a.registerSchedules(api)
	audit.Register(
		api, "/v1/audit/models", "audit-models", "models", "Who did what to models, jobs and schedules, the newest first", a.Audit.Log,
	)
}

// audited records an operation in the audit log: an entry is stored before anything is done,
// and how it went after it. Errors are mapped before, so that the log has the code that the
// caller gets.
func audited[I, O any](
	a *API, w audit.What[I], handler func(ctx context.Context, shop string, in *I) (*O, error),
) func(context.Context, string, *I) (*O, error) {
	return audit.Handler(a.Audit, w, func(ctx context.Context, shop string, in *I) (*O, error) {
		out, err := handler(ctx, shop, in)
		if err != nil {
			return nil, problem(err)
		}
		return out, nil
	})
}

// register adds an operation whose handler gets the caller's shop and whose errors are mapped.
func register[I, O any](api huma.API, scope string, op huma.Operation, handler func(ctx context.Context, shop string, in *I) (*O, error)) {
	httpserver.Register(api, scope, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, auth.Shop(ctx), in)
		if err != nil {
			return nil, problem(err)
		}
		return out, nil
	})
}

// problem maps the errors of the domain packages to HTTP. What is none of them is a bug and is
// answered with 500, without its text.
func problem(err error) error {
	var running *jobs.RunningError
	var told *apierror.Problem
	switch {
	case errors.As(err, &told): // of a peer, or made already
		return err
	case errors.As(err, &running):
		p := apierror.Conflict("job_running", "Job "+running.JobID+" of this kind is running: wait for it or cancel it.")
		return huma.ErrorWithHeaders(p, http.Header{"Location": {"/v1/jobs/" + running.JobID}})
	case errors.Is(err, serving.ErrUnknownVersion):
		return apierror.New(http.StatusNotFound, "model_not_found", sentence(err)+" GET /v1/models lists those that there are.")
	case errors.Is(err, serving.ErrNoReport):
		return apierror.New(http.StatusNotFound, "report_not_found", sentence(err)+" It was made before there were reports: recompute.")
	case errors.Is(err, serving.ErrLive):
		return apierror.Conflict("model_live", "The version is live and cannot be deleted: activate another one first.")
	case errors.Is(err, serving.ErrNotServable):
		return apierror.Conflict("model_refused", "The gate refused this version. To serve it all the same, say why in reason.")
	case errors.Is(err, jobs.ErrUnknownJob):
		return apierror.New(http.StatusNotFound, "job_not_found", sentence(err))
	case errors.Is(err, jobs.ErrFinished):
		return apierror.Conflict("job_finished", "The job has already ended.")
	case errors.Is(err, schedule.ErrUnknown):
		return apierror.New(http.StatusNotFound, "schedule_not_found", sentence(err))
	case errors.Is(err, snapshot.ErrCorrupt):
		return apierror.Unavailable("The model's snapshot is damaged: activate another version or recompute.", time.Minute, err)
	case database.FaultOf(err) != database.Bug:
		return database.Problem(err)
	}
	return err
}

// sentence makes "There is no such job." of an error that says "no such job".
func sentence(err error) string { return "There is " + err.Error() + "." }
