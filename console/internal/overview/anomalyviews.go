package overview

import (
	"fmt"
	"net/url"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// View implements page.View.
func (d *anomaliesData) View(*page.Visit) g.Node {
	var open g.Node = g.Map(d.Open, openCard)
	if len(d.Open) == 0 {
		open = view.Empty("No figure is far from expected.", d.quiet())
	}
	return g.Group{open, d.over(), d.watchedCard()}
}

// pathOf is the page of a series.
func pathOf(series string) string { return "/anomalies/series?series=" + url.QueryEscape(series) }

func openCard(a anomalyRow) g.Node {
	return h.Section(h.Class("card"),
		h.H2(h.Code(g.Text(a.Series)), g.Text(" "), view.Tag("bad", "open"), g.Text(" "), view.Tag("", a.Kind)),
		h.P(g.Textf("Since %s. Seen %s, expected %s.", words.When(a.OpenedAt.Time), figureText(a.Counts, &a.Observed),
			figureText(a.Counts, &a.Expected))),
		h.P(g.Text(a.Detail)), a.Plot,
		view.Actions(a.Next.button(), view.Button(pathOf(a.Series), "How it is judged")))
}

func (o onward) button() g.Node { return view.Button(o.Path, o.Text) }

// quiet says why nothing is open.
func (d *anomaliesData) quiet() g.Node {
	switch {
	case len(d.Watched) == 0:
		return g.Group{
			g.Text("Nothing is watched yet: figures come with "), view.Link("/imports", "events"), g.Text(" and with answers of "),
			view.Link("/placements", "placements"), g.Text(", and are judged from their fourth week on."),
		}
	case d.Learning == len(d.Watched):
		return g.Text("All figures are still being learnt: they are judged from their fourth week on.")
	}
	return g.Group{
		g.Text("Once an hour every figure below is held against the weeks before. Let a "),
		h.A(h.Href("/docs/recommender-service#anomalies"), g.Text("webhook")), g.Text(" tell you when one opens."),
	}
}

func (d *anomaliesData) over() g.Node {
	if len(d.Closed) == 0 {
		return nil
	}
	return view.Card("Over", view.Table("Anomalies that are over",
		view.Head(view.Column("Figure"), view.Column("Kind"), view.Column("From"), view.Column("Lasted"), view.NumberColumn("Seen"),
			view.NumberColumn("Expected")),
		g.Map(d.Closed, func(a anomalyRow) g.Node {
			return view.Row(view.Link(pathOf(a.Series), a.Series), view.TextCell(a.Kind), view.TextCell(words.When(a.OpenedAt.Time)),
				view.TextCell(words.Took(a.OpenedAt.Time, a.ClosedAt.Time)), view.NumberCell(figureText(a.Counts, &a.Observed)),
				view.NumberCell(figureText(a.Counts, &a.Expected)))
		})))
}

func (d *anomaliesData) watchedCard() g.Node {
	if len(d.Watched) == 0 {
		return nil
	}
	return view.Card("What is watched",
		view.Soft(g.Text("Each figure at the last hour that is over, in its longest window that has weeks before. A step opens at 6 "+
			"spreads from expected and closes below 3; a drift opens when the sums of its days reach 5. There is no setting for it.")),
		view.Table("What is watched",
			view.Head(view.Column("Figure"), view.Column("State"), view.NumberColumn("Window"), view.NumberColumn("Seen"),
				view.NumberColumn("Expected"), view.NumberColumn("Step below"), view.NumberColumn("Step above"),
				view.NumberColumn("Spreads"), view.NumberColumn("Drift")),
			g.Map(d.Watched, watchedFigures)))
}

func watchedFigures(r watchedRow) g.Node {
	w, state := r.Window, view.Tag("", "learning")
	switch {
	case r.Open:
		state = view.Tag("bad", "open")
	case w.Expected != nil:
		state = view.Tag("good", "as usual")
	}
	window, drift := "", view.None
	if w.Hours > 0 {
		window = words.Whole(int64(w.Hours)) + " h"
	}
	if r.Drift != nil {
		if drift = words.Short(r.Drift.Above); r.Drift.Below > r.Drift.Above {
			drift = "−" + words.Short(r.Drift.Below)
		}
	}
	return view.Row(view.Link(pathOf(r.Series), r.Series), view.Cell(state), view.NumberCell(window),
		view.NumberCell(figureText(r.Counts, w.Observed)), view.NumberCell(figureText(r.Counts, w.Expected)),
		view.NumberCell(figureText(r.Counts, w.Low)), view.NumberCell(figureText(r.Counts, w.High)),
		view.NumberCell(spreads(w.Expected, w.Spreads)), view.NumberCell(drift))
}

// spreads is how far a window is from expected; a dash where nothing is expected.
func spreads(expected *float64, far float64) string {
	if expected == nil {
		return view.None
	}
	return words.Short(far)
}

// View implements page.View.
func (d *seriesData) View(*page.Visit) g.Node {
	return g.Group{view.Actions(d.Next.button()), d.chartCard(), d.stepsCard(), d.records()}
}

func (d *seriesData) chartCard() g.Node {
	var choice g.Node
	if d.Counts != "level" {
		choice = view.Actions(g.Map(d.Looks, func(l look) g.Node {
			text := fmt.Sprintf("Windows of %d h", l.Hours)
			if l == d.Look {
				return h.Strong(g.Text(text))
			}
			return view.Button(pathOf(d.Series)+"&window="+words.Whole(l.Hours), text)
		})...)
	}
	plot := view.Empty("Too little in these windows to be compared.")
	if d.Plot != nil {
		plot = g.Group{d.Plot, view.Soft(g.Text("Outside the shaded band it is a step; a drift stays inside. Without a band there are " +
			"fewer than three weeks before."))}
	}
	numbers := view.Table("The numbers",
		view.Head(view.Column("Until"), view.NumberColumn("Seen"), view.NumberColumn("Expected"), view.NumberColumn("Step below"),
			view.NumberColumn("Step above"), view.NumberColumn("Spreads")),
		g.Map(d.Points, func(p recommenderapi.AnomalyPoint) g.Node {
			return view.Row(g.Text(words.When(p.At.Time)), view.NumberCell(figureText(d.Counts, p.Observed)),
				view.NumberCell(figureText(d.Counts, p.Expected)), view.NumberCell(figureText(d.Counts, p.Low)),
				view.NumberCell(figureText(d.Counts, p.High)), view.NumberCell(spreads(p.Expected, p.Spreads)))
		}))
	return view.Card("Seen and expected", choice, plot, view.Fold("The numbers", numbers))
}

// stepsCard tells how the series is judged, for a level or for what is summed over windows.
func (d *seriesData) stepsCard() g.Node {
	features := "sums over windows that end with the last hour, and over the same windows of up to six weeks before."
	baseline := "their median, from three weeks on. A spread is the median absolute deviation, or what chance or 15 % make of it where " +
		"that is more."
	score := "how many spreads the window is from the baseline; 6 open a step, below 3 in all windows it closes."
	if d.Drift != nil {
		score += fmt.Sprintf(" Days of UTC are summed beyond one spread: %s below and %s above; 5 open a drift.",
			words.Short(d.Drift.Below), words.Short(d.Drift.Above))
	}
	if d.Counts == "level" {
		features = "the level at the end of each hour."
		baseline = "the median of the week before, or the oldest model before."
		score = "how far the latest level is from it; a factor of 1.5 is an anomaly."
	}
	step := func(name, text string) g.Node { return h.Li(h.Strong(g.Text(name)), g.Text(": "+text)) }
	return view.Card("How it is judged, step by step",
		h.Ol(
			step("Ingest", words.Number(d.Hours)+" hours are known, since "+words.When(d.Since.Time)+"."),
			step("Features", features), step("Baseline", baseline), step("Score", score),
			step("Record", fmt.Sprintf("%d of the latest 500 anomalies are of this figure.", len(d.Records))),
		),
		view.Table("Windows",
			view.Head(view.Column("Window"), view.NumberColumn("Seen"), view.Column("The weeks before, the latest first"),
				view.NumberColumn("Expected"), view.NumberColumn("Spreads")),
			g.Map(d.Windows, d.window)))
}

func (d *seriesData) window(w recommenderapi.AnomalyWindow) g.Node {
	name, before := words.Whole(int64(w.Hours))+" h", []string{}
	if d.Counts == "level" {
		name = "latest"
	}
	for n := range w.Before {
		before = append(before, figureText(d.Counts, &w.Before[n]))
	}
	if len(before) == 0 {
		before = []string{view.None}
	}
	return view.Row(g.Text(name), view.NumberCell(figureText(d.Counts, w.Observed)), view.TextCell(strings.Join(before, " · ")),
		view.NumberCell(figureText(d.Counts, w.Expected)), view.NumberCell(spreads(w.Expected, w.Spreads)))
}

func (d *seriesData) records() g.Node {
	if len(d.Records) == 0 {
		return nil
	}
	return view.Card("Records", view.List(g.Map(d.Records, func(a recommenderapi.Anomaly) g.Node {
		state, text := view.Tag("bad", "open"), " "+words.When(a.OpenedAt.Time)
		if !a.ClosedAt.IsZero() {
			state, text = view.Tag("", "over"), text+" to "+words.When(a.ClosedAt.Time)
		}
		return g.Group{state, g.Text(" "), view.Tag("", a.Kind), g.Text(text + ": " + a.Detail)}
	})...))
}
