package merchandise

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// shownLimit is how many items a list on a page has.
const shownLimit = 12

// tryData is the page on which a placement is tried as a visitor: the form, the answer, and
// either why an item is missing or the list of another model beside it.
type tryData struct {
	Scenarios []recommenderapi.Scenario
	// Views are items that the visitor has just looked at, Context those of the page, Missing
	// the one to explain.
	Scenario, User, Session, Views, Context, Missing string
	Category, Q                                      string
	Took                                             string
	Users                                            []string // suggestions
	Answer                                           *recommenderapi.Answer
	Products                                         []product
	Problem                                          *apierror.Problem
	Why                                              *recommenderapi.ExplainAnswer
	Remarks                                          remarks

	Model  string                // another version to compare with
	Models []similarityapi.Model // to choose from
	Then   []product             // the list with that version, with what moves
}

// try shows the form, and with a placement in the query what it shows. What is wrong with the
// request is shown on the page, since the form is there to be mended.
func try(v *page.Visit) (any, error) {
	d := &tryData{
		Scenario: v.Text("scenario"), User: v.Text("user"), Session: v.Text("session"), Views: v.Text("views"), Context: v.Text("context"),
		Missing: v.Text("missing"), Category: v.Text("category"), Q: v.Text("q"), Model: v.Text("model"),
	}
	scenarios, err := page.Get[profileapi.Page[recommenderapi.Scenario]](v, v.Recommender, "/v1/scenarios", nil)
	if err != nil {
		return nil, err
	}
	d.Scenarios = scenarios.Items
	events := page.Optional[profileapi.Page[profileapi.StoredEvent]](v, v.Profile, "visitors", "/v1/events", url.Values{"limit": {"100"}})
	for _, e := range events.Items {
		d.Users = append(d.Users, e.UserID)
	}
	d.Users = words.Unique(d.Users)
	models := page.Optional[profileapi.Page[similarityapi.Model]](v, v.Similarity, "models", "/v1/models", nil)
	d.Models = models.Items
	if d.Scenario == "" {
		d.Scenario = usual(d.Scenarios)
		if d.User+d.Session+d.Missing == "" {
			return d, nil // nothing was asked for yet
		}
	}
	r := request(v, d.Scenario)
	began := v.Now()
	answer, err := page.Send[recommenderapi.Answer](v, v.Recommender, http.MethodPost, "/v1/recommendations", r)
	if err != nil {
		d.Problem = apierror.From(err)
		return d, nil
	}
	d.Took = words.Duration(v.Now().Sub(began).Seconds())
	d.Answer, d.Products = &answer, products(answer.Items)
	for _, row := range answer.Rows {
		d.Products = append(d.Products, products(row.Items)...)
	}
	if d.Model != "" {
		d.compare(v, r)
		return d, nil
	}
	d.Remarks = d.remark(v, r)
	if d.Missing != "" {
		why, err := page.Send[recommenderapi.ExplainAnswer](
			v, v.Recommender, http.MethodPost, "/v1/recommendations/explain", recommenderapi.ExplainRequest{Request: r, ItemID: d.Missing},
		)
		if err != nil {
			d.Problem = apierror.From(err)
			return d, nil
		}
		d.Why = &why
	}
	return d, nil
}

// usual is the placement that is tried when none was chosen: that of the home page, which shows something to everybody, else the first.
func usual(all []recommenderapi.Scenario) string {
	const home = "home.for_you"
	if len(all) == 0 || slices.ContainsFunc(all, func(s recommenderapi.Scenario) bool { return s.ScenarioID == home }) {
		return home
	}
	return all[0].ScenarioID
}

// compare shows the list of another model version beside that of the live one. Only the
// relation of that version is replaced.
func (d *tryData) compare(v *page.Visit, r recommenderapi.Request) {
	at := slices.IndexFunc(d.Models, func(m similarityapi.Model) bool { return m.Version == d.Model })
	if at < 0 {
		d.Problem = apierror.NotFound("model", d.Model)
		return
	}
	answer, err := page.Send[recommenderapi.PreviewAnswer](
		v, v.Recommender, http.MethodPost, "/v1/scenarios/"+page.Escape(d.Scenario)+"/preview",
		recommenderapi.PreviewRequest{Request: r, ModelVersions: map[string]string{d.Models[at].Relation: d.Model}},
	)
	if err != nil {
		d.Problem = apierror.From(err)
		return
	}
	d.Products, d.Then = beside(answer.Live.Items, answer.Preview.Items)
}

// request is what a form asks a placement for, as a test, so that it counts in no figure. It
// waits for the whole answer with all explanations, up to two seconds.
func request(v *page.Visit, scenario string) recommenderapi.Request {
	r := recommenderapi.Request{
		Scenario: scenario, UserID: v.Text("user"), SessionID: v.Text("session"), Q: v.Text("q"), ContextItems: v.Words("context"),
		Category: v.Text("category"), Limit: shownLimit, Explain: "full", Test: true,
		Fields: []string{"title", "price", "currency", "image_url"}, DeadlineMS: 2000,
	}
	// Events that the request carries: they are used for this answer and not stored.
	views := v.Words("views")
	if r.UserID+r.SessionID == "" && len(views) > 0 {
		r.SessionID = "console-visitor" // events have to be somebody's
	}
	for _, id := range views {
		r.Events = append(r.Events, profileapi.Event{Type: "view_item", ItemID: id, UserID: r.UserID, SessionID: r.SessionID})
	}
	return r
}
