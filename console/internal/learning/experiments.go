package learning

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// experiments are the pages about experiments or about rollouts, which differ in the path of
// the API and in words.
type experiments struct{ path, kind string } // "/experiments", "experiment"

// one is the path of the API for one of them.
func (t experiments) one(id string) string { return "/v1" + t.path + "/" + page.Escape(id) }

// experimentsData is the list, with the calculator of sample sizes below it.
type experimentsData struct {
	Kind, Path  string
	Experiments []recommenderapi.Experiment
	Size        sampleSize
	Change      bool
}

// list reads all of them, and computes the sample size from the query of the page's address.
func (t experiments) list(v *page.Visit) (any, error) {
	list, err := page.Get[profileapi.Page[recommenderapi.Experiment]](v, v.Recommender, "/v1"+t.path, nil)
	if err != nil {
		return nil, err
	}
	in := &page.Reader{Visit: v}
	d := &experimentsData{Kind: t.kind, Path: t.path, Experiments: list.Items, Change: v.Who.Can(auth.ScopeConfigWrite)}
	d.Size = newSampleSize(in.Number("rate"), in.Number("effect"), in.Number("visitors"), in.Count("arms"))
	d.Size.Form = form.New(v.Form, in.Problem("The numbers cannot be read."), form.Fields("rate", "effect", "visitors", "arms"))
	return d, nil
}

// experimentData is the page of one, or of a new one; Results, Diffs and Over are empty for
// that.
type experimentData struct {
	Kind, Path string
	New        bool
	Experiment recommenderapi.Experiment
	Form       form.Form
	Results    *recommenderapi.ExperimentResults
	Diffs      g.Node // differences to the control with their intervals
	Over       g.Node // click rates over time
	Scenarios  []form.Option
	Models     []form.Option
	Change     bool
}

// Heading implements the page's title.
func (d *experimentData) Heading() string {
	if d.New {
		return "New " + d.Kind
	}
	if d.Experiment.Title != "" {
		return d.Experiment.Title
	}
	return d.Kind + " " + d.Experiment.ExperimentID
}

// fresh is the form of a new one with values that are safe to start from: halves for an
// experiment, five per cent of the visitors for a rollout. Version 0 asks that none of the name
// is there yet.
func (t experiments) fresh(v *page.Visit) (any, error) {
	values := url.Values{
		"status": {"draft"}, "traffic": {"100"}, "arm0_name": {"control"}, "arm0_share": {"50"}, "arm1_name": {"new"}, "arm1_share": {"50"},
		"version": {"0"},
	}
	if t.kind == "rollout" {
		values.Set("traffic", "5")
		values.Set("arm0_share", "0")
		values.Set("arm1_share", "100")
	}
	d := &experimentData{Kind: t.kind, Path: t.path, New: true, Form: form.New(values, nil, experimentField)}
	d.complete(v)
	return d, nil
}

// show is the form of one that is there, with its results so far. Without results the page is
// still shown.
func (t experiments) show(v *page.Visit) (any, error) {
	x, err := page.Get[recommenderapi.Experiment](v, v.Recommender, t.one(v.PathValue("id")), nil)
	if err != nil {
		return nil, err
	}
	d := &experimentData{Kind: t.kind, Path: t.path, Experiment: x, Form: form.New(experimentValues(&x), nil, experimentField)}
	d.complete(v)
	results, err := page.Get[recommenderapi.ExperimentResults](v, v.Recommender, t.one(x.ExperimentID)+"/results", nil)
	if v.Part("results", err); err == nil {
		d.Results, d.Diffs = &results, differences(results)
	}
	d.Over = overTime(v, &x)
	return d, nil
}

// complete reads what the fields of the form can be chosen from: placements and model versions.
// A list that cannot be read has its first choice only.
func (d *experimentData) complete(v *page.Visit) {
	d.Change = v.Who.Can(auth.ScopeConfigWrite)
	d.Scenarios = []form.Option{{Value: "", Label: "as it is"}}
	scenarios := page.Optional[profileapi.Page[recommenderapi.Scenario]](v, v.Recommender, "placements", "/v1/scenarios", nil)
	for _, s := range scenarios.Items {
		d.Scenarios = append(d.Scenarios, form.Option{Value: s.ScenarioID, Label: words.PlacementTitle(s)})
	}
	d.Models = []form.Option{{Value: "", Label: "the live ones"}}
	models := page.Optional[profileapi.Page[similarityapi.Model]](v, v.Similarity, "models", "/v1/models", nil)
	for _, m := range models.Items {
		d.Models = append(d.Models, form.Option{Value: m.Version, Label: m.Version + " (" + m.State + ")"})
	}
}

