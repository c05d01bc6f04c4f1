package learning

import (
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// View implements page.View.
func (d *jobsData) View(v *page.Visit) g.Node { return g.Group{d.running(), d.newJob(), d.list(v)} }

// running are the jobs that have not ended; the page reads them anew while there are any.
func (d *jobsData) running() g.Node {
	var cards g.Group
	for _, j := range d.Jobs {
		if !j.Done() {
			cards = append(cards, d.runningCard(&j))
		}
	}
	return h.Div(h.ID("running"), h.Aria("live", "polite"), g.If(len(cards) > 0, h.Data("refresh", "2")), cards)
}

func (d *jobsData) runningCard(j *similarityapi.Job) g.Node {
	return view.Card("Running now",
		h.P(h.Strong(g.Text(j.Kind)), g.Text(" "), view.State(j.State), g.Text(" "), progress(j)),
		view.Actions(view.Button(jobPath(j.JobID), "Follow it"), g.If(d.Change, cancelForm(j.JobID))))
}

// jobPath is the page of a job.
func jobPath(id string) string { return "/jobs/" + page.Escape(id) }

// progress says how far a job is.
func progress(j *similarityapi.Job) g.Node {
	return g.Group{g.Text(j.Stage + " "), view.Progress(j.Progress, "Share of the work done")}
}

func cancelForm(id string, attributes ...g.Node) g.Node {
	return view.Post(jobPath(id)+"/cancel", g.Group(attributes), h.Button(h.Class("danger"), g.Text("Cancel")))
}

func (d *jobsData) newJob() g.Node {
	if !d.Change {
		return nil
	}
	return view.Card("Start a job", view.Post("/jobs",
		view.Problem(d.Form.Problem), d.Form.Select("kind", "What", "", jobKinds()),
		howFold(d.Form, d.Form.Number("folds", "Folds", "of an evaluation: cross-validate in so many")),
		view.Actions(h.Button(h.Class("main"), g.Text("Start")))))
}

// howFold are the fields of a job beside its kind, open when something is wrong with the form.
func howFold(f form.Form, more ...g.Node) g.Node {
	return h.Details(h.Class("more"), g.If(f.Problem != nil, g.Attr("open")), h.Summary(g.Text("How")),
		h.Div(h.Class("row"), f.Text("relations", "Relations", "similar, bought_together, viewed_next; all when empty"),
			f.Text("algorithms", "Only these algorithms", "one alone is pinned; all when empty"),
			f.Number("budget_seconds", "Time for the search", "seconds a relation; the server's when empty")),
		h.Div(h.Class("row"), f.Select("publish", "Publish", "", publishOptions()),
			f.Text("reason", "Reason", "asked for with always")),
		f.Check("touched_only", "Only items with new events, with the recipe of the live model", ""), g.Group(more))
}

func (d *jobsData) list(v *page.Visit) g.Node {
	const title = "Jobs, newest first"
	if len(d.Jobs) == 0 {
		return view.Card(title, view.Empty("No job has run.",
			g.Text("A recompute makes new models of all events so far, measures them on held-out time, and "+
				"makes those live that the gate lets pass.")))
	}
	return view.Card(title, view.Table("Jobs",
		view.Head(view.Column("Job"), view.Column("State"), view.Column("Started"), view.Column("Took"),
			view.Column("Made")),
		g.Map(d.Jobs, func(j similarityapi.Job) g.Node {
			return view.Row(g.Group{view.Link(jobPath(j.JobID), j.Kind), h.Br(), h.Small(g.Text(j.JobID))},
				view.Cell(view.State(j.State), view.Below(j.Error)), view.TextCell(words.Ago(v.Now(), j.StartedAt.Time)),
				view.TextCell(words.Took(j.StartedAt.Time, j.FinishedAt.Time)), view.Cell(modelLinks(j.Models)))
		})))
}

func modelLinks(versions []string) g.Node {
	return g.Map(versions, func(version string) g.Node { return g.Group{modelLink(version), h.Br()} })
}

// View implements page.View.
func (d *jobData) View(*page.Visit) g.Node {
	return g.Group{
		h.Div(h.ID("job"), h.Aria("live", "polite"), g.If(!d.Done(), h.Data("refresh", "1")),
			d.state(), g.Map(d.Relations, relationReport.card), d.log()),
		h.Details(h.Class("more card"), h.Summary(g.Text("Request and result as JSON")),
			view.JSON(d.Request), view.JSON(d.Result)),
	}
}

func (d *jobData) state() g.Node {
	made := modelLinks(d.Models)
	switch {
	case len(d.Models) > 0:
	case d.Done():
		made = g.Text("no model")
	default:
		made = g.Text("no model yet")
	}
	return h.Section(h.Class("card"), h.H2(g.Text("State "), view.State(d.State)),
		g.If(!d.Done(), h.P(progress(&d.Job))),
		g.If(d.Error != "", h.P(h.Class("bad"), g.Text(d.Error))),
		view.Facts(view.TextFact("Queued", words.When(d.CreatedAt.Time)),
			view.TextFact("Took", words.Took(d.StartedAt.Time, d.FinishedAt.Time)), view.Fact("Made", made)),
		g.If(d.Change && !d.Done(), cancelForm(d.JobID, h.Class("actions"))))
}

// card is what a job found for one relation.
func (r relationReport) card() g.Node {
	var state, gate, made g.Node
	if r.State != "" {
		state = view.State(r.State)
	}
	if r.Gate != nil {
		verdict := "The gate refused it:"
		if r.Gate.Passed {
			verdict = "The gate let it pass:"
		}
		gate = g.Group{h.P(g.Text(verdict)), checks(r.Gate)}
	}
	if r.Preparation != nil {
		made = view.Fold("What it was made of", preparation(r.Preparation))
	}
	return h.Section(h.Class("card"), h.H2(g.Text(words.Spaced(r.Relation)+" "), state), gate, r.leaderboard(), made)
}

func (r relationReport) leaderboard() g.Node {
	if len(r.Leaderboard) == 0 {
		return nil
	}
	head := g.Map(r.Leaderboard[0].Figures,
		func(f namedFigure) g.Node { return view.NumberColumn(words.Spaced(f.Name)) })
	return g.Group{h.H3(g.Text("Leaderboard")), view.Table("Leaderboard", view.Head(view.Column("Algorithm"), head),
		g.Map(r.Leaderboard, func(l leader) g.Node {
			return view.Row(g.Text(l.Algorithm),
				g.Map(l.Figures, func(f namedFigure) g.Node { return view.NumberCell(words.Number(f.Value)) }))
		}))}
}

func (d *jobData) log() g.Node {
	if len(d.Log) == 0 {
		return view.Card("Log", view.Nothing(g.Text("No stage has begun.")))
	}
	return view.Card("Log", view.Table("Log", view.Head(view.Column("Time"), view.Column("Stage")),
		g.Map(d.Log, func(e similarityapi.JobStage) g.Node {
			return h.Tr(view.TextCell(words.When(e.At.Time)), view.TextCell(words.Spaced(e.Stage)))
		})))
}

// View implements page.View.
func (d *schedulesData) View(*page.Visit) g.Node { return g.Group{d.list(), d.newSchedule()} }

func (d *schedulesData) list() g.Node {
	const title = "Schedules"
	if len(d.Schedules) == 0 {
		return view.Card(title, view.Empty("Nothing runs by itself.",
			g.Text("Models grow old: let a recompute run each night.")))
	}
	return view.Card(title, view.Table("Schedules",
		view.Head(view.Column("When (cron, UTC)"), view.Column("What"), view.Column("Next"), view.Column("State"),
			g.If(d.Change, view.Column(""))),
		g.Map(d.Schedules, d.row)))
}

func (d *schedulesData) row(s similarityapi.Schedule) g.Node {
	jitter, state := "", view.Tag("good", "active")
	if s.JitterSeconds > 0 {
		jitter = "up to " + words.Whole(int64(s.JitterSeconds)) + " s later"
	}
	if s.Paused {
		state = view.Tag("warn", "paused")
	}
	return view.Row(g.Group{h.Code(g.Text(s.Cron)), view.Below(jitter)}, view.TextCell(whatOf(&s.Request)),
		view.TextCell(words.When(s.NextAt.Time)), view.Cell(state), g.If(d.Change, view.Cell(scheduleActions(&s))))
}

// whatOf says what a schedule's jobs are asked to do.
func whatOf(r *similarityapi.JobRequest) string {
	text := r.Kind
	if len(r.Relations) > 0 {
		text += " of " + strings.Join(r.Relations, ", ")
	}
	if len(r.Algorithms) > 0 {
		text += ", only " + strings.Join(r.Algorithms, ", ")
	}
	if r.TouchedOnly {
		text += ", only new events"
	}
	return text
}

func scheduleActions(s *similarityapi.Schedule) g.Node {
	path := "/schedules/" + page.Escape(s.ScheduleID)
	pause := view.Post(path+"/pause", view.Hidden("paused", "yes"), h.Button(g.Text("Pause")))
	if s.Paused {
		pause = view.Post(path+"/pause", h.Button(g.Text("Go on")))
	}
	return view.Actions(pause, view.Post(path+"/delete",
		h.Button(h.Class("danger"), h.Data("confirm", "Delete this schedule?"), g.Text("Delete"))))
}

func (d *schedulesData) newSchedule() g.Node {
	if !d.Change {
		return nil
	}
	f := d.Form
	return view.Card("New schedule", view.Post("/schedules", view.Problem(f.Problem),
		h.Div(h.Class("row"), f.Suggest("cron", "When", "minute, hour, day, month, weekday; or @daily", cronOptions()),
			f.Number("jitter_seconds", "Up to so many seconds later", "so that shops do not start at once"),
			f.Select("kind", "What", "", jobKinds())),
		howFold(f), view.Actions(h.Button(h.Class("main"), g.Text("Make it")))))
}
