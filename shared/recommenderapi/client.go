// Package recommenderapi is the HTTP contract of the recommender-service: its JSON types and a typed client.
package recommenderapi

import "github.com/aisle-rec/aisle/shared/httpclient"

// Client calls the recommender-service. Every method may return an *apierror.Problem.
type Client struct{ http *httpclient.Client }

// NewClient returns a client over c.
func NewClient(c *httpclient.Client) *Client { return &Client{http: c} }

// ForShop returns the same client acting for another shop; only service keys may.
func (c *Client) ForShop(shop string) *Client { return &Client{http: c.http.ForShop(shop)} }
