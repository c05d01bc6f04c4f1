// Package demo fills a running Aisle with a real shop's year and shows what it answers: imports, recomputes, asks, posts one event and
// asks again. Everything goes through the public API, as a shop would do it.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/standalone/internal/app"
	"github.com/aisle-rec/aisle/standalone/internal/demoshop"
	"github.com/aisle-rec/aisle/standalone/internal/feed"
	"github.com/aisle-rec/aisle/standalone/internal/onlineretail"
)

const (
	// ItemID is the item whose neighbours are shown: WHITE HANGING HEART T-LIGHT HOLDER, the best seller.
	ItemID = "85123A"
	// searchSeconds keeps the whole demo under a minute; a real recompute searches longer.
	searchSeconds = 6
	shown         = 5
	// liveDeadline bounds the wait until what was imported can be asked for.
	liveDeadline = 30 * time.Second
)

// Options say for whom to recommend and where to report progress.
type Options struct {
	UserID   string
	Progress func(stage string, done, total int)
	Now      time.Time
	// Days keeps only the orders of the last so many days, for a shorter demo; 0: all.
	Days int
	// URL is where the demo is served: pictures and pages of the items are addressed there.
	URL string
	// Shop is called with the items when they can be asked for, the most bought first; nil: there is no demo shop.
	Shop func([]profileapi.Item)
}

// Result is what the demo found out.
type Result struct {
	Imported        Imported           `json:"imported"`
	UserID          string             `json:"user_id"`
	Recommendations []Recommended      `json:"recommendations"`
	Similar         []Neighbour        `json:"similar"`
	BoughtTogether  []Neighbour        `json:"bought_together"`
	Event           profileapi.Event   `json:"event"`
	Before          []Recommended      `json:"before"`
	After           []Recommended      `json:"after"`
	Seconds         map[string]float64 `json:"seconds"`
}

// Imported counts what went in.
type Imported struct {
	OrderLines  int    `json:"order_lines"`
	LeftOut     int    `json:"order_lines_left_out"`
	Items       int    `json:"items"`
	Events      int    `json:"events"`
	Duplicates  int    `json:"duplicates"`
	Rejected    int    `json:"rejected"`
	ShiftedDays int    `json:"shifted_days"`
	Source      string `json:"source"`
}

// Recommended is one recommended item.
type Recommended struct {
	ItemID  string   `json:"item_id"`
	Title   string   `json:"title"`
	Score   float64  `json:"score"`
	Reasons []string `json:"reasons"`
}

// Neighbour is one neighbour of ItemID.
type Neighbour struct {
	ItemID string  `json:"item_id"`
	Title  string  `json:"title"`
	Score  float64 `json:"score"`
}

// run is one demo under way.
type run struct {
	clients app.Clients
	options Options
	titles  map[string]string
	result  *Result
}

// Run does the whole demo against clients.
func Run(ctx context.Context, clients app.Clients, o Options) (*Result, error) {
	r := &run{clients: clients, options: o, titles: map[string]string{}, result: &Result{UserID: o.UserID, Seconds: map[string]float64{}}}
	steps := []struct {
		name string
		do   func(context.Context) error
	}{{"import", r.importShop}, {"recompute", r.recompute}, {"ask", r.ask}}
	for _, s := range steps {
		start := time.Now()
		if err := s.do(ctx); err != nil {
			return nil, fmt.Errorf("demo: %s: %w", s.name, err)
		}
		r.result.Seconds[s.name] = time.Since(start).Seconds()
		r.result.Seconds["total"] += r.result.Seconds[s.name]
	}
	return r.result, nil
}

// importShop posts the catalogue and then the events.
func (r *run) importShop(ctx context.Context) error {
	r.options.Progress("read the data set", 0, 1)
	shop, err := onlineretail.Load(r.options.Now)
	if err != nil {
		return err
	}
	r.result.Imported = Imported{
		OrderLines: onlineretail.Lines, LeftOut: shop.Left.NotProducts + shop.Left.Adjustments, ShiftedDays: int(shop.Shift.Hours() / 24),
		Source: "UCI Online Retail by Daqing Chen, CC BY 4.0",
	}
	demoshop.Furnish(shop.Items, r.options.URL)
	if r.options.Days > 0 {
		earliest := r.options.Now.AddDate(0, 0, -r.options.Days)
		shop.Events = slices.DeleteFunc(shop.Events, func(e profileapi.Event) bool { return e.OccurredAt.Before(earliest) })
	}
	items, err := feed.Items(ctx, r.clients.Profile, shop.Items)
	if err != nil {
		return err
	}
	r.result.Imported.Items = items.Accepted
	for _, i := range shop.Items {
		r.titles[i.ItemID] = i.Title
	}
	if r.options.Shop != nil {
		r.options.Shop(byDemand(shop))
	}
	events, err := feed.Events(ctx, r.clients.Profile, shop.Events,
		func(done, total int) { r.options.Progress("import orders", done, total) })
	if err != nil {
		return err
	}
	r.result.Imported.Events, r.result.Imported.Duplicates, r.result.Imported.Rejected = events.Accepted, events.Duplicates, events.Rejected
	return nil
}

