// Package aisle is the Go client of Aisle, a recommendation backend for shops. It needs the standard library only.
//
//	client := aisle.New("https://recommend.example", aisle.WithKey("sk_…"))
//	answer, err := client.Recommend(ctx, aisle.Request{Scenario: "home.for_you", UserID: "ann"})
//
// Every call of the API is a method of [Client]; types and methods are made from the OpenAPI document. A call that may be repeated is tried
// again, after a pause, when the service is busy, cannot be reached or limits the rate. What it says against a request is a [*Problem].
package aisle

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

const (
	// tries is how often a call is made at most, and firstPause lies before the second; each pause is twice the one before, longestPause at
	// most.
	tries        = 4
	firstPause   = 200 * time.Millisecond
	longestPause = 30 * time.Second
	// timeout bounds the wait for an answer to begin.
	timeout = 30 * time.Second
	// mostOfProblem is how much of a problem is read.
	mostOfProblem = 1 << 20
)

// Client calls one Aisle. It is safe for concurrent use.
type Client struct {
	address string
	http    *http.Client
	shared  []Option
	tries   int
}

// Option changes a call or, given to [New], all calls.
type Option func(*settings)

type settings struct {
	header http.Header
	http   *http.Client
	tries  int
}

// WithKey names who calls: a secret key on a server.
func WithKey(key string) Option { return WithHeader("Authorization", "Bearer "+key) }

// WithUserToken says for which visitor a publishable key acts.
func WithUserToken(token string) Option { return WithHeader("Aisle-User-Token", token) }

// WithIfMatch makes a change only when the object still has this version, as its answer's version says.
func WithIfMatch(version int64) Option {
	return WithHeader("If-Match", `"`+strconv.FormatInt(version, 10)+`"`)
}

// WithIfNoneExists makes a change only when there is no such object.
func WithIfNoneExists() Option { return WithHeader("If-None-Match", "*") }

// WithHeader sends a header with a call.
func WithHeader(name, value string) Option { return func(s *settings) { s.header.Set(name, value) } }

// WithHTTPClient has another client make the connections.
func WithHTTPClient(c *http.Client) Option { return func(s *settings) { s.http = c } }

// WithTries says how often a call that may be repeated is tried; 4 when not given.
func WithTries(n int) Option { return func(s *settings) { s.tries = n } }

// New returns a client of the Aisle at an address such as https://recommend.example.
func New(address string, options ...Option) *Client {
	s := settings{header: http.Header{}, http: patient(), tries: tries}
	for _, o := range options {
		o(&s)
	}
	return &Client{address: strings.TrimRight(address, "/"), http: s.http, shared: options, tries: s.tries}
}

// patient is the usual client with a bound on the wait; how long an answer takes to read has none, for some are long.
func patient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = timeout
	return &http.Client{Transport: transport}
}

// Error says what is wrong and where.
func (p *Problem) Error() string {
	text := fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail)
	for _, f := range p.Errors {
		text += fmt.Sprintf("; %s%s: %s", f.Pointer, f.Parameter, f.Detail)
	}
	return text
}

// IsProblem reports whether an error is the API's answer with this code, such as not_found.
func IsProblem(err error, code string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}

// call is one call of the API.
type call struct {
	id, method, path string
	query            url.Values
	body             any // a value sent as JSON, or a reader sent as it is
	repeatable       bool
	options          []Option
}

// query are the parameters of a call; zero values are left out.
type query url.Values

func (q query) add(name string, value any) {
	v := reflect.ValueOf(value)
	if !v.IsValid() || v.IsZero() {
		return
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case time.Time:
		url.Values(q).Set(name, x.UTC().Format(time.RFC3339Nano))
	case []string:
		url.Values(q).Set(name, strings.Join(x, ","))
	default:
		url.Values(q).Set(name, fmt.Sprint(x))
	}
}

// do makes a call and decodes its answer into out, when that is not nil.
func (c *Client) do(ctx context.Context, k call, out any) error {
	answer, err := c.stream(ctx, k)
	if err != nil {
		return err
	}
	defer answer.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, answer)
	} else {
		err = json.NewDecoder(answer).Decode(out)
	}
	if err != nil {
		return fmt.Errorf("%s: read the answer: %w", k.id, err)
	}
	return nil
}

// stream makes a call and returns the body of its answer, which the caller closes.
func (c *Client) stream(ctx context.Context, k call) (io.ReadCloser, error) {
	body, contentType, err := k.encode()
	if err != nil {
		return nil, fmt.Errorf("%s: encode the request: %w", k.id, err)
	}
	most := c.tries
	if !k.repeatable || body == nil && k.body != nil {
		most = 1
	}
	for n := 1; ; n++ {
		answer, err := c.try(ctx, &k, body, contentType)
		if err == nil && answer.StatusCode < 300 {
			return answer.Body, nil
		}
		var pause time.Duration
		if err == nil {
			pause = after(answer)
			err = problem(answer)
		}
		if ctx.Err() != nil || n >= most || !worthAnother(err) {
			return nil, fmt.Errorf("%s: %w", k.id, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", k.id, errors.Join(ctx.Err(), err))
		case <-time.After(min(longestPause, max(pause, firstPause<<(n-1)))):
		}
	}
}

// encode returns the body as bytes, which can be sent again; none of what is read from elsewhere. Events without an id get one, so that a
// repeat counts once.
func (k *call) encode() ([]byte, string, error) {
	switch body := k.body.(type) {
	case nil:
		return nil, "", nil
	case io.Reader:
		return nil, "application/octet-stream", nil
	case []Event:
		named := make([]Event, len(body))
		for n := range body {
			if named[n] = body[n]; named[n].EventID == "" {
				named[n].EventID = rand.Text()
			}
		}
		k.body = named
	}
	data, err := json.Marshal(k.body)
	return data, "application/json", err
}

func (c *Client) try(ctx context.Context, k *call, body []byte, contentType string) (*http.Response, error) {
	var reader io.Reader = bytes.NewReader(body)
	if file, ok := k.body.(io.Reader); ok {
		reader = file
	}
	target := c.address + k.path
	if q := k.query.Encode(); q != "" {
		target += "?" + q
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, reader)
	if err != nil {
		return nil, err
	}
	s := settings{header: req.Header, http: c.http}
	req.Header.Set("Accept", "application/json, application/x-ndjson, */*")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for _, o := range append(c.shared[:len(c.shared):len(c.shared)], k.options...) {
		o(&s)
	}
	return s.http.Do(req)
}

// problem reads what the service says against a request.
func problem(answer *http.Response) error {
	defer answer.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(answer.Body, mostOfProblem))
	p := &Problem{
		Status: int64(answer.StatusCode), Title: answer.Status, Code: "http_" + strconv.Itoa(answer.StatusCode), Detail: answer.Status,
	}
	if json.Unmarshal(data, p) != nil { // something between client and service speaks
		p.Detail = strings.TrimSpace(string(data[:min(len(data), 200)]))
	}
	return p
}

// worthAnother reports whether another try may help: the service is busy or cannot be reached.
func worthAnother(err error) bool {
	var p *Problem
	if !errors.As(err, &p) {
		return true
	}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// after is how long the service asks to wait.
func after(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
