package learning

import (
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// modelsData is the list of model versions.
type modelsData struct {
	Models []similarityapi.Model
	Live   []string // relations with a live version
	// Damaged are relations whose live snapshot is damaged or gone, with what serves in its
	// place.
	Damaged []similarityapi.ModelFallback
	Change  bool // the key may change models
}

// models shows all versions, and which relations have a live one to roll back.
func models(v *page.Visit) (any, error) {
	models, err := page.Get[profileapi.Page[similarityapi.Model]](v, v.Similarity, "/v1/models", nil)
	if err != nil {
		return nil, err
	}
	d := &modelsData{Models: models.Items, Change: v.Who.Can(auth.ScopeModelsWrite)}
	live := page.Optional[similarityapi.LiveModels](v, v.Similarity, "live models", "/v1/models/live", nil)
	d.Live, d.Damaged = slices.Sorted(maps.Keys(live.Live)), live.Degraded
	return d, nil
}

// modelData is the page of one version; Comparison is nil unless another was chosen.
type modelData struct {
	Model      similarityapi.Model
	Others     []similarityapi.Model // of the same relation
	Comparison *similarityapi.Comparison
	With       string // the version that it is compared with
	Change     bool
}

// Heading implements the page's title.
func (d *modelData) Heading() string { return d.Model.Version }

// verdict says in words what the gate found.
func (d *modelData) verdict() string {
	g := d.Model.Gate
	switch {
	case g == nil:
		return "The gate has not judged this version."
	case g.Forced:
		return "The gate refused it, and somebody published it all the same: " + g.Reason
	case g.Verdict == "unmeasured":
		return "Too little was held out to measure it: it passed on the search alone. " + g.Missing
	case g.Passed:
		return "It passed: every check below holds, so that it may serve."
	}
	return "It was refused: a check below does not hold. What served before serves on."
}

// model shows one version, and how it differs from the one of the query's "other".
func model(v *page.Visit) (any, error) {
	version := v.PathValue("version")
	m, err := page.Get[similarityapi.Model](v, v.Similarity, "/v1/models/"+page.Escape(version), nil)
	if err != nil {
		return nil, err
	}
	d := &modelData{Model: m, Change: v.Who.Can(auth.ScopeModelsWrite)}
	others := page.Optional[profileapi.Page[similarityapi.Model]](v, v.Similarity, "other versions",
		"/v1/models", url.Values{"relation": {m.Relation}})
	for _, other := range others.Items {
		if other.Version != version {
			d.Others = append(d.Others, other)
		}
	}
	if other := v.Text("other"); other != "" {
		path := "/v1/models/" + page.Escape(version) + "/compare/" + page.Escape(other)
		comparison, err := page.Get[similarityapi.Comparison](v, v.Similarity, path, nil)
		if v.Part("comparison", err); err == nil {
			d.Comparison, d.With = &comparison, other
		}
	}
	return d, nil
}

// activate makes a version live. The reason of the form is needed for one that the gate
// refused.
func activate(v *page.Visit) (any, error) {
	version := v.PathValue("version")
	_, err := page.Send[similarityapi.Model](
		v, v.Similarity, http.MethodPost, "/v1/models/"+page.Escape(version)+"/activate", map[string]string{"reason": v.Text("reason")},
	)
	return page.Redirect("/models?done=activated"), err
}

// rollback makes the version before the live one of a relation live again.
func rollback(v *page.Visit) (any, error) {
	_, err := page.Send[similarityapi.Model](v, v.Similarity, http.MethodPost, "/v1/models/rollback", map[string]string{
		"relation": v.Text("relation"),
	})
	return page.Redirect("/models?done=activated"), err
}
