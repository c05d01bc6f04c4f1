package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestStockFlips sells out 10,000 items while several clients ask without pause, and holds Aisle to its promise: no answer to a request
// that is sent more than a second after a flip was acknowledged holds the item. It does not run beside other tests, because this second is
// one of the wall clock.
func TestStockFlips(t *testing.T) {
	t.Run("standalone", func(t *testing.T) {
		stockFlips(t, startStandalone(t, t.TempDir()))
	})
	t.Run("standalone on Postgres", func(t *testing.T) {
		stockFlips(t, startStandalone(t, t.TempDir(), "--database-url", testenv.Postgres(t)))
	})
}

const (
	shelfItems   = 12_000
	flippedItems = 10_000 // the others stay in stock
	shelfUsers   = 2_000
	flipBatch    = 1_000
	// promise is how long an item may still be shown.
	promise = time.Second
	// afterwards is how many answers of each kind are looked at beyond that.
	afterwards = 20
)

func shelfID(n int) string { return fmt.Sprintf("shelf-%05d", n) }

// fillShelf gives a shop so many items that all are reachable: by the neighbours of what users viewed, by category and by popularity.
func fillShelf(t *testing.T, ctx context.Context, c clients) {
	t.Helper()
	for from := 0; from < shelfItems; from += 1000 {
		items := make([]profileapi.Item, 1000)
		for n := range items {
			category := strconv.Itoa((from + n) / 40)
			items[n] = profileapi.Item{
				ItemID: shelfID(from + n), Title: "Good of kind " + category, CategoryPath: []string{"Kind " + category},
			}
		}
		if answer, err := c.profile.PutItems(ctx, items); err != nil || answer.Accepted != len(items) {
			t.Fatalf("put items: %d of %d, %v", answer.Accepted, len(items), err)
		}
	}
	rng := rand.New(rand.NewPCG(5, 5))
	now := time.Now()
	var events []profileapi.Event
	for u := range shelfUsers {
		kind := rng.IntN(shelfItems/40) * 40
		for n := range 10 {
			events = append(events, profileapi.Event{
				Type: []string{"view_item", "purchase"}[n/9], UserID: "user " + strconv.Itoa(u), ItemID: shelfID(kind + rng.IntN(40)),
				OccurredAt: wire.TimeOf(now.Add(-time.Duration(rng.IntN(20*24*60)) * time.Minute)),
			})
		}
	}
	for from := 0; from < len(events); from += 1000 {
		if answer, err := c.profile.PostEvents(ctx, events[from:from+1000]); err != nil || answer.Accepted != 1000 {
			t.Fatalf("post events: %d accepted, %v", answer.Accepted, err)
		}
	}
}

// shelfClock knows since when items are sold out and what was shown in spite of it.
type shelfClock struct {
	start time.Time
	gone  [shelfItems]atomic.Int64 // when the flip was acknowledged, since start; 0: in stock

	mu         sync.Mutex
	worst      time.Duration // longest time after an acknowledgement at which a request was sent whose answer still held the item
	violations []string
	before     map[string]int // by kind of request: items shown that had not been flipped yet
	late       map[string]int // by kind of request: answers to requests sent when the promise held for every item
	allGone    time.Duration  // since start; 0: not yet
}

// shown judges one answer.
func (c *shelfClock) shown(kind string, sent time.Duration, ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.allGone > 0 && sent > c.allGone+promise {
		c.late[kind]++
	}
	for _, id := range ids {
		n, err := strconv.Atoi(strings.TrimPrefix(id, "shelf-"))
		if err != nil || n >= flippedItems {
			continue
		}
		gone := time.Duration(c.gone[n].Load())
		if gone == 0 || sent <= gone {
			c.before[kind]++
			continue
		}
		c.worst = max(c.worst, sent-gone)
		if sent-gone > promise && len(c.violations) < 20 {
			c.violations = append(
				c.violations, fmt.Sprintf("%s: %s in the answer to a request sent %v after its flip was acknowledged", kind, id, sent-gone),
			)
		}
	}
}

// enough returns an error until every kind of request was answered often enough after the last flip.
func (c *shelfClock) enough(kinds map[string]shelfAsk) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for kind := range kinds {
		if c.late[kind] < afterwards {
			return fmt.Errorf("%s was answered %d times", kind, c.late[kind])
		}
	}
	return nil
}

// shelfAsk sends one request and returns the items that its answer offers.
type shelfAsk func(ctx context.Context, rng *rand.Rand) ([]string, error)

