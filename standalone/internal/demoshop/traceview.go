package demoshop

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// html is the side panel, a step of the way to the list after the other.
func (d *traceData) html() g.Node {
	return h.Ol(h.Class("steps"), d.eventStep(), d.visitorStep(), d.candidateStep(), d.ruleStep(), d.listStep())
}

// heading is the title of a step with how long it took, and what went wrong.
func (s step) heading(title, took string) g.Node {
	return g.Group{
		h.H3(g.Text(title+" "), h.Small(g.Text(took+milliseconds(s.Took)))),
		g.If(s.Problem != "", h.P(h.Class("bad"), g.Text(s.Problem))),
	}
}

func (d *traceData) eventStep() g.Node {
	latest := h.P(g.Text("Nothing yet: click on a product."))
	if len(d.Events.Latest) > 0 {
		latest = h.Ul(g.Map(d.Events.Latest, func(e traceEvent) g.Node {
			return h.Li(h.Strong(g.Text(e.Type)), g.Text(" "+words(e.Title)+" "),
				h.Small(g.Textf("acknowledged %s ago, %s after it happened", milliseconds(e.Ago), milliseconds(e.Lag))))
		}))
	}
	return h.Li(d.Events.heading("1. Event", "read in "), latest)
}

func (d *traceData) visitorStep() g.Node {
	v := d.Visitor.Profile
	text := fmt.Sprintf("%d items of interest, %d in this visit, %d in the cart, %d bought.",
		len(v.Recent), len(v.Session), len(v.Cart), len(v.Purchased))
	var likes []string
	for _, c := range v.Affinity.Categories[:min(3, len(v.Affinity.Categories))] {
		likes = append(likes, c.Value)
	}
	if len(likes) > 0 {
		text += " Likes " + strings.Join(likes, ", ") + "."
	}
	return h.Li(d.Visitor.heading("2. Visitor", ""), h.P(g.Text(text)))
}

func (d *traceData) candidateStep() g.Node {
	sources := g.Map(d.Candidates.Sources, func(s traceSource) g.Node {
		return h.Li(g.Text(s.Name+" "), h.Small(g.Textf("%d contributions, %.2f in all", s.Count, s.Sum)))
	})
	if len(sources) == 0 {
		sources = g.Group{h.Li(g.Text("what is popular"))}
	}
	return h.Li(d.Candidates.heading("3. Candidates", ""),
		h.P(g.Text(strconv.Itoa(d.Candidates.Total)+" products may be shown. What the list is made of:")), h.Ul(sources))
}

func (d *traceData) ruleStep() g.Node {
	rules := h.P(g.Text("None acts here. "), h.A(h.Href("/console/rules/edit?scenario="+url.QueryEscape(d.Scenario)), g.Text("Make one")),
		g.Text(" and load the page again."))
	if len(d.Rules.Active) > 0 {
		rules = h.Ul(g.Map(d.Rules.Active, func(r recommenderapi.ListedRule) g.Node {
			return h.Li(g.Text(r.Rule.RuleID+" "), h.Small(g.Textf("%s, about %d items", r.Rule.Action, r.Items)))
		}))
	}
	return h.Li(h.H3(g.Text("4. Rules")), rules,
		g.If(len(d.Rules.Boosts) > 0, h.Ul(g.Map(d.Rules.Boosts, func(b string) g.Node { return h.Li(h.Small(g.Text(b))) }))))
}

func (d *traceData) listStep() g.Node {
	degraded := ""
	if len(d.List.Degraded) > 0 {
		degraded = ", degraded: " + strings.Join(d.List.Degraded, ", ")
	}
	return h.Li(d.List.heading("5. List", "answered in "),
		h.P(h.A(h.Href("/console/placements/"+url.PathEscape(d.Scenario)), g.Text(d.Scenario)), g.Text(degraded)),
		h.Ol(g.Map(d.List.Items, func(i traceItem) g.Node {
			of := fmt.Sprintf("%.3f, %s", i.Score, i.Tier)
			if i.Why != "" {
				of += ", " + i.Why
			}
			return h.Li(g.Text(words(i.Title)+" "), h.Small(g.Text(of)))
		})))
}
