package learning

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// jobsData is the list of jobs with the form of a new one.
type jobsData struct {
	Jobs   []similarityapi.Job
	Form   form.Form
	Change bool
}

// jobs shows the latest fifty jobs.
func jobs(v *page.Visit) (any, error) {
	jobs, err := page.Get[profileapi.Page[similarityapi.Job]](v, v.Similarity, "/v1/jobs", url.Values{"limit": {"50"}})
	if err != nil {
		return nil, err
	}
	return &jobsData{Jobs: jobs.Items, Form: form.New(nil, nil, jobField), Change: v.Who.Can(auth.ScopeModelsWrite)}, nil
}

// startJob queues a recompute or an evaluation by POST /v1/jobs and goes to its page.
func startJob(v *page.Visit) (any, error) {
	r, problem := jobOf(v)
	if problem == nil {
		job, err := page.Send[similarityapi.Job](v, v.Similarity, http.MethodPost, "/v1/jobs", r)
		if err == nil {
			return page.Redirect("/jobs/" + page.Escape(job.JobID) + "?done=started"), nil
		}
		problem = apierror.From(err)
	}
	shown, err := jobs(v)
	if err != nil {
		return nil, err
	}
	shown.(*jobsData).Form = form.New(v.Form, problem, jobField)
	return shown, nil
}

// jobOf reads what a job is asked to do. The form of a schedule has the same fields.
func jobOf(v *page.Visit) (similarityapi.JobRequest, *apierror.Problem) {
	in := &page.Reader{Visit: v}
	r := similarityapi.JobRequest{
		Kind: v.Text("kind"), Relations: v.Words("relations"), Algorithms: v.Words("algorithms"),
		BudgetSeconds: in.Number("budget_seconds"),
		TouchedOnly:   v.Text("touched_only") != "", Publish: v.Text("publish"), Reason: v.Text("reason"), Folds: in.Count("folds"),
	}
	if r.Kind == "" {
		r.Kind = "recompute"
	}
	return r, in.Problem("The job cannot be read.")
}

// jobField is the field of a form about a job that a pointer is about. A schedule has the job's
// fields below "/request", and a list's member belongs to the list's field: "/relations/1" is
// "relations".
func jobField(pointer string) string {
	for _, name := range []string{
		"kind", "relations", "algorithms", "budget_seconds", "touched_only", "publish", "reason", "folds", "cron", "jitter_seconds",
	} {
		if pointer == "/"+name || len(pointer) > len(name)+1 && pointer[:len(name)+2] == "/"+name+"/" || pointer == "/request/"+name {
			return name
		}
	}
	return ""
}

// cancelJob asks a job to stop; its page shows when it has.
func cancelJob(v *page.Visit) (any, error) {
	id := v.PathValue("id")
	return page.Redirect("/jobs/" + page.Escape(id) + "?done=cancelled"), v.Similarity.Call(
		v.Ctx, http.MethodPost, "/v1/jobs/"+page.Escape(id)+"/cancel", nil, nil, nil,
	)
}

// jobData is the page of one job.
type jobData struct {
	similarityapi.Job
	Relations []relationReport
	Change    bool
}

// Heading implements the page's title.
func (d *jobData) Heading() string { return d.Kind + " " + d.JobID }

// relationReport is what a recompute or an evaluation found for one relation. Version is ""
// when no model was made; Gate and Preparation are nil where the job has none.
type relationReport struct {
	Relation, State, Version string
	Leaderboard              []leader
	Gate                     *similarityapi.Gate
	Preparation              *similarityapi.PreparationReport
}

// leader is one algorithm of a leaderboard with its figures, in order of their names.
type leader struct {
	Algorithm string
	Figures   []namedFigure
}

// namedFigure is one figure of a leaderboard, such as {"validation_ndcg", 0.2134}.
type namedFigure struct {
	Name  string
	Value float64
}

// job shows one job with its result.
func job(v *page.Visit) (any, error) {
	job, err := page.Get[similarityapi.Job](v, v.Similarity, "/v1/jobs/"+page.Escape(v.PathValue("id")), nil)
	if err != nil {
		return nil, err
	}
	return &jobData{Job: job, Relations: reports(job.Result), Change: v.Who.Can(auth.ScopeModelsWrite)}, nil
}

// reports reads the parts of a result that the page has a form for; all of it stands below as
// JSON. A result of another shape gives fewer rows, not an error: kinds of jobs differ.
func reports(result map[string]any) []relationReport {
	var list []relationReport
	all, _ := result["relations"].([]any)
	for _, one := range all {
		m, ok := one.(map[string]any)
		if !ok {
			continue
		}
		r := relationReport{Relation: words.Text(m["relation"]), State: words.Text(m["state"]), Version: words.Text(m["version"])}
		leaders, _ := m["leaderboard"].([]any)
		for _, l := range leaders {
			row, _ := l.(map[string]any)
			r.Leaderboard = append(r.Leaderboard, leaderOf(row))
		}
		r.Gate = as[similarityapi.Gate](m["gate"])
		r.Preparation = as[similarityapi.PreparationReport](m["preparation"])
		list = append(list, r)
	}
	return list
}

// leaderOf reads one row of a leaderboard: every member that is a number is a figure.
func leaderOf(row map[string]any) leader {
	l := leader{Algorithm: words.Text(row["algorithm"])}
	for name, value := range row {
		if f, ok := value.(float64); ok {
			l.Figures = append(l.Figures, namedFigure{name, f})
		}
	}
	slices.SortFunc(l.Figures, func(a, b namedFigure) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return l
}

// as reads a value that was decoded without its type, by way of JSON; nil when it is none.
func as[T any](v any) *T {
	if v == nil {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	t := new(T)
	if json.Unmarshal(data, t) != nil {
		return nil
	}
	return t
}