// save stores the form, of a new one or of the one in the address, and goes to its page. What
// the service refuses stands beside its field on the page again, with all that was typed.
func (t experiments) save(v *page.Visit) (any, error) {
	id := v.PathValue("id")
	var before recommenderapi.Experiment
	if id != "" {
		var err error
		if before, err = page.Get[recommenderapi.Experiment](v, v.Recommender, t.one(id), nil); err != nil {
			return nil, err
		}
	}
	x, problem := experimentOf(v, before)
	if id == "" {
		in := &page.Reader{Visit: v}
		id = in.Name("experiment_id", 24)
		problem = cmp.Or(problem, in.Problem("It has no name that can be used."))
	}
	if problem == nil {
		_, err := page.Change[recommenderapi.SavedExperiment](v, v.Recommender, http.MethodPut, t.one(id), v.Text("version"), x)
		if err == nil {
			return page.Redirect(t.path + "/" + page.Escape(id) + "?done=saved"), nil
		}
		problem = inPercent(apierror.From(err), x.Arms)
	}
	x.ExperimentID = before.ExperimentID
	d := &experimentData{Kind: t.kind, Path: t.path, New: before.ExperimentID == "", Experiment: x,
		Form: form.New(v.Form, problem, experimentField)}
	d.complete(v)
	return d, nil
}

// turn starts or stops one: it is put with another status and nothing else changed, if it has
// the version that the page showed.
func (t experiments) turn(v *page.Visit) (any, error) {
	path := t.one(v.PathValue("id"))
	x, err := page.Get[recommenderapi.Experiment](v, v.Recommender, path, nil)
	if err != nil {
		return nil, err
	}
	x.Status = v.Text("status")
	done := "saved"
	if x.Status == "stopped" {
		done = "stopped"
	}
	_, err = page.Change[recommenderapi.SavedExperiment](v, v.Recommender, http.MethodPut, path, v.Text("version"), stripped(x))
	return page.Redirect(t.path + "/" + page.Escape(v.PathValue("id")) + "?done=" + done), err
}

// decide makes an arm what everybody sees: the experiment is stopped, the arm's configuration
// becomes that of its placements, and its models become the live ones. These are several
// changes through the API, in an order in which a failure leaves the experiment running, so
// that the same button can be pressed again. A rollout or experiment that names no placement,
// while the arm has a configuration, is refused.
func (t experiments) decide(v *page.Visit) (any, error) {
	path := t.one(v.PathValue("id"))
	x, err := page.Get[recommenderapi.Experiment](v, v.Recommender, path, nil)
	if err != nil {
		return nil, err
	}
	if version := v.Text("version"); version != "" && version != words.Whole(x.Version) { // before anything is changed
		return nil, apierror.PreconditionFailed("It has changed since the page was opened. Look at it again, then decide.")
	}
	at := slices.IndexFunc(x.Arms, func(a recommenderapi.ExperimentArm) bool { return a.Name == v.Text("arm") })
	if at < 0 {
		return nil, apierror.NotFound("arm", v.Text("arm"))
	}
	arm := x.Arms[at]
	// An arm has its configuration in itself or names a scenario that has it.
	configuration := arm.Configuration
	if arm.Scenario != "" {
		s, err := page.Get[recommenderapi.Scenario](v, v.Recommender, "/v1/scenarios/"+page.Escape(arm.Scenario), nil)
		if err != nil {
			return nil, err
		}
		configuration = &s
	}
	if configuration != nil && len(x.Scenarios) == 0 {
		return nil, apierror.Conflict(
			"no_placement",
			"The experiment names no placement, so that nobody knows where the arm's configuration belongs: set it "+
				"in its placement by hand, then stop the experiment.",
		)
	}
	if configuration != nil {
		for _, id := range x.Scenarios {
			if err := configure(v, id, *configuration); err != nil {
				return nil, err
			}
		}
	}
	for _, version := range arm.ModelVersions {
		reason := map[string]string{"reason": "decided by " + t.kind + " " + x.ExperimentID}
		if _, err := page.Send[similarityapi.Model](
			v, v.Similarity, http.MethodPost, "/v1/models/"+page.Escape(version)+"/activate", reason,
		); err != nil {
			return nil, err
		}
	}
	x.Status = "stopped"
	_, err = page.Change[recommenderapi.SavedExperiment](v, v.Recommender, http.MethodPut, path, v.Text("version"), stripped(x))
	return page.Redirect(t.path + "/" + page.Escape(v.PathValue("id")) + "?done=decided"), err
}

// configure gives a placement a configuration, unless somebody else changes it meanwhile: the
// version that was read is asked for again.
func configure(v *page.Visit, id string, s recommenderapi.Scenario) error {
	path := "/v1/scenarios/" + page.Escape(id)
	present, err := page.Get[recommenderapi.Scenario](v, v.Recommender, path, nil)
	if err != nil {
		return err
	}
	s.ScenarioID, s.Builtin, s.Version = "", false, 0
	_, err = page.Change[recommenderapi.SavedScenario](v, v.Recommender, http.MethodPut, path, words.Whole(present.Version), s)
	return err
}

// remove deletes one, if it has the version that the page showed.
func (t experiments) remove(v *page.Visit) (any, error) {
	_, err := page.Change[struct{}](v, v.Recommender, http.MethodDelete, t.one(v.PathValue("id")), v.Text("version"), nil)
	return page.Redirect(t.path + "?done=deleted"), err
}
