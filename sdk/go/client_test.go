package aisle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// answers serves one handler after the other and counts the calls.
type answers struct {
	list   []http.HandlerFunc
	bodies []string
}

func (a *answers) RoundTrip(req *http.Request) (*http.Response, error) {
	body := ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		body = string(data)
	}
	n := len(a.bodies)
	a.bodies = append(a.bodies, body)
	w := httptest.NewRecorder()
	if n >= len(a.list) {
		return nil, errors.New("one call more than expected")
	}
	a.list[n](w, req)
	return w.Result(), nil
}

func says(status int, header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if name, value, ok := strings.Cut(header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

const done = `{"accepted":1,"results":[]}`

func TestACallIsTriedAgainWithTheSameEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &answers{
			list: []http.HandlerFunc{says(503, "", "busy"), says(429, "Retry-After: 7", `{"code":"rate_limited"}`), says(200, "", done)},
		}
		c := New("http://aisle/", WithHTTPClient(&http.Client{Transport: a}))
		from := time.Now()
		out, err := c.PostEvents(context.Background(), []Event{{Type: "view_item", SessionID: "s", ItemID: "mug"}})
		if err != nil || out.Accepted != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		if took := time.Since(from); took < 7200*time.Millisecond || took > 8*time.Second {
			t.Errorf("took %v: want a short pause and then the 7 seconds that the service asked for", took)
		}
		var sent []Event
		if err := json.Unmarshal([]byte(a.bodies[0]), &sent); err != nil || sent[0].EventID == "" {
			t.Errorf("an event without an id was sent: %s, %v", a.bodies[0], err)
		}
		if a.bodies[0] != a.bodies[1] || a.bodies[1] != a.bodies[2] {
			t.Errorf("tries differ: %q", a.bodies)
		}
	})
}

func TestWhatMayNotBeRepeatedOrIsWrongIsTriedOnce(t *testing.T) {
	t.Parallel()
	busy, wrong := says(503, "", `{"code":"busy","detail":"later"}`), says(
		422, "", `{"status":422,"code":"invalid","detail":"no","errors":[{"pointer":"/scenario","code":"required","detail":"is needed"}]}`,
	)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		call   func(*Client) error
		code   string
	}{
		"starting a job": {busy, func(c *Client) error { _, err := c.StartJob(context.Background(), JobRequest{}); return err }, "busy"},
		"an import": {busy, func(c *Client) error {
			_, err := c.StartImport(context.Background(), StartImportParams{Kind: "items"}, strings.NewReader("a"))
			return err
		}, "busy"},
		"a wrong request": {wrong, func(c *Client) error { _, err := c.Recommend(context.Background(), Request{}); return err }, "invalid"},
		"a proxy's page":  {says(404, "", "<h1>no</h1>"), func(c *Client) error { _, err := c.LiveModels(context.Background()); return err }, "http_404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &answers{list: []http.HandlerFunc{c.answer}}
			err := c.call(New("http://aisle", WithHTTPClient(&http.Client{Transport: a})))
			if !IsProblem(err, c.code) || len(a.bodies) != 1 {
				t.Errorf("after %d calls: %v", len(a.bodies), err)
			}
		})
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		a := &answers{list: []http.HandlerFunc{says(503, "Retry-After: 20", "")}}
		_, err := New("http://aisle", WithHTTPClient(&http.Client{Transport: a})).LiveModels(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !IsProblem(err, "http_503") {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestParametersPathsAndHeaders(t *testing.T) {
	t.Parallel()
	var got *http.Request
	a := &answers{list: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprint(w, `{"items":[],"next_cursor":null}`)
	}, func(w http.ResponseWriter, r *http.Request) { got = r; w.WriteHeader(204) }}}
	c := New("http://aisle", WithKey("sk_1"), WithHTTPClient(&http.Client{Transport: a}))
	if _, err := c.ListEvents(context.Background(), ListEventsParams{Limit: new(int64(5)), UserID: "a&b", From: "2026-05-01"}); err != nil {
		t.Fatal(err)
	}
	if q := got.URL.Query(); len(q) != 3 || q.Get("limit") != "5" || q.Get("user_id") != "a&b" || q.Get("from") != "2026-05-01" ||
		got.Header.Get("Authorization") != "Bearer sk_1" {
		t.Errorf("asked %v with %v", got.URL, got.Header)
	}
	if err := c.DeleteItem(context.Background(), "a/b c", WithIfMatch(3)); err != nil {
		t.Fatal(err)
	}
	if got.URL.EscapedPath() != "/v1/items/a%2Fb%20c" || got.Header.Get("If-Match") != `"3"` {
		t.Errorf("asked %v with %v", got.URL.EscapedPath(), got.Header)
	}
}
