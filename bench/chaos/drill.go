package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// recoveryLimit is the stated bound of recovery: the first whole, personal answers that know of an event posted after the fault, of
	// every replica.
	recoveryLimit = 30 * time.Second
	// restPause lies between two faults, and finalLimit bounds what is still to be acknowledged
	// at the end.
	restPause  = time.Second
	finalLimit = 2 * time.Minute // for what is still to be acknowledged at the end
)

// drill is a run: faults one after the other under a load. probes counts recoveries; began and
// ended are of the whole run.
type drill struct {
	world   *world
	options *options
	faults  []fault
	load    *load
	models  *models
	audit   audit
	results []result
	probes  int
	began   time.Time
	ended   time.Time
}

// errNotWhole says that recovery took longer than is stated.
var errNotWhole = errors.New("not whole again")

// result is what came of one fault: how long it was made to last, how long after its cause was
// gone everything was whole again, or why not.
type result struct {
	fault     *fault
	lasted    time.Duration
	recovered time.Duration
	err       error
}

// run is the whole drill: the shop is filled and has models, everything is whole once before
// any fault, then faults are made while senders and askers work, and at the end the stored
// events are compared with what was acknowledged. An error is of the drill itself; what is
// broken is in results, audit and models.
func (d *drill) run(ctx context.Context) error {
	d.began = time.Now()
	d.load = &load{world: d.world, ledger: newLedger(), tally: tally{degraded: map[string]int{}, wrong: map[string]int{}}}
	d.models = newModels()
	if err := d.load.fill(ctx); err != nil {
		return err
	}
	if err := d.world.recompute(ctx, d.world.similarities[0]); err != nil {
		return err
	}
	d.world.heal()
	if _, err := d.recovery(ctx); err != nil {
		return fmt.Errorf("before any fault: %w", err)
	}
	// the first answers, before any model, are none of the drill's
	d.load.tally = tally{degraded: map[string]int{}, wrong: map[string]int{}}
	stop, done := make(chan struct{}), make(chan struct{})
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { defer close(done); d.load.run(working, stop) }()
	failed := d.breakIt(ctx)
	close(stop)
	// Senders go on until what they sent is acknowledged: an event without an answer would
	// count for nothing.
	late := time.AfterFunc(finalLimit, cancel)
	<-done
	late.Stop()
	d.ended = time.Now()
	if failed != nil {
		return failed
	}
	var err error
	if d.audit, err = d.load.ledger.audit(ctx, d.world.profileClient); err != nil {
		return err
	}
	return d.models.check(ctx, d.world)
}

// breakIt makes faults in an order that the seed draws, all of them in each round, until the
// time is over. The first round is made whole however long it takes.
func (d *drill) breakIt(ctx context.Context) error {
	r := rand.New(rand.NewPCG(d.options.seed, 2))
	end := time.Now().Add(time.Duration(d.options.minutes * float64(time.Minute)))
	for round := 0; round == 0 || time.Now().Before(end); round++ {
		for _, n := range r.Perm(len(d.faults)) {
			if round > 0 && !time.Now().Before(end) {
				return nil
			}
			if err := d.one(ctx, &d.faults[n], rand.New(rand.NewPCG(d.options.seed, r.Uint64()))); err != nil {
				return err
			}
			pause(ctx, restPause)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// one makes a fault, waits for recovery, has models made anew and looks at them. What fails is
// a result and no error: the drill goes on.
func (d *drill) one(ctx context.Context, f *fault, r *rand.Rand) error {
	began := time.Now()
	res := result{fault: f}
	d.world.healed = time.Time{}
	res.err = f.run(ctx, d.world, r)
	res.lasted = time.Since(began)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if res.err == nil {
		if d.world.healed.IsZero() {
			d.world.heal()
		}
		res.recovered, res.err = d.recovery(ctx)
	}
	if res.err == nil { // a fault that left the jobs or the snapshots in disorder shows here
		res.err = d.world.recompute(ctx, d.world.similarities[d.probes%len(d.world.similarities)])
	}
	if err := d.models.check(ctx, d.world); err != nil {
		return err
	}
	switch {
	case errors.Is(res.err, errImpossible):
		note("%-18s %v", f.name, res.err)
	case res.err != nil:
		note("%-18s lasted %5.1f s, FAILED: %v", f.name, res.lasted.Seconds(), res.err)
	default:
		note("%-18s lasted %5.1f s, whole again after %5.2f s", f.name, res.lasted.Seconds(), res.recovered.Seconds())
	}
	d.results = append(d.results, res)
	return nil
}

// recovery posts events of a new user and waits until every replica of the recommender-service
// gives a whole, personal answer that knows of the last of them. It returns how long after the
// cause was gone that was; errNotWhole with the last answer when it takes longer than
// recoveryLimit.
func (d *drill) recovery(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithDeadline(ctx, d.world.healed.Add(recoveryLimit))
	defer cancel()
	d.probes++
	user := fmt.Sprintf("probe-%d", d.probes) // nobody else's: the answer must know of what was posted last
	events := make([]profileapi.Event, 3)
	for n := range events {
		events[n] = profileapi.Event{
			EventID: fmt.Sprintf("%s-%d", user, n), Type: "view_item", UserID: user, ItemID: itemID(n*shopTastes + d.probes%shopTastes),
		}
	}
	last := events[len(events)-1].EventID
	d.load.send(ctx, events)
	for _, n := range d.world.recommenders {
		said := "no answer"
		for {
			a, err := d.load.tally.recommend(ctx, n, recommenderapi.Request{Scenario: "home.for_you", UserID: user, Limit: 10})
			if ctx.Err() != nil {
				return 0, fmt.Errorf("%w within %v: %s", errNotWhole, recoveryLimit, said)
			}
			if err == nil && len(a.Degraded) == 0 && !a.Freshness.Stale && isPersonal(a) && a.Freshness.LastEventID == last {
				break
			}
			said = fmt.Sprintf(
				"%s answers with degraded %v, stale %v, %d items, last event %s, %v", n.Name, a.Degraded, a.Freshness.Stale, len(a.Items),
				a.Freshness.LastEventID, err,
			)
			pause(ctx, pollInterval)
		}
	}
	return time.Since(d.world.healed), nil
}
