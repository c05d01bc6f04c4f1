// Package served asks a whole Aisle what a data set asks of models.
//
// A throw-away instance is filled through the public API as a shop would fill it, makes its models with the settings that are delivered,
// gate included, and answers POST /v1/recommendations for every test case. So the lists have gone through everything that lies between a
// model and a visitor: what the recompute holds out and finds, the states of visitors, seeds and their weights, sources and fallbacks.
//
// A data set knows less than a shop. Histories without times get random times of a year, in their order where they have one; ratings are
// posted as such and everything else as purchases; sessions are spread evenly over two months. What was held out is never posted.
//
// The entry is Lists.
package served

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	similarity "github.com/aisle-rec/aisle/similarity-service/service"
	"github.com/aisle-rec/aisle/standalone/internal/tune"
)

const (
	// memory is how far back a shop's orders are taken over: a service refuses what is older than 400 days.
	memory = 399 * 24 * time.Hour
	// year is the span of histories and orders whose times are not known; calm lies between them and now, so that no visit is under way.
	year = 360 * 24 * time.Hour
	calm = 24 * time.Hour
	// sessionsSpan is the span of sessions, whose times are not known, and clickGap lies between their clicks.
	sessionsSpan = 60 * 24 * time.Hour
	clickGap     = 20 * time.Second
	// maxEvents is how many events a request may carry, and maxCart how many items a cart may have.
	maxEvents = 100
	maxCart   = 50
	// highestRating is that of a rate event.
	highestRating = 5
	// deadlineMS leaves an answer time enough, so that load on the machine does not change lists.
	deadlineMS = 5000
)

// Options steer the instance.
type Options struct {
	SearchSeconds float64 // of the recompute, per relation
	Seed          uint64  // of the times that are drawn
	TempDir       string  // where the instance lives; "" for the system's
	Now           time.Time
	Progress      tune.Progress
}

// Lists answers the cases of a shop.
func Lists(ctx context.Context, shop *similarity.ShopData, o Options, logger *slog.Logger) (answers similarity.ShopAnswers, err error) {
	past := events(shop, &o)
	if len(past) == 0 {
		return answers, fmt.Errorf("the training part has no event of the last %d days", int(memory.Hours())/24)
	}
	split := &tune.Split{Past: past, Now: o.Now}
	for _, id := range shop.Items {
		split.Items = append(split.Items, profileapi.Item{ItemID: id})
	}
	w, err := tune.NewWorld(
		ctx, split, &tune.Options{SearchSeconds: o.SearchSeconds, TempDir: o.TempDir, Now: o.Now, Progress: o.Progress, Gate: true}, logger,
	)
	if err != nil {
		return answers, err
	}
	defer func() { err = cmp.Or(err, w.Close()) }()
	if answers.Model, err = liveModel(ctx, w, shop.Relation); err != nil {
		return answers, err
	}
	place := make(map[string]int32, len(shop.Items))
	for i, id := range shop.Items {
		place[id] = int32(i)
	}
	answers.Lists = make([][]int32, len(shop.Cases))
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for n := range shop.Cases {
		group.Go(func() error {
			answer, err := w.Ask(ctx, question(shop, n, o.Now))
			if err != nil {
				return fmt.Errorf("case %d: %w", n, err)
			}
			for k := range answer.Items {
				answers.Lists[n] = append(answers.Lists[n], place[answer.Items[k].ItemID])
			}
			o.Progress("ask for the test cases", int(done.Add(1)), len(answers.Lists))
			return nil
		})
	}
	return answers, group.Wait()
}

// liveModel is the model of a relation that the instance answers with, the zero value where it has none.
func liveModel(ctx context.Context, w *tune.World, relation string) (similarityapi.Model, error) {
	live, err := w.Clients.Similarity.Live(ctx)
	if err != nil {
		return similarityapi.Model{}, err
	}
	version, ok := live.Live[relation]
	if !ok {
		return similarityapi.Model{}, nil
	}
	return w.Clients.Similarity.Model(ctx, version)
}

