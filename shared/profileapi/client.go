package profileapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Client calls the profile-service. Every method may return an *apierror.Problem.
type Client struct{ http *httpclient.Client }

// NewClient returns a client over c.
func NewClient(c *httpclient.Client) *Client { return &Client{http: c} }

// ForShop returns the same client acting for another shop; only service keys may.
func (c *Client) ForShop(shop string) *Client { return &Client{http: c.http.ForShop(shop)} }

// PostEvents appends events (1 to 1,000) and returns a verdict on each.
func (c *Client) PostEvents(ctx context.Context, events []Event) (EventsAnswer, error) {
	return httpclient.JSON[EventsAnswer](ctx, c.http, http.MethodPost, "/v1/events", nil, events)
}

// EventsQuery selects stored events; zero fields do not filter.
type EventsQuery struct {
	UserID, SessionID, Type, ItemID, RecommendationID string
	From, To                                          wire.Time
	Ascending                                         bool // oldest acknowledgement first
	Limit                                             int  // 0 means 100
	Cursor                                            string
}

// Events lists stored events. A page can be short, even empty, before the end: NextCursor is nil at the end only.
func (c *Client) Events(ctx context.Context, q EventsQuery) (Page[StoredEvent], error) {
	values := url.Values{}
	for name, value := range map[string]string{
		"user_id": q.UserID, "session_id": q.SessionID, "type": q.Type, "item_id": q.ItemID, "recommendation_id": q.RecommendationID,
		"cursor": q.Cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, at := range map[string]wire.Time{"from": q.From, "to": q.To} {
		if !at.IsZero() {
			values.Set(name, strconv.FormatInt(at.UnixMilli(), 10))
		}
	}
	if q.Ascending {
		values.Set("order", "asc")
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	return httpclient.JSON[Page[StoredEvent]](ctx, c.http, http.MethodGet, "/v1/events", values, nil)
}

// PutItems stores items (1 to 1,000) whole and returns a verdict on each.
func (c *Client) PutItems(ctx context.Context, items []Item) (EventsAnswer, error) {
	return httpclient.JSON[EventsAnswer](ctx, c.http, http.MethodPost, "/v1/items/batch", nil, items)
}

// Item returns one item.
func (c *Client) Item(ctx context.Context, itemID string) (Item, error) {
	return httpclient.JSON[Item](ctx, c.http, http.MethodGet, "/v1/items/"+url.PathEscape(itemID), nil, nil)
}

// Profile returns the profile of a user, a session or both.
func (c *Client) Profile(ctx context.Context, q ProfileQuery) (Profile, error) {
	p, _, err := c.ProfileUnless(ctx, q, "")
	return p, err
}

// ProfileUnless returns a profile and its tag; when the profile that tag was given to still holds, it returns only that tag. tag "" fits
// none.
func (c *Client) ProfileUnless(ctx context.Context, q ProfileQuery, tag string) (p Profile, now string, err error) {
	r := httpclient.Request{Method: http.MethodGet}
	r.Path, r.Query = q.target()
	if tag != "" {
		r.Header = http.Header{"If-None-Match": {tag}}
	}
	resp, err := c.http.Send(ctx, r)
	if err != nil {
		return p, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified {
		return p, tag, nil
	}
	return p, resp.Header.Get("ETag"), httpclient.Decode(resp, r, &p)
}

// State returns what is known of a user, a session or both in the form of package visitorstate, and its tag; when the state that tag was
// given to has not changed, it returns only that tag. tag "" fits none. With q.Watermark the state is that of then; q.At and q.Limit mean
// nothing here.
func (c *Client) State(ctx context.Context, q ProfileQuery, tag string) (data []byte, now string, err error) {
	r := httpclient.Request{Method: http.MethodGet, Path: "/v1/users/" + url.PathEscape(q.UserID) + "/state"}
	if q.UserID == "" {
		r.Path = "/v1/sessions/" + url.PathEscape(q.SessionID) + "/state"
	} else if q.SessionID != "" {
		r.Query = url.Values{"session_id": {q.SessionID}}
	}
	if q.Watermark > 0 {
		r.Query = url.Values{"watermark": {strconv.FormatInt(q.Watermark, 10)}}
		if q.SessionID != "" && q.UserID != "" {
			r.Query.Set("session_id", q.SessionID)
		}
	}
	if tag != "" {
		r.Header = http.Header{"If-None-Match": {tag}}
	}
	resp, err := c.http.Send(ctx, r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified {
		return nil, tag, nil
	}
	data, err = httpclient.ReadAll(resp)
	return data, resp.Header.Get("ETag"), err
}

// target returns the path and the parameters of a query.
func (q *ProfileQuery) target() (string, url.Values) {
	values := url.Values{}
	if q.SessionID != "" && q.UserID != "" {
		values.Set("session_id", q.SessionID)
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	if !q.At.IsZero() {
		values.Set("at", strconv.FormatInt(q.At.UnixMilli(), 10))
	}
	if q.Watermark > 0 {
		values.Set("watermark", strconv.FormatInt(q.Watermark, 10))
	}
	path := "/v1/users/" + url.PathEscape(q.UserID) + "/profile"
	if q.UserID == "" {
		path = "/v1/sessions/" + url.PathEscape(q.SessionID) + "/profile"
	}
	return path, values
}

// ItemChanges reads the change feed behind a cursor ("" for the start), waiting up to wait for the first change.
func (c *Client) ItemChanges(ctx context.Context, after string, limit int, wait time.Duration) (ItemChanges, error) {
	values := url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}}
	if wait > 0 {
		values.Set("wait_ms", strconv.FormatInt(wait.Milliseconds(), 10))
	}
	return httpclient.JSON[ItemChanges](ctx, c.http, http.MethodGet, "/v1/changes/items", values, nil)
}

// EventsAfter lists the events behind a seq that happened since from, in order of acknowledgement, at most limit (1 to 1,000).
func (c *Client) EventsAfter(ctx context.Context, seq int64, from time.Time, limit int) ([]StoredEvent, error) {
	values := url.Values{
		"order": {"asc"}, "after_seq": {strconv.FormatInt(seq, 10)}, "from": {strconv.FormatInt(from.UnixMilli(), 10)},
		"limit": {strconv.Itoa(limit)},
	}
	page, err := httpclient.JSON[Page[StoredEvent]](ctx, c.http, http.MethodGet, "/v1/events", values, nil)
	return page.Items, err
}

// Users lists users behind a cursor ("" for the start), in order of id.
func (c *Client) Users(ctx context.Context, cursor string, limit int) (Page[User], error) {
	values := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	return httpclient.JSON[Page[User]](ctx, c.http, http.MethodGet, "/v1/users", values, nil)
}

// EventStats returns what was received in [from, to), by hour.
func (c *Client) EventStats(ctx context.Context, from, to time.Time) (EventStats, error) {
	values := url.Values{"from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)}}
	return httpclient.JSON[EventStats](ctx, c.http, http.MethodGet, "/v1/stats/events", values, nil)
}

// Interactions opens the stream of interactions that a recompute reads. The caller closes the reader. ctx bounds the whole reading.
func (c *Client) Interactions(ctx context.Context, q InteractionsQuery) (*InteractionReader, error) {
	values := url.Values{}
	if !q.From.IsZero() {
		values.Set("from", strconv.FormatInt(q.From.UnixMilli(), 10))
	}
	if !q.To.IsZero() {
		values.Set("to", strconv.FormatInt(q.To.UnixMilli(), 10))
	}
	if q.Relation != "" {
		values.Set("relation", q.Relation)
	}
	if q.Resume != "" {
		values.Set("resume", q.Resume)
	}
	if q.After != "" {
		values.Set("after", q.After)
	}
	resp, err := c.http.Send(ctx, httpclient.Request{Method: http.MethodGet, Path: "/v1/interactions", Query: values,
		Header: http.Header{"Accept": {InteractionsContentType}, "Accept-Encoding": {"zstd"}}})
	if err != nil {
		return nil, err
	}
	asOf, _ := strconv.ParseInt(resp.Header.Get(RobotsHeader), 10, 64) // a service of an earlier version does not say it
	if resp.Header.Get("Content-Encoding") != "zstd" {
		r := NewInteractionReader(resp.Body, resp.Body.Close)
		r.RobotsAsOf = asOf
		return r, nil
	}
	decoder, err := zstd.NewReader(resp.Body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(32<<20))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read zstd: %w", err), resp.Body.Close())
	}
	r := NewInteractionReader(decoder, func() error { decoder.Close(); return resp.Body.Close() })
	r.RobotsAsOf = asOf
	return r, nil
}
