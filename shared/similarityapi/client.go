package similarityapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
)

// Client calls the similarity-service. Every method may return an *apierror.Problem.
type Client struct{ http *httpclient.Client }

// NewClient returns a client over c.
func NewClient(c *httpclient.Client) *Client { return &Client{http: c} }

// ForShop returns the same client acting for another shop; only service keys may.
func (c *Client) ForShop(shop string) *Client { return &Client{http: c.http.ForShop(shop)} }

// Lookup returns neighbour lists, one for each item of the request, in its order.
func (c *Client) Lookup(ctx context.Context, r LookupRequest) (LookupAnswer, error) {
	answer, err := httpclient.JSON[LookupAnswer](ctx, c.http, http.MethodPost, "/v1/similarities", nil, r)
	if err == nil && len(answer.Lists) != len(r.ItemIDs) {
		err = fmt.Errorf("the similarity-service answered %d lists for %d items", len(answer.Lists), len(r.ItemIDs))
	}
	return answer, err
}

// Next returns what a session may look at next.
func (c *Client) Next(ctx context.Context, r NextRequest) (NextAnswer, error) {
	return httpclient.JSON[NextAnswer](ctx, c.http, http.MethodPost, "/v1/similarities/next", nil, r)
}

// Popular returns a popularity list.
func (c *Client) Popular(ctx context.Context, q PopularQuery) (PopularAnswer, error) {
	values := url.Values{}
	if q.Category != "" {
		values.Set("category", q.Category)
	}
	if q.Window.Name != "" {
		values.Set("window", q.Window.Name)
	}
	if q.Window.HalfLifeHours != 0 {
		values.Set("half_life_hours", strconv.FormatFloat(q.Window.HalfLifeHours, 'g', -1, 64))
	}
	if q.Window.EventTypes != "" {
		values.Set("event_types", q.Window.EventTypes)
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	return httpclient.JSON[PopularAnswer](ctx, c.http, http.MethodGet, "/v1/popular", values, nil)
}

// Live returns the live model version of each relation.
func (c *Client) Live(ctx context.Context) (LiveModels, error) {
	return httpclient.JSON[LiveModels](ctx, c.http, http.MethodGet, "/v1/models/live", nil, nil)
}

// StartJob queues a job.
func (c *Client) StartJob(ctx context.Context, r JobRequest) (Job, error) {
	return httpclient.JSON[Job](ctx, c.http, http.MethodPost, "/v1/jobs", nil, r)
}

// Job returns the state of a job.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	return httpclient.JSON[Job](ctx, c.http, http.MethodGet, "/v1/jobs/"+url.PathEscape(id), nil, nil)
}

// CancelJob asks a job to stop.
func (c *Client) CancelJob(ctx context.Context, id string) error {
	return c.http.Call(ctx, http.MethodPost, "/v1/jobs/"+url.PathEscape(id)+"/cancel", nil, nil, nil)
}

// pollInterval is how often WaitForJob looks.
const pollInterval = 200 * time.Millisecond

// WaitForJob returns the job when it is done and shows each state it sees to progress (may be nil). It fails when the job failed, and
// cancels the job when ctx ends.
func (c *Client) WaitForJob(ctx context.Context, id string, progress func(Job)) (Job, error) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		job, err := c.Job(ctx, id)
		if err != nil {
			if ctx.Err() != nil {
				c.abandon(ctx, id)
			}
			return Job{}, err
		}
		if progress != nil {
			progress(job)
		}
		if job.State == JobFailed || job.State == JobCancelled {
			return job, fmt.Errorf("job %s %s: %s", id, job.State, job.Error)
		}
		if job.Done() {
			return job, nil
		}
		select {
		case <-ctx.Done():
			c.abandon(ctx, id)
			return job, ctx.Err()
		case <-ticker.C:
		}
	}
}

// abandon cancels a job whose caller is gone; if that fails too the job just runs to its end.
func (c *Client) abandon(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = c.CancelJob(ctx, id)
}

// Model describes one version.
func (c *Client) Model(ctx context.Context, version string) (Model, error) {
	return httpclient.JSON[Model](ctx, c.http, http.MethodGet, "/v1/models/"+url.PathEscape(version), nil, nil)
}

// Report fetches the report of the competition that made a version, with drawings.
func (c *Client) Report(ctx context.Context, version string) (Report, error) {
	return httpclient.JSON[Report](ctx, c.http, http.MethodGet, "/v1/models/"+url.PathEscape(version)+"/report", nil, nil)
}

// Models lists the versions of a relation, newest first; relation "" means all.
func (c *Client) Models(ctx context.Context, relation string) ([]Model, error) {
	query := url.Values{}
	if relation != "" {
		query.Set("relation", relation)
	}
	page, err := httpclient.JSON[struct{ Items []Model }](ctx, c.http, http.MethodGet, "/v1/models", query, nil)
	return page.Items, err
}

// Activate makes a version the live one; reason is asked for when the gate refused it.
func (c *Client) Activate(ctx context.Context, version, reason string) (Model, error) {
	return httpclient.JSON[Model](
		ctx, c.http, http.MethodPost, "/v1/models/"+url.PathEscape(version)+"/activate", nil, map[string]string{"reason": reason},
	)
}

// Rollback makes the version before the live one live again.
func (c *Client) Rollback(ctx context.Context, relation string) (Model, error) {
	return httpclient.JSON[Model](ctx, c.http, http.MethodPost, "/v1/models/rollback", nil, map[string]string{"relation": relation})
}

// DeleteModel removes a version that is not live.
func (c *Client) DeleteModel(ctx context.Context, version string) error {
	return c.http.Call(ctx, http.MethodDelete, "/v1/models/"+url.PathEscape(version), nil, nil, nil)
}

// Compare says how one version differs from another.
func (c *Client) Compare(ctx context.Context, version, other string) (Comparison, error) {
	return httpclient.JSON[Comparison](
		ctx, c.http, http.MethodGet, "/v1/models/"+url.PathEscape(version)+"/compare/"+url.PathEscape(other), nil, nil,
	)
}

// PutSchedule makes a schedule, or replaces the one with v's id.
func (c *Client) PutSchedule(ctx context.Context, v Schedule) (Schedule, error) {
	if v.ScheduleID == "" {
		return httpclient.JSON[Schedule](ctx, c.http, http.MethodPost, "/v1/schedules", nil, v)
	}
	return httpclient.JSON[Schedule](ctx, c.http, http.MethodPut, "/v1/schedules/"+url.PathEscape(v.ScheduleID), nil, v)
}
