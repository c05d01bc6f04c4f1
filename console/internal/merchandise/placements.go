package merchandise

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// placementsData is the list of placements with the figures of the last two weeks, by id of the
// scenario, and the form of a new one.
type placementsData struct {
	Scenarios []recommenderapi.Scenario
	Figures   map[string]recommenderapi.ScenarioMetrics
	Form      form.Form
	Change    bool
}

// placements lists all scenarios; without figures they are listed as well.
func placements(v *page.Visit) (any, error) {
	d := &placementsData{
		Figures: map[string]recommenderapi.ScenarioMetrics{}, Form: form.New(nil, nil, form.Fields("id", "title")),
		Change: v.Who.Can(auth.ScopeConfigWrite),
	}
	scenarios, err := page.Get[profileapi.Page[recommenderapi.Scenario]](v, v.Recommender, "/v1/scenarios", nil)
	if err != nil {
		return nil, err
	}
	d.Scenarios = scenarios.Items
	figures := page.Optional[recommenderapi.ScenariosMetrics](v, v.Recommender, "figures", "/v1/metrics/scenarios", url.Values{
		"from": {v.Now().UTC().AddDate(0, 0, -14).Format("2006-01-02")},
	})
	for _, m := range figures.Scenarios {
		d.Figures[m.Scenario] = m
	}
	return d, nil
}

// newPlacement makes a placement like another, or an empty one that shows what is popular. A
// name that is taken is refused by the service.
func newPlacement(v *page.Visit) (any, error) {
	in := &page.Reader{Visit: v}
	id := in.Name("id", 64)
	s := recommenderapi.Scenario{Sources: []recommenderapi.Source{{Kind: recommenderapi.SourcePopular, Weight: 1}}}
	if like := v.Text("like"); like != "" {
		other, err := page.Get[recommenderapi.Scenario](v, v.Recommender, "/v1/scenarios/"+page.Escape(like), nil)
		if err != nil {
			return nil, err
		}
		s = other
	}
	s.ScenarioID, s.Title, s.Builtin, s.Version = "", v.Text("title"), false, 0
	problem := in.Problem("The placement has no name that can be used.")
	if problem == nil {
		_, err := page.Change[recommenderapi.SavedScenario](
			v, v.Recommender, http.MethodPut, "/v1/scenarios/"+page.Escape(id), "0", s,
		)
		if err == nil {
			return page.Redirect("/placements/" + page.Escape(id) + "?done=saved"), nil
		}
		problem = apierror.From(err)
	}
	shown, err := placements(v)
	if err != nil {
		return nil, err
	}
	shown.(*placementsData).Form = form.New(v.Form, problem, form.Fields("id", "title"))
	return shown, nil
}

// placementData is the page of one placement. Preview, Now and Then are there after "preview"
// was pressed: the list as it is and as it would be.
type placementData struct {
	Scenario  recommenderapi.Scenario
	Form      form.Form
	Sources   []sourceRow
	Rules     []recommenderapi.ListedRule // that act here, those of all placements first
	History   []recommenderapi.ScenarioVersion
	Preview   *recommenderapi.PreviewAnswer
	Now, Then []product
	Change    bool
}

// Heading implements the page's title.
func (d *placementData) Heading() string { return words.PlacementTitle(d.Scenario) }

// sourceRow is one source of candidates in the form, whose weight is the field "source" with N.
type sourceRow struct {
	N    int
	Kind string
	Text string
}

// sourceTexts say what the kinds of source are. A kind that is missing here cannot be added by
// the form.
func sourceTexts() map[string]string {
	return map[string]string{
		"history": "what goes with what the visitor did before", "session": "what goes with this visit",
		"context_similar":         "similar to the page's items",
		"context_bought_together": "bought together with the page's items", "context_viewed_next": "looked at after the page's items",
		"cart":      "goes with the cart",
		"query":     "what the words of a search find",
		"buy_again": "bought before, due again", "recently_viewed": "what he looked at", "affinity_category": "his categories",
		"category": "the page's category",
		"trending": "trending now", "best_sellers": "best sellers", "popular": "popular", "newest": "newest",
	}
}