// shelfAsks are the kinds of request that are sent without pause.
func shelfAsks(c clients, raw *httpclient.Client) map[string]shelfAsk {
	recommended := func(request func(rng *rand.Rand) recommenderapi.Request) shelfAsk {
		return func(ctx context.Context, rng *rand.Rand) ([]string, error) {
			r := request(rng)
			r.DeadlineMS = 5000
			answer, err := c.recommender.Recommend(ctx, r)
			return itemIDs(answer), err
		}
	}
	return map[string]shelfAsk{
		"for you": recommended(func(rng *rand.Rand) recommenderapi.Request {
			return recommenderapi.Request{Scenario: "home.for_you", UserID: "user " + strconv.Itoa(rng.IntN(shelfUsers)), Limit: 100}
		}),
		"trending": recommended(func(*rand.Rand) recommenderapi.Request {
			return recommenderapi.Request{Scenario: "home.trending", Limit: 200}
		}),
		"similar": recommended(func(rng *rand.Rand) recommenderapi.Request {
			return recommenderapi.Request{
				Scenario: "product_detail.similar", ContextItems: []string{shelfID(rng.IntN(shelfItems))}, Limit: 60,
			}
		}),
		"ranking": func(ctx context.Context, rng *rand.Rand) ([]string, error) {
			r := recommenderapi.RankRequest{}
			for _, n := range rng.Perm(shelfItems)[:500] {
				r.ItemIDs = append(r.ItemIDs, shelfID(n))
			}
			answer, err := httpclient.JSON[recommenderapi.RankAnswer](ctx, raw, http.MethodPost, "/v1/rankings", nil, r)
			var available []string
			for _, i := range answer.Items {
				if i.Available {
					available = append(available, i.ItemID)
				}
			}
			return available, err
		},
	}
}

// flip sets the stock of items [0, flippedItems), a batch at a time in random order, and calls acknowledged for each that was acknowledged.
func flip(ctx context.Context, raw *httpclient.Client, status string, acknowledged func(n int)) error {
	order := rand.New(rand.NewPCG(7, 7)).Perm(flippedItems)
	for from := 0; from < flippedItems; from += flipBatch {
		rows := make([]profileapi.StockUpdate, flipBatch)
		for n, i := range order[from : from+flipBatch] {
			rows[n] = profileapi.StockUpdate{ItemID: shelfID(i), Stock: profileapi.Stock{Status: status}}
		}
		answer, err := httpclient.JSON[profileapi.EventsAnswer](ctx, raw, http.MethodPost, "/v1/items/stock", nil, rows)
		if err != nil || answer.Accepted != flipBatch {
			return fmt.Errorf("set stock: %d of %d accepted: %w", answer.Accepted, flipBatch, err)
		}
		for _, i := range order[from : from+flipBatch] {
			acknowledged(i)
		}
	}
	return nil
}

func stockFlips(t *testing.T, d *deployment) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	c := d.connect("")
	raw := httpclient.New(httpclient.Options{BaseURL: "http://" + d.programs[0].address})
	fillShelf(t, ctx, c)
	recompute(t, ctx, c)
	clock := &shelfClock{start: time.Now(), before: map[string]int{}, late: map[string]int{}}
	asks := shelfAsks(c, raw)
	allIn(t, ctx, asks["ranking"])

	load, stop := context.WithCancel(ctx)
	var asking errgroup.Group
	seed := uint64(0)
	for kind, ask := range asks {
		seed++
		rng := rand.New(rand.NewPCG(seed, seed))
		asking.Go(func() error {
			for load.Err() == nil {
				sent := time.Since(clock.start)
				ids, err := ask(load, rng)
				if load.Err() == nil && err != nil {
					return fmt.Errorf("%s under load: %w", kind, err)
				}
				clock.shown(kind, sent, ids)
			}
			return nil
		})
	}
	eventually(t, ctx, "every kind of request shows items that will be sold out", func() error {
		clock.mu.Lock()
		defer clock.mu.Unlock()
		if len(clock.before) < len(asks) {
			return fmt.Errorf("so far %v", clock.before)
		}
		return nil
	})
	err := flip(ctx, raw, profileapi.OutOfStock, func(n int) { clock.gone[n].Store(int64(time.Since(clock.start))) })
	if err == nil {
		clock.mu.Lock()
		clock.allGone = time.Since(clock.start)
		clock.mu.Unlock()
		eventually(t, ctx, "answers after the last flip", func() error { return clock.enough(asks) })
	}
	stop()
	if failed := asking.Wait(); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	t.Logf(
		"the latest request whose answer held a sold-out item was sent %v after the flip was acknowledged; answers afterwards: %v",
		clock.worst, clock.late,
	)
	for _, v := range clock.violations {
		t.Error(v)
	}
	if err := flip(ctx, raw, profileapi.InStock, func(int) {}); err != nil {
		t.Fatal(err)
	}
	allIn(t, ctx, asks["ranking"])
}

// allIn waits until a ranking calls all of its items available.
func allIn(t *testing.T, ctx context.Context, ranking shelfAsk) {
	t.Helper()
	for seed := range uint64(10) {
		eventually(t, ctx, "every item can be bought", func() error {
			ids, err := ranking(ctx, rand.New(rand.NewPCG(seed, 0)))
			if err == nil && len(ids) != 500 {
				err = fmt.Errorf("%d of 500", len(ids))
			}
			return err
		})
	}
}
