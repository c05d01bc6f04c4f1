package history

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// sampleEvents is how many of the latest events the share of unknown items is measured on.
const sampleEvents = 2000

// Stats sums up what was received in [from, to), by hour. An hour in which from lies counts as
// a whole. Hours without events are left out. The share of unknown items is of the latest
// events, whatever the range.
func (r *Reader) Stats(ctx context.Context, shop string, from, to time.Time) (profileapi.EventStats, error) {
	out := profileapi.EventStats{From: wire.TimeOf(from), To: wire.TimeOf(to), Hours: []profileapi.HourStats{}, Total: newHour(from)}
	counts, err := r.Log.Stats(ctx, shop, store.HourOf(from.UnixMilli()), to.UnixMilli())
	if err != nil {
		return out, err
	}
	for _, c := range counts {
		at := wire.TimeOf(time.UnixMilli(c.HourMs))
		if n := len(out.Hours); n == 0 || !out.Hours[n-1].Hour.Equal(at.Time) {
			out.Hours = append(out.Hours, newHour(at.Time))
		}
		count(&out.Hours[len(out.Hours)-1], c)
		count(&out.Total, c)
	}
	for i := range out.Hours {
		meanLag(&out.Hours[i])
	}
	meanLag(&out.Total)
	out.UnknownItemShare, out.SampledLines, err = r.unknownShare(ctx, shop)
	return out, err
}

// newHour is an hour without events, whose maps are there to be counted in.
func newHour(at time.Time) profileapi.HourStats {
	return profileapi.HourStats{
		Hour: wire.TimeOf(at), Accepted: map[string]int64{}, Rejected: map[string]int64{}, Warned: map[string]int64{},
	}
}

// count adds one of the stored statistics to an hour, by its name; it leaves the sum of lags in
// seconds where meanLag makes the mean of it.
func count(h *profileapi.HourStats, c store.Count) {
	if name, ok := strings.CutPrefix(c.Name, store.StatAccepted); ok {
		h.Accepted[name] += c.N
		h.AcceptedTotal += c.N
	} else if code, ok := strings.CutPrefix(c.Name, store.StatRejected); ok {
		h.Rejected[code] += c.N
	} else if code, ok := strings.CutPrefix(c.Name, store.StatWarned); ok {
		h.Warned[code] += c.N
	} else if c.Name == store.StatDuplicate {
		h.Duplicates += c.N
	} else if c.Name == store.StatLagMs {
		h.MeanLagSeconds += float64(c.N) / 1000
	}
}

// meanLag divides the sum of lags, which count has left in its place.
func meanLag(h *profileapi.HourStats) {
	if h.AcceptedTotal > 0 {
		h.MeanLagSeconds /= float64(h.AcceptedTotal)
	}
}

// unknownShare measures which share of the latest events' lines name an item that is not in the catalogue.
// It returns the share and the number of lines that were looked at; 0 and 0 without any. Other
// names of items are looked for only when a line names none by its id, since that reads the
// whole catalogue.
func (r *Reader) unknownShare(ctx context.Context, shop string) (float64, int, error) {
	last, err := r.Log.LastSeq(ctx, shop)
	if err != nil {
		return 0, 0, err
	}
	var lines []event.Line
	var failed error
	err = r.Log.Scan(ctx, shop, store.ScanQuery{UpTo: last, Descending: true, Limit: sampleEvents}, func(e *store.Event) bool {
		lines, failed = event.DecodeLines(lines, e.Lines)
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil || len(lines) == 0 {
		return 0, 0, err
	}
	seen := map[string]bool{}
	ids := []string{}
	for _, l := range lines {
		if !seen[l.ItemID] {
			seen[l.ItemID] = true
			ids = append(ids, l.ItemID)
		}
	}
	known, err := r.Visitors.Facts(ctx, shop, ids)
	if err != nil {
		return 0, 0, err
	}
	missing := slices.DeleteFunc(ids, func(id string) bool { _, ok := known[id]; return ok })
	if len(missing) == 0 {
		return 0, len(lines), nil
	}
	others, err := r.Visitors.OtherNames(ctx, shop, missing)
	if err != nil {
		return 0, 0, err
	}
	for _, name := range others {
		known[name] = store.ItemFacts{}
	}
	unknown := 0
	for _, l := range lines {
		if _, ok := known[l.ItemID]; !ok {
			unknown++
		}
	}
	return float64(unknown) / float64(len(lines)), len(lines), nil
}
