package learning

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// results are the figures of an experiment with its plots; nothing where they could not be read.
func (d *experimentData) results() g.Node {
	r := d.Results
	if r == nil {
		return nil
	}
	var broken g.Node
	if !r.SampleRatioOK {
		broken = h.P(h.Class("bad"), h.Role("alert"),
			g.Text("The visitors spread over the arms as they should not (chance "+words.Short(r.SampleRatioP)+"): "+
				"the comparison is broken. Look for pages that ask for one arm only, robots, or a cache between."))
	}
	return g.Group{broken, view.Card("Results",
		h.P(g.Text(d.sofar(r))),
		view.Table("Results",
			view.Head(view.Column("Arm"), view.NumberColumn("Visitors"), view.NumberColumn("Clicked"),
				view.Column("Difference [95 %]"), view.NumberColumn("Bought"), view.Column("Difference [95 %]"),
				view.NumberColumn("Revenue a visitor"),
				view.Column("Difference [95 %]"), view.NumberColumn("Degraded"), view.NumberColumn("Mean time")),
			g.Map(r.Arms, armRow)),
		view.Columns(h.Div(d.Diffs), h.Div(d.Over)))}
}

// sofar says how far the comparison has come.
func (d *experimentData) sofar(r *recommenderapi.ExperimentResults) string {
	for _, a := range r.Arms {
		if a.Visitors > 0 {
			return enough(r) + " Visitors are spread as they should be with a chance of " + words.Short(r.SampleRatioP) + "."
		}
	}
	if d.Experiment.Status != "running" {
		return "Nobody has taken part: it does not run."
	}
	return "Nobody has taken part yet. A visitor does with the first list that a page shows him in one of its placements, and is counted " +
		"seconds later; looks at lists here, by Try it or a preview, count nowhere."
}

// enough says whether there are enough visitors to decide.
func enough(r *recommenderapi.ExperimentResults) string {
	needed, effect := words.Number(r.RequiredPerArm), words.Percent(r.MinEffect)
	switch {
	case r.RequiredPerArm == 0:
		return "The control has sold nothing yet: wait."
	case r.Enough:
		return "Every arm has the " + needed + " visitors that a change of " + effect + " needs."
	}
	return "Each arm needs " + needed + " visitors to find a change of " + effect + ": wait before you decide."
}

func armRow(a recommenderapi.ArmResult) g.Node {
	return view.Row(g.Group{g.Text(a.Arm), g.If(a.Control, g.Group{g.Text(" "), view.Tag("", "control")})},
		view.NumberCell(words.Number(a.Visitors)), view.NumberCell(words.Percent(a.ClickerRate)),
		view.TextCell(difference(a.ClickerRateDiff, words.Percent)), view.NumberCell(words.Percent(a.ConversionRate)),
		view.TextCell(difference(a.ConversionRateDiff, words.Percent)),
		view.NumberCell(words.Money(a.RevenuePerVisitor)),
		view.TextCell(difference(a.RevenueDiff, words.Money)), view.NumberCell(words.Percent(a.DegradedShare)),
		view.NumberCell(words.Short(a.MeanLatencyMS)+" ms"))
}

// difference is one to the control with its interval, in a form for its unit; "" where there is nothing to compare.
func difference(i *recommenderapi.Interval, form func(float64) string) string {
	if i == nil {
		return ""
	}
	return form(i.Value) + " [" + form(i.Low) + ", " + form(i.High) + "]"
}
