package console

import (
	"net/http"
	"net/url"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

type modelsData struct {
	Models  []similarityapi.Model
	Running *similarityapi.Job // the newest job, when it has not ended
	Jobs    []similarityapi.Job
	Change  bool // the key may change models
}

func (c *console) models(v *visit) (any, error) {
	models, err := get[profileapi.Page[similarityapi.Model]](v, v.similarity, "/v1/models", nil)
	if err != nil {
		return nil, err
	}
	jobs, err := get[profileapi.Page[similarityapi.Job]](v, v.similarity, "/v1/jobs", url.Values{"limit": {"20"}})
	v.part("jobs", err)
	d := &modelsData{Models: models.Items, Jobs: jobs.Items, Change: v.who.Can(auth.ScopeModelsWrite)}
	if len(d.Jobs) > 0 && !d.Jobs[0].Done() {
		d.Running = &d.Jobs[0]
	}
	return d, nil
}

type modelData struct {
	Model      similarityapi.Model
	Others     []similarityapi.Model // of the same relation
	Comparison *similarityapi.Comparison
	Change     bool
}

func (c *console) model(v *visit) (any, error) {
	version := v.PathValue("version")
	m, err := get[similarityapi.Model](v, v.similarity, "/v1/models/"+escape(version), nil)
	if err != nil {
		return nil, err
	}
	d := &modelData{Model: m, Change: v.who.Can(auth.ScopeModelsWrite)}
	others, err := get[profileapi.Page[similarityapi.Model]](v, v.similarity, "/v1/models", url.Values{"relation": {m.Relation}})
	v.part("other versions", err)
	for _, other := range others.Items {
		if other.Version != version {
			d.Others = append(d.Others, other)
		}
	}
	if other := v.text("other"); other != "" {
		comparison, err := get[similarityapi.Comparison](v, v.similarity, "/v1/models/"+escape(version)+"/compare/"+escape(other), nil)
		if v.part("comparison", err); err == nil {
			d.Comparison = &comparison
		}
	}
	return d, nil
}

func (c *console) activate(v *visit) (any, error) {
	version := v.PathValue("version")
	_, err := send[similarityapi.Model](v, v.similarity, http.MethodPost, "/v1/models/"+escape(version)+"/activate", map[string]string{"reason": v.text("reason")})
	return redirect("/models?done=activated"), err
}

func (c *console) rollback(v *visit) (any, error) {
	_, err := send[similarityapi.Model](v, v.similarity, http.MethodPost, "/v1/models/rollback", map[string]string{"relation": v.text("relation")})
	return redirect("/models?done=activated"), err
}

func (c *console) recompute(v *visit) (any, error) {
	_, err := send[similarityapi.Job](v, v.similarity, http.MethodPost, "/v1/jobs", similarityapi.JobRequest{Kind: "recompute"})
	return redirect("/models?done=started"), err
}

func (c *console) cancelJob(v *visit) (any, error) {
	path := "/v1/jobs/" + escape(v.PathValue("id")) + "/cancel"
	return redirect("/models?done=cancelled"), v.similarity.Call(v.ctx, http.MethodPost, path, nil, nil, nil)
}

func (c *console) job(v *visit) (any, error) {
	return get[similarityapi.Job](v, v.similarity, "/v1/jobs/"+escape(v.PathValue("id")), nil)
}
