// Package httpclient sends JSON requests to an Aisle service and gives its problem details back as errors. The typed clients
// profileapi, similarityapi and recommenderapi are made of it.
package httpclient

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/encoding/json"
	"go.opentelemetry.io/otel/propagation"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
)

// Options say where a service is and who calls it.
type Options struct {
	BaseURL   string            // "http://127.0.0.1:8081"
	Key       string            // "" in open mode
	Shop      string            // the shop that a service key acts for; "" for every other kind of key
	Transport http.RoundTripper // gets requests as they are: no redirect is followed; nil: over the network
}

// Client is a JSON client of one service. It sets no deadline of its own: every call takes one from its ctx.
type Client struct {
	options Options
	do      func(*http.Request) (*http.Response, error)
}

// New returns a client.
func New(o Options) *Client {
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Transport != nil {
		return &Client{options: o, do: o.Transport.RoundTrip}
	}
	return &Client{options: o, do: (&http.Client{Transport: network}).Do}
}

// network keeps as many connections to a peer as are used at once: the two that net/http keeps by default make most calls of a busy service
// dial.
var network = func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 256
	return t
}()

// ForShop returns the same client acting for another shop.
func (c *Client) ForShop(shop string) *Client {
	o := c.options
	o.Shop = shop
	return &Client{options: o, do: c.do}
}

type staying struct{}

// Staying marks the context of calls whose caller does not leave before they end: in the same process they are answered on the caller's
// goroutine. Handing a call to another and back costs more than a short answer, the less a machine has to do the more, since each hand-over
// wakes a processor.
func Staying(ctx context.Context) context.Context { return context.WithValue(ctx, staying{}, true) }

// Stays reports whether the caller waits for the end of the call.
func Stays(ctx context.Context) bool { return ctx.Value(staying{}) != nil }

// Call sends in as JSON (nil: no body) and decodes the answer into out (nil: discarded). A status of 400 or more is returned
// as *apierror.Problem.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the body of %s %s: %w", method, path, err)
		}
		body = bytes.NewReader(data)
	}
	r := Request{Method: method, Path: path, Query: query, Body: body, ContentType: "application/json"}
	resp, err := c.Send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil || resp.StatusCode == http.StatusNoContent {
		_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
		return nil
	}
	return Decode(resp, r, out)
}

// Decode reads the JSON body of the answer to a request.
func Decode(resp *http.Response, r Request, out any) error {
	data, err := ReadAll(resp)
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return fmt.Errorf("decode the answer of %s %s: %w", r.Method, r.Path, err)
	}
	return nil
}

// largestAnnounced bounds what a header alone can make ReadAll allocate.
const largestAnnounced = 1 << 20

// ReadAll reads a body into memory of its size, where that is known: most answers are far smaller than the buffer of a streaming decoder.
func ReadAll(resp *http.Response) ([]byte, error) {
	var b bytes.Buffer
	if resp.ContentLength > 0 {
		b.Grow(int(min(resp.ContentLength, largestAnnounced)) + bytes.MinRead) // with which the end of the body is found
	}
	_, err := b.ReadFrom(resp.Body)
	return b.Bytes(), err
}

// JSON is Call for an answer of type T, which is zero when the call fails.
func JSON[T any](ctx context.Context, c *Client, method, path string, query url.Values, in any) (T, error) {
	var out T
	err := c.Call(ctx, method, path, query, in, &out)
	return out, err
}

// Request is one raw request.
type Request struct {
	Method, Path string
	Query        url.Values
	Body         io.Reader
	ContentType  string
	Header       http.Header
}

// Send sends a request and returns the answer, whose body the caller closes. Answers of 400 and more come back as *apierror.Problem.
func (c *Client) Send(ctx context.Context, r Request) (*http.Response, error) {
	target := c.options.BaseURL + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, r.Body)
	if err != nil {
		return nil, fmt.Errorf("make request %s %s: %w", r.Method, r.Path, err)
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if r.Body != nil {
		req.Header.Set("Content-Type", r.ContentType)
	}
	if c.options.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.options.Key)
	}
	if c.options.Shop != "" {
		req.Header.Set(auth.ShopHeader, c.options.Shop)
	}
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	resp, err := c.do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		return nil, problemOf(resp)
	}
	return resp, nil
}

// problemOf reads a problem, or makes one of an answer that is none (a proxy's, say).
func problemOf(resp *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	p := &apierror.Problem{}
	if err := json.Unmarshal(data, p); err != nil || p.Status == 0 {
		p = apierror.New(resp.StatusCode, "unexpected_answer", fmt.Sprintf("The server answered %s.", resp.Status))
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return p
}