// placement shows one placement with its form.
func placement(v *page.Visit) (any, error) {
	s, err := page.Get[recommenderapi.Scenario](v, v.Recommender, "/v1/scenarios/"+page.Escape(v.PathValue("id")), nil)
	if err != nil {
		return nil, err
	}
	d := &placementData{Scenario: s}
	d.Form = form.New(placementValues(&s), nil, placementField)
	d.complete(v)
	return d, nil
}

// complete reads what stands around the form: rules and older versions. What cannot be read is
// a note.
func (d *placementData) complete(v *page.Visit) {
	id := v.PathValue("id")
	d.Change = v.Who.Can(auth.ScopeConfigWrite)
	for n, source := range d.Scenario.Sources {
		d.Sources = append(d.Sources, sourceRow{n, source.Kind, sourceTexts()[source.Kind]})
	}
	rules, err := allRules(v)
	v.Part("rules", err)
	for _, shared := range []bool{true, false} {
		for _, r := range rules {
			if shared && r.ScenarioID == "" || !shared && r.ScenarioID == id {
				d.Rules = append(d.Rules, r)
			}
		}
	}
	history, err := page.Get[profileapi.Page[recommenderapi.ScenarioVersion]](
		v, v.Recommender, "/v1/scenarios/"+page.Escape(id)+"/history", url.Values{"limit": {"20"}},
	)
	v.Part("history", err)
	d.History = history.Items
}

// editPlacement saves the form, or shows what it would change: the service is asked for the
// list of the visitor in the form with the saved placement and with the edited one.
func editPlacement(v *page.Visit) (any, error) {
	id := v.PathValue("id")
	live, err := page.Get[recommenderapi.Scenario](v, v.Recommender, "/v1/scenarios/"+page.Escape(id), nil)
	if err != nil {
		return nil, err
	}
	edited, problem := placementOf(v, live)
	if problem == nil && v.Text("do") == "save" {
		_, err := page.Change[recommenderapi.SavedScenario](
			v, v.Recommender, http.MethodPut, "/v1/scenarios/"+page.Escape(id), v.Text("version"), edited,
		)
		if err == nil {
			return page.Redirect("/placements/" + page.Escape(id) + "?done=saved"), nil
		}
		problem = apierror.From(err)
	}
	d := &placementData{Scenario: live}
	if problem == nil {
		ask := request(v, id)
		ask.Limit = 0 // the placement's own, which the form may change
		answer, err := page.Send[recommenderapi.PreviewAnswer](v, v.Recommender, http.MethodPost,
			"/v1/scenarios/"+page.Escape(id)+"/preview", recommenderapi.PreviewRequest{Request: ask, Scenario: &edited})
		if err != nil {
			problem = apierror.From(err)
		} else {
			d.Preview = &answer
			d.Now, d.Then = beside(answer.Live.Items, answer.Preview.Items)
		}
	}
	d.Form = form.New(v.Form, problem, placementField)
	d.complete(v)
	return d, nil
}

// deletePlacement deletes a placement; a delivered one comes back as it was delivered.
func deletePlacement(v *page.Visit) (any, error) {
	path := "/v1/scenarios/" + page.Escape(v.PathValue("id"))
	_, err := page.Change[struct{}](v, v.Recommender, http.MethodDelete, path, v.Text("version"), nil)
	return page.Redirect("/placements?done=deleted"), err
}

// restorePlacement puts an older version in force again, as a new version.
func restorePlacement(v *page.Visit) (any, error) {
	id := v.PathValue("id")
	_, err := page.Change[recommenderapi.SavedScenario](v, v.Recommender, http.MethodPost, "/v1/scenarios/"+page.Escape(id)+
		"/restore", v.Text("version"),
		map[string]json.Number{"version": json.Number(v.Text("restore"))})
	return page.Redirect("/placements/" + page.Escape(id) + "?done=restored"), err
}

