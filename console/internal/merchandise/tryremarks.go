package merchandise

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Bounds of what is asked beside the list, which is asked for anew while one types.
const (
	askedItems   = 10 // ids of the form that are looked up
	sampledItems = 5  // of the catalogue, when the list is empty
)

// remarks say what the form lacks or has wrong, and of an empty list why it is.
type remarks struct {
	Stranger bool     // no event of the visitor is known
	Unknown  []string // ids of the form that the catalogue lacks
	Idle     []string // sources that have nothing to go by, when that is all of the placement's
	Lacking  []string // what would give them something
	Warned   []string // of what else the answer warns
	// Of an empty list: that nothing could be shown at all, or why so many items of the catalogue are not, the most frequent reason first.
	Bare    bool
	Sampled int
	Reasons []reason
}

// reason is why so many items are not shown.
type reason struct {
	Name, Detail string
	Items        int
}

// remark finds what is to be said of the answer to r. What cannot be asked is not said.
func (d *tryData) remark(v *page.Visit, r recommenderapi.Request) (all remarks) {
	all.Stranger = d.User+d.Session != "" && len(r.Events) == 0 && d.Answer.Freshness.LastEventID == "" && len(d.Answer.Degraded) == 0
	ids := append(v.Words("context"), v.Words("views")...)
	for _, id := range ids[:min(len(ids), askedItems)] {
		why, err := page.Send[recommenderapi.ExplainAnswer](
			v, v.Recommender, http.MethodPost, "/v1/recommendations/explain", recommenderapi.ExplainRequest{Request: r, ItemID: id},
		)
		if err == nil && why.Stage == "catalogue" {
			all.Unknown = append(all.Unknown, id)
		}
	}
	for _, w := range d.Answer.Warnings {
		// Items and what is lacking are said with what to fill in here.
		if w.Code != "absent_item" && w.Code != "nothing_to_go_by" {
			all.Warned = append(all.Warned, strings.TrimPrefix(w.Pointer, "/")+": "+w.Detail)
		}
	}
	if at := slices.IndexFunc(d.Scenarios, func(s recommenderapi.Scenario) bool { return s.ScenarioID == d.Scenario }); at >= 0 {
		all.Idle, all.Lacking = idle(&d.Scenarios[at], r)
	}
	if len(d.Products) == 0 {
		all.sample(v, r)
	}
	return all
}

// sample asks of a few items of the catalogue why they are not shown.
func (m *remarks) sample(v *page.Visit, r recommenderapi.Request) {
	items, err := page.Get[profileapi.Page[profileapi.Item]](
		v, v.Profile, "/v1/items", url.Values{"limit": {strconv.Itoa(sampledItems)}, "status": {"active"}},
	)
	v.Part("catalogue", err)
	m.Bare = err == nil && len(items.Items) == 0
	for _, it := range items.Items {
		why, err := page.Send[recommenderapi.ExplainAnswer](
			v, v.Recommender, http.MethodPost, "/v1/recommendations/explain", recommenderapi.ExplainRequest{Request: r, ItemID: it.ItemID},
		)
		if err != nil {
			continue
		}
		m.Sampled++
		// What drops an item keeps it away whether or not a source proposes it.
		name, detail := why.Stage, why.Detail
		if len(why.Dropped) > 0 && why.Stage == "candidates" {
			name, detail = why.Dropped[0], "No source proposed it either."
		}
		at := slices.IndexFunc(m.Reasons, func(one reason) bool { return one.Name == name })
		if at < 0 {
			at, m.Reasons = len(m.Reasons), append(m.Reasons, reason{Name: name, Detail: detail})
		}
		m.Reasons[at].Items++
	}
	slices.SortStableFunc(m.Reasons, func(a, b reason) int { return cmp.Compare(b.Items, a.Items) })
}

// idle returns the sources of a placement and what they would need, when the request gives none of them anything to go by.
func idle(s *recommenderapi.Scenario, r recommenderapi.Request) (kinds, lacking []string) {
	const visitor, items = "a visitor", "items of the page"
	somebody := r.UserID+r.SessionID != ""
	for kind := range kindsOf(s) {
		need, given := "", true
		switch kind {
		case recommenderapi.SourceContextSimilar, recommenderapi.SourceContextTogether, recommenderapi.SourceContextNext, "bundles":
			need, given = items, len(r.ContextItems) > 0
		case recommenderapi.SourceCart:
			need, given = "a visitor with a cart", somebody
		case recommenderapi.SourceQuery:
			need, given = "words of a search", r.Q != ""
		case recommenderapi.SourceCategory:
			need, given = "a category of the page", r.Category != ""
		case recommenderapi.SourceHistory, recommenderapi.SourceSession, recommenderapi.SourceBuyAgain, recommenderapi.SourceRecentlyViewed,
			recommenderapi.SourceAffinityCategory, "because_you_bought", "because_you_viewed", "categories_for_you", "brands_for_you":
			need, given = visitor, somebody
		}
		if given {
			return nil, nil
		}
		kinds = append(kinds, kind)
		if !slices.Contains(lacking, need) {
			lacking = append(lacking, need)
		}
	}
	return kinds, lacking
}

// kindsOf goes through the sources of a placement and the kinds of its rows.
func kindsOf(s *recommenderapi.Scenario) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, source := range s.Sources {
			if !yield(source.Kind) {
				return
			}
		}
		for _, row := range s.Rows {
			if !yield(row.Kind) {
				return
			}
		}
	}
}

// view says the remarks; nothing when there is none.
func (m *remarks) view() g.Node {
	var all []g.Node
	if m.Stranger {
		all = append(all, g.Group{
			g.Text("Nothing is known of this visitor, or he refused personalisation: he is shown what anybody is shown. "),
			view.Link("/visitors", "Who was here lately"), g.Text("."),
		})
	}
	if len(m.Unknown) > 0 {
		all = append(all, g.Group{
			g.Text("The catalogue has no item " + strings.Join(m.Unknown, ", ") + ", and nothing goes with what it does not have. "),
			view.Link("/catalogue", "Find ids by titles"), g.Text("."),
		})
	}
	for _, said := range m.Warned {
		all = append(all, g.Text(said+"."))
	}
	if len(m.Idle) > 0 {
		all = append(all, g.Text("Nothing is given that "+strings.Join(m.Idle, ", ")+" could go by: fill in "+
			strings.Join(m.Lacking, " or ")+"."))
	}
	if m.Bare {
		all = append(all, g.Group{
			g.Text("The catalogue has no active item: "), view.Link("/imports", "import products"),
			g.Text(", or look at their state in the "),
			view.Link("/catalogue", "catalogue"), g.Text("."),
		})
	}
	for _, one := range m.Reasons {
		all = append(all, g.Group{
			g.Textf("Why %d of %d items of the catalogue are not shown: ", one.Items, m.Sampled),
			h.Strong(g.Text(one.Name)), g.Text(". " + one.Detail),
		})
	}
	if len(all) == 0 {
		return nil
	}
	return h.Div(h.Class("warn"), h.ID("remarks"), view.List(all...))
}
