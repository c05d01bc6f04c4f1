package tune

import (
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// The kinds of question. Which one a scenario is asked follows from what its sources need to know.
const (
	// AskNextOrder shows the page of a visitor's last order before the cut and asks for what the next order buys again.
	AskNextOrder = "next_order"
	// AskCart puts a part of an order into the cart and asks for the rest.
	AskCart = "cart"
	// AskTogether shows the page of one item of an order and asks for the rest.
	AskTogether = "together"
	// AskPage shows the page of one item of a visit, after those before it, and asks for those behind it.
	AskPage = "page"
	// AskVisit comes back after the first items of a visit, perhaps none, and asks for those behind them.
	AskVisit = "visit"
)

const (
	// maxContext and maxEvents are what a request may have of each.
	maxContext = 50
	maxEvents  = 100
)

// Question is a request whose best answer is known.
type Question struct {
	Request api.Request
	Targets []string // distinct, never empty
}

// kindOf returns the kind of question that the sources of a scenario are about.
func kindOf(s *api.Scenario) string {
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(s.Sources, func(src api.Source) bool { return slices.Contains(kinds, src.Kind) })
	}
	switch {
	case has(api.SourceBuyAgain):
		return AskNextOrder
	case has(api.SourceCart):
		return AskCart
	case has(api.SourceContextTogether):
		return AskTogether
	case has(api.SourceContextSimilar, api.SourceContextNext, api.SourceCategory):
		return AskPage
	}
	return AskVisit
}

// asker makes the questions of one scenario. Its random numbers are drawn in a fixed order, so
// that a seed gives the same questions.
type asker struct {
	scenario *api.Scenario
	now      time.Time
	sold     map[string]bool // the catalogue
	rng      *rand.Rand
}

// ask makes at most limit questions for a scenario, at most one of each visitor, so that they are independent of each other. Visitors are
// drawn by the seed and the scenario's id. Targets that the scenario may not show this visitor (seen, bought, in the cart, on the page) and
// those that are not in the catalogue are left out.
func ask(s *Split, all map[string]*person, scenario *api.Scenario, limit int, seed uint64) []Question {
	h := fnv.New64a()
	h.Write([]byte(scenario.ScenarioID))
	a := &asker{scenario: scenario, now: s.Now, sold: map[string]bool{}, rng: rand.New(rand.NewPCG(seed, h.Sum64()))}
	for n := range s.Items {
		if at := s.Items[n].PublishedAt; !at.After(s.Now) {
			a.sold[s.Items[n].ItemID] = true
		}
	}
	names := slices.Sorted(maps.Keys(all))
	a.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	kind := kindOf(scenario)
	var list []Question
	for _, name := range names {
		if len(list) == limit {
			break
		}
		if q, ok := a.question(kind, all[name]); ok {
			list = append(list, q)
		}
	}
	return list
}

// question asks about the first visit or order of a visitor that is fit for it: the later it is, the more the visitor did since the cut
// that the throw-away instance does not know.
func (a *asker) question(kind string, p *person) (Question, bool) {
	switch kind {
	case AskNextOrder:
		return a.nextOrder(p)
	case AskCart, AskTogether:
		for _, order := range p.orders {
			if q, ok := a.ofOrder(kind, p, order); ok {
				return q, true
			}
		}
	default:
		for _, v := range p.visits {
			if q, ok := a.ofVisit(kind, p, v); ok {
				return q, true
			}
		}
	}
	return Question{}, false
}

// nextOrder asks for those items of the first order after the cut that were bought before it.
func (a *asker) nextOrder(p *person) (Question, bool) {
	if len(p.lastOrder) == 0 || len(p.orders) == 0 {
		return Question{}, false
	}
	q := a.of(p)
	q.Request.ContextItems = p.lastOrder[:min(len(p.lastOrder), maxContext)]
	again := slices.DeleteFunc(slices.Clone(p.orders[0]), func(id string) bool { return !p.bought[id] })
	return a.targets(q, p, again)
}

// ofOrder divides an order at random: one item, or a part for the cart, and the rest as
// targets. Lines of an order have no order among them.
func (a *asker) ofOrder(kind string, p *person, order []string) (Question, bool) {
	if len(order) < 2 {
		return Question{}, false
	}
	mixed := slices.Clone(order)
	a.rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	q := a.of(p)
	if kind == AskTogether {
		q.Request.ContextItems = mixed[:1]
		return a.targets(q, p, mixed[1:])
	}
	size := 1 + a.rng.IntN(min(len(mixed)-1, maxContext))
	q.Request.Cart = mixed[:size]
	return a.targets(q, p, mixed[size:])
}

// ofVisit cuts a visit at a random place: behind 0 items or more on no page, behind 1 or more on the page of the last of them. A visitor
// who is not known must have done something for an answer to have anything to do with the visitor.
func (a *asker) ofVisit(kind string, p *person, v visit) (Question, bool) {
	least := 1
	if kind == AskVisit && p.known {
		least = 0
	}
	if len(v) <= least {
		return Question{}, false
	}
	size := least + a.rng.IntN(len(v)-least)
	q := a.of(p)
	if kind == AskPage {
		q.Request.ContextItems = []string{v[size-1].item}
	}
	q.Request.Events = a.carried(v[:size])
	rest := make([]string, 0, len(v)-size)
	for _, t := range v[size:] {
		rest = append(rest, t.item)
	}
	return a.targets(q, p, rest)
}

// carried makes events of the first part of a visit, moved so that the last of them is now. Who bought the items in the end had them in the
// cart by then.
func (a *asker) carried(v visit) []profileapi.Event {
	v = v[max(0, len(v)-maxEvents):]
	list := make([]profileapi.Event, 0, len(v))
	for _, t := range v {
		e := profileapi.Event{Type: t.kind, ItemID: t.item, OccurredAt: wire.TimeOf(a.now.Add(t.at.Sub(v[len(v)-1].at)))}
		switch t.kind {
		case "purchase":
			e.Type = "add_to_cart"
		case "rate":
			e.Type = "like"
		}
		list = append(list, e)
	}
	return list
}

// of begins a question that names the visitor.
func (a *asker) of(p *person) Question {
	return Question{Request: api.Request{UserID: p.user, SessionID: p.session}}
}

// targets completes a question with those of the items that its scenario can show; ok is false when there are none.
func (a *asker) targets(q Question, p *person, items []string) (_ Question, ok bool) {
	for _, id := range items {
		switch {
		case !a.sold[id], slices.Contains(q.Request.ContextItems, id), slices.Contains(q.Request.Cart, id):
		case a.scenario.Seen == "exclude" && p.seen[id], !a.scenario.AllowPurchased && p.bought[id]:
		default:
			q.Targets = append(q.Targets, id)
		}
	}
	return q, len(q.Targets) > 0
}