// placementValues are the fields of the form for a placement, by the names of the API's
// members. A number that is 0 is an empty field, and placementOf reads an empty one as 0.
func placementValues(s *recommenderapi.Scenario) url.Values {
	v := url.Values{
		"title": {s.Title}, "description": {s.Description}, "limit": {words.Whole(int64(s.Limit))}, "seen": {s.Seen},
		"objective":        {s.Objective},
		"max_per_category": {words.Figure(float64(s.MaxPerCategory))}, "max_per_brand": {words.Figure(float64(s.MaxPerBrand))},
		"diversity": {words.Figure(s.Diversity)}, "rotation": {words.Figure(s.Rotation)}, "price_band": {words.Figure(s.PriceBand)},
		"exploration": {words.Figure(s.Exploration)}, "objective_strength": {words.Figure(s.ObjectiveStrength)},
		"fallback": {strings.Join(s.Fallback, ", ")}, "version": {words.Whole(s.Version)},
		"exclude_event_types": {strings.Join(s.ExcludeEventTypes, ", ")},
	}
	if s.AllowPurchased {
		v.Set("allow_purchased", "on")
	}
	for n, source := range s.Sources {
		v.Set("source"+words.Whole(int64(n)), words.Figure(source.Weight))
	}
	conditionValues(v, "filter", s.Filter)
	return v
}

// placementOf is the placement as the form has it: what the form does not show stays as it is
// in s. With "as" json the whole document is what stands in the text field.
func placementOf(v *page.Visit, s recommenderapi.Scenario) (recommenderapi.Scenario, *apierror.Problem) {
	in := &page.Reader{Visit: v}
	if v.Text("as") == "json" {
		edited := recommenderapi.Scenario{}
		if err := json.Unmarshal([]byte(v.Text("json")), &edited); err != nil {
			in.Bad("json", "cannot be read: "+err.Error())
		}
		edited.ScenarioID, edited.Builtin, edited.Version = "", false, 0
		return edited, in.Problem("The placement cannot be read.")
	}
	s.Title, s.Description, s.Seen, s.Objective = v.Text("title"), v.Text("description"), v.Text("seen"), v.Text("objective")
	s.Limit, s.MaxPerCategory, s.MaxPerBrand = in.Count("limit"), in.Count("max_per_category"), in.Count("max_per_brand")
	s.Diversity, s.Rotation, s.PriceBand = in.Number("diversity"), in.Number("rotation"), in.Number("price_band")
	s.Exploration, s.ObjectiveStrength = in.Number("exploration"), in.Number("objective_strength")
	s.AllowPurchased, s.Fallback, s.ExcludeEventTypes = v.Text("allow_purchased") != "", v.Words("fallback"), v.Words("exclude_event_types")
	s.Filter = condition(in, "filter")
	var sources []recommenderapi.Source
	for n, source := range s.Sources {
		name := "source" + words.Whole(int64(n))
		if v.Text(name) == "" {
			continue // taken out
		}
		source.Weight = in.Number(name)
		sources = append(sources, source)
	}
	if kind := v.Text("add"); kind != "" {
		sources = append(sources, recommenderapi.Source{Kind: kind, Weight: 1})
	}
	s.Sources = sources
	s.ScenarioID, s.Builtin, s.Version = "", false, 0
	return s, in.Problem("The placement cannot be read.")
}

// sourceAt finds the field of a source in what this form says is wrong with its weight.
var sourceAt = regexp.MustCompile(`^/(source\d+)$`)

// placementField is the field of the form that a pointer is about. What is wrong with a stored source stays with the whole form: one that
// was taken out moves the places of those behind it.
func placementField(pointer string) string {
	pointer = strings.TrimPrefix(pointer, "/scenario")
	if m := sourceAt.FindStringSubmatch(pointer); m != nil {
		return m[1]
	}
	name, _, _ := strings.Cut(form.Plain(pointer), "/")
	switch name {
	case "title", "description", "limit", "seen", "objective", "max_per_category", "max_per_brand", "diversity", "rotation",
		"price_band", "exploration", "objective_strength", "fallback", "exclude_event_types":
		return name
	case "filter":
		return "filter0_field"
	}
	return ""
}
