package similarityapi

import (
	"context"
	"net/http"

	"github.com/aisle-rec/aisle/shared/httpclient"
)

// Bundle is a set of two to four items that are bought as a set.
type Bundle struct {
	ItemIDs    []string `json:"item_ids"`
	Support    int      `json:"support" doc:"Orders that hold all of them"`
	Confidence float64  `json:"confidence"`
	Lift       float64  `json:"lift" doc:"So many times more orders hold all than if each were bought without regard to the others"`
}

// BundlesRequest asks for bundles.
type BundlesRequest struct {
	ItemIDs []string `json:"item_ids,omitempty" maxItems:"50"`
	Limit   int      `json:"limit,omitempty" minimum:"1" maximum:"200" default:"20"`
}

// BundlesAnswer holds bundles, those bought most beyond chance first.
type BundlesAnswer struct {
	ModelVersion string   `json:"model_version" doc:"Of bought_together; empty while no model has been published"`
	Orders       int      `json:"orders" doc:"That were looked at: those of at most 100 products"`
	Bundles      []Bundle `json:"bundles"`
}

// Bundles looks up bundles.
func (c *Client) Bundles(ctx context.Context, r BundlesRequest) (BundlesAnswer, error) {
	return httpclient.JSON[BundlesAnswer](ctx, c.http, http.MethodPost, "/v1/bundles", nil, r)
}
