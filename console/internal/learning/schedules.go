package learning

import (
	"net/http"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
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
func schedules(v *page.Visit) (any, error) {
	list, err := page.Get[profileapi.Page[similarityapi.Schedule]](v, v.Similarity, "/v1/schedules", nil)
	if err != nil {
		return nil, err
	}
	return &schedulesData{Schedules: list.Items, Form: form.New(nil, nil, jobField), Change: v.Who.Can(auth.ScopeModelsWrite)}, nil
}

// newSchedule stores a schedule: a cron expression, a random delay of so many seconds, and what
// a job is asked to do. Of numbers that cannot be read in both, those of the job are told
// first.
func newSchedule(v *page.Visit) (any, error) {
	request, problem := jobOf(v)
	in := &page.Reader{Visit: v}
	s := similarityapi.Schedule{Cron: v.Text("cron"), JitterSeconds: in.Count("jitter_seconds"), Request: request}
	if problem == nil {
		problem = in.Problem("The schedule cannot be read.")
	}
	if problem == nil {
		_, err := page.Send[similarityapi.Schedule](v, v.Similarity, http.MethodPost, "/v1/schedules", s)
		if err == nil {
			return page.Redirect("/schedules?done=saved"), nil
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
func pauseSchedule(v *page.Visit) (any, error) {
	path := "/v1/schedules/" + page.Escape(v.PathValue("id"))
	s, err := page.Get[similarityapi.Schedule](v, v.Similarity, path, nil)
	if err != nil {
		return nil, err
	}
	s.Paused = v.Text("paused") != ""
	_, err = page.Send[similarityapi.Schedule](v, v.Similarity, http.MethodPut, path, s)
	return page.Redirect("/schedules?done=saved"), err
}

// deleteSchedule deletes a schedule; a job that it has started runs on.
func deleteSchedule(v *page.Visit) (any, error) {
	return page.Redirect("/schedules?done=cleared"), v.Similarity.Call(
		v.Ctx, http.MethodDelete, "/v1/schedules/"+page.Escape(v.PathValue("id")), nil, nil, nil,
	)
}
