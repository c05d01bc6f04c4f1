package robots

import (
	"fmt"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// What no person does. The bounds are far from what people do: docs/profile-service.md says how many visitors of a real shop they hold for.
const (
	mostPerHour  = 300         // events
	mostBreadth  = 150         // different items looked at in an hour …
	leastNew     = .9          // … when so many looks are at an item for the first time
	leastDwell   = time.Second // median of the time between a look and the next …
	leastForRest = 40          // … of at least so many looks
	// liveWithin is how late an event may come that a server tells as it happens. What comes later is a history that
	// is loaded, and its pace that of the loading.
	liveWithin = 10 * time.Minute
)

// activity is what a visitor did in the busiest hour.
type activity struct {
	FromMs, ToMs int64 // of its first and last event
	Events       int   // as they happened; orders and what concerns them left out
	Looks        int   // at items
	Items        int   // that were looked at
	MedianGapMs  int64 // from a look to the next at another item; −1 without any that say when they were
	Bought       bool  // at any time that was measured
}

// look is a view of an item.
type look struct {
	atMs  int64
	item  string
	dated bool
}

// busiestHour finds the hour with the most events among events of one visitor, in any order, and says what was done in it.
func busiestHour(events []store.Event) (activity, error) {
	kept := slices.Clone(events)
	slices.SortStableFunc(kept, func(a, b store.Event) int { return int(max(-1, min(1, a.OccurredMs-b.OccurredMs))) })
	bought := false
	kept = slices.DeleteFunc(kept, func(e store.Event) bool {
		bought = bought || e.Type == event.TypePurchase
		return e.Type == event.TypePurchase || e.Type == event.TypeRefund || !live(&e)
	})
	from, to := busiest(kept)
	a := activity{Bought: bought, Events: to - from, MedianGapMs: -1}
	if a.Events == 0 {
		return a, nil
	}
	a.FromMs, a.ToMs = kept[from].OccurredMs, kept[to-1].OccurredMs
	looks, err := looksOf(kept[from:to])
	if err != nil {
		return a, err
	}
	items := map[string]bool{}
	for _, l := range looks {
		items[l.item] = true
	}
	a.Looks, a.Items, a.MedianGapMs = len(looks), len(items), medianGap(looks)
	return a, nil
}

// live reports whether an event was told as it happened: by a page, or by a server that says when.
func live(e *store.Event) bool {
	return e.FromPage || !e.Undated && e.ReceivedMs-e.OccurredMs < liveWithin.Milliseconds()
}

// busiest returns the bounds of the hour with the most events, the first of several.
func busiest(events []store.Event) (from, to int) {
	first := 0
	for n := range events {
		for events[n].OccurredMs-events[first].OccurredMs >= time.Hour.Milliseconds() {
			first++
		}
		if n+1-first > to-from {
			from, to = first, n+1
		}
	}
	return from, to
}

func looksOf(events []store.Event) ([]look, error) {
	var looks []look
	var lines []event.Line
	for n := range events {
		e := &events[n]
		if e.Type != event.TypeView && e.Type != event.TypeSelect {
			continue
		}
		var err error
		if lines, err = event.DecodeLines(lines[:0], e.Lines); err != nil {
			return nil, fmt.Errorf("event %s: %w", e.EventID, err)
		}
		for _, l := range lines {
			looks = append(looks, look{e.OccurredMs, l.ItemID, !e.Undated})
		}
	}
	return looks, nil
}

// medianGap is the median time between looks at different items, of those that say when they were: others have the time at which their
// batch came.
func medianGap(looks []look) int64 {
	var gaps []int64
	for n := 1; n < len(looks); n++ {
		if looks[n].dated && looks[n-1].dated && looks[n].item != looks[n-1].item {
			gaps = append(gaps, looks[n].atMs-looks[n-1].atMs)
		}
	}
	if len(gaps) < leastForRest {
		return -1
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// behaviour returns why what a visitor did is no person's, nothing when it may be. Whoever buys may do anything.
func behaviour(a *activity) []profileapi.RobotReason {
	var reasons []profileapi.RobotReason
	if a.Bought {
		return nil
	}
	if a.Events > mostPerHour {
		reasons = append(reasons, profileapi.RobotReason{
			Code: profileapi.RobotRate, Observed: float64(a.Events), Limit: mostPerHour,
			Detail: fmt.Sprintf("%d events within an hour; no person makes more than %d.", a.Events, mostPerHour),
		})
	}
	if a.Items > mostBreadth && float64(a.Items) >= leastNew*float64(a.Looks) {
		reasons = append(reasons, profileapi.RobotReason{
			Code: profileapi.RobotBreadth, Observed: float64(a.Items), Limit: mostBreadth,
			Detail: fmt.Sprintf("%d different items within an hour, and hardly one twice; no person sees more than %d.",
				a.Items, mostBreadth),
		})
	}
	if a.MedianGapMs >= 0 && a.MedianGapMs < leastDwell.Milliseconds() {
		reasons = append(reasons, profileapi.RobotReason{
			Code: profileapi.RobotNoDwell, Observed: float64(a.MedianGapMs) / 1000, Limit: leastDwell.Seconds(),
			Detail: fmt.Sprintf("Half of %d looks at items lasted less than %g s.", a.Looks, max(.001, float64(a.MedianGapMs)/1000)),
		})
	}
	return reasons
}
