package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	// A small shop, so that models are made in seconds; people of one taste like the same
	// items, so that models have something to find.
	shopItems  = 300
	shopTastes = 10
	shopUsers  = 400
	eventsEach = 15 // of a user, before the drill
	// Workers that post events and that ask for lists; each waits for its answer, so that a
	// store that is away slows them down.
	senders       = 6
	askers        = 8
	searchSeconds = .3
	askLimit      = 10 * time.Second // after which a request for recommendations has no answer
	postLimit     = 20 * time.Second
	retryPause    = 200 * time.Millisecond
)

// itemID and userID are the ids of the n-th; items n and n+shopTastes are of the same taste.
func itemID(n int) string { return fmt.Sprintf("item-%03d", n) }
func userID(n int) string { return fmt.Sprintf("user-%03d", n) }

// likes returns an item that a user comes across: of his taste in four of five cases, and the
// first items of a taste much oftener than the last.
func likes(r *rand.Rand, user int) string {
	taste := user % shopTastes
	if r.IntN(5) == 0 {
		taste = r.IntN(shopTastes)
	}
	place := int(r.ExpFloat64()*6) % (shopItems / shopTastes)
	return itemID(place*shopTastes + taste)
}

// load is the shop at work: senders of events and askers of recommendations.
type load struct {
	world  *world
	ledger *ledger
	tally  tally
}

// fill makes the shop: a catalogue, and what its users did in the twenty days before the drill.
// These events are in the ledger like all others.
func (l *load) fill(ctx context.Context) error {
	items := make([]profileapi.Item, shopItems)
	for n := range items {
		price := float64(1 + n%50)
		items[n] = profileapi.Item{ItemID: itemID(n), Title: fmt.Sprintf(
			"Thing %d of kind %d", n/shopTastes, n%shopTastes,
		), Price: &price, Currency: "EUR",
			CategoryPath: []string{fmt.Sprintf("kind %d", n%shopTastes)}, Stock: &profileapi.Stock{Status: profileapi.InStock}}
	}
	if _, err := l.world.profileClient.PutItems(ctx, items); err != nil {
		return fmt.Errorf("import the catalogue: %w", err)
	}
	r := rand.New(rand.NewPCG(l.world.options.seed, 1))
	now := time.Now()
	var batch []profileapi.Event
	for n := range shopUsers * eventsEach {
		e := profileapi.Event{EventID: fmt.Sprintf("before-%d", n), Type: "view_item", UserID: userID(n % shopUsers),
			ItemID:     likes(r, n%shopUsers),
			OccurredAt: wire.TimeOf(now.Add(-time.Duration(1+r.IntN(20*24*60)) * time.Minute))}
		if r.IntN(6) == 0 {
			e.Type, e.OrderID = "purchase", fmt.Sprintf("before-%d", n)
		}
		if batch = append(batch, e); len(batch) == 1000 || n == shopUsers*eventsEach-1 {
			l.send(ctx, batch)
			batch = nil
		}
	}
	return ctx.Err()
}

// send posts events until they are acknowledged, as a storefront that loses nothing does. It gives up when ctx ends.
func (l *load) send(ctx context.Context, events []profileapi.Event) {
	uncertain := false
	for ctx.Err() == nil {
		attempt, cancel := context.WithTimeout(ctx, postLimit)
		answer, err := l.world.profileClient.PostEvents(attempt, events)
		cancel()
		var p *apierror.Problem
		if errors.As(err, &p) && p.Status == 422 {
			err = nil // every member was rejected: there are verdicts, and none is an acknowledgement
			l.ledger.mu.Lock()
			l.ledger.rejected = append(l.ledger.rejected, p.Error())
			l.ledger.mu.Unlock()
		}
		if err == nil {
			l.ledger.judge(events, answer, uncertain)
			return
		}
		uncertain = true
		if ctx.Err() == nil {
			l.ledger.failed(err)
			pause(ctx, retryPause)
		}
	}
}

// run works until stop is closed; what has been begun is ended after it. ctx ends everything.
// Each worker has random numbers of its own, drawn by the seed, so that what is sent does not
// depend on who is faster.
func (l *load) run(ctx context.Context, stop <-chan struct{}) {
	var group sync.WaitGroup
	worker := func(number, workers int, unit func(r *rand.Rand, n int)) {
		group.Go(func() {
			r := rand.New(rand.NewPCG(l.world.options.seed, uint64(100+number)))
			tick := time.NewTicker(time.Duration(float64(time.Second) * float64(workers) / l.world.options.rate))
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-ctx.Done():
					return
				case <-tick.C:
					unit(r, n)
				}
			}
		})
	}
	for s := range senders {
		var before []profileapi.Event
		worker(s, senders, func(r *rand.Rand, n int) {
			// A tenth of the requests are repeats on purpose, which must be told to be
			// duplicates.
			if n%10 == 9 { // the shop forgot that it had an acknowledgement
				l.ledger.mu.Lock()
				l.ledger.repeats++
				l.ledger.mu.Unlock()
				l.send(ctx, before)
				return
			}
			before = l.batch(r, s, n)
			l.send(ctx, before)
		})
	}
	for a := range askers {
		worker(senders+a, askers, func(r *rand.Rand, n int) { l.ask(ctx, r, n+a) })
	}
	group.Wait()
}

