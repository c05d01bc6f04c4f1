package figures

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/encoding/json"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	// verdictsEvery is how often the latest verdicts are looked at, for robots who send nothing any more.
	verdictsEvery = time.Minute
	// mostVerdicts is how many of them are looked at, mostAtOnce about how many visitors are turned then, and
	// mostTurned how many events and answers of each.
	mostVerdicts = 2000
	mostAtOnce   = 50
	mostTurned   = 20_000
	// Sizes of pages, and the name of the position of verdicts.
	verdictsPage = 100
	personPage   = 500
	verdictsName = "verdicts"
)

// Visitors is what a visitor did and was answered.
type Visitors struct {
	Events func(ctx context.Context, shop string, q profileapi.EventsQuery) (profileapi.Page[profileapi.StoredEvent], error)
	// Decisions returns up to limit decisions of a user or session behind one of a moment, by time and id.
	Decisions func(ctx context.Context, shop, person string, afterMs int64, after string, limit int) ([]store.Decision, error)
	// Verdicts returns verdicts on robots, the latest first.
	Verdicts func(ctx context.Context, shop, cursor string, limit int) (profileapi.Page[profileapi.Robot], error)
	// Kept is how long decisions are: older figures are left as they are.
	Kept time.Duration
}

// eventPlace is how far events were counted, and how often visitors have been left out or counted again since the
// beginning: who counts a page while that happens finds that the position has moved.
type eventPlace struct{ seq, turns int64 }

// parsePlace reads a stored position, "4711/3" or, of a time before there were turns, "4711";
// "" is the beginning.
func parsePlace(text string) (p eventPlace, err error) {
	seq, turns, _ := strings.Cut(cmp.Or(text, "0"), "/")
	if p.seq, err = strconv.ParseInt(seq, 10, 64); err == nil && turns != "" {
		p.turns, err = strconv.ParseInt(turns, 10, 64)
	}
	if err != nil {
		return p, fmt.Errorf("stored position %q: %w", text, err)
	}
	return p, nil
}

// String is the form in which a position is stored.
func (p eventPlace) String() string { return fmt.Sprintf("%d/%d", p.seq, p.turns) }

// turned returns the visitors of events whose verdict is another than figures know, in order,
// which every replica then takes them in. robots says of visitors whether they are robots.
func (a *Attribution) turned(ctx context.Context, shop string, robots map[string]bool) ([]string, error) {
	var visitors []string
	for v := range robots {
		if v != "" {
			visitors = append(visitors, v)
		}
	}
	slices.Sort(visitors)
	known, err := a.Store.LeftOut(ctx, shop, visitors)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(visitors, func(v string) bool { return known[v].Out == robots[v] }), nil
}

// robotsAmong says of the visitors of events whether they are robots now.
func robotsAmong(events []profileapi.StoredEvent) map[string]bool {
	robots := map[string]bool{}
	for n := range events {
		robots[decision.VisitorID(events[n].UserID, events[n].SessionID)] = events[n].Robot
	}
	return robots
}

