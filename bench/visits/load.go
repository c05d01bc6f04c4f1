package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// requestTimeout is after which a request has failed; idleSockets is more than any load has
	// open, so that none is opened anew.
	requestTimeout = 30 * time.Second
	idleSockets    = 1024
)

// unit is what is counted as one: a visit, or a single request. It adds to the tally what came of it.
type unit func(ctx context.Context, c *caller, t *tally) error

// load asks for units for a time. With rate 0 it is a closed loop: each connection begins the next unit when it has the answer. Otherwise
// units begin at random times, so many per second on average, whatever the answers do, and their latency counts from then.
type load struct {
	unit        unit
	connections int
	rate        float64
	duration    time.Duration
	limit       int // units after which it ends before its time; 0 for none
	from, to    int // groups of the visitors
}

// caller is a client with what its requests need to know: where services are, and of which
// groups visitors are drawn. It is safe for concurrent use.
type caller struct {
	http     *http.Client
	form     *form
	from, to int
}

// counts are what came of units: New of them were by visitors new to the process; of the answers, so many were personal, degraded or stale,
// and Repeats items in them had been bought by the visitor, BlindRepeats of these in degraded answers.
type counts struct {
	Units, New, Failed                                        int
	Answers, Personal, Degraded, Stale, Repeats, BlindRepeats int
}

// tally is what came of a load; wall is how long it took.
type tally struct {
	counts
	reasons   map[string]int // of degraded answers, and of failures
	latencies []time.Duration
	wall      time.Duration
}

// add adds all of another but its wall.
func (t *tally) add(o *tally) {
	t.Units, t.New, t.Failed = t.Units+o.Units, t.New+o.New, t.Failed+o.Failed
	t.Answers, t.Personal, t.Degraded, t.Stale = t.Answers+o.Answers, t.Personal+o.Personal, t.Degraded+o.Degraded, t.Stale+o.Stale
	t.Repeats, t.BlindRepeats = t.Repeats+o.Repeats, t.BlindRepeats+o.BlindRepeats
	for reason, n := range o.reasons {
		t.because(reason, n)
	}
	t.latencies = append(t.latencies, o.latencies...)
}

// because counts a reason.
func (t *tally) because(reason string, n int) {
	if t.reasons == nil {
		t.reasons = map[string]int{}
	}
	t.reasons[reason] += n
}

// quantile is a latency that so many of a hundred units do not exceed; 0 without units. It
// sorts the latencies.
func (t *tally) quantile(percent int) time.Duration {
	if len(t.latencies) == 0 {
		return 0
	}
	slices.Sort(t.latencies)
	return t.latencies[(len(t.latencies)-1)*percent/100]
}

// run asks until the time is over and everything begun has ended. In an open loop a unit that
// begins late counts its latency from when it was due: otherwise a slow service would be asked
// less and look fast.
func (l *load) run(ctx context.Context, f *form) *tally {
	transport := &http.Transport{MaxIdleConnsPerHost: idleSockets, DisableCompression: true}
	defer transport.CloseIdleConnections()
	c := &caller{&http.Client{Transport: transport, Timeout: requestTimeout}, f, l.from, l.to}
	var mu sync.Mutex
	sum := &tally{}
	one := func(due time.Time) {
		t := &tally{counts: counts{Units: 1}}
		if err := l.unit(ctx, c, t); err != nil {
			t.Failed++
			t.because(err.Error(), 1)
		}
		t.latencies = []time.Duration{time.Since(due)}
		mu.Lock()
		defer mu.Unlock()
		sum.add(t)
	}
	began := time.Now()
	var group sync.WaitGroup
	if l.rate > 0 {
		arrivals, due := random(kindArrival, 0), began
		for ctx.Err() == nil {
			due = due.Add(time.Duration(arrivals.ExpFloat64() / l.rate * float64(time.Second)))
			if due.Sub(began) > l.duration {
				break
			}
			time.Sleep(time.Until(due))
			group.Go(func() { one(due) })
		}
	} else {
		var count atomic.Int64
		for range l.connections {
			group.Go(func() {
				for ctx.Err() == nil && time.Since(began) < l.duration && (l.limit == 0 || int(count.Add(1)) <= l.limit) {
					one(time.Now())
				}
			})
		}
	}
	group.Wait()
	sum.wall = time.Since(began)
	return sum
}