// batch makes events of one to five users, every fifth an order of one or two lines. While
// clocks are wrong, they say a wrong time.
func (l *load) batch(r *rand.Rand, sender, n int) []profileapi.Event {
	events := make([]profileapi.Event, 1+r.IntN(5))
	for i := range events {
		user := r.IntN(shopUsers)
		id := fmt.Sprintf("e-%d-%d-%d", sender, n, i)
		events[i] = profileapi.Event{EventID: id, Type: "view_item", UserID: userID(user), ItemID: likes(r, user)}
		if r.IntN(5) == 0 {
			one, two := 1.0, 2.0
			a, b := likes(r, user), likes(r, user)
			events[i].Type, events[i].OrderID, events[i].ItemID = "purchase", "order-"+id, ""
			events[i].Items = []profileapi.EventItem{{ItemID: a, Quantity: &two}}
			if a != b {
				events[i].Items = append(events[i].Items, profileapi.EventItem{ItemID: b, Quantity: &one})
			}
		}
		if shift := time.Duration(l.world.shift.Load()); shift != 0 {
			events[i].OccurredAt = wire.TimeOf(time.Now().Add(shift))
		}
	}
	return events
}

// tally counts answers to requests for recommendations. total are all; of these whole lacked
// nothing, personal are the whole ones that are about the visitor or the page, and dead got no
// answer from a process that was down.
type tally struct {
	mu                                  sync.Mutex
	total, whole, empty, dead, personal int
	degraded                            map[string]int // by cause
	wrong                               map[string]int // what must not be: other answers, or none from a process that is alive
	examples                            []string
}

// ask asks one of the replicas for a placement.
func (l *load) ask(ctx context.Context, r *rand.Rand, n int) {
	at := l.world.recommenders[n%len(l.world.recommenders)]
	user := r.IntN(shopUsers)
	request := recommenderapi.Request{Scenario: "home.for_you", UserID: userID(user), Limit: 10}
	if r.IntN(2) == 0 {
		// Half of the questions are about an item, which other models answer.
		request.Scenario, request.ContextItems = "product_detail.similar", []string{likes(r, user)}
	}
	_, _ = l.tally.recommend(ctx, at, request)
}

// recommend asks a replica and counts what came of it. Only a process that is down may leave a
// request without an answer; an error or an empty list of one that is up breaks a promise.
func (t *tally) recommend(ctx context.Context, at *node, request recommenderapi.Request) (recommenderapi.Answer, error) {
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	a, err := recommenderapi.NewClient(clientOf(at)).Recommend(limited, request)
	if ctx.Err() != nil {
		return a, ctx.Err() // the drill itself ended
	}
	dead := at.wasDown(began, time.Now())
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total++
	var p *apierror.Problem
	switch {
	case err != nil && dead:
		t.dead++
	case errors.As(err, &p) && p.Status != 0:
		t.note(fmt.Sprintf("%d", p.Status), at, err)
	case err != nil:
		t.note("no answer", at, err)
	case len(a.Items) == 0:
		t.empty++
		t.note("empty", at, fmt.Errorf("%s of %s, degraded %v", request.Scenario, request.UserID, a.Degraded))
	case len(a.Degraded) > 0 || a.Freshness.Stale:
		for _, cause := range a.Degraded {
			t.degraded[cause]++
		}
		if a.Freshness.Stale {
			t.degraded["stale visitor"]++
		}
	default:
		t.whole++
		if isPersonal(a) {
			t.personal++
		}
	}
	return a, err
}

// note notes what must not be, with the first twenty examples. The caller holds the lock.
func (t *tally) note(what string, at *node, err error) {
	t.wrong[what]++
	if len(t.examples) < 20 {
		t.examples = append(t.examples, fmt.Sprintf("%s %s: %s: %v", time.Now().Format("15:04:05"), at.Name, what, err))
	}
}

// isPersonal reports whether any item of a list is there for this visitor or page.
func isPersonal(a recommenderapi.Answer) bool {
	return slices.ContainsFunc(a.Items, func(i recommenderapi.RecommendedItem) bool {
		return i.Tier == "personal" || i.Tier == "session" || i.Tier == "context"
	})
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