// followVerdicts turns the visitors of the latest verdicts whom no event has turned, once a
// minute. A robot that was judged after its last event would otherwise stay in the figures.
func (a *Attribution) followVerdicts(ctx context.Context, shop string) error {
	now := a.Now()
	a.mu.Lock()
	due := now.Sub(a.looked[shop]) >= verdictsEvery
	a.mu.Unlock()
	if !due {
		return nil
	}
	from, err := a.Store.PositionOf(ctx, shop, verdictsName)
	if err != nil {
		return err
	}
	list, err := a.verdictsSince(ctx, shop, from)
	if err != nil {
		return err
	}
	to := from
	for n, turns := len(list)-1, 0; n >= 0 && turns < mostAtOnce; n-- { // the oldest first
		turned, err := a.turnPerson(ctx, shop, &list[n])
		if err != nil {
			return err
		}
		turns += turned
		to = strconv.FormatInt(list[n].JudgedAt.UnixMilli(), 10)
	}
	if to != from {
		if err := a.Store.AddCounts(ctx, newCounts(), &store.Position{Shop: shop, Name: verdictsName, From: from, To: to}); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.looked == nil {
		a.looked = map[string]time.Time{}
	}
	a.looked[shop] = now
	return nil
}

// verdictsSince returns the verdicts from a stored moment on, the latest first. Those of the moment itself are among
// them: there can be more of it.
func (a *Attribution) verdictsSince(ctx context.Context, shop, from string) (list []profileapi.Robot, err error) {
	fromMs, err := strconv.ParseInt(cmp.Or(from, "0"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("stored position %q: %w", from, err)
	}
	for cursor := ""; len(list) < mostVerdicts; {
		page, err := a.Visitors.Verdicts(ctx, shop, cursor, verdictsPage)
		if err != nil {
			return nil, fmt.Errorf("read the latest verdicts: %w", err)
		}
		for _, r := range page.Items {
			if r.JudgedAt.UnixMilli() < fromMs {
				return list, nil
			}
			list = append(list, r)
		}
		if page.NextCursor == nil {
			break
		}
		cursor = *page.NextCursor
	}
	return list, nil
}

// turnPerson turns a person under all names that his events have, and returns how many it turned.
func (a *Attribution) turnPerson(ctx context.Context, shop string, r *profileapi.Robot) (int, error) {
	robot := r.Verdict == profileapi.VerdictRobot
	visitor := decision.VisitorID(r.UserID, r.SessionID)
	robots := map[string]bool{visitor: robot}
	if err := a.eachEvent(ctx, shop, visitor, a.since(), func(e *profileapi.StoredEvent) {
		robots[decision.VisitorID(e.UserID, e.SessionID)] = robot
	}); err != nil {
		return 0, err
	}
	visitors, err := a.turned(ctx, shop, robots)
	for _, v := range visitors {
		if err == nil {
			err = a.turn(ctx, shop, v, robot)
		}
	}
	return len(visitors), err
}

// since is from when on a visitor's figures are taken out.
func (a *Attribution) since() time.Time { return a.Now().Add(-min(AttributionWindow, a.Visitors.Kept)) }

// turn leaves a visitor out of the figures with what he brought since, or puts that back and counts what he did in between. Whatever fails
// in between and however many replicas do this, it is done once: it moves the position of events.
func (a *Attribution) turn(ctx context.Context, shop, visitor string, out bool) error {
	from, err := a.Store.PositionOf(ctx, shop, positionName)
	if err != nil {
		return err
	}
	at, err := parsePlace(from)
	if err != nil {
		return err
	}
	known, err := a.Store.LeftOut(ctx, shop, []string{visitor})
	if err != nil {
		return err
	}
	was, now := known[visitor], a.Now()
	p := newPage(a, shop)
	l := store.LeftOut{Visitor: visitor, Out: out, TrustedMs: was.TrustedMs, Seq: at.seq, Taken: newCounts()}
	if out {
		p.anew, p.trusted = true, time.UnixMilli(was.TrustedMs)
		if err = a.replay(ctx, p, visitor, 0, at.seq,
			func(d *decision.Decision) bool { return !d.Robot || d.At.Before(p.trusted) }); err == nil {
			l.Taken = p.counts
			p.counts = p.counts.Negative()
		}
	} else {
		p.trusted, l.TrustedMs = now, now.UnixMilli()
		maps.Copy(p.lines, was.Taken.Lines) // a refund is of them
		if err = a.replay(ctx, p, visitor, was.Seq, at.seq,
			func(d *decision.Decision) bool { return d.Robot && d.At.UnixMilli() >= was.TrustedMs }); err == nil {
			p.counts.Add(was.Taken)
		}
	}
	if err != nil {
		return err
	}
	to := eventPlace{at.seq, at.turns + 1}.String()
	return a.Store.Turn(ctx, shop, l, p.counts, &store.Position{Shop: shop, Name: positionName, From: from, To: to})
}

// replay counts what a visitor was answered, as far as it is wanted, and his events behind one and up to another.
func (a *Attribution) replay(ctx context.Context, p *page, visitor string, after, upTo int64, wanted func(*decision.Decision) bool) error {
	since := a.since()
	if err := a.eachDecision(ctx, p.shop, visitor, since, func(d *decision.Decision) error {
		if deniesAnalytics(d.Request.Consent) || !wanted(d) {
			return nil
		}
		return p.answered(ctx, visitor, d)
	}); err != nil {
		return err
	}
	var failed error
	err := a.eachEvent(ctx, p.shop, visitor, since, func(e *profileapi.StoredEvent) {
		if failed == nil && e.Seq > after && e.Seq <= upTo && decision.VisitorID(e.UserID, e.SessionID) == visitor &&
			!deniesAnalytics(e.Consent) {
			failed = p.event(ctx, e)
		}
	})
	for _, c := range p.clicks {
		p.counts.Clicks = append(p.counts.Clicks, c)
	}
	return cmp.Or(err, failed)
}

// answered counts an answer as Counter does. Its time is not known any more: it is what answers of the hour took, so that the mean stays.
func (p *page) answered(ctx context.Context, visitor string, d *decision.Decision) error {
	a := &answer{id: d.ID, verdict: shown, decision: d, from: trackingid.ID{
		At: d.At, Scenario: d.Scenario, ScenarioVersion: d.ScenarioVersion, Experiment: d.Experiment, Arm: d.Arm,
	}}
	latency, err := p.meanLatency(ctx, a, hourOf(d.At))
	if err != nil {
		return err
	}
	p.hour(a, d.At, Requests, 1)
	p.hour(a, d.At, LatencyMS, latency)
	if len(d.Items) == 0 {
		p.hour(a, d.At, Empty, 1)
	}
	if len(d.Degraded) > 0 {
		p.hour(a, d.At, Degraded, 1)
	}
	for n := range d.Items {
		p.impression(a, visitor, d.Items[n].Key, 1)
	}
	return nil
}

// meanLatency returns how long answers of a scenario and arm took in an hour, in milliseconds.
func (p *page) meanLatency(ctx context.Context, a *answer, hourMs int64) (float64, error) {
	sums, ok := p.hours[hourMs]
	if !ok {
		var err error
		if sums, err = p.a.Store.Sums(ctx, p.shop, hourMs, hourMs+time.Hour.Milliseconds()); err != nil {
			return 0, err
		}
		p.hours[hourMs] = sums
	}
	var requests, latency float64
	for n := range sums {
		if s := &sums[n]; s.Scenario == a.from.Scenario && s.Experiment == a.from.Experiment && s.Arm == a.from.Arm {
			switch s.Metric {
			case Requests:
				requests = s.Value
			case LatencyMS:
				latency = s.Value
			}
		}
	}
	if requests == 0 {
		return 0, nil
	}
	return latency / requests, nil
}

// eachEvent calls f with the events of a visitor since a moment by order of acknowledgement; those of other names of the person are among
// them.
func (a *Attribution) eachEvent(ctx context.Context, shop, visitor string, since time.Time, f func(*profileapi.StoredEvent)) error {
	user, session := decision.OfVisitorID(visitor)
	q := profileapi.EventsQuery{UserID: user, SessionID: session, From: wire.TimeOf(since), Ascending: true, Limit: personPage}
	for n := 0; n < mostTurned; {
		page, err := a.Visitors.Events(ctx, shop, q)
		if err != nil {
			return fmt.Errorf("read the events of a visitor: %w", err)
		}
		for k := range page.Items {
			f(&page.Items[k])
		}
		n += len(page.Items)
		if page.NextCursor == nil {
			break
		}
		q.Cursor = *page.NextCursor
	}
	return nil
}

// eachDecision calls f with what a visitor was answered since a moment, by time.
func (a *Attribution) eachDecision(ctx context.Context, shop, visitor string, since time.Time, f func(*decision.Decision) error) error {
	user, session := decision.OfVisitorID(visitor)
	afterMs, after := since.UnixMilli(), ""
	for n := 0; n < mostTurned; n += personPage {
		rows, err := a.Visitors.Decisions(ctx, shop, cmp.Or(user, session), afterMs, after, personPage)
		if err != nil {
			return err
		}
		for k := range rows {
			afterMs, after = rows[k].AtMs, rows[k].ID
			d := &decision.Decision{}
			if err := json.Unmarshal(rows[k].Body, d); err != nil {
				return fmt.Errorf("read decision %s: %w", rows[k].ID, err)
			}
			if decision.VisitorID(d.Request.UserID, d.Request.SessionID) != visitor {
				continue
			}
			if err := f(d); err != nil {
				return err
			}
		}
		if len(rows) < personPage {
			break
		}
	}
	return nil
}
