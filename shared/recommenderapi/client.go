// Package recommenderapi is the HTTP contract of the recommender-service: its JSON types and a typed client.
//
// A file holds the types of one subject, with the calls of the client where there are any. The
// document of the API and the clients in other languages are made from the types: the tag doc
// of a field, or a text of schema.go where it is too long for a tag, is what they say of it.
// Comments of this package are for who reads the Go code only.
//
// Zero values that are left out of the JSON mean "as by default"; where 0 or false is a choice
// of its own, the field is a pointer.
package recommenderapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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

// Scenarios lists the scenarios of the shop in order of id.
func (c *Client) Scenarios(ctx context.Context) ([]Scenario, error) {
	page, err := httpclient.JSON[struct{ Items []Scenario }](ctx, c.http, http.MethodGet, "/v1/scenarios", nil, nil)
	return page.Items, err
}

// PutScenario changes or adds the scenario that s names. version, when not 0, is the one to be changed: the call fails with 412 when
// another has taken its place.
func (c *Client) PutScenario(ctx context.Context, s Scenario, version int64) (SavedScenario, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return SavedScenario{}, fmt.Errorf("encode scenario %s: %w", s.ScenarioID, err)
	}
	r := httpclient.Request{
		Method: http.MethodPut, Path: "/v1/scenarios/" + url.PathEscape(s.ScenarioID), Body: bytes.NewReader(body),
		ContentType: "application/json",
	}
	if version != 0 {
		r.Header = http.Header{"If-Match": {strconv.Quote(strconv.FormatInt(version, 10))}}
	}
	resp, err := c.http.Send(ctx, r)
	if err != nil {
		return SavedScenario{}, err
	}
	defer resp.Body.Close()
	var saved SavedScenario
	if err := json.NewDecoder(resp.Body).Decode(&saved); err != nil {
		return SavedScenario{}, fmt.Errorf("decode scenario %s: %w", s.ScenarioID, err)
	}
	return saved, nil
}
