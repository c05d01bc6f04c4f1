package overview

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// View implements page.View.
func (d *overviewData) View(v *page.Visit) g.Node {
	return g.Group{
		d.tiles(),
		g.Map(d.Damaged, damaged),
		g.Map(d.Anomalies, func(text string) g.Node { return h.P(h.Class("warn"), g.Text(text)) }),
		d.detected(),
		view.Columns(d.eventsOfTheDay(), d.clicksAndRevenue()),
		d.placementsCard(),
		view.Columns(d.liveModels(v), d.latestJobs(v)),
	}
}

// tiles are the figures that a person looks at first.
func (d *overviewData) tiles() g.Node {
	tile := func(figure, of string) g.Node { return h.Li(h.Strong(g.Text(figure)), g.Text(of)) }
	events, answers := view.None, "answers in 14 days"
	if d.Traffic != nil {
		events = words.Number(d.Traffic.total)
	}
	if d.PerSecond >= 0.01 {
		answers += ", " + words.Short(d.PerSecond) + " a second in the last hour"
	}
	revenue := g.Map(d.Revenue, func(a amount) g.Node { return tile(words.Price(a.Amount, a.Currency), "revenue in 14 days") })
	if len(revenue) == 0 {
		revenue = g.Group{tile(view.None, "no revenue in 14 days")}
	}
	return h.Ul(h.Class("tiles"),
		tile(events, "events in 24 hours"),
		tile(words.Number(d.Answers), answers),
		tile(words.Percent(d.Personal), "of the items shown were personal"),
		tile(words.Percent(d.ClickRate), "of the items shown were clicked"),
		revenue,
		tile(words.Percent(d.Degraded), "of the answers were degraded"),
	)
}

func damaged(m similarityapi.ModelFallback) g.Node {
	instead := "Only texts answer."
	if m.Serving != "" {
		instead = m.Serving + " serves instead."
	}
	return h.P(h.Class("bad"), g.Textf("The live model of %s is damaged. %s ", words.Spaced(m.Relation), instead),
		view.Link("/models", "Models"))
}

func (d *overviewData) detected() g.Node {
	if len(d.Detected) == 0 {
		return nil
	}
	return view.Card("Anomalies",
		view.List(g.Map(d.Detected, func(a recommenderapi.Anomaly) g.Node {
			return g.Group{view.Tag("bad", "open"), g.Text(" " + words.When(a.OpenedAt.Time) + ": " + a.Detail)}
		})...),
		h.P(view.Link("/anomalies", "All anomalies, and what is watched")))
}

func (d *overviewData) eventsOfTheDay() g.Node {
	const title = "Events of the last 24 hours"
	if len(d.Types) == 0 {
		return view.Card(title, view.Empty("Nothing that visitors did in the last 24 hours has come in.",
			g.Text("Put the tracker into the shop's pages, send events with "), h.Code(g.Text("POST /v1/events")), g.Text(", or "),
			view.Link("/imports", "import a file"), g.Text(".")), d.olderEvents())
	}
	return view.Card(title, d.EventPlot, d.olderEvents(),
		view.Table("Events by type", view.Head(view.Column("Type"), view.NumberColumn("Events"), view.NumberColumn("A minute")),
			g.Map(d.Types, func(c count) g.Node {
				return view.Row(view.Link("/debugger?type="+url.QueryEscape(c.Name), c.Name),
					view.NumberCell(words.Number(c.Count)), view.NumberCell(words.Rate(c.Rate)))
			})))
}

// olderEvents says what came in and is not counted as traffic; nil when all is.
func (d *overviewData) olderEvents() g.Node {
	if d.Traffic == nil || !d.Traffic.old {
		return nil
	}
	text := "Older events came in as well, such as those of an import. They are not counted here: "
	if d.Traffic.leftOut > 0 {
		text = words.Number(d.Traffic.leftOut) + " events that came in hours with many older ones, such as those of an import, are " +
			"not counted here: "
	}
	return h.P(h.Class("hint"), g.Text(text), view.Link("/health", "data health"), g.Text(" counts all that is received."))
}

func (d *overviewData) clicksAndRevenue() g.Node {
	clicks, revenue := d.ClickPlot, g.Node(nil)
	if clicks == nil {
		clicks = view.Empty("Nothing was shown in the last 14 days.",
			view.Link("/try", "Try a placement"), g.Text(", then ask for it from the shop's pages."))
	}
	if d.RevenuePlot != nil {
		revenue = g.Group{h.H3(g.Text("Attributed revenue")), d.RevenuePlot}
	}
	return view.Card("Clicks and revenue by day", clicks, revenue)
}

func (d *overviewData) placementsCard() g.Node {
	const title = "Placements of the last 14 days"
	if len(d.Scenarios) == 0 {
		return view.Card(title, view.Empty("No placement has answered yet.",
			view.Link("/try", "Try one"), g.Text(", then ask for it from the shop's pages.")))
	}
	head := view.Head(view.Column("Placement"), view.NumberColumn("Answers"), view.NumberColumn("Items shown"), view.NumberColumn("Clicks"),
		view.NumberColumn("Click rate"), view.NumberColumn("Orders"), view.NumberColumn("Lines per click"), view.Column("Revenue"),
		view.NumberColumn("Personal"), view.NumberColumn("Degraded"), view.NumberColumn("Mean time"))
	return view.Card(title, view.Table("Placements", head, g.Map(d.Scenarios, scenarioFigures)), d.byDay(), d.revenueByDay())
}

