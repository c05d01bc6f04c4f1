package similarityapi

import (
	"context"
	"net/http"

	"github.com/aisle-rec/aisle/shared/httpclient"
)

// SearchRequest asks for products by words.
type SearchRequest struct {
	Q        string `json:"q" minLength:"1" maxLength:"512" example:"teapot with roses"`
	Language string `json:"language,omitempty" maxLength:"35" doc:"Of the words; those of the catalogue when absent"`
	Limit    int    `json:"limit,omitempty" minimum:"1" maximum:"200" default:"20"`
}

// SearchAnswer holds products, best first.
type SearchAnswer struct {
	Items []Neighbour `json:"items"`
}

// Search finds products by words.
func (c *Client) Search(ctx context.Context, r SearchRequest) (SearchAnswer, error) {
	return httpclient.JSON[SearchAnswer](ctx, c.http, http.MethodPost, "/v1/similarities/search", nil, r)
}
