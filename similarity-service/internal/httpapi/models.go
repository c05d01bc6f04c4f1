package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/report"
)

// modelsInput has no cursor: five versions of a relation are kept besides the live one.
type modelsInput struct {
	Relation string `query:"relation" enum:"similar,bought_together,viewed_next" doc:"All when absent"`
}

type modelsOutput struct {
	Body profileapi.Page[similarityapi.Model]
}

type liveOutput struct{ Body similarityapi.LiveModels }

// VersionInput is the path of one version; huma fills embedded structs only when their type is exported.
type VersionInput struct {
	Version string `path:"version" minLength:"1" maxLength:"128" pattern:"^[A-Za-z0-9_.-]+$"`
}

type modelOutput struct{ Body similarityapi.Model }

type reportOutput struct{ Body similarityapi.Report }

// activateInput can make a version live that the gate refused, with a reason.
type activateInput struct {
	VersionInput
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Asked for when the gate refused the version"`
	}
}

// rollbackInput names the relation; the version is the one that was live before.
type rollbackInput struct {
	Body struct {
		Relation string `json:"relation" enum:"similar,bought_together,viewed_next"`
	}
}

// compareInput is two versions of one relation.
type compareInput struct {
	VersionInput
	Other string `path:"other" minLength:"1" maxLength:"128" pattern:"^[A-Za-z0-9_.-]+$"`
}

type compareOutput struct{ Body similarityapi.Comparison }

// registerModels adds the operations of package serving. Making a version live takes effect in
// this process with the answer, and in others as soon as they hear of it; the audit log has
// what was live before and after. A report is drawn when it is asked for: figures are stored,
// drawings are not.
func (a *API) registerModels(api huma.API) {
	tags := []string{"models"}
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "list-models", Method: http.MethodGet, Path: "/v1/models", Tags: tags,
		Summary: "Model versions with their figures and verdicts, newest first",
	}, func(ctx context.Context, shop string, in *modelsInput) (*modelsOutput, error) {
		models, err := a.Registry.List(ctx, shop, in.Relation)
		if models == nil {
			models = []similarityapi.Model{}
		}
		return &modelsOutput{profileapi.Page[similarityapi.Model]{Items: models}}, err
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "live-models", Method: http.MethodGet, Path: "/v1/models/live", Tags: tags,
		Summary: "The live version of each relation",
	}, func(_ context.Context, shop string, _ *struct{}) (*liveOutput, error) {
		return &liveOutput{
			similarityapi.LiveModels{Live: a.Registry.Live(shop), Texts: a.Lookup.Texts(shop), Degraded: a.Registry.Fallbacks(shop)},
		}, nil
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "get-model", Method: http.MethodGet, Path: "/v1/models/{version}", Tags: tags, Summary: "One version",
	}, func(ctx context.Context, shop string, in *VersionInput) (*modelOutput, error) {
		m, err := a.Registry.Describe(ctx, shop, in.Version)
		return &modelOutput{m}, err
	})
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "get-model-report", Method: http.MethodGet, Path: "/v1/models/{version}/report", Tags: tags,
		Summary: "What the search tried, how well each algorithm does and for whom, with drawings",
	}, func(ctx context.Context, shop string, in *VersionInput) (*reportOutput, error) {
		r, err := a.Registry.Report(ctx, shop, in.Version)
		if err != nil {
			return nil, err
		}
		// The drawings are made of the figures, so that an older report shows them too.
		r.Drawings, err = report.Draw(r)
		return &reportOutput{r}, err
	})
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "delete-model", Method: http.MethodDelete, Path: "/v1/models/{version}", Tags: tags,
		Summary: "Delete a version that is not live", DefaultStatus: http.StatusNoContent,
	}, audited(a, audit.What[VersionInput]{
		Action: "model.delete", Subject: func(_ string, in *VersionInput) string { return in.Version },
	}, func(ctx context.Context, shop string, in *VersionInput) (*struct{}, error) {
		return nil, a.Registry.Delete(ctx, shop, in.Version)
	}))
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "activate-model", Method: http.MethodPost, Path: "/v1/models/{version}/activate", Tags: tags,
		Summary: "Make a version the live one",
	}, audited(a, audit.What[activateInput]{
		Action: "model.activate", Subject: func(_ string, in *activateInput) string { return in.Version },
		State: func(_ context.Context, shop string, _ *activateInput) any { return a.Registry.Live(shop) },
	}, func(ctx context.Context, shop string, in *activateInput) (*modelOutput, error) {
		if _, err := a.Registry.Activate(ctx, shop, in.Version, in.Body.Reason); err != nil {
			return nil, err
		}
		m, err := a.Registry.Describe(ctx, shop, in.Version)
		return &modelOutput{m}, err
	}))
	register(api, auth.ScopeModelsWrite, huma.Operation{
		OperationID: "roll-back-model", Method: http.MethodPost, Path: "/v1/models/rollback", Tags: tags,
		Summary: "Make the version before the live one live again",
	}, audited(a, audit.What[rollbackInput]{
		Action: "model.rollback", Subject: func(_ string, in *rollbackInput) string { return in.Body.Relation },
		State: func(_ context.Context, shop string, _ *rollbackInput) any { return a.Registry.Live(shop) },
	}, func(ctx context.Context, shop string, in *rollbackInput) (*modelOutput, error) {
		m, err := a.Registry.Rollback(ctx, shop, in.Body.Relation)
		return &modelOutput{m}, err
	}))
	register(api, auth.ScopeModelsRead, huma.Operation{
		OperationID: "compare-models", Method: http.MethodGet, Path: "/v1/models/{version}/compare/{other}", Tags: tags,
		Summary: "How two versions differ: figures, list overlap, biggest movers",
	}, func(ctx context.Context, shop string, in *compareInput) (*compareOutput, error) {
		c, err := a.Registry.Compare(ctx, shop, in.Version, in.Other)
		return &compareOutput{c}, err
	})
}