func scenarioFigures(s scenarioRow) g.Node {
	var revenue []string
	for _, currency := range slices.Sorted(maps.Keys(s.Revenues)) {
		revenue = append(revenue, words.Price(s.Revenues[currency], currency))
	}
	if len(revenue) == 0 {
		revenue = []string{view.None}
	}
	return view.Row(view.Link("/placements/"+page.Escape(s.Scenario), s.Scenario),
		view.NumberCell(words.Number(s.Requests)), view.NumberCell(words.Number(s.Impressions)), view.NumberCell(words.Number(s.Clicks)),
		view.NumberCell(words.Percent(s.ClickRate)), view.NumberCell(words.Number(s.Orders)),
		view.NumberCell(words.Short(s.ConversionRate)), view.TextCell(strings.Join(revenue, " ")),
		view.NumberCell(words.Percent(s.Personal)),
		view.NumberCell(words.Percent(s.DegradedShare)), view.NumberCell(words.Short(s.MeanLatencyMS)+" ms"))
}

func (d *overviewData) byDay() g.Node {
	return view.Fold("By day", view.Table("Days",
		view.Head(view.Column("Day"), view.Column("Placement"), view.NumberColumn("Answers"), view.NumberColumn("Items shown"),
			view.NumberColumn("Clicks"), view.NumberColumn("Orders")),
		g.Map(d.Days, func(r recommenderapi.MetricsRow) g.Node {
			return h.Tr(view.TextCell(words.Date(r.At.Time)), view.TextCell(r.Scenario), view.NumberCell(words.Number(r.Requests)),
				view.NumberCell(words.Number(r.Impressions)), view.NumberCell(words.Number(r.Clicks)),
				view.NumberCell(words.Number(r.Orders)))
		})))
}

func (d *overviewData) revenueByDay() g.Node {
	if len(d.Money) == 0 {
		return nil
	}
	return view.Fold("Revenue by day and currency", view.Table("Revenue",
		view.Head(view.Column("Day"), view.Column("Placement"), view.NumberColumn("Revenue"), view.Column("Currency")),
		g.Map(d.Money, func(r recommenderapi.MetricsRow) g.Node {
			return h.Tr(view.TextCell(words.Date(r.At.Time)), view.TextCell(r.Scenario), view.NumberCell(words.Money(r.Revenue)),
				view.TextCell(r.Currency))
		})))
}

func (d *overviewData) liveModels(v *page.Visit) g.Node {
	live := view.Empty("No model is live:", g.Text("neighbours come from texts alone. "), view.Link("/jobs", "Start a recompute."))
	if len(d.Live) > 0 {
		live = view.Table("Live models",
			view.Head(view.Column("Relation"), view.Column("Algorithm"), view.Column("Made"), view.NumberColumn("Items"),
				view.Column("NDCG@20 [95 %]"), view.Column("Gate")),
			g.Map(d.Live, func(m similarityapi.Model) g.Node {
				return view.Row(view.Link("/models/"+page.Escape(m.Version), words.Spaced(m.Relation)),
					view.TextCell(m.Algorithm), view.TextCell(words.Ago(v.Now(), m.CreatedAt.Time)), view.NumberCell(words.Number(m.Items)),
					view.TextCell(words.Measured(m.Metrics["ndcg@20"])), view.Cell(gate(m)))
			}))
	}
	var refused g.Node
	if len(d.Refused) > 0 {
		refused = g.Group{h.H3(g.Text("Refused by the gate")), view.List(g.Map(d.Refused, func(m similarityapi.Model) g.Node {
			return g.Group{
				view.Link("/models/"+page.Escape(m.Version), m.Version), g.Text(", " + words.Ago(v.Now(), m.CreatedAt.Time) + failures(m)),
			}
		})...)}
	}
	return view.Card("Live models", live, refused)
}

func gate(m similarityapi.Model) g.Node {
	if m.Gate == nil {
		return nil
	}
	return g.Group{view.State(m.Gate.Verdict), g.If(m.Gate.Forced, g.Group{h.Br(), h.Small(g.Text("forced: " + m.Gate.Reason))})}
}

// failures are the checks of the gate that a model did not pass.
func failures(m similarityapi.Model) string {
	if m.Gate == nil {
		return ""
	}
	text := ": "
	for _, check := range m.Gate.Checks {
		if !check.Passed {
			text += check.Detail + " "
		}
	}
	return text
}

func (d *overviewData) latestJobs(v *page.Visit) g.Node {
	const title = "Latest jobs"
	if len(d.Jobs) == 0 {
		return view.Card(title, view.Empty("No job has run.", view.Link("/jobs", "Start a recompute.")))
	}
	return view.Card(title, view.List(g.Map(d.Jobs, func(j similarityapi.Job) g.Node {
		text := " " + words.Ago(v.Now(), j.CreatedAt.Time) + ", took " + words.Took(j.StartedAt.Time, j.FinishedAt.Time)
		if j.Error != "" {
			text += ": " + j.Error
		}
		return g.Group{view.Link("/jobs/"+page.Escape(j.JobID), j.Kind), g.Text(" "), view.State(j.State), g.Text(text)}
	})...))
}