// send does a request and returns the body of the answer; any status but 200 is an error.
// Bodies are written as text and not by the typed clients, which would take CPU of the machine
// that is measured.
func (c *caller) send(ctx context.Context, method, addr, path, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return data, err
}

// post sends an event of a visitor and waits for the acknowledgement.
func (c *caller) post(ctx context.Context, visitor, item int) error {
	data, err := c.send(
		ctx, http.MethodPost, c.form.profile, "/v1/events",
		fmt.Sprintf(`{"type":"view_item","user_id":%q,"item_id":%q}`, visitorID(visitor), itemID(item)),
	)
	if err == nil && !bytes.Contains(data, []byte(`"accepted":1`)) {
		err = errors.New("the event was not accepted")
	}
	return err
}

// answer is what is looked at of an answer.
type answer struct {
	Items []struct {
		ItemID string `json:"item_id"`
		Tier   string `json:"tier"`
	} `json:"items"`
	Degraded  []string             `json:"degraded"`
	Freshness struct{ Stale bool } `json:"freshness"`
}

// ask asks for a placement and tallies what the answer is. more is put into the request as it
// is, beginning with a comma. What was bought must not be in a list for the visitor; a
// placement about an item may show it.
func (c *caller) ask(ctx context.Context, t *tally, s *shop, visitor int, scenario, more string) error {
	body := fmt.Sprintf(`{"scenario":%q,"user_id":%q,"limit":20%s}`, scenario, visitorID(visitor), more)
	data, err := c.send(ctx, http.MethodPost, c.form.recommender, "/v1/recommendations", body)
	if err != nil {
		return err
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return fmt.Errorf("read an answer: %w", err)
	}
	t.Answers++
	own := false // made for this visitor, or of a placement about an item for that item
	for _, item := range a.Items {
		own = own || item.Tier == "personal" || item.Tier == "session" || item.Tier == "context"
		if scenario == home && s.has(visitor, item.ItemID) {
			t.Repeats++
			if len(a.Degraded) > 0 {
				t.BlindRepeats++
			}
		}
	}
	if len(a.Degraded) > 0 {
		t.Degraded++
		t.because(strings.Join(a.Degraded, " and "), 1)
	} else if own {
		t.Personal++
	}
	if a.Freshness.Stale {
		t.Stale++
	}
	return nil
}

const (
	home    = "home.for_you"
	similar = "product_detail.similar"
)

// visit is a view of an item and then the two placements of its page.
func (b *bench) visit(ctx context.Context, c *caller, t *tally) error {
	v := b.draw(c.from, c.to, t)
	item := b.shop.click(v)
	if err := c.post(ctx, v, item); err != nil {
		return err
	}
	if err := c.ask(ctx, t, b.shop, v, home, ""); err != nil {
		return err
	}
	return c.ask(ctx, t, b.shop, v, similar, fmt.Sprintf(`,"context_items":[%q]`, itemID(item)))
}

// list is the first placement of a visit alone.
func (b *bench) list(ctx context.Context, c *caller, t *tally) error {
	return c.ask(ctx, t, b.shop, b.draw(max(1, c.from), c.to, t), home, "") // of a visitor without an event no list can be personal
}

// similar is the second one alone.
func (b *bench) similar(ctx context.Context, c *caller, t *tally) error {
	v := b.draw(max(1, c.from), c.to, t)
	return c.ask(ctx, t, b.shop, v, similar, fmt.Sprintf(`,"context_items":[%q]`, itemID(b.shop.click(v))))
}

// event is the event of a visit alone.
func (b *bench) event(ctx context.Context, c *caller, t *tally) error {
	v := b.draw(c.from, c.to, t)
	return c.post(ctx, v, b.shop.click(v))
}

// neighbours asks for the list of an item only.
func (b *bench) neighbours(ctx context.Context, c *caller, t *tally) error {
	item := b.shop.click(b.draw(c.from, c.to, t))
	_, err := c.send(ctx, http.MethodGet, c.form.similarity, "/v1/similarities/"+itemID(item)+"?limit=20", "")
	return err
}

// draw draws the next visitor of some groups, and counts him when he is new to the process.
func (b *bench) draw(from, to int, t *tally) int {
	v, fresh := b.visitors.draw(from, to)
	if fresh {
		t.New++
	}
	return v
}
