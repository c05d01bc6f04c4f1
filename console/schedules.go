package console

import (
	"net/http"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// schedulesData is the list of schedules with the form of a new one.
type schedulesData struct {
	Schedules []similarityapi.Schedule
	Form      form.Form
	Change    bool
}

// schedules lists what runs by itself.
func schedules(v *visit) (any, error) {
	list, err := get[profileapi.Page[similarityapi.Schedule]](v, v.similarity, "/v1/schedules", nil)
	if err != nil {
		return nil, err
	}
	return &schedulesData{Schedules: list.Items, Form: form.New(nil, nil, jobField), Change: v.who.Can(auth.ScopeModelsWrite)}, nil
}

// newSchedule stores a schedule: a cron expression, a random delay of so many seconds, and what
// a job is asked to do. Of numbers that cannot be read in both, those of the job are told
// first.
func newSchedule(v *visit) (any, error) {
	request, problem := jobOf(v)
	in := &reader{v: v}
	s := similarityapi.Schedule{Cron: v.text("cron"), JitterSeconds: in.count("jitter_seconds"), Request: request}
	if problem == nil {
		problem = in.problem("The schedule cannot be read.")
	}
	if problem == nil {
		_, err := send[similarityapi.Schedule](v, v.similarity, http.MethodPost, "/v1/schedules", s)
		if err == nil {
			return redirect("/schedules?done=saved"), nil
		}
		problem = apierror.From(err)
	}
	shown, err := schedules(v)
	if err != nil {
		return nil, err
	}
	shown.(*schedulesData).Form = form.New(v.Form, problem, jobField)
	return shown, nil
}

// pauseSchedule makes a schedule rest, or go on, without any version: it changes one member and
// the last who presses wins.
func pauseSchedule(v *visit) (any, error) {
	path := "/v1/schedules/" + escape(v.PathValue("id"))
	s, err := get[similarityapi.Schedule](v, v.similarity, path, nil)
	if err != nil {
		return nil, err
	}
	s.Paused = v.text("paused") != ""
	_, err = send[similarityapi.Schedule](v, v.similarity, http.MethodPut, path, s)
	return redirect("/schedules?done=saved"), err
}

// deleteSchedule deletes a schedule; a job that it has started runs on.
func deleteSchedule(v *visit) (any, error) {
	return redirect("/schedules?done=cleared"), v.similarity.Call(
		v.ctx, http.MethodDelete, "/v1/schedules/"+escape(v.PathValue("id")), nil, nil, nil,
	)
}
