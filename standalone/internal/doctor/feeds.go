package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Bounds of what comes in: eventsWindow is looked at, and an import that has not moved for
// stillAfter is stuck.
const (
	eventsWindow = 7 * 24 * time.Hour
	silence      = 24 * time.Hour // without an event, a shop that is open is cut off
	rejectedWarn = .02            // share of the events of a day
	rejectedFail = .2
	unknownWarn  = .1 // share of lines that name no item of the catalogue
	stillAfter   = time.Hour
)

// feeds looks at the catalogue and at the last import of each kind, dry runs left out. A shop
// without imports is well: the API takes the same.
func (e *examination) feeds(ctx context.Context) {
	var items profileapi.Page[profileapi.Item]
	if e.get(ctx, "catalogue", "/v1/items?limit=1&status=active", "", &items) {
		if len(items.Items) == 0 {
			e.add("catalogue", Fail, "there is no active item: nothing can be recommended", "import it: aisle import products.csv, "+
				"docs/importing.md")
		} else {
			e.add("catalogue", OK, "there are active items", "")
		}
	}
	var page profileapi.Page[profileapi.Import]
	if !e.get(ctx, "imports", "/v1/imports?limit=50", "", &page) {
		return
	}
	e.keepImports(page.Items)
	seen := map[string]bool{}
	for _, i := range page.Items { // the latest first
		if seen[i.Spec.Kind] || i.Spec.DryRun {
			continue
		}
		seen[i.Spec.Kind] = true
		e.lastImport(i)
	}
	if len(seen) == 0 {
		e.add("imports", OK, "none yet: items and events come through the API alone", "")
	}
}

// lastImport judges one import: failed, interrupted or stuck, else by the share of rows that
// were rejected. A few rejected rows are a warning only, since somebody may know of them.
func (e *examination) lastImport(i profileapi.Import) {
	name := "import of " + i.Spec.Kind
	detail := fmt.Sprintf(
		"%s, %s ago, is %s: %d rows, %d accepted, %d rejected, %d with warnings", i.ImportID, ago(e.Now().Sub(i.CreatedAt.Time)), i.State,
		i.Rows, i.Accepted, i.Rejected, i.Warned,
	)
	look := "see which and why: aisle imports errors " + i.ImportID
	switch {
	case i.State == profileapi.ImportFailed:
		e.add(name, Fail, detail+"; "+i.Problem, "mend the file or the options and send it again")
	case i.State == profileapi.ImportInterrupted:
		e.add(name, Fail, detail, "send the file again: nothing is stored twice")
	case !i.Ended() && e.Now().Sub(i.UpdatedAt.Time) > stillAfter:
		e.add(name, Warn, detail+", and has not moved for "+ago(e.Now().Sub(i.UpdatedAt.Time)), "look at the log of the profile-service")
	case i.Rows > 0 && float64(i.Rejected) > rejectedFail*float64(i.Rows):
		e.add(name, Fail, detail, look)
	case i.Rejected > 0 || i.Warned > 0:
		e.add(name, Warn, detail, look)
	default:
		e.add(name, OK, detail, "")
	}
}

// keepImports keeps the states of imports for the bundle, without what the files hold:
// previews, mapped values and examples may name persons.
func (e *examination) keepImports(list []profileapi.Import) {
	kept := slices.Clone(list)
	for n := range kept {
		kept[n].Preview, kept[n].Spec.MapValues, kept[n].Spec.Set = nil, nil, nil
		kept[n].Warnings = slices.Clone(kept[n].Warnings)
		for w := range kept[n].Warnings {
			kept[n].Warnings[w].Example = ""
		}
	}
	e.evidence["imports.json"], _ = json.MarshalIndent(kept, "", "  ") // of what was decoded from JSON
}

// events looks at what came in the last week: when each type came last, how many of a day were
// refused, and how many lines name unknown items.
func (e *examination) events(ctx context.Context) {
	now := e.Now().UTC()
	q := url.Values{"from": {wire.TimeOf(now.Add(-eventsWindow)).Format(time.RFC3339)}, "to": {now.Format(time.RFC3339)}}
	var stats profileapi.EventStats
	if !e.get(ctx, "events", "/v1/stats/events?"+q.Encode(), "events.json", &stats) {
		return
	}
	last := map[string]time.Time{} // by type: the beginning of the last hour with one
	var accepted, rejected int64
	codes := map[string]int64{}
	for _, h := range stats.Hours {
		for kind, n := range h.Accepted {
			if n > 0 && h.Hour.After(last[kind]) {
				last[kind] = h.Hour.Time
			}
		}
		if now.Sub(h.Hour.Time) > silence {
			continue
		}
		accepted += h.AcceptedTotal
		for code, n := range h.Rejected {
			rejected += n
			codes[code] += n
		}
	}
	e.lastEvents(last)
	e.refused(accepted, rejected, codes)
	detail := fmt.Sprintf("%.1f %% of %d lines name an item that is not in the catalogue", 100*stats.UnknownItemShare, stats.SampledLines)
	if stats.UnknownItemShare > unknownWarn {
		e.add("items of events", Warn, detail, "post the ids of the catalogue, or give items their other names as aliases")
	} else if stats.SampledLines > 0 {
		e.add("items of events", OK, detail, "")
	}
}

// lastEvents says when an event of each type last came; last has the beginning of that hour.
// Views and purchases must have come at all, since models are made of them.
func (e *examination) lastEvents(last map[string]time.Time) {
	const mend = "see whether the shop's pages post them: docs/tracker.md, and the event debugger of the console"
	var said, silent []string
	for _, kind := range slices.Sorted(maps.Keys(last)) {
		age := e.Now().Sub(last[kind])
		said = append(said, kind+" "+ago(age))
		if age > silence {
			silent = append(silent, kind)
		}
	}
	for _, kind := range []string{"view_item", "purchase"} {
		if last[kind].IsZero() {
			silent = append(silent, kind)
		}
	}
	detail := "last: " + strings.Join(said, ", ") + " ago"
	switch {
	case len(last) == 0:
		e.add("events", Fail, "no event came in a week: lists are not personal, and models cannot be made anew", mend)
	case len(silent) > 0:
		e.add("events", Warn, detail+"; none in a day of "+strings.Join(silent, ", "), mend)
	default:
		e.add("events", OK, detail, "")
	}
}

// refused judges the share of a day's events that were refused, and names the codes.
func (e *examination) refused(accepted, rejected int64, codes map[string]int64) {
	if accepted+rejected == 0 {
		return
	}
	share := float64(rejected) / float64(accepted+rejected)
	var said []string
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		said = append(said, fmt.Sprintf("%s %d", code, codes[code]))
	}
	detail := fmt.Sprintf("%.1f %% of the events of a day were refused (%d of %d)", 100*share, rejected, accepted+rejected)
	if len(said) > 0 {
		detail += ": " + strings.Join(said, ", ")
	}
	const mend = "docs/errors.md says what each code means; GET /v1/events/verdicts shows the latest"
	e.add("refused events", above(share, rejectedWarn, rejectedFail), detail, mend)
}