// byDemand returns the items in order of how many orders have them, the most first.
func byDemand(shop *onlineretail.Shop) []profileapi.Item {
	orders := map[string]int{}
	for _, e := range shop.Events {
		for _, line := range e.Items {
			orders[line.ItemID]++
		}
	}
	items := slices.Clone(shop.Items)
	slices.SortStableFunc(items, func(a, b profileapi.Item) int { return cmp.Compare(orders[b.ItemID], orders[a.ItemID]) })
	return items
}

func (r *run) recompute(ctx context.Context) error {
	job, err := r.clients.Similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: searchSeconds, Seed: 1})
	if err != nil {
		return err
	}
	_, err = r.clients.Similarity.WaitForJob(ctx, job.JobID, func(j similarityapi.Job) {
		r.options.Progress("recompute: "+j.Stage, int(j.Progress*100), 100)
	})
	return err
}

// ask shows a customer's recommendations, the neighbours of an item, and how one event changes the next answer.
func (r *run) ask(ctx context.Context) error {
	r.options.Progress("ask", 0, 1)
	before, err := r.waitForRecommendations(ctx)
	if err != nil {
		return err
	}
	r.result.Recommendations, r.result.Before = before, before
	if r.result.Similar, err = r.neighbours(ctx, similarityapi.Similar); err != nil {
		return err
	}
	if r.result.BoughtTogether, err = r.neighbours(ctx, similarityapi.BoughtTogether); err != nil {
		return err
	}
	r.result.Event = profileapi.Event{Type: "add_to_cart", UserID: r.options.UserID, ItemID: ItemID}
	answer, err := r.clients.Profile.PostEvents(ctx, []profileapi.Event{r.result.Event})
	if err != nil {
		return err
	}
	if answer.Accepted != 1 {
		return fmt.Errorf("the event was not accepted: %+v", answer.Results)
	}
	if r.result.After, err = r.recommend(ctx); err != nil {
		return err
	}
	return r.result.check()
}

// check makes the demo fail, rather than print an empty page, when something that it shows is not there.
func (r *Result) check() error {
	switch {
	case len(r.Recommendations) == 0:
		return errors.New("there are no recommendations")
	case len(r.Similar) == 0:
		return errors.New("there are no similar items: the model was not published")
	case len(r.BoughtTogether) == 0:
		return errors.New("there are no items bought together: the model was not published")
	case slices.EqualFunc(r.Before, r.After, func(a, b Recommended) bool { return a.ItemID == b.ItemID && a.Score == b.Score }):
		return errors.New("the event did not change the next response")
	}
	return nil
}

// waitForRecommendations asks until the recommender's replica of the catalogue and its lists of what is popular, a moment behind, have what
// was imported.
func (r *run) waitForRecommendations(ctx context.Context) (list []Recommended, err error) {
	err = eventually(ctx, "recommendations", func() (ready bool, err error) {
		list, err = r.recommend(ctx)
		return len(list) > 0, err
	})
	if err != nil {
		return nil, err
	}
	return list, eventually(ctx, "list of what is popular", func() (bool, error) {
		answer, err := r.clients.Recommender.Recommend(ctx, recommenderapi.Request{Scenario: "home.trending", Limit: 1, Test: true})
		return err == nil && len(answer.Items) > 0 && answer.Items[0].Tier == "popular", err
	})
}

// eventually asks until something is there, liveDeadline at most.
func eventually(ctx context.Context, what string, ready func() (bool, error)) error {
	deadline := time.NewTimer(liveDeadline)
	defer deadline.Stop()
	for {
		if is, err := ready(); is || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf("no %s after %v", what, liveDeadline)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (r *run) recommend(ctx context.Context) ([]Recommended, error) {
	answer, err := r.clients.Recommender.Recommend(ctx, recommenderapi.Request{
		Scenario: "home.for_you", UserID: r.options.UserID, Limit: shown, Explain: "reasons", Fields: []string{"title"},
	})
	if err != nil {
		return nil, err
	}
	list := []Recommended{}
	for _, i := range answer.Items {
		one := Recommended{ItemID: i.ItemID, Title: r.titles[i.ItemID], Score: i.Score, Reasons: []string{}}
		for _, reason := range i.Reasons {
			one.Reasons = append(one.Reasons, r.reason(reason))
		}
		list = append(list, one)
	}
	return list, nil
}

// reason is a reason code with its item, as text.
func (r *run) reason(v recommenderapi.Reason) string {
	if v.ItemID == "" {
		return v.Code
	}
	return v.Code + " " + v.ItemID + " " + r.titles[v.ItemID]
}

func (r *run) neighbours(ctx context.Context, relation string) ([]Neighbour, error) {
	answer, err := r.clients.Similarity.Lookup(ctx, similarityapi.LookupRequest{
		Relation: relation, ItemIDs: []string{ItemID}, Limit: shown,
	})
	if err != nil {
		return nil, err
	}
	list := []Neighbour{}
	for _, n := range answer.Lists[0].Neighbours {
		list = append(list, Neighbour{n.ItemID, r.titles[n.ItemID], n.Score})
	}
	return list, nil
}
