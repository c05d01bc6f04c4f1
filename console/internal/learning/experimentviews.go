package learning

import (
	"cmp"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// View implements page.View.
func (d *experimentsData) View(*page.Visit) g.Node {
	return g.Group{
		g.If(d.Change, g.Group{view.Actions(view.MainButton(d.Path+"/new", "New "+d.Kind)), h.Br()}),
		d.list(),
		g.If(d.Kind == "experiment", d.Size.card()),
	}
}

func (d *experimentsData) list() g.Node {
	title := "All " + d.Kind + "s"
	if len(d.Experiments) == 0 {
		return view.Card(title, d.none())
	}
	return view.Card(title, view.Table("List",
		view.Head(view.Column("Name"), view.Column("State"), view.Column("Where"), view.NumberColumn("Takes part"),
			view.Column("Arms")),
		g.Map(d.Experiments, d.row)))
}

func (d *experimentsData) none() g.Node {
	if d.Kind == "rollout" {
		return view.Empty("Nothing is being rolled out.",
			g.Text("A rollout gives a new configuration or model to a few visitors first, watches its guardrails, and "+
				"stops by itself when it is worse."))
	}
	return view.Empty("There is no experiment.",
		g.Text("An experiment shows visitors one of several arms, always the same to each, and "+
			"says with intervals which sells more."))
}

func (d *experimentsData) row(x recommenderapi.Experiment) g.Node {
	id := x.ExperimentID
	if x.Kind == "holdout" {
		id += ", holdout"
	}
	var arms []string
	for _, a := range x.Arms {
		text := a.Name + " " + words.Percent(a.Share)
		if a.Shadow {
			text += " (shadow)"
		}
		arms = append(arms, text)
	}
	return view.Row(g.Group{
		view.Link(d.Path+"/"+page.Escape(x.ExperimentID), cmp.Or(x.Title, x.ExperimentID)), h.Br(), h.Small(g.Text(id)),
	}, view.Cell(view.State(x.Status), view.Below(x.StopReason)),
		view.TextCell(cmp.Or(strings.Join(x.Scenarios, ", "), "everywhere")), view.NumberCell(words.Percent(x.Traffic)),
		view.TextCell(strings.Join(arms, ", ")))
}

// card is the calculator of sample sizes.
func (s sampleSize) card() g.Node {
	return h.Section(h.Class("card"), h.ID("size"), h.H2(g.Text("How many visitors does it take?")),
		h.Form(h.Method("get"), h.Action(page.Root+"/experiments"), h.Data("live", "#needed"),
			h.Div(h.Class("row"), s.Form.Number("rate", "Buyers now, per cent of visitors", "such as 2"),
				s.Form.Number("effect", "Change to find, per cent of that", "such as 10"),
				s.Form.Number("visitors", "Visitors a day", ""), s.Form.Number("arms", "Arms", "2 when empty")),
			view.Actions(h.Button(g.Text("Compute")))),
		h.Div(h.ID("needed"), h.Aria("live", "polite"), view.Problem(s.Form.Problem), s.needed()))
}

func (s sampleSize) needed() g.Node {
	if s.PerArm == 0 {
		return nil
	}
	days := ""
	if s.Days > 0 {
		days = ", which takes " + words.Short(s.Days) + " days"
	}
	return h.P(h.Strong(g.Text(words.Number(s.PerArm)+" visitors in each arm")),
		g.Text(days+". With so many, four of five such changes are found, and one of twenty comparisons "+
			"without a change looks like one."))
}

// View implements page.View.
func (d *experimentData) View(*page.Visit) g.Node {
	if d.New {
		return d.setup()
	}
	return g.Group{
		d.state(), d.results(), d.decision(), d.setup(),
		h.Details(h.Class("more card"), h.Summary(g.Text("As JSON")), view.JSON(d.Experiment)),
	}
}

// at is the path of the experiment below Root.
func (d *experimentData) at() string { return d.Path + "/" + page.Escape(d.Experiment.ExperimentID) }

// version is the field that lets a change hold only for what the person saw.
func (d *experimentData) version() g.Node {
	return view.Hidden("version", words.Whole(d.Experiment.Version))
}

func (d *experimentData) state() g.Node {
	x := &d.Experiment
	return h.Section(h.Class("card"), h.H2(g.Text("State "), view.State(x.Status)),
		g.If(x.StopReason != "", h.P(h.Class("bad"), g.Text("A guardrail stopped it: "+x.StopReason))),
		alike(x),
		g.If(d.Change, view.Actions(d.turn(), view.Post(d.at()+"/delete", d.version(),
			h.Button(h.Class("danger"), h.Data("confirm", "Delete it with its figures?"), g.Text("Delete"))))))
}

// alike warns of arms that show the same; nothing where there are none. A new experiment begins so until its second arm has been given a
// placement or a model, and would find nothing in weeks.
func alike(x *recommenderapi.Experiment) g.Node {
	one, other, found := x.Alike()
	if !found {
		return nil
	}
	return h.P(h.Class("warn"), g.Text("The arms "+x.Arms[one].Name+" and "+x.Arms[other].Name+" show the same, so that there is nothing "+
		"to find: choose what fills one of them, or its model, below. Leave it only to see how far chance goes."))
}

// turn starts the experiment, or stops it when it runs.
func (d *experimentData) turn() g.Node {
	status, button := "running",
		h.Button(h.Class("main"), h.Data("confirm", "Start it? Visitors see their arms within seconds."),
			g.Text("Start"))
	if d.Experiment.Status == "running" {
		status, button = "stopped", h.Button(h.Data("confirm", "Stop it? Everybody sees the control again."),
			g.Text("Stop"))
	}
	return view.Post(d.at()+"/turn", d.version(), view.Hidden("status", status), button)
}

func (d *experimentData) decision() g.Node {
	if !d.Change || d.Experiment.Status != "running" {
		return nil
	}
	return view.Card("Decide",
		h.P(g.Text("The arm that you choose becomes what everybody sees: its configuration is stored "+
			"in the placements of the "+d.Kind+", its models are made live, and the "+d.Kind+" stops.")),
		view.Post(d.at()+"/decide", h.Class("actions"), d.version(),
			h.Label(h.For("arm"), g.Text("Arm")), g.Text(" "),
			h.Select(h.ID("arm"), h.Name("arm"), g.Map(d.Experiment.Arms, func(a recommenderapi.ExperimentArm) g.Node {
				return h.Option(g.Text(a.Name))
			})), g.Text(" "),
			h.Button(h.Class("main"), h.Data("confirm", "Make this arm what everybody sees, and stop?"),
				g.Text("Decide"))))
}

// setup is the form of the experiment.
func (d *experimentData) setup() g.Node {
	f, path := d.Form, d.Path
	if !d.New {
		path = d.at()
	}
	arms := make(g.Group, maxArms)
	for n := range arms {
		arms[n] = d.arm(n)
	}
	return view.Post(path, h.Class("card"), f.Hidden("version"), h.H2(g.Text("Set-up")), view.Problem(f.Problem),
		h.Div(h.Class("row"),
			g.If(d.New, f.Needed("experiment_id", "Name", "up to 24 letters, digits, dots, hyphens")),
			f.Text("title", "Title", ""),
			g.If(d.Kind == "experiment", f.Select("kind", "Kind", "", experimentKinds())),
			f.Select("status", "State", "", experimentStates())),
		h.Div(h.Class("row"), f.Text("scenarios", "Placements", "ids apart by commas; everywhere when empty"),
			f.Number("traffic", "Takes part, per cent", "of the visitors; raising it moves nobody")),
		arms, d.guardrails(),
		g.If(d.Change, view.Actions(h.Button(h.Class("main"), g.Text("Save")))))
}

func (d *experimentData) arm(n int) g.Node {
	legend := "Arm " + words.Whole(int64(n+1))
	if n == 0 {
		legend += ", the control"
	}
	f, at := d.Form, "arm"+words.Whole(int64(n))+"_"
	return h.FieldSet(h.Legend(g.Text(legend)),
		h.Div(h.Class("row"), f.Text(at+"name", "Name", ""),
			f.Number(at+"share", "Share, per cent", "of those who take part; 100 in all"),
			f.Select(at+"scenario", "Placement that fills it", "", d.Scenarios),
			f.Select(at+"model", "Model version", "", d.Models)),
		f.Check(at+"shadow", "Shadow: computed and compared, never shown", ""))
}

func (d *experimentData) guardrails() g.Node {
	f := d.Form
	return h.Details(h.Class("more"), g.If(d.Kind == "rollout", g.Attr("open")),
		h.Summary(g.Text("Guardrails that stop it")),
		h.Div(h.Class("row"), f.Number("max_degraded_share", "Degraded answers, at most %", ""),
			f.Number("max_empty_share", "Empty answers, at most %", ""),
			f.Number("max_latency_ms", "Mean time, at most ms", ""),
			f.Number("min_click_rate_ratio", "Clicks, at least % of the control's", ""),
			f.Number("min_visitors", "Visitors before they count", "100 when empty")))
}