// question is how a storefront asks for a case: at home for a visitor who is known, in the cart for an order that is begun, on the page
// of the latest product for a visit under way.
func question(shop *similarity.ShopData, n int, now time.Time) api.Request {
	c := &shop.Cases[n]
	r := api.Request{Scenario: "home.for_you", Limit: shop.K, Explain: "none", DeadlineMS: deadlineMS}
	if c.Row >= 0 {
		r.UserID = visitor(int(c.Row))
		return r
	}
	r.SessionID = "case-" + strconv.Itoa(n)
	if shop.Relation == "bought_together" {
		r.Scenario = "cart.complementary"
		for _, i := range c.Seeds[max(0, len(c.Seeds)-maxCart):] {
			r.Cart = append(r.Cart, shop.Items[i])
		}
		return r
	}
	r.Scenario = "product_detail.next"
	seeds := c.Seeds[max(0, len(c.Seeds)-maxEvents):]
	for k, i := range seeds {
		at := now.Add(-clickGap * time.Duration(len(seeds)-k))
		r.Events = append(r.Events, profileapi.Event{Type: "view_item", ItemID: shop.Items[i], OccurredAt: wire.TimeOf(at)})
	}
	return r
}

func visitor(row int) string { return "visitor-" + strconv.Itoa(row) }

// events are what the rows say, by time.
func events(shop *similarity.ShopData, o *Options) []profileapi.Event {
	rng := rand.New(rand.NewPCG(o.Seed, 0x5e12e))
	drawn := func() time.Time { return o.Now.Add(-calm - time.Duration(rng.Int64N(int64(year)))) }
	scale := ratingScale(shop)
	var all []profileapi.Event
	for n, row := range shop.Rows {
		switch shop.Relation {
		case "bought_together":
			at := drawn()
			if shop.RowTimes != nil {
				at = o.Now.Add(time.Duration(shop.RowTimes[n]-shop.Until) * time.Second)
			}
			if at.After(o.Now.Add(-memory)) {
				all = append(all, order(shop, n, at))
			}
		case "viewed_next":
			begin := o.Now.Add(-calm - sessionsSpan + sessionsSpan/time.Duration(len(shop.Rows))*time.Duration(n))
			for k, e := range row {
				all = append(all, profileapi.Event{
					Type: "view_item", SessionID: "session-" + strconv.Itoa(n), ItemID: shop.Items[e.Item],
					OccurredAt: wire.TimeOf(begin.Add(clickGap * time.Duration(k))),
				})
			}
		default:
			all = append(all, history(shop, n, scale, drawn)...)
		}
	}
	slices.SortStableFunc(all, func(a, b profileapi.Event) int { return a.OccurredAt.Compare(b.OccurredAt.Time) })
	return all
}

// order is a row as one purchase of somebody who bought nothing else.
func order(shop *similarity.ShopData, n int, at time.Time) profileapi.Event {
	e := profileapi.Event{Type: "purchase", UserID: visitor(n), OrderID: "order-" + strconv.Itoa(n), OccurredAt: wire.TimeOf(at)}
	for _, entry := range shop.Rows[n] {
		e.Items = append(e.Items, profileapi.EventItem{ItemID: shop.Items[entry.Item]})
	}
	return e
}

// history is a row as what one visitor did, an item at a time, or together what came at the same time; scale brings ratings to those of a
// rate event.
func history(shop *similarity.ShopData, n int, scale float64, drawn func() time.Time) []profileapi.Event {
	row := shop.Rows[n]
	times := make([]time.Time, len(row))
	for k := range times {
		times[k] = drawn()
	}
	if shop.Ordered {
		slices.SortFunc(times, time.Time.Compare)
	}
	var list []profileapi.Event
	for k, entry := range row {
		if entry.Together {
			times[k] = times[k-1]
		}
		item := shop.Items[entry.Item]
		e := profileapi.Event{Type: "purchase", UserID: visitor(n), OccurredAt: wire.TimeOf(times[k])}
		switch {
		case shop.Liked > 0:
			value := max(1, float64(entry.Value)*scale)
			e.Type, e.ItemID, e.Value = "rate", item, &value
		case entry.Together:
			last := &list[len(list)-1]
			last.Items = append(last.Items, profileapi.EventItem{ItemID: item})
			continue
		default:
			e.Items = []profileapi.EventItem{{ItemID: item}}
		}
		list = append(list, e)
	}
	return list
}

// ratingScale brings ratings of more than five steps to five.
func ratingScale(shop *similarity.ShopData) float64 {
	if shop.Liked == 0 {
		return 1
	}
	highest := float32(highestRating)
	for _, row := range shop.Rows {
		for _, e := range row {
			highest = max(highest, e.Value)
		}
	}
	return highestRating / float64(highest)
}
