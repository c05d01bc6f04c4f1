package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/schedule"
)

// ScheduleInput is the path of one schedule; huma fills embedded structs only when their type is exported.
type ScheduleInput struct {
	ScheduleID string `path:"schedule_id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
}

// newScheduleInput is a schedule whose id is made here.
type newScheduleInput struct{ Body similarityapi.Schedule }

// putScheduleInput replaces one that exists; when it was made stays.
type putScheduleInput struct {
	ScheduleInput
	Body similarityapi.Schedule
}

type scheduleOutput struct{ Body similarityapi.Schedule }

type schedulesOutput struct {
	Body profileapi.Page[similarityapi.Schedule]
}

// registerSchedules adds the operations of package schedule. A schedule is checked as the job
// that it will start would be: nobody is there to read the error later.
func (a *API) registerSchedules(api huma.API) {
	tags := []string{"schedules"}
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "list-schedules", Method: http.MethodGet, Path: "/v1/schedules", Tags: tags, Summary: "All schedules",
	}, func(ctx context.Context, shop string, _ *struct{}) (*schedulesOutput, error) {
		list, err := a.Schedules.List(ctx, shop)
		return &schedulesOutput{profileapi.Page[similarityapi.Schedule]{Items: list}}, err
	})
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "create-schedule", Method: http.MethodPost, Path: "/v1/schedules", Tags: tags, DefaultStatus: http.StatusCreated,
		Summary: "Start a job at the times of a cron expression",
	}, audited(a, audit.What[newScheduleInput]{
		Action: "schedule.create", Subject: func(_ string, in *newScheduleInput) string { return in.Body.Cron },
		After: func(in *newScheduleInput) any { return in.Body },
	}, func(ctx context.Context, shop string, in *newScheduleInput) (*scheduleOutput, error) {
		// An id of the caller's would replace the schedule that has it.
		in.Body.ScheduleID = ""
		return a.putSchedule(ctx, shop, in.Body)
	}))
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "get-schedule", Method: http.MethodGet, Path: "/v1/schedules/{schedule_id}", Tags: tags, Summary: "One schedule",
	}, func(ctx context.Context, shop string, in *ScheduleInput) (*scheduleOutput, error) {
		s, err := a.Schedules.Get(ctx, shop, in.ScheduleID)
		return &scheduleOutput{s}, err
	})
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "put-schedule", Method: http.MethodPut, Path: "/v1/schedules/{schedule_id}", Tags: tags, Summary: "Replace a schedule",
	}, audited(a, audit.What[putScheduleInput]{
		Action: "schedule.put", Subject: func(_ string, in *putScheduleInput) string { return in.ScheduleID },
		State: func(ctx context.Context, shop string, in *putScheduleInput) any {
			return a.scheduleNow(ctx, shop, in.ScheduleID)
		},
	}, func(ctx context.Context, shop string, in *putScheduleInput) (*scheduleOutput, error) {
		old, err := a.Schedules.Get(ctx, shop, in.ScheduleID)
		if err != nil {
			return nil, err
		}
		in.Body.ScheduleID, in.Body.CreatedAt = old.ScheduleID, old.CreatedAt
		return a.putSchedule(ctx, shop, in.Body)
	}))
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "delete-schedule", Method: http.MethodDelete, Path: "/v1/schedules/{schedule_id}", Tags: tags,
		Summary: "Delete a schedule", DefaultStatus: http.StatusNoContent,
	}, audited(a, audit.What[ScheduleInput]{
		Action: "schedule.delete", Subject: func(_ string, in *ScheduleInput) string { return in.ScheduleID },
		State: func(ctx context.Context, shop string, in *ScheduleInput) any {
			return a.scheduleNow(ctx, shop, in.ScheduleID)
		},
	}, func(ctx context.Context, shop string, in *ScheduleInput) (*struct{}, error) {
		return nil, a.Schedules.Delete(ctx, shop, in.ScheduleID)
	}))
}

// scheduleNow is what a schedule is now, for the audit log; nil for none.
func (a *API) scheduleNow(ctx context.Context, shop, id string) any {
	s, err := a.Schedules.Get(ctx, shop, id)
	if err != nil {
		return nil
	}
	return s
}

// putSchedule stores a schedule whose times and job are possible; 422 names what is not.
func (a *API) putSchedule(ctx context.Context, shop string, s similarityapi.Schedule) (*scheduleOutput, error) {
	if _, err := schedule.Parse(s.Cron); err != nil {
		return nil, apierror.Invalid("The schedule cannot be kept.", apierror.FieldError{
			Pointer: "/cron", Code: "invalid_value", Detail: err.Error(),
		})
	}
	if err := complete(&s.Request); err != nil {
		return nil, err
	}
	kept, err := a.Schedules.Put(ctx, shop, s)
	return &scheduleOutput{kept}, err
}
