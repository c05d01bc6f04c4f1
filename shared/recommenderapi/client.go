// Package recommenderapi is the HTTP contract of the recommender-service: its JSON types and a typed client.
package recommenderapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Client calls the recommender-service. Every method may return an *apierror.Problem.
type Client struct{ http *httpclient.Client }

// NewClient returns a client over c.
func NewClient(c *httpclient.Client) *Client { return &Client{http: c} }

// ForShop returns the same client acting for another shop; only service keys may.
func (c *Client) ForShop(shop string) *Client { return &Client{http: c.http.ForShop(shop)} }

// Rules lists the rules of all scenarios behind a cursor ("" for the start), at most limit (0 takes the default).
func (c *Client) Rules(ctx context.Context, cursor string, limit int) (profileapi.Page[ListedRule], error) {
	values := url.Values{}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	if limit > 0 {
		values.Set("limit", strconv.Itoa(limit))
	}
	return httpclient.JSON[profileapi.Page[ListedRule]](ctx, c.http, http.MethodGet, "/v1/rules", values, nil)
}
